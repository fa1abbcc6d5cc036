package import Trading

/// Decides what an agent does: which markets it looks at, what it quotes, takes and cancels.
///
/// Pure: no clock, no randomness, no I/O; the same commands give the same effects. Its shell
/// (DomainAgent) maps messages to commands and effects to messages. The policy says what a market
/// is worth; everything else is here: edge, size, orders, protection and the bounded scan. Start
/// reading at `apply`. Signals as a whole is statistics and decisions: it knows no wire, no venue
/// and no risk limit.
package struct AgentEngine<Policy: DomainPolicy>: Sendable {
    package private(set) var policy: Policy
    package let terms: TradingTerms

    /// Whether the core's snapshot is complete: before that nothing is asked for.
    package private(set) var isReady = false
    package private(set) var incarnation = Incarnation.zero
    package var counts = AgentCounts()
    /// What it last made of each market.
    package internal(set) var looks = LookBook()

    var account = AgentAccount()
    var orders: [WorkingOrder] = []
    var intents: IntentBook
    /// What algorithms work, in the order in which they began.
    var parents: [ActiveParent] = []
    var makerMarkout: MarkoutTracker
    var takerMarkout: MarkoutTracker
    var scans: ScanQueue
    var lastRequest = RequestID.zero
    let edges: EdgeRule

    var markets: [InstrumentID: MarketState] = [:]
    /// The markets in the order of their ends.
    var schedule: [InstrumentID] = []
    private var lastTick: TickNumber?

    package static var marketsMax: Int { 4_096 }
    /// Orders of earlier sessions that are taken over at most; the core bounds them far below.
    package static var restoredMax: Int { 256 }
    package static var scanCapacity: Int { 256 }

    package init(policy: Policy, terms: TradingTerms) {
        self.policy = policy
        self.terms = terms
        intents = IntentBook(terms)
        makerMarkout = MarkoutTracker(terms.markout)
        takerMarkout = MarkoutTracker(terms.markout)
        scans = ScanQueue(capacity: Self.scanCapacity, ageMax: terms.scanAgeMax)
        edges = EdgeRule(terms)
    }

    /// Takes in what became known outside the venue. The caller never hands in what was received
    /// after the time of the next command.
    package mutating func observe(_ observation: Policy.Observation) -> FactRefusal? {
        policy.observe(observation)
    }

    /// Changes what the policy has learned, between two decisions.
    package mutating func learn(_ body: (inout Policy) -> Void) { body(&policy) }

    /// Takes one command in and adds what is to be done.
    package mutating func apply(
        _ command: AgentCommand, at now: Timestamp, into effects: inout AgentEffects
    ) {
        switch command {
        case .restore(let cash, let incarnation): restore(cash: cash, incarnation)
        case .restoreOrder(let order): restore(order)
        case .restorePosition(let instrument, let quantity):
            account.restore(instrument, position: quantity)
        case .ready: isReady = true
        case .disconnect: disconnect()
        case .define(let instrument, let status): define(instrument, status)
        case .changeStatus(let instrument, let status): markets[instrument]?.status = status
        case .seeBook(let instrument, let book, let receivedAt, let isStale):
            see(book, of: instrument, receivedAt: receivedAt, isStale: isStale)
        case .distrustBooks: distrustBooks()
        case .decide(let decision): take(decision, at: now)
        case .changeOrder(let change): take(change, at: now)
        case .settle(let instrument, let value, let payout):
            settle(instrument, value: value, payout: payout)
        case .act(let tick): act(tick, at: now, into: &effects)
        }
    }

    /// Orders that are not over.
    package var openOrderCount: Int { orders.count }
    /// Scan work that waits.
    package var scanCount: Int { scans.count }
    /// The cash that the agent believes it has.
    package var cash: Money { account.cash }

    package func position(_ instrument: InstrumentID) -> Quantity { account.position(instrument) }

    /// The adverse markout that is charged for a kind of fill.
    package func adverseMarkout(_ liquidity: Liquidity) -> Double {
        let tracker = liquidity == .maker ? makerMarkout : takerMarkout
        return tracker.adverse(at: terms.markoutHorizon)
    }

    private mutating func act(
        _ tick: TickNumber, at now: Timestamp, into effects: inout AgentEffects
    ) {
        // A tick that comes again after a reconnect was acted on already.
        if let lastTick, tick <= lastTick { return }
        lastTick = tick
        measureMarkouts(at: now)
        forgetEnded(at: now)
        guard isReady else { return }
        protect(at: now, tick, into: &effects)
        scan(at: now, tick, into: &effects)
        work(at: now, tick, into: &effects)
    }

    // MARK: Sessions

    private mutating func restore(cash: Money, _ incarnation: Incarnation) {
        disconnect()
        self.incarnation = incarnation
        account.restore(cash: cash)
    }

    private mutating func disconnect() {
        isReady = false
        orders.removeAll(keepingCapacity: true)
        intents.clear()
        parents.removeAll()
        scans.clear()
        lastRequest = .zero
    }

    private mutating func restore(_ order: RestoredOrder) {
        guard orders.count < Self.restoredMax, !order.state.isTerminal else { return }
        orders.append(
            WorkingOrder(
                requestID: .zero, intentID: .zero, instrument: order.instrument, side: order.side,
                price: order.price, liquidity: .maker, requestedAt: .zero, ground: nil,
                orderID: order.orderID, remaining: order.remaining, cancelAskedAt: nil))
    }

    // MARK: Markets

    private mutating func define(_ instrument: Instrument, _ status: InstrumentStatus) {
        guard let window = policy.window(of: instrument) else { return }
        if markets[instrument.id] != nil {
            markets[instrument.id]?.instrument = instrument
            markets[instrument.id]?.status = status
            return
        }
        guard markets.count < Self.marketsMax else {
            counts.marketsRefused += 1
            return
        }
        markets[instrument.id] = MarketState(instrument, status, window)
        let place = schedule.firstIndex { isAfter($0, window.endsAt, instrument.id) }
        schedule.insert(instrument.id, at: place ?? schedule.endIndex)
    }

    private func isAfter(_ id: InstrumentID, _ end: Timestamp, _ other: InstrumentID) -> Bool {
        guard let listed = markets[id] else { return false }
        return (listed.window.endsAt, id) > (end, other)
    }

    private mutating func see(
        _ book: OrderBook, of id: InstrumentID, receivedAt: Timestamp, isStale: Bool
    ) {
        guard let market = markets[id] else { return }
        if let mid = market.mid {
            makerMarkout.advance(id, before: receivedAt, mid: mid)
            takerMarkout.advance(id, before: receivedAt, mid: mid)
        }
        markets[id]?.book = book
        markets[id]?.bookReceivedAt = receivedAt
        markets[id]?.isBookStale = isStale
    }

    private mutating func distrustBooks() {
        for id in schedule { markets[id]?.isBookStale = true }
    }

    private mutating func measureMarkouts(at now: Timestamp) {
        for id in makerMarkout.followed {
            guard let mid = markets[id]?.mid else { continue }
            makerMarkout.advance(id, through: now, mid: mid)
        }
        for id in takerMarkout.followed {
            guard let mid = markets[id]?.mid else { continue }
            takerMarkout.advance(id, through: now, mid: mid)
        }
    }

    /// Forgets markets that ended long ago, so that memory stays flat over days.
    private mutating func forgetEnded(at now: Timestamp) {
        while let id = schedule.first, let market = markets[id],
            market.window.endsAt + Self.memory < now
        {
            schedule.removeFirst()
            markets[id] = nil
            intents.forget(id)
            looks.forget(id)
            makerMarkout.forget(id)
            takerMarkout.forget(id)
        }
    }

    private static var memory: Span { .seconds(3_600) }
}

/// What an engine has done, as plain numbers.
package struct AgentCounts: Sendable, Equatable {
    package var requested: UInt64 = 0
    package var intents: UInt64 = 0
    /// Parents that an algorithm worked.
    package var parents: UInt64 = 0
    package var cancels: UInt64 = 0
    package var rejected: UInt64 = 0
    package var fills: UInt64 = 0
    package var settled: UInt64 = 0
    package var scanned: UInt64 = 0
    package var marketsRefused: UInt64 = 0
    /// Why markets were left alone.
    package var abstentions = AbstentionCounts()
    /// Why quotes were taken away.
    package var withdrawals = AbstentionCounts()

    package init() {}
}
