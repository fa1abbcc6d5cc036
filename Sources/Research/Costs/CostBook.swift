import Execution
package import Trading
package import Wire

/// Collects what orders cost from the messages that a journal keeps. A backtest hands in the same
/// messages as they happen, so that both are measured by the same code.
package struct CostBook: Sendable {
    /// A request that the core refused.
    struct Rejection: Sendable {
        let strategy: StrategyID
        let algorithm: String
        let venue: VenueID
        let regime: SpreadRegime
        let reason: RejectReason
    }

    private struct Listing: Sendable {
        let venue: VenueID
        let tick: Price
    }

    /// The feature of an order that names its algorithm by number.
    package static let algorithmFeature = "algorithm"
    /// The algorithms by their number; an order without one is `direct`.
    package static let algorithms = [
        "direct", "twap", "vwap", "participation", "iceberg", "passive", "urgency",
    ]

    package private(set) var orders: [OrderCost] = []
    private(set) var rejections: [Rejection] = []
    private(set) var mids: [InstrumentID: MidHistory] = [:]
    private var lastMids: [InstrumentID: Double] = [:]
    private var settled: Set<InstrumentID> = []
    private var listings: [InstrumentID: Listing] = [:]
    private var places: [OrderID: Int] = [:]
    private(set) var lastAt = Timestamp(nanoseconds: .min)

    package init() {}

    package mutating func define(_ definition: InstrumentDefined) {
        listings[definition.instrument] = Listing(venue: definition.venue, tick: definition.tick)
    }

    /// A request with the core's answer and the quote that it was judged by.
    package mutating func request(
        _ request: OrderRequest, algorithm: String, judged: Judged,
        reference: ReferenceUpdated?, at now: Timestamp
    ) {
        let listing = listings[request.instrument]
        let venue = listing?.venue ?? .empty
        let regime = SpreadRegime(reference, tick: listing?.tick ?? Price(units: 10_000_000))
        if let reference { mark(reference, at: now) }
        switch judged.verdict {
        case .duplicate: return
        case .rejected:
            rejections.append(
                Rejection(
                    strategy: request.strategy, algorithm: algorithm, venue: venue,
                    regime: regime, reason: judged.reason))
        case .permitted, .accepted:
            places[judged.orderID] = orders.count
            orders.append(
                OrderCost(
                    strategy: request.strategy, venue: venue, instrument: request.instrument,
                    algorithm: algorithm, regime: regime, side: request.side,
                    price: request.price, quantity: request.quantity,
                    isPassive: request.isPostOnly.isSet, decidedAt: now,
                    decisionMid: reference?.mid ?? lastMids[request.instrument],
                    state: .permitted))
        }
    }

    /// What became of an order.
    package mutating func fate(_ fate: PermitFate, at now: Timestamp) {
        lastAt = max(lastAt, now)
        guard let place = places[fate.orderID] else { return }
        if orders[place].arrivedAt == nil { orders[place].arrivedAt = now }
        orders[place].state = fate.state
        if fate.state.isTerminal { orders[place].endedAt = now }
    }

    /// A fill of an order that is known. Busts take no cost back: they are the venue's.
    package mutating func fill(_ fill: FillReport, at now: Timestamp) {
        lastAt = max(lastAt, now)
        guard fill.finality != .busted, let place = places[fill.orderID] else { return }
        if orders[place].arrivedAt == nil { orders[place].arrivedAt = now }
        orders[place].fills.append(
            OrderCost.Fill(
                at: now, price: fill.price, quantity: fill.quantity, fee: fill.fee,
                liquidity: fill.liquidity))
    }

    /// Where the market stands.
    package mutating func mark(_ reference: ReferenceUpdated, at now: Timestamp) {
        guard !reference.isStale.isSet, let mid = reference.mid else { return }
        mark(reference.instrument, mid: mid, at: now)
    }

    /// The same, of a book that was read already.
    package mutating func mark(_ instrument: InstrumentID, mid: Double, at now: Timestamp) {
        guard lastMids[instrument] != mid, now >= lastAt || lastMids[instrument] == nil else {
            return
        }
        lastAt = max(lastAt, now)
        lastMids[instrument] = mid
        mids[instrument, default: MidHistory()].add(mid, at: now)
    }

    package mutating func settle(_ instrument: InstrumentID, value: Price, at now: Timestamp) {
        lastAt = max(lastAt, now)
        settled.insert(instrument)
        mids[instrument, default: MidHistory()].settle(at: value.doubleValue, from: now)
    }

    /// The value that an instrument was settled at, nil where it was not.
    func settlement(of instrument: InstrumentID) -> Double? {
        guard settled.contains(instrument) else { return nil }
        return mids[instrument]?.mid(at: Timestamp(nanoseconds: .max))
    }

    /// The algorithm that an order's features name.
    package static func algorithm(of features: [(label: LongName, value: Double)]) -> String {
        guard let name = LongName(algorithmFeature),
            let feature = features.first(where: { $0.label == name }),
            let number = Int(exactly: feature.value), algorithms.indices.contains(number)
        else { return algorithms[0] }
        return algorithms[number]
    }
}
