import MarketSim
import Trading

/// A venue over a generated stretch of the spot feed, with one participant.
struct FlowFixture {
    var simulation: VenueSimulation
    var effects = ExchangeEffects()
    let trader = SimAccountID(0)
    static let start = Timestamp(seconds: 1_767_225_600)

    private var rows: [SyntheticRow] = []
    private var observedIndex = 0
    private var noticedIndex = 0
    private let parameters: FlowParameters
    private var tickTimes: ArraySlice<Timestamp>

    init(
        seed: UInt64, marketCount: Int, deposit: Money = Money(100_000),
        fees: SimFees = .quadraticWithMakerFees, parameters: FlowParameters = FlowParameters()
    ) {
        var day = SyntheticDay(
            seed: seed, start: FlowFixture.start, seconds: marketCount * 300 + 30)
        var markets: [MarketDefinition] = []
        while let step = day.next() {
            if let row = step.row { rows.append(row) }
            if let market = step.market {
                markets.append(FlowFixture.definition(market, fees: fees))
            }
        }
        self.parameters = parameters
        tickTimes = rows.map(\.receivedAt).sorted()[...]
        simulation = VenueSimulation(
            seed: seed, markets: markets, participants: [("trader", deposit)],
            parameters: parameters)
    }

    private static func definition(_ market: SyntheticMarket, fees: SimFees) -> MarketDefinition {
        let name = "KXBTCUD5M-\(market.start.nanoseconds / 1_000_000_000)"
        return MarketDefinition(
            instrument: InstrumentID(name) ?? .empty, eventSet: EventSetID(name) ?? .empty,
            title: name, rules: "", tick: Price(units: 10_000_000), lot: Quantity(1),
            opensAt: market.start - .seconds(300), startsAt: market.start, closesAt: market.end,
            payout: market.isUp ? .one : .zero, fair: .spot(strike: market.strike), fees: fees)
    }

    /// The next tick; false at the end.
    mutating func advance() -> Bool {
        guard let now = tickTimes.popFirst() else { return false }
        simulation.advance(
            to: now, observed: points(from: &observedIndex, until: now - parameters.informedDelay),
            noticed: points(from: &noticedIndex, until: now - parameters.makerDelay),
            into: &effects)
        return true
    }

    private func points(from index: inout Int, until moment: Timestamp) -> [SpotPoint] {
        let first = index
        while index < rows.count, rows[index].feedAt <= moment { index += 1 }
        return rows[first..<index].map { SpotPoint(at: $0.feedAt, price: $0.price) }
    }

    /// The markets that trade and whose strike is known.
    var running: [SimMarketID] {
        simulation.listed.map { SimMarketID($0) }.filter {
            simulation.exchange.phase($0) == .open
                && simulation.exchange.definition($0).startsAt <= simulation.now
        }
    }

    /// What the participant has gained, with nothing open.
    var gain: Double {
        (simulation.exchange.cash(trader) - simulation.exchange.deposit(trader)).doubleValue
    }

    @discardableResult
    mutating func place(
        _ market: SimMarketID, _ side: Side, _ price: Price, _ quantity: Int64,
        _ timeInForce: TimeInForce, client: String
    ) -> SimOrder? {
        let terms = SimOrderTerms(
            clientOrderID: VenueReference(client) ?? .empty, market: market, side: side,
            price: price, quantity: Quantity(quantity), timeInForce: timeInForce)
        return simulation.place(terms, for: trader, into: &effects).order
    }
}
