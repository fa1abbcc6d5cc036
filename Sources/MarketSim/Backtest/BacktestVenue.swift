import Trading

/// An order as the venue holds it.
struct VenueOrder: Sendable, Hashable, BitwiseCopyable {
    enum State: UInt8, Sendable, BitwiseCopyable {
        /// Nothing is kept here.
        case free
        /// On its way to the venue.
        case travelling
        case working
        case done
    }

    var generation: UInt32
    var state: State
    var terms: BacktestOrderTerms
    var remaining: Int32
    var place: QueuePlace
}

/// Our resting orders on one side of a market: best price first, then first come.
struct OwnSide: Sendable {
    struct Entry: Sendable, BitwiseCopyable {
        let price: Int32
        let slot: Int32
    }

    private(set) var entries: [Entry] = []
    private let isBid: Bool

    init(isBid: Bool) { self.isBid = isBid }

    @inline(__always) var isEmpty: Bool { entries.isEmpty }

    mutating func insert(_ slot: Int32, price: Int32) {
        let entry = Entry(price: price, slot: slot)
        let index = place { $0 == price || isBetter($0, than: price) }
        if index == entries.count {
            entries.append(entry)
        } else {
            entries.insert(entry, at: index)
        }
    }

    mutating func remove(at index: Int) {
        if index == entries.count - 1 {
            entries.removeLast()
        } else {
            entries.remove(at: index)
        }
    }

    mutating func remove(_ slot: Int32, price: Int32) {
        var index = start(of: price)
        while index < entries.count, entries[index].price == price {
            if entries[index].slot == slot {
                remove(at: index)
                return
            }
            index += 1
        }
        preconditionFailure("order \(slot) does not rest at \(price)")
    }

    /// The first of ours at `price` or behind it.
    @inline(__always)
    func start(of price: Int32) -> Int {
        if let first = entries.first, !isBetter(first.price, than: price) { return 0 }
        return place { isBetter($0, than: price) }
    }

    /// Whether `own` comes before a level at `price`.
    @inline(__always)
    private func isBetter(_ own: Int32, than price: Int32) -> Bool {
        isBid ? own > price : own < price
    }

    @inline(__always)
    private func place(_ comesBefore: (Int32) -> Bool) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if comesBefore(entries[middle].price) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// A market of the backtest's venue: what the recording shows, and what we changed in it.
struct VenueMarket: Sendable {
    let terms: BacktestInstrument
    var book: FlatBook
    /// Lots of the shown book that we have taken and that the recording still shows.
    var consumed: FlatBook
    var ownBids = OwnSide(isBid: true)
    var ownAsks = OwnSide(isBid: false)
    /// A new order's price is a multiple of so many steps.
    var tickSteps: Int32 = 1
    var isOver = false
    /// Nothing of ours rests or was taken: the recording alone counts.
    private(set) var isUntouched = true
    private(set) var hasConsumed = false

    /// Where prices end: a dollar in steps for a binary, nowhere for a linear instrument.
    let priceEnd: Int32

    init(_ terms: BacktestInstrument) {
        self.terms = terms
        priceEnd =
            terms.payoff == .binary ? Int32(Price.one.units / terms.tick.units) : .max
        book = FlatBook(range: terms.prices)
        consumed = FlatBook(range: terms.prices)
    }

    mutating func noteTouch() {
        hasConsumed = !consumed.isEmpty
        isUntouched = ownBids.isEmpty && ownAsks.isEmpty && !hasConsumed
    }

    /// What can still be taken at a level, in lots.
    func available(isBuy: Bool, at price: Int32) -> Int32 {
        let shown = book.quantity(isBuy: isBuy, at: price)
        return max(0, shown - consumed.quantity(isBuy: isBuy, at: price))
    }

    // Of our resting orders on a side. They read in place: a copy of a side would be counted.

    @inline(__always)
    func ownCount(isBuy: Bool) -> Int { isBuy ? ownBids.entries.count : ownAsks.entries.count }

    /// The order at a place, best and oldest first.
    @inline(__always)
    func ownSlot(isBuy: Bool, at place: Int) -> Int {
        Int(isBuy ? ownBids.entries[place].slot : ownAsks.entries[place].slot)
    }

    /// The price of the order at a place.
    @inline(__always)
    func ownPrice(isBuy: Bool, at place: Int) -> Int32 {
        isBuy ? ownBids.entries[place].price : ownAsks.entries[place].price
    }

    /// The first place at a price or behind it.
    @inline(__always)
    func ownStart(isBuy: Bool, of price: Int32) -> Int {
        isBuy ? ownBids.start(of: price) : ownAsks.start(of: price)
    }

    /// Our best price on a side, nil when nothing of ours rests there.
    @inline(__always)
    func ownBest(isBuy: Bool) -> Int32? {
        isBuy ? ownBids.entries.first?.price : ownAsks.entries.first?.price
    }

    /// Whether a price of the other side reaches our best on this one.
    @inline(__always)
    func reachesOwn(isBuy: Bool, _ other: Int32) -> Bool {
        guard let best = ownBest(isBuy: isBuy) else { return false }
        return isBuy ? other <= best : other >= best
    }

    /// Whether our best on a side comes before a level at `price`.
    @inline(__always)
    func isOwnBetter(isBuy: Bool, than price: Int32) -> Bool {
        guard let best = ownBest(isBuy: isBuy) else { return false }
        return isBuy ? best > price : best < price
    }

    mutating func removeOwn(isBuy: Bool, at index: Int) {
        if isBuy { ownBids.remove(at: index) } else { ownAsks.remove(at: index) }
        noteTouch()
    }
}

/// The venue of a backtest: the recorded market with our orders in it. It knows the venue's time
/// only; the clocks are `Backtest`'s.
struct BacktestVenue: Sendable {
    var markets: [VenueMarket]
    var orders: [VenueOrder] = []
    var orderFees: [KalshiOrderFees] = []
    var account: BacktestAccount
    /// Reports on their way to us, in the order in which they arrive.
    var reports = MessageRing<BacktestReport>()
    /// When the next good-till-time order ends; the end of time without one.
    private(set) var nextExpiryAt = Int64.max
    private var response: LatencySource
    private var lastReportAt = Int64.min

    init(_ setup: BacktestSetup) {
        markets = setup.instruments.map(VenueMarket.init)
        account = BacktestAccount(deposit: setup.cash, instruments: setup.instruments.count)
        response = LatencySource(setup.response, seed: setup.seed, channel: 2)
    }

    // MARK: Requests

    mutating func take(_ request: VenueRequest, at now: Int64) {
        let slot = Int(request.order.slot)
        guard orders[slot].generation == request.order.generation else {
            refuse(request.order, .unknownOrder, at: now)
            return
        }
        switch request.kind {
        case .submit: submit(slot, at: now)
        case .cancel:
            guard orders[slot].state == .working else {
                refuse(request.order, .unknownOrder, at: now)
                return
            }
            remove(slot, .cancelled, at: now)
        case .reduce: reduce(slot, to: request.quantity, at: now)
        case .mint, .merge: convert(slot, request.kind, at: now)
        }
    }

    /// Ends the good-till-time orders whose time has come.
    mutating func expire(at now: Int64) {
        var next = Int64.max
        for slot in orders.indices where orders[slot].state == .working {
            let expiry = orders[slot].terms.expiresAt
            guard expiry != 0 else { continue }
            if expiry <= now {
                remove(slot, .expired, at: now)
            } else {
                next = min(next, expiry)
            }
        }
        nextExpiryAt = next
    }

    mutating func noteExpiry(_ expiresAt: Int64) {
        if expiresAt != 0 { nextExpiryAt = min(nextExpiryAt, expiresAt) }
    }

    private mutating func reduce(_ slot: Int, to total: Int32, at now: Int64) {
        let order = orders[slot]
        let id = identity(slot)
        guard order.state == .working else { return refuse(id, .unknownOrder, at: now) }
        let filled = order.terms.quantity - order.remaining
        guard total >= 0, total < order.terms.quantity else {
            return refuse(id, .invalidQuantity, at: now)
        }
        if total <= filled { return remove(slot, .cancelled, at: now) }
        let taken = order.terms.quantity - total
        orders[slot].terms.quantity = total
        orders[slot].remaining -= taken
        report(slot, .reduced, quantity: taken, at: now)
    }

    private mutating func convert(_ slot: Int, _ kind: VenueRequest.Kind, at now: Int64) {
        let terms = orders[slot].terms
        let index = Int(terms.instrument)
        let instrument = markets[index].terms
        guard instrument.payoff == .binary, terms.quantity > 0 else {
            return decline(slot, .invalidTerms, at: now)
        }
        guard !markets[index].isOver else { return decline(slot, .marketOver, at: now) }
        let lots = Int64(terms.quantity)
        let holding = account.holdings[index]
        if kind == .mint {
            let cost = Money(
                .one, times: Quantity(units: instrument.lot.units * lots), .nearestEven)
            guard account.cash >= cost else {
                return decline(slot, .insufficientCash, at: now)
            }
            account.mint(index, instrument, lots: lots)
        } else {
            guard min(holding.long, holding.short) >= lots else {
                return decline(slot, .insufficientInventory, at: now)
            }
            account.merge(index, instrument, lots: lots)
        }
        orders[slot].state = .done
        orders[slot].remaining = 0
        report(slot, .converted, quantity: terms.quantity, at: now)
    }

    // MARK: Ends and reports

    /// Takes a working order off the book.
    mutating func remove(_ slot: Int, _ kind: BacktestReportKind, at now: Int64) {
        let terms = orders[slot].terms
        let index = Int(terms.instrument)
        if terms.isBuy {
            markets[index].ownBids.remove(Int32(slot), price: terms.price)
        } else {
            markets[index].ownAsks.remove(Int32(slot), price: terms.price)
        }
        markets[index].noteTouch()
        end(slot, kind, at: now)
    }

    /// Ends an order that does not rest, or no longer.
    mutating func end(_ slot: Int, _ kind: BacktestReportKind, at now: Int64) {
        let left = orders[slot].remaining
        orders[slot].state = .done
        orders[slot].remaining = 0
        report(slot, kind, quantity: left, at: now)
    }

    mutating func decline(_ slot: Int, _ reason: BacktestDecline, at now: Int64) {
        let left = orders[slot].remaining
        orders[slot].state = .done
        orders[slot].remaining = 0
        report(slot, .declined, quantity: left, decline: reason, at: now)
    }

    private mutating func refuse(
        _ order: BacktestOrderID, _ reason: BacktestDecline, at now: Int64
    ) {
        let kept = orders[Int(order.slot)]
        let remaining = kept.generation == order.generation ? kept.remaining : 0
        send(
            BacktestReport(
                order: order, kind: .refused, liquidity: .maker, decline: reason, quantity: 0,
                remaining: remaining, price: 0, fee: .zero, venueAt: now,
                localAt: now))
    }

    mutating func report(
        _ slot: Int, _ kind: BacktestReportKind, quantity: Int32,
        decline: BacktestDecline? = nil, at now: Int64
    ) {
        send(
            BacktestReport(
                order: identity(slot), kind: kind, liquidity: .maker, decline: decline,
                quantity: quantity, remaining: orders[slot].remaining,
                price: orders[slot].terms.price, fee: .zero, venueAt: now, localAt: now))
    }

    /// Sends a report: it arrives after its latency and never before an earlier one.
    mutating func send(_ report: BacktestReport) {
        var report = report
        lastReportAt = max(lastReportAt, report.venueAt + response.sample(at: report.venueAt))
        report.localAt = lastReportAt
        reports.append(report)
    }

    func identity(_ slot: Int) -> BacktestOrderID {
        BacktestOrderID(slot: Int32(slot), generation: orders[slot].generation)
    }
}
