import Signals
import Trading

/// An engine with one five-minute market, driven second by second.
struct AgentHarness {
    static let start = Timestamp(seconds: 1_784_851_500)
    static let marketName = "KXBTCUD5M-1784851500"

    var engine: AgentEngine<CryptoUpDownPolicy>
    var effects = AgentEffects()
    /// All effects since the beginning.
    var log: [AgentEffects.Effect] = []
    var tick: UInt64 = 0
    var now = AgentHarness.start - .seconds(400)
    var spot = 65_000.0
    private var orderCount: UInt64 = 0

    let instrument: Instrument

    init(model: UpDownTerms = UpDownTerms(), trading: TradingTerms = TradingTerms()) {
        instrument = AgentHarness.instrument(AgentHarness.marketName)
        engine = AgentEngine(policy: CryptoUpDownPolicy(model), terms: trading)
        apply(.restore(cash: Money(1_000), incarnation: Incarnation(1)))
        apply(.ready)
        apply(.define(instrument, .open))
    }

    static func instrument(_ name: String) -> Instrument {
        let market = InstrumentID(name).flatMap { UpDownMarket($0) }
        guard let id = InstrumentID(name), let set = EventSetID(name), let market,
            let venue = VenueID("kalshi")
        else { preconditionFailure("a bad name: \(name)") }
        return Instrument(
            id: id, venue: venue, eventSet: set, tick: Price(units: 10_000_000), lot: Quantity(1),
            openAt: market.start - .seconds(3_600), closeAt: market.end, title: name, ruleHash: "")
    }

    mutating func apply(_ command: AgentCommand) {
        effects.clear()
        engine.apply(command, at: now, into: &effects)
        log.append(contentsOf: effects.list)
    }

    /// Hands in a value of the feed that was true a second ago.
    mutating func feed(_ price: Double) {
        spot = price
        guard let exact = Price(price, rounding: .nearestEven) else { return }
        _ = engine.observe(
            SpotObservation(feedAt: now - .seconds(1), receivedAt: now, price: exact))
    }

    mutating func book(bid: Int64, ask: Int64, depth: Int64 = 100, isStale: Bool = false) {
        let cent: Int64 = 10_000_000
        let book = OrderBook(
            bids: [BookLevel(price: Price(units: bid * cent), quantity: Quantity(depth))],
            asks: [BookLevel(price: Price(units: ask * cent), quantity: Quantity(depth))],
            sequence: SequenceNumber(tick + 1))
        apply(.seeBook(instrument.id, book, receivedAt: now, isStale: isStale))
    }

    /// Runs a tick and gives its effects.
    @discardableResult
    mutating func act() -> [AgentEffects.Effect] {
        tick += 1
        apply(.act(TickNumber(tick)))
        return effects.list
    }

    mutating func wait(_ span: Span) { now = now + span }

    /// Feeds a price that goes up and down until the market has begun `seconds` ago. The deviation
    /// of a step is in dollars.
    mutating func warmUp(to seconds: Int64, step: Double = 2) {
        var sign = 1.0
        while now < AgentHarness.start + .seconds(seconds) {
            feed(65_000 + sign * step / 2)
            sign = -sign
            wait(.seconds(1))
        }
    }

    var requests: [ChildRequest] {
        log.compactMap { if case .request(let request) = $0 { request } else { nil } }
    }

    var declarations: [IntentDeclaration] {
        log.compactMap { if case .declare(let intent) = $0 { intent } else { nil } }
    }

    var cancels: [OrderID] {
        log.compactMap { if case .cancel(_, let order) = $0 { order } else { nil } }
    }

    /// Lets the core allow a request; the order's id is the request's.
    mutating func allow(_ request: ChildRequest) {
        apply(
            .decide(
                CoreDecision(
                    subject: .order(request.requestID, request.intentID),
                    orderID: OrderID(request.requestID.rawValue), isAllowed: true,
                    isParentSpent: false)))
    }

    /// Fills a request wholly at its price.
    mutating func fill(_ request: ChildRequest, fee: Money = .zero) {
        let liquidity: Liquidity = request.isPostOnly ? .maker : .taker
        apply(
            .changeOrder(
                OrderChange(
                    orderID: OrderID(request.requestID.rawValue), requestID: request.requestID,
                    instrument: request.instrument, side: request.side, state: .filled,
                    remaining: .zero,
                    position: engine.position(request.instrument) + request.quantity
                        * request.side.sign,
                    execution: OrderChange.Execution(
                        price: request.price, quantity: request.quantity, fee: fee,
                        liquidity: liquidity))))
    }

    /// Ends an order without a fill.
    mutating func end(_ request: ChildRequest, _ state: OrderState = .cancelled) {
        apply(
            .changeOrder(
                OrderChange(
                    orderID: OrderID(request.requestID.rawValue), requestID: request.requestID,
                    instrument: request.instrument, side: request.side, state: state,
                    remaining: request.quantity,
                    position: engine.position(request.instrument), execution: nil)))
    }
}
