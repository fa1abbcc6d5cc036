import Trading

/// Why a backtest gives control to the strategy.
package enum BacktestWake: UInt8, Sendable, BitwiseCopyable {
    /// A message of market data has reached us: `lastEvents`; the local book has it.
    case event
    /// A report of ours has reached us: `lastReport`.
    case report
    /// The moment asked for by `wake(at:)`.
    case timer
    /// Nothing is left to happen.
    case end
}

/// Replays a recording with our orders in it, in event time.
///
/// Two clocks run: the venue's, at which the market moves and our orders arrive, and ours, at which
/// we hear of it. What we do leaves at our time and arrives after the latency of entry; what the
/// venue does reaches us after the latency of response. So a strategy sees nothing before it could
/// have. Of events at the same moment the market's come first, then what arrives from us; what is
/// reported to us comes before market data. docs/SIMULATION.md states every assumption.
///
/// The strategy drives: it calls `advance`, looks, and submits. A copy is a snapshot: advanced in
/// the same way it ends the same.
package struct Backtest: Sendable {
    /// An order as we know it, from what has reached us.
    package struct LocalOrder: Sendable, Hashable, BitwiseCopyable {
        package internal(set) var terms: BacktestOrderTerms
        package internal(set) var remaining: Int32
        /// The venue has accepted it, and no end has been reported.
        package internal(set) var isWorking: Bool
    }

    private let events: EventColumns
    private var venueCursor = 0
    private var localCursor = 0
    /// Where the message begins that reached us last.
    private var messageStart = 0
    private var isWhole = true
    private var nextVenueAt: Int64
    private var nextLocalAt: Int64
    private var nextRequestAt = Int64.max
    private var nextReportAt = Int64.max
    private var timerAt = Int64.max
    private var venue: BacktestVenue
    private var requests = MessageRing<VenueRequest>()
    private var entry: LatencySource
    private var feed: LatencySource?
    private var lastRequestAt = Int64.min
    private var books: [FlatBook]
    private var local: [LocalOrder] = []
    private var free: [Int32] = []
    private var positions: [Int64]
    /// Our time, in nanoseconds.
    package private(set) var now: Int64
    /// What was reported last.
    package private(set) var lastReport: BacktestReport?
    /// Orders submitted so far.
    package private(set) var submitted: UInt64 = 0

    /// A backtest of a recording whose records are sorted by both times, with instruments that all
    /// are in `setup`: whoever maps a file has checked it.
    package init(_ events: EventColumns, _ setup: BacktestSetup) {
        self.events = events
        venue = BacktestVenue(setup)
        entry = LatencySource(setup.entry, seed: setup.seed, channel: 1)
        if case .model(let model) = setup.feed {
            feed = LatencySource(model, seed: setup.seed, channel: 3)
        }
        books = setup.instruments.map { FlatBook(range: $0.prices) }
        positions = Array(repeating: 0, count: setup.instruments.count)
        nextVenueAt = events.count > 0 ? events.venueAt[0] : .max
        now = nextVenueAt
        nextLocalAt = .max
        loadLocal()
    }

    // MARK: Time

    /// Goes to the next thing that reaches us.
    package mutating func advance() -> BacktestWake {
        while true {
            let bound = min(nextLocalAt, nextReportAt, timerAt)
            let venueAt = min(nextVenueAt, nextRequestAt, venue.nextExpiryAt)
            if venueAt <= bound, venueAt != .max {
                stepVenue(venueAt)
                continue
            }
            guard bound != .max else { return .end }
            now = max(now, bound)
            if nextReportAt == bound {
                receiveReport()
                return .report
            }
            if nextLocalAt == bound {
                if receiveEvent() { return .event }
                continue
            }
            timerAt = .max
            return .timer
        }
    }

    /// Goes to a moment, taking in whatever reaches us until then; false when nothing was left to
    /// happen before it.
    package mutating func elapse(until moment: Int64) -> Bool {
        while true {
            let bound = min(nextLocalAt, nextReportAt, moment)
            let venueAt = min(nextVenueAt, nextRequestAt, venue.nextExpiryAt)
            if venueAt <= bound, venueAt != .max {
                stepVenue(venueAt)
                continue
            }
            if bound == moment, nextLocalAt != moment, nextReportAt != moment {
                let hasMore = min(nextLocalAt, nextReportAt) != .max || venueAt != .max
                now = max(now, hasMore ? moment : now)
                return hasMore
            }
            now = max(now, bound)
            if nextReportAt == bound { receiveReport() } else { _ = receiveEvent() }
        }
    }

    /// Asks for a wake at a moment of ours; it replaces an earlier one.
    package mutating func wake(at moment: Int64) {
        timerAt = max(moment, now)
    }

    @inline(__always)
    private mutating func stepVenue(_ at: Int64) {
        if nextVenueAt == at {
            applyToVenue(venueCursor, at: at)
            venueCursor += 1
            nextVenueAt = venueCursor < events.count ? max(at, events.venueAt[venueCursor]) : .max
        } else if nextRequestAt == at {
            venue.take(requests.removeFirst(), at: at)
            nextRequestAt = requests.first?.arrivesAt ?? .max
        } else {
            venue.expire(at: at)
        }
        if venue.reports.count > 0, nextReportAt == .max {
            nextReportAt = venue.reports.first?.localAt ?? .max
        }
    }

    @inline(__always)
    private mutating func applyToVenue(_ index: Int, at now: Int64) {
        let tag = events.tag[index]
        let instrument = Int(EventTag.instrument(tag))
        let isBuy = EventTag.isBuy(tag)
        let (price, quantity) = (events.price[index], events.quantity[index])
        if UInt8(truncatingIfNeeded: tag) == MarketEventKind.level.rawValue {
            venue.level(instrument, isBuy: isBuy, price: price, quantity: quantity, at: now)
        } else if UInt8(truncatingIfNeeded: tag) == MarketEventKind.trade.rawValue {
            venue.trade(
                instrument, aggressorIsBuy: isBuy, price: price, quantity: quantity, at: now)
        } else {
            applyRare(events[index], instrument, at: now)
        }
    }

    @inline(never)
    private mutating func applyRare(_ event: MarketEvent, _ instrument: Int, at now: Int64) {
        switch event.kind {
        case .level, .trade: break
        case .clear: venue.clear(instrument)
        case .tick: venue.changeTick(instrument, steps: event.price)
        case .settlement: venue.finish(instrument, payout: event.price, at: now)
        case .void: venue.finish(instrument, payout: nil, at: now)
        }
    }

    // MARK: What reaches us

    /// Takes in one record; gives whether its message is whole.
    @inline(__always)
    private mutating func receiveEvent() -> Bool {
        let index = localCursor
        let tag = events.tag[index]
        let kind = UInt8(truncatingIfNeeded: tag)
        if kind == MarketEventKind.level.rawValue {
            books[Int(EventTag.instrument(tag))].set(
                isBuy: EventTag.isBuy(tag), price: events.price[index],
                quantity: events.quantity[index])
        } else if kind == MarketEventKind.clear.rawValue {
            books[Int(EventTag.instrument(tag))].removeAll()
        }
        if isWhole { messageStart = index }
        isWhole = tag & EventTag.continues == 0
        localCursor += 1
        loadLocal()
        return isWhole || localCursor == events.count
    }

    /// When the next record reaches us: never before it happened, nor before an earlier one.
    @inline(__always)
    private mutating func loadLocal() {
        guard localCursor < events.count else {
            nextLocalAt = .max
            return
        }
        let venueAt = events.venueAt[localCursor]
        let received =
            feed == nil ? events.localAt[localCursor] : venueAt + sampleFeed(at: venueAt)
        nextLocalAt = max(received, venueAt, now)
    }

    private mutating func sampleFeed(at venueAt: Int64) -> Int64 {
        feed?.sample(at: venueAt) ?? 0
    }

    private mutating func receiveReport() {
        let report = venue.reports.removeFirst()
        nextReportAt = venue.reports.first?.localAt ?? .max
        lastReport = report
        let slot = Int(report.order.slot)
        guard venue.orders[slot].generation == report.order.generation else { return }
        switch report.kind {
        case .accepted: local[slot].isWorking = true
        case .filled:
            let terms = local[slot].terms
            positions[Int(terms.instrument)] += Int64(terms.isBuy ? 1 : -1) * Int64(report.quantity)
            local[slot].remaining = report.remaining
        case .reduced: local[slot].remaining = report.remaining
        case .declined, .cancelled, .expired, .converted, .refused: break
        }
        if report.isLast {
            local[slot].isWorking = false
            local[slot].remaining = 0
            venue.orders[slot].state = .free
            free.append(Int32(slot))
        }
    }

    // MARK: What we do

    /// Sends an order. The venue answers with a report.
    package mutating func submit(_ terms: BacktestOrderTerms) -> BacktestOrderID {
        precondition(Int(terms.instrument) < books.count, "no instrument \(terms.instrument)")
        let id = allocate(terms)
        send(.submit, id, quantity: terms.quantity)
        submitted += 1
        return id
    }

    /// Asks for the end of an order.
    package mutating func cancel(_ id: BacktestOrderID) { send(.cancel, id, quantity: 0) }

    /// Asks that an order be of `total` lots in all, which is fewer; it keeps its place.
    package mutating func reduce(_ id: BacktestOrderID, to total: Int32) {
        send(.reduce, id, quantity: total)
    }

    /// Asks for so many pairs of YES and NO, a dollar each.
    package mutating func mint(instrument: UInt16, lots: Int32) -> BacktestOrderID {
        convert(.mint, instrument, lots)
    }

    /// Gives so many pairs of YES and NO back, for a dollar each.
    package mutating func merge(instrument: UInt16, lots: Int32) -> BacktestOrderID {
        convert(.merge, instrument, lots)
    }

    private mutating func convert(
        _ kind: VenueRequest.Kind, _ instrument: UInt16, _ lots: Int32
    ) -> BacktestOrderID {
        precondition(Int(instrument) < books.count, "no instrument \(instrument)")
        let terms = BacktestOrderTerms(
            instrument: instrument, isBuy: true, price: 0, quantity: lots)
        let id = allocate(terms)
        send(kind, id, quantity: lots)
        return id
    }

    private mutating func allocate(_ terms: BacktestOrderTerms) -> BacktestOrderID {
        let known = LocalOrder(terms: terms, remaining: terms.quantity, isWorking: false)
        if let slot = free.popLast() {
            let generation = venue.orders[Int(slot)].generation &+ 1
            venue.orders[Int(slot)] = VenueOrder(
                generation: generation, state: .travelling, terms: terms,
                remaining: terms.quantity, place: QueuePlace(front: 0))
            venue.orderFees[Int(slot)] = fees(terms)
            local[Int(slot)] = known
            return BacktestOrderID(slot: slot, generation: generation)
        }
        venue.orders.append(
            VenueOrder(
                generation: 0, state: .travelling, terms: terms, remaining: terms.quantity,
                place: QueuePlace(front: 0)))
        venue.orderFees.append(fees(terms))
        local.append(known)
        return BacktestOrderID(slot: Int32(local.count - 1), generation: 0)
    }

    private func fees(_ terms: BacktestOrderTerms) -> KalshiOrderFees {
        let schedule = venue.markets[Int(terms.instrument)].terms.fees
        guard case .kalshi(let fees) = schedule.rule(at: now) else { return KalshiOrderFees() }
        return KalshiOrderFees(precision: fees.precision)
    }

    private mutating func send(_ kind: VenueRequest.Kind, _ id: BacktestOrderID, quantity: Int32) {
        precondition(Int(id.slot) < local.count, "an order of another backtest")
        // One connection: nothing overtakes.
        lastRequestAt = max(lastRequestAt, now + entry.sample(at: now))
        requests.append(
            VenueRequest(arrivesAt: lastRequestAt, kind: kind, order: id, quantity: quantity))
        nextRequestAt = requests.first?.arrivesAt ?? .max
    }

    // MARK: What we know

    /// The book as it has reached us.
    package func book(_ instrument: Int = 0) -> FlatBook { books[instrument] }
    /// Our best bid as known, nil without one.
    package func bestBid(_ instrument: Int = 0) -> Int32? { books[instrument].bestBid }
    /// The best ask as known, nil without one.
    package func bestAsk(_ instrument: Int = 0) -> Int32? { books[instrument].bestAsk }
    /// The position in lots from the fills that have reached us.
    package func position(_ instrument: Int = 0) -> Int64 { positions[instrument] }
    /// Which records the message has that reached us last; read them with `event`.
    package var lastEvents: Range<Int> { messageStart..<localCursor }
    /// A record that has reached us.
    package func event(_ index: Int) -> MarketEvent {
        precondition(index < localCursor, "record \(index) has not reached us")
        return events[index]
    }

    /// An order as known; nil once its end has reached us.
    package func order(_ id: BacktestOrderID) -> LocalOrder? {
        let slot = Int(id.slot)
        guard slot < local.count, venue.orders[slot].generation == id.generation,
            venue.orders[slot].state != .free
        else { return nil }
        return local[slot]
    }

    // MARK: The truth, for reports after the run

    /// Whether nothing is on its way to the venue or back.
    package var isQuiet: Bool { requests.count == 0 && venue.reports.count == 0 }
    /// Records that have reached us.
    package var receivedCount: Int { localCursor }
    /// Records of the whole recording.
    package var eventCount: Int { events.count }

    /// The account at the venue, which may be ahead of what has reached us. Not for strategies.
    package var account: BacktestAccount { venue.account }

    /// Lots of others in front of a resting order, as estimated; nil when it does not rest. Not for
    /// strategies.
    package func queueAhead(of id: BacktestOrderID) -> Double? {
        let slot = Int(id.slot)
        guard slot < venue.orders.count, venue.orders[slot].generation == id.generation,
            venue.orders[slot].state == .working
        else { return nil }
        return venue.orders[slot].place.front
    }
}
