import MarketSim
import Trading

/// A small exchange with one open market and three participants, for tests of matching.
struct ExchangeFixture {
    var simulation: VenueSimulation
    var effects = ExchangeEffects()
    let market = SimMarketID(0)
    private var counter = 0

    static let opensAt = Timestamp(seconds: 1_000)

    /// Without generated counterparties: only what the test places is on the book.
    init(
        fees: SimFees = .none, payout: Price = .one, sizeMin: Quantity = .zero,
        deposits: [Money] = [1_000, 1_000, 1_000].map { Money($0) }
    ) {
        var parameters = FlowParameters()
        parameters.makerCount = 0
        parameters.informedCount = 0
        parameters.noiseRate = 0
        parameters.noiseRateBeforeStart = 0
        simulation = VenueSimulation(
            seed: 1,
            markets: [ExchangeFixture.definition(fees: fees, payout: payout, sizeMin: sizeMin)],
            participants: deposits.enumerated().map { ("trader-\($0.offset)", $0.element) },
            parameters: parameters)
        advance(to: 1_000)
    }

    static func definition(
        fees: SimFees = .none, payout: Price = .one, index: Int64 = 0, sizeMin: Quantity = .zero
    ) -> MarketDefinition {
        let start = Timestamp(seconds: 1_300 + 300 * index)
        let name = "KXBTCUD5M-\(start.nanoseconds / 1_000_000_000)"
        return MarketDefinition(
            instrument: InstrumentID(name) ?? .empty, eventSet: EventSetID(name) ?? .empty,
            title: "Up or down", rules: "", tick: Price(units: 10_000_000),
            lot: Quantity(units: 10_000_000), opensAt: start - .seconds(300), startsAt: start,
            closesAt: start + .seconds(300), payout: payout, fair: .spot(strike: nil), fees: fees,
            sizeMin: sizeMin)
    }

    mutating func advance(to seconds: Int64) {
        simulation.advance(
            to: Timestamp(seconds: seconds), observed: [], noticed: [], into: &effects)
    }

    @discardableResult
    mutating func place(
        _ trader: Int, _ side: Side, _ price: String, _ quantity: String,
        _ timeInForce: TimeInForce = .goodTillCancelled, postOnly: Bool = false,
        expires: Timestamp? = nil, prevention: SelfTradePrevention = .takerAtCross,
        client: String? = nil, token: SimToken? = nil
    ) -> Result<SimOrder, SimDecline> {
        counter += 1
        let terms = SimOrderTerms(
            clientOrderID: VenueReference(client ?? "order-\(counter)") ?? .empty, market: market,
            side: side, price: Price(decimal: price) ?? .zero,
            quantity: Quantity(decimal: quantity) ?? .zero, timeInForce: timeInForce,
            isPostOnly: postOnly, expiresAt: expires, selfTradePrevention: prevention,
            token: token)
        return simulation.place(terms, for: SimAccountID(trader), into: &effects)
    }

    /// Buys or sells a token at its own price.
    @discardableResult
    mutating func trade(
        _ trader: Int, _ side: Side, _ token: SimToken, _ price: String, _ quantity: String,
        _ timeInForce: TimeInForce = .goodTillCancelled
    ) -> Result<SimOrder, SimDecline> {
        let stated = Price(decimal: price) ?? .zero
        let isYes = token == .yes
        return place(
            trader, isYes ? side : side.opposite,
            (isYes ? stated : stated.complement).description, quantity, timeInForce, token: token)
    }

    func tokens(_ trader: Int) -> (yes: Quantity, no: Quantity) {
        let holding = simulation.exchange.holding(SimAccountID(trader), market)
        return (holding.count(.yes), holding.count(.no))
    }

    func cash(_ trader: Int) -> Money { simulation.exchange.cash(SimAccountID(trader)) }
    func position(_ trader: Int) -> Quantity {
        simulation.exchange.holding(SimAccountID(trader), market).quantity
    }
    func levels(_ side: Side) -> [String] {
        simulation.exchange.levels(side, market).map { "\($0.quantity)@\($0.price)" }
    }

    var fills: [SimFill] {
        effects.list.compactMap { if case .filled(let fill) = $0 { fill } else { nil } }
    }
}

extension Result where Success == SimOrder, Failure == SimDecline {
    var decline: SimDecline? { if case .failure(let decline) = self { decline } else { nil } }
    var order: SimOrder? { if case .success(let order) = self { order } else { nil } }
}
