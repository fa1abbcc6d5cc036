import MarketSim
import Risk
import Signals
import Trading
import Wire

/// What a run is remembered by: bounded series for charts, counts, and what its orders cost.
struct BacktestTally: Sendable {
    /// Points of a series at most, about.
    static let pointsMax: Int64 = 1_500

    let places: [InstrumentID: Int]
    var costs = CostBook()
    private let market: BacktestMarket
    private let cash: Money
    private let period: Span
    private let start: Timestamp
    private var mids: [Double?]
    private var touchAt: [Timestamp?]
    private var touches: [[BacktestOutcome.Touch]]
    private var series: [BacktestOutcome.Point] = []
    private var fills: [BacktestOutcome.FillMark] = []
    /// Only what was filled can be held: in the order of the first fills.
    private var filledPlaces: [Int] = []
    private var fillCounts: [Int]
    private var sampledAt: Timestamp?
    private var peak: Double
    private var drawdown = 0.0
    private var traded: Int64 = 0
    private var intents: [String: Int] = [:]
    private var declines: [String: Int] = [:]
    private var alarms: [String: Int] = [:]

    init(_ market: BacktestMarket, cash: Money, from start: Timestamp, until end: Timestamp) {
        self.market = market
        self.cash = cash
        self.start = start
        places = Dictionary(
            uniqueKeysWithValues: market.listings.enumerated().map {
                ($0.element.instrument.id, $0.offset)
            })
        let span = max(1, (end - start).nanoseconds)
        period = Span(nanoseconds: max(1, span / BacktestTally.pointsMax))
        mids = Array(repeating: nil, count: market.listings.count)
        touchAt = Array(repeating: nil, count: market.listings.count)
        touches = Array(repeating: [], count: market.listings.count)
        fillCounts = Array(repeating: 0, count: market.listings.count)
        peak = cash.doubleValue
    }

    // MARK: What happens

    mutating func show(_ reference: ReferenceUpdated, _ place: Int, at now: Timestamp) {
        guard let mid = reference.mid else { return }
        mids[place] = mid
        costs.mark(reference.instrument, mid: mid, at: now)
        if let last = touchAt[place], now - last < period { return }
        touchAt[place] = now
        touches[place].append(
            .init(
                at: seconds(now), bid: reference.bid.doubleValue, ask: reference.ask.doubleValue))
    }

    mutating func trade(_ event: MarketEvent, _ place: Int) { traded += Int64(event.quantity) }

    mutating func fill(_ report: FillReport, _ place: Int, at now: Timestamp) {
        costs.fill(report, at: now)
        if fillCounts[place] == 0 { filledPlaces.append(place) }
        fillCounts[place] += 1
        fills.append(
            .init(
                at: seconds(now), instrument: "\(report.instrument)",
                side: "\(report.side)", price: report.price.doubleValue,
                quantity: report.quantity.doubleValue, isMaker: report.liquidity == .maker))
    }

    mutating func settle(_ place: Int, value: Price, at now: Timestamp) {
        mids[place] = value.doubleValue
        costs.settle(market.listings[place].instrument.id, value: value, at: now)
    }

    /// An intent was decided; its children's rejections follow from its own.
    mutating func declared(_ reason: RejectReason) {
        if reason != .none { intents["\(reason)", default: 0] += 1 }
    }

    mutating func decline(_ reason: BacktestDecline?) {
        declines[reason.map { "\($0)" } ?? "unknown", default: 0] += 1
    }

    mutating func alarm(_ text: String) {
        alarms[String(text.prefix { $0 != "(" }), default: 0] += 1
    }

    var alarmText: String {
        alarms.isEmpty ? "no alarm" : alarms.keys.sorted().joined(separator: ", ")
    }

    /// Notes equity and inventory. The drawdown is watched at every call, the series at most once
    /// in a period.
    mutating func sample(
        cash: Money, at now: Timestamp, isLast: Bool = false, position: (InstrumentID) -> Quantity
    ) {
        var equity = cash.doubleValue
        var inventory = 0.0
        for place in filledPlaces {
            let held = position(market.listings[place].instrument.id).doubleValue
            guard held != 0 else { continue }
            let mid = mids[place] ?? 0.5
            equity += held > 0 ? held * mid : -held * (1 - mid)
            inventory += held
        }
        peak = max(peak, equity)
        drawdown = max(drawdown, peak - equity)
        if !isLast, let last = sampledAt, now - last < period { return }
        sampledAt = now
        series.append(
            .init(
                at: seconds(now), equity: equity, drawdown: peak - equity, inventory: inventory))
    }

    private func seconds(_ moment: Timestamp) -> Double { (moment - start).seconds }

    // MARK: The result

    func outcome(
        _ agent: AgentCounts, _ core: BacktestCore, events: Int
    ) -> BacktestOutcome {
        let status = core.engine.status
        let last = series.last
        let busiest = filledPlaces.sorted {
            (fillCounts[$1], $0) < (fillCounts[$0], $1)
        }
        return BacktestOutcome(
            summary: .init(
                events: events, instruments: market.listings.count, seconds: last?.at ?? 0,
                cashStart: cash.doubleValue, cashEnd: core.cash.doubleValue,
                equityEnd: last?.equity ?? cash.doubleValue,
                profit: (last?.equity ?? cash.doubleValue) - cash.doubleValue,
                fees: status.fees.doubleValue, drawdownMax: drawdown,
                requests: Int(agent.requested), permitted: Int(status.counters.permitted),
                rejected: Int(status.counters.rejected), cancels: Int(agent.cancels),
                fills: fills.count, othersTraded: traded),
            abstentions: agent.abstentions.met.map {
                .init(name: "\($0.reason)", count: Int($0.count))
            },
            intentRejections: counts(intents), declines: counts(declines), alarms: counts(alarms),
            costs: CostReport(costs),
            series: series, fills: fills, orders: orders,
            slippages: slippages,
            books: busiest.prefix(4).map { place in
                .init(
                    instrument: "\(market.listings[place].instrument.id)", touches: touches[place])
            })
    }

    private var orders: [BacktestOutcome.Order] {
        costs.orders.map { order in
            .init(
                at: seconds(order.decidedAt), instrument: "\(order.instrument)",
                side: "\(order.side)", price: "\(order.price)", quantity: "\(order.quantity)",
                isPassive: order.isPassive)
        }
    }

    /// In the order of the fills.
    private var slippages: [BacktestOutcome.Slippage] {
        let points = costs.orders.flatMap { order -> [BacktestOutcome.Slippage] in
            guard let decision = order.decisionMid else { return [] }
            return order.fills.map { fill in
                let cost = Double(order.side.sign) * (fill.price.doubleValue - decision)
                return .init(at: seconds(fill.at), cost: cost * fill.quantity.doubleValue)
            }
        }
        return points.enumerated().sorted {
            ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
        }.map(\.element)
    }

    private func counts(_ table: [String: Int]) -> [CostReport.Count] {
        table.map { CostReport.Count(name: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}
