import MarketSim
import Runtime
import Signals
import Trading

/// An agent's decisions against the simulated venue, with nothing in between: no wire, no core.
/// What the agent asks for in a tick meets the venue as it was in that tick.
struct PaperVenue {
    var engine: AgentEngine<CryptoUpDownPolicy>
    private(set) var simulation: VenueSimulation
    private let account = SimAccountID(0)
    private let received: [SpotSample]
    private let observed: [SpotSample]
    private let flow = FlowParameters()
    private var next = (received: 0, observed: 0, noticed: 0)
    private var effects = ExchangeEffects()
    private var wanted = AgentEffects()
    private var dirty: Set<SimMarketID> = []
    private var markets: [InstrumentID: SimMarketID] = [:]
    private var listed = 0
    private var orders: [SimOrderID: ChildRequest] = [:]
    private var tick: UInt64 = 0

    /// What came of it.
    struct Result {
        var orders = 0
        var makerFills = 0
        var takerFills = 0
        var contracts = 0.0
        var settled = 0
        /// What the fills gave away to the mid on which their orders were priced; negative when
        /// they earned it.
        var spread = 0.0
        var fees = Money.zero
        var profit = Money.zero
    }
    private(set) var result = Result()

    static let cash = Money(1_000)

    /// What the venue says that the agent has.
    var cash: Money { simulation.exchange.cash(account) }

    init(
        samples: [SpotSample], markets: [MarketDefinition], seed: UInt64, _ model: UpDownTerms,
        _ trading: TradingTerms = TradingTerms()
    ) {
        engine = AgentEngine(policy: CryptoUpDownPolicy(model), terms: trading)
        simulation = VenueSimulation(
            seed: seed, markets: markets, participants: [("agent", PaperVenue.cash)])
        received = samples.sorted { $0.receivedAt < $1.receivedAt }
        observed = samples.sorted { $0.feedAt < $1.feedAt }
        tell(.restore(cash: PaperVenue.cash, incarnation: Incarnation(1)))
        tell(.ready)
    }

    /// Runs a tick for every row that is received, and a minute on so that the last market settles.
    mutating func run() {
        for row in received { step(to: row.receivedAt) }
        let end = received.last?.receivedAt ?? .zero
        for second in Int64(1)...60 { step(to: end + .seconds(second)) }
        result.profit = simulation.exchange.cash(account) - PaperVenue.cash
    }

    private mutating func step(to now: Timestamp) {
        guard now > simulation.now || tick == 0 else { return }
        tick += 1
        effects.removeAll()
        simulation.advance(
            to: now,
            observed: take(observed, &next.observed) { $0.feedAt + flow.informedDelay <= now },
            noticed: take(observed, &next.noticed) { $0.feedAt + flow.makerDelay <= now },
            into: &effects)
        list()
        report()
        while next.received < received.count, received[next.received].receivedAt <= now {
            _ = engine.observe(SpotObservation(received[next.received]))
            next.received += 1
        }
        wanted.clear()
        engine.apply(.act(TickNumber(tick)), at: now, into: &wanted)
        effects.removeAll()
        for effect in wanted.list { carryOut(effect) }
        report()
    }

    private func take(
        _ rows: [SpotSample], _ next: inout Int, while isDue: (SpotSample) -> Bool
    ) -> [SpotPoint] {
        let start = next
        while next < rows.count, isDue(rows[next]) { next += 1 }
        return rows[start..<next].map { SpotPoint(at: $0.feedAt, price: $0.price) }
    }

    private mutating func tell(_ command: AgentCommand) {
        wanted.clear()
        engine.apply(command, at: simulation.now, into: &wanted)
    }

    private mutating func list() {
        while listed < simulation.listedCount {
            let market = simulation.exchange.definition(SimMarketID(listed))
            markets[market.instrument] = SimMarketID(listed)
            guard let venue = VenueID("kalshi") else { return }
            tell(
                .define(
                    Instrument(
                        id: market.instrument, venue: venue, eventSet: market.eventSet,
                        tick: market.tick, lot: market.lot, openAt: market.opensAt,
                        closeAt: market.closesAt, title: market.title, ruleHash: ""), .open))
            listed += 1
        }
    }

    private mutating func carryOut(_ effect: AgentEffects.Effect) {
        switch effect {
        case .declare: break
        case .cancel(_, let order):
            _ = simulation.cancel(SimOrderID(order.rawValue), for: account, into: &effects)
        case .request(let child):
            result.orders += 1
            place(child)
        }
    }

    private mutating func place(_ child: ChildRequest) {
        guard let market = markets[child.instrument] else { return }
        let terms = SimOrderTerms(
            market: market, side: child.side, price: child.price, quantity: child.quantity,
            timeInForce: child.timeInForce, isPostOnly: child.isPostOnly,
            expiresAt: child.expiresAt)
        guard case .success(let order) = simulation.place(terms, for: account, into: &effects)
        else { return decide(child, .zero, isAllowed: false) }
        orders[order.id] = child
        decide(child, OrderID(order.id.rawValue), isAllowed: true)
    }

    private mutating func decide(_ child: ChildRequest, _ order: OrderID, isAllowed: Bool) {
        tell(
            .decide(
                CoreDecision(
                    subject: .order(child.requestID, child.intentID), orderID: order,
                    isAllowed: isAllowed, isParentSpent: false)))
    }

    /// Tells the engine what the venue did.
    private mutating func report() {
        for effect in effects.list {
            switch effect {
            case .bookChanged(let market, _, _, _): dirty.insert(market)
            case .filled(let fill): report(fill)
            case .orderChanged(let order) where order.state == .filled:
                report(order.id, .filled, left: .zero)
            case .orderRemoved(let order, _, let quantity):
                report(order.id, order.state, left: quantity)
            case .phaseChanged(let market, let phase):
                let id = simulation.exchange.definition(market).instrument
                tell(.changeStatus(id, phase == .open ? .open : .closed))
            case .paid(let payout) where payout.account == account:
                result.settled += 1
                tell(
                    .settle(
                        simulation.exchange.definition(payout.market).instrument,
                        value: payout.value, payout: payout.payout))
            case .paid, .traded, .orderChanged, .strikeKnown: break
            }
        }
        effects.removeAll()
        for market in dirty.sorted(by: { $0.index < $1.index }) { show(market) }
        dirty.removeAll()
    }

    private mutating func report(_ fill: SimFill) {
        guard let child = orders[fill.order] else { return }
        switch fill.liquidity {
        case .maker: result.makerFills += 1
        case .taker: result.takerFills += 1
        }
        let mid = child.explanation.features["market_mid"] ?? 0
        result.spread +=
            (fill.price.doubleValue - mid) * Double(child.side.sign) * fill.quantity.doubleValue
        result.contracts += fill.quantity.doubleValue
        result.fees += fill.fee
        tell(
            .changeOrder(
                OrderChange(
                    orderID: OrderID(fill.order.rawValue), requestID: child.requestID,
                    instrument: child.instrument, side: child.side, state: .working,
                    remaining: simulation.exchange.order(fill.order)?.remaining ?? .zero,
                    position: fill.positionAfter,
                    execution: OrderChange.Execution(
                        price: fill.price, quantity: fill.quantity, fee: fill.fee,
                        liquidity: fill.liquidity))))
    }

    private mutating func report(_ id: SimOrderID, _ state: OrderState, left: Quantity) {
        guard let child = orders[id] else { return }
        tell(
            .changeOrder(
                OrderChange(
                    orderID: OrderID(id.rawValue), requestID: child.requestID,
                    instrument: child.instrument, side: child.side, state: state, remaining: left,
                    position: engine.position(child.instrument), execution: nil)))
    }

    private mutating func show(_ market: SimMarketID) {
        let book = OrderBook(
            bids: simulation.exchange.levels(.buy, market),
            asks: simulation.exchange.levels(.sell, market), sequence: SequenceNumber(tick))
        tell(
            .seeBook(
                simulation.exchange.definition(market).instrument, book,
                receivedAt: simulation.now, isStale: false))
    }
}

/// Days for the paper venue.
extension PaperVenue {
    /// A generated feed with its markets.
    static func generated(seed: UInt64, seconds: Int) -> ([SpotSample], [MarketDefinition]) {
        var day = SyntheticDay(
            seed: seed, start: Timestamp(seconds: 1_784_851_200), seconds: seconds)
        var samples: [SpotSample] = []
        var markets: [MarketDefinition] = []
        while let step = day.next() {
            if let row = step.row {
                samples.append(
                    SpotSample(
                        feedAt: row.feedAt, price: row.price, serverAt: row.serverAt,
                        receivedAt: row.receivedAt))
            }
            if let market = step.market {
                markets.append(
                    definition(
                        start: market.start, end: market.end, strike: market.strike,
                        isUp: market.isUp))
            }
        }
        return (samples, markets.compactMap { $0 })
    }

    static func definition(
        start: Timestamp, end: Timestamp, strike: Price?, isUp: Bool
    ) -> MarketDefinition {
        let name = "KXBTCUD5M-\(start.nanoseconds / 1_000_000_000)"
        return MarketDefinition(
            instrument: InstrumentID(name) ?? .empty, eventSet: EventSetID(name) ?? .empty,
            title: name, rules: "", tick: Price(units: 10_000_000), lot: Quantity(1),
            opensAt: start - .seconds(300), startsAt: start, closesAt: end,
            payout: isUp ? .one : .zero, fair: .spot(strike: strike),
            fees: .quadraticWithMakerFees)
    }
}
