import Cryptography
import DomainAgent
import MarketSim
import Risk
import Runtime
import Signals
import Trading
import Wire

/// Runs one agent against a recording: the agent's engine and policy, the risk engine with its
/// ledger, and the backtest's venue, in event time.
///
/// The agent acts at every interval on the books as they have reached us. What it asks for is
/// decided by the risk engine as the core decides it, from the same frames; a permit becomes an
/// order at the venue, and the venue's reports become the gateway's.
struct BacktestRun<Policy: DomainPolicy> {
    private let plan: BacktestPlan
    private let market: BacktestMarket
    private let source: (any ObservationSource<Policy.Observation>)?
    private var backtest: Backtest
    private var core: BacktestCore
    private var agent: AgentEngine<Policy>
    private var agentEffects = AgentEffects()
    private var tally: BacktestTally
    private let modelHash: Digest

    /// A permit that is not over, by what the venue knows it as.
    private struct Alive {
        let permit: OrderPermit
        let place: Int
        var filled = Quantity.zero
    }

    private var alive: [BacktestOrderID: Alive] = [:]
    private var orderIDs: [OrderID: BacktestOrderID] = [:]
    private var references: [ReferenceUpdated?]
    private var marked: [ReferenceUpdated?]
    private var isDirty: [Bool]
    private var dirty: [Int] = []
    private var sequences: [UInt64]
    private var waiting: [(place: Int, value: Price)] = []
    private var tick = TickNumber.zero
    private var trades: UInt64 = 0

    private static var depth: Int { 10 }

    init(
        _ plan: BacktestPlan, _ market: BacktestMarket, _ events: EventColumns, policy: Policy,
        source: (any ObservationSource<Policy.Observation>)?
    ) {
        self.plan = plan
        self.market = market
        self.source = source
        backtest = Backtest(events, market.setup(plan))
        let now = Timestamp(nanoseconds: backtest.now)
        core = BacktestCore(plan, market, at: now)
        agent = AgentEngine(policy: policy, terms: plan.trading)
        tally = BacktestTally(
            market, cash: plan.cash, from: now,
            until: Timestamp(nanoseconds: events[events.count - 1].localAt))
        let text = policy.canonicalText + "\n" + plan.trading.canonicalText
        modelHash = Digest(bytes: SHA256.hash(Array(text.utf8)).bytes) ?? .zero
        let count = market.listings.count
        references = Array(repeating: nil, count: count)
        marked = references
        isDirty = Array(repeating: false, count: count)
        sequences = Array(repeating: 0, count: count)
        core.effects.removeAll()
    }

    /// Runs to the end of the recording. `progress` is told how many records have reached us.
    mutating func run(progress: (Int) -> Void = { _ in }) throws -> BacktestOutcome {
        open()
        var next = backtest.now
        var told = 0
        backtest.wake(at: next)
        running: while true {
            switch backtest.advance() {
            case .event: receive()
            case .report: try report()
            case .timer:
                try act()
                next += plan.interval.nanoseconds
                // A recording may have long gaps: nothing is asked of the agent in them.
                backtest.wake(at: max(next, backtest.now))
                if backtest.receivedCount - told >= 100_000 {
                    told = backtest.receivedCount
                    progress(told)
                }
                if isOver { break running }
            case .end: break running
            }
        }
        progress(backtest.receivedCount)
        return try finish()
    }

    private var now: Timestamp { Timestamp(nanoseconds: backtest.now) }
    /// Whether the recording has been heard to its end and nothing of ours is under way.
    private var isOver: Bool {
        backtest.receivedCount == backtest.eventCount && backtest.isQuiet && waiting.isEmpty
    }

    private mutating func open() {
        tell(.restore(cash: plan.cash, incarnation: Incarnation(1)))
        for listing in market.listings {
            tell(.define(listing.instrument, .open))
            tally.costs.define(listing.definition(.open, isExclusive: false, at: now))
        }
        tell(.ready)
    }

    private mutating func tell(_ command: AgentCommand) {
        agentEffects.clear()
        agent.apply(command, at: now, into: &agentEffects)
        precondition(agentEffects.list.isEmpty, "only acting has effects")
    }

    // MARK: The market

    private mutating func receive() {
        for index in backtest.lastEvents {
            let event = backtest.event(index)
            let place = Int(event.instrument)
            sequences[place] += 1
            switch event.kind {
            case .level, .clear:
                if !isDirty[place] {
                    isDirty[place] = true
                    dirty.append(place)
                }
            case .trade: tally.trade(event, place)
            case .tick: changeTick(place, steps: event.price)
            case .settlement:
                waiting.append((place, market.listings[place].price(event.price)))
                tell(.changeStatus(market.listings[place].instrument.id, .closed))
            case .void: preconditionFailure("a plan with a void market is refused before it runs")
            }
        }
    }

    private mutating func changeTick(_ place: Int, steps: Int32) {
        let listing = market.listings[place]
        let old = listing.instrument
        var definition = listing.definition(.open, isExclusive: plan.isExclusive, at: now)
        definition.tick = listing.price(steps)
        core.engine.apply(definition, at: now, into: &core.effects)
        core.effects.removeAll()
        tell(
            .define(
                Instrument(
                    id: old.id, venue: old.venue, eventSet: old.eventSet, tick: definition.tick,
                    lot: old.lot, openAt: old.openAt, closeAt: old.closeAt, title: old.title,
                    ruleHash: old.ruleHash), .open))
    }

    /// Shows the agent and the core the books that have changed.
    private mutating func showBooks() {
        for place in dirty.sorted() {
            isDirty[place] = false
            let listing = market.listings[place]
            let book = listing.book(
                backtest.book(place), depth: Self.depth,
                sequence: SequenceNumber(sequences[place]))
            let reference = ReferenceUpdated(
                instrument: listing.instrument.id, bid: book.bestBid?.price ?? .zero,
                bidQuantity: book.bestBid?.quantity ?? .zero,
                ask: book.bestAsk?.price ?? .zero, askQuantity: book.bestAsk?.quantity ?? .zero,
                bidDepth: book.bids.reduce(.zero) { $0 + $1.quantity },
                askDepth: book.asks.reduce(.zero) { $0 + $1.quantity },
                bookSequence: book.sequence, receivedAt: now,
                isStale: Flag(book.isCrossed), marketTime: now)
            references[place] = reference
            tally.show(reference, place, at: now)
            tell(
                .seeBook(
                    listing.instrument.id, book, receivedAt: now, isStale: book.isCrossed))
        }
        dirty.removeAll(keepingCapacity: true)
    }

    /// Tells the core of quotes that have changed where something is held or quoted: at most once a
    /// second each.
    private mutating func mark() throws {
        if core.engine.isBrakeTimerDue(at: now) {
            core.engine.apply(TimerFired(timer: 1), at: now, into: &core.effects)
        }
        for id in core.engine.instrumentsOfInterest {
            guard let place = tally.places[id], var reference = references[place] else { continue }
            if let last = marked[place] {
                guard now - last.marketTime >= .seconds(1),
                    last.bookSequence != reference.bookSequence
                else { continue }
            }
            reference.marketTime = now
            marked[place] = reference
            core.engine.apply(reference, at: now, into: &core.effects)
        }
        try carryOut()
    }

    // MARK: The agent

    private mutating func act() throws {
        showBooks()
        while let observation = try source?.next(through: now) {
            if let refusal = agent.observe(observation) { tally.alarm("not believed: \(refusal)") }
        }
        try mark()
        try settle()
        if core.isReconcileDue(at: now), backtest.isQuiet {
            core.reconcile(venueCash: backtest.account.cash, at: now)
            try carryOut()
        }
        tick = tick.next
        agentEffects.clear()
        agent.apply(.act(tick), at: now, into: &agentEffects)
        for effect in agentEffects.list {
            switch effect {
            case .declare(let intent): try declare(intent)
            case .request(let child): try request(child)
            case .cancel(let request, let order):
                core.engine.apply(
                    CancelRequest(
                        envelope: envelope(BacktestNames.agent), incarnation: agent.incarnation,
                        requestID: request, orderID: order), from: BacktestNames.agent, at: now,
                    into: &core.effects)
                try carryOut()
            }
        }
        tally.sample(
            cash: core.cash, at: now
        ) { [core] in core.position($0) }
    }

    private mutating func declare(_ declaration: IntentDeclaration) throws {
        let frame = declaration.message(for: core.key, agent.incarnation).frame()
        var intent = try DeclareIntent(decoding: frame)
        intent.envelope = envelope(BacktestNames.agent)
        let judgement = core.engine.apply(
            intent, RequestFacts(declareIntent: frame.span.bytes), from: BacktestNames.agent,
            at: now, into: &core.effects)
        tally.declared(judgement.reason)
        try carryOut()
    }

    private mutating func request(_ child: ChildRequest) throws {
        let features = child.explanation.features
        let hash = SHA256.hash(features.canonicalBytes)
        let frame = child.frame(
            for: core.key, agent.incarnation, modelHash: modelHash,
            featureHash: Digest(bytes: hash.bytes) ?? .zero)
        var request = try OrderRequest(decoding: frame)
        request.envelope = envelope(BacktestNames.agent)
        let place = tally.places[request.instrument]
        let reference = place.flatMap { references[$0] }
        let judgement = core.engine.apply(
            request, try RequestFacts(orderRequest: frame.span.bytes), from: BacktestNames.agent,
            reference: reference, at: now, into: &core.effects)
        tally.costs.request(
            request,
            algorithm: CostBook.algorithm(of: features.features.map { ($0.label, $0.value) }),
            judged: judgement.judged(.unset), reference: reference, at: now)
        try carryOut()
    }

    private func envelope(_ sender: ProcessID) -> Envelope {
        var envelope = Envelope.unset
        envelope.sender = sender
        return envelope
    }

    // MARK: What the core wants

    private mutating func carryOut() throws {
        let items = core.effects.items
        core.effects.removeAll()
        for item in items {
            switch item {
            case .permit(let permit): try submit(permit)
            case .decide(let decision, _): tell(.decide(decision.command))
            case .update(let update, _):
                guard let change = update.change else {
                    throw ProcessFailure(.refused, "the core told of an order that cannot be")
                }
                tell(.changeOrder(change))
            case .settle(let settled, _):
                tell(
                    .settle(settled.instrument, value: settled.value, payout: settled.payout))
            case .cancel(let cancel, _):
                if let id = orderIDs[cancel.orderID] { backtest.cancel(id) }
            case .alarm(let alarm): tally.alarm("\(alarm)")
            case .queryFate, .arm, .reply, .limits: break
            }
        }
    }

    private mutating func submit(_ permit: OrderPermit) throws {
        guard let place = tally.places[permit.instrument] else {
            throw ProcessFailure(.refused, "a permit for \(permit.instrument), which is not here")
        }
        let listing = market.listings[place]
        let steps = Int32(exactly: permit.price.units / listing.tick.units)
        let lots = Int32(exactly: permit.quantity.units / listing.lot.units)
        guard let steps, let lots, permit.price.isMultiple(of: listing.tick),
            permit.quantity.isMultiple(of: listing.lot), lots > 0
        else {
            return try tell(fate: permit, .refusedByGateway, .fieldMismatch, filled: .zero)
        }
        let id = backtest.submit(
            BacktestOrderTerms(
                instrument: UInt16(place), isBuy: permit.side == .buy, price: steps,
                quantity: lots, timeInForce: permit.timeInForce,
                isPostOnly: permit.isPostOnly.isSet,
                expiresAt: permit.timeInForce == .goodTillTime
                    ? permit.expiresAt.nanoseconds : 0))
        alive[id] = Alive(permit: permit, place: place)
        orderIDs[permit.orderID] = id
    }

    // MARK: What the venue says

    private mutating func report() throws {
        guard let report = backtest.lastReport, let order = alive[report.order] else { return }
        let permit = order.permit
        switch report.kind {
        case .accepted: try tell(fate: permit, .working, .none, filled: .zero)
        case .filled: try fill(report, order)
        case .declined:
            tally.decline(report.decline)
            try tell(fate: permit, .declined, .venueDeclined, filled: order.filled)
        case .cancelled:
            try tell(fate: permit, .cancelled, .cancelledByVenue, filled: order.filled)
        case .expired: try tell(fate: permit, .expired, .expiredAtVenue, filled: order.filled)
        case .refused, .reduced, .converted: break
        }
        if report.isLast {
            alive[report.order] = nil
            orderIDs[permit.orderID] = nil
        }
    }

    private mutating func fill(_ report: BacktestReport, _ order: Alive) throws {
        let listing = market.listings[order.place]
        let quantity = listing.quantity(Int64(report.quantity))
        alive[report.order]?.filled += quantity
        trades += 1
        let permit = order.permit
        let message = FillReport(
            envelope: envelope(BacktestNames.gateway), orderID: permit.orderID,
            account: permit.account, instrument: permit.instrument,
            tradeID: VenueReference("b-\(trades)") ?? .empty, venueOrderID: .empty,
            clientOrderID: permit.clientOrderID, side: permit.side,
            price: listing.price(report.price), quantity: quantity, fee: report.fee,
            liquidity: report.liquidity, finality: .final,
            filledAt: Timestamp(nanoseconds: report.venueAt), marketTime: now)
        core.engine.apply(message, at: now, into: &core.effects)
        tally.fill(message, order.place, at: now)
        try carryOut()
        if report.remaining == 0 {
            try tell(fate: permit, .filled, .none, filled: order.filled + quantity)
        }
    }

    private mutating func tell(
        fate permit: OrderPermit, _ state: OrderState, _ reason: GatewayReason, filled: Quantity
    ) throws {
        let fate = PermitFate(
            envelope: envelope(BacktestNames.gateway), lease: permit.lease, permit: permit.permit,
            orderID: permit.orderID, state: state, reason: reason, instrument: permit.instrument,
            clientOrderID: permit.clientOrderID, venueOrderID: .empty, filled: filled,
            remaining: permit.quantity - filled, marketTime: now)
        core.engine.apply(fate, at: now, into: &core.effects)
        tally.costs.fate(fate, at: now)
        try carryOut()
    }

    /// Books settlements once everything that the venue had to say about their orders has come.
    private mutating func settle() throws {
        guard !waiting.isEmpty else { return }
        let busy = Set(alive.values.map(\.place))
        let due = waiting.filter { !busy.contains($0.place) }
        waiting.removeAll { !busy.contains($0.place) }
        for (place, value) in due {
            let id = market.listings[place].instrument.id
            let held = core.position(id)
            let payout = Money(
                held.isNegative ? value.complement : value,
                times: held.isNegative ? -held : held, .nearestEven)
            let outcome: SettlementOutcome =
                value == .one ? .yes : value == .zero ? .no : .value
            core.engine.apply(
                InstrumentSettlement(
                    envelope: envelope(BacktestNames.gateway), account: core.key.account,
                    instrument: id, outcome: outcome, value: value, quantity: held,
                    payout: payout, settledAt: now, marketTime: now), at: now,
                into: &core.effects)
            tell(.changeStatus(id, .settled))
            tally.settle(place, value: value, at: now)
            try carryOut()
        }
    }

    /// Ledger and venue have to agree to the last unit, or the run is worth nothing.
    private mutating func finish() throws -> BacktestOutcome {
        showBooks()
        try settle()
        tally.sample(cash: core.cash, at: now, isLast: true) { [core] in core.position($0) }
        guard core.cash == backtest.account.cash else {
            throw ProcessFailure(
                .refused,
                "the ledger has \(core.cash) and the venue \(backtest.account.cash): "
                    + "\(tally.alarmText)")
        }
        precondition(backtest.account.audit() == .zero, "the venue's account is out of balance")
        return tally.outcome(agent.counts, core, events: backtest.receivedCount)
    }
}
