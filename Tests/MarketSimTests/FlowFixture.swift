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
    private var servedIndex = 0
    private let served: [SyntheticRow]
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
        served = rows.sorted { ($0.serverAt, $0.feedAt) < ($1.serverAt, $1.feedAt) }
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
        var observed: [SpotPoint] = []
        while observedIndex < rows.count, rows[observedIndex].feedAt <= now {
            observed.append(
                SpotPoint(at: rows[observedIndex].feedAt, price: rows[observedIndex].price))
            observedIndex += 1
        }
        var points: [SpotPoint] = []
        while servedIndex < served.count, served[servedIndex].serverAt <= now {
            points.append(
                SpotPoint(at: served[servedIndex].feedAt, price: served[servedIndex].price))
            servedIndex += 1
        }
        simulation.advance(to: now, observed: observed, served: points, into: &effects)
        return true
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
