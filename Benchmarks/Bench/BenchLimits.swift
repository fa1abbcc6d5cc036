import Trading
import Wire

/// Limits of every kind that an order meets, at every level that it has: wide enough that all of
/// them pass, so that a decision looks at all of them.
enum BenchLimits {
    /// All of them, as the journal would have them.
    static var all: [LimitSet] {
        var limits = set(.firm, 0) + set(.venue, 0)
        for index in 0..<4 { limits += set(.org, index) + set(.account, index) }
        for index in 0..<BenchOrders.strategies { limits += set(.strategy, index) }
        for index in 0..<BenchOrders.instruments { limits += set(.instrument, index) }
        for index in 0..<BenchOrders.events { limits += set(.event, index) }
        return limits
    }

    private static let one: Int64 = 1_000_000_000
    private static let many = 1_000_000 * one
    private static let kinds: [(LimitKind, Int64)] = [
        (.orderQuantityMin, one / 10), (.orderQuantityMax, 100 * one),
        (.orderNotionalMax, 100 * one), (.collarPassive, one / 2), (.collarAggressive, one / 5),
        (.quoteAgeMax, 2 * one), (.messagesPerSecond, many), (.messageBurst, many),
        (.ordersPerSecond, many), (.orderBurst, many), (.openOrdersMax, many),
        (.openNotionalMax, many), (.positionMax, many), (.eventLossMax, many),
        (.collateralMax, many), (.repeatMax, 60 * one), (.repeatWindow, one / 100),
        (.planNotionalMax, many), (.walkMax, one / 2), (.walkWindow, one),
        (.spreadCrossMax, one / 2), (.tailPrice, one / 100), (.edgeMin, one / 1_000),
        (.orderToTradeMax, many), (.grossNotionalMax, many), (.netNotionalMax, many),
        (.depthShareMax, one), (.volatilityBudget, many), (.collarSigmas, many),
        (.linkedLossMax, many), (.disputedLossMax, many),
    ]
    private static let brakes: [(LimitKind, Int64)] = [
        (.lossDailyMax, many), (.lossWeeklyMax, many), (.lossTotalMax, many),
        (.drawdownSoftMax, one / 4), (.drawdownHardMax, one / 2),
    ]

    private static func set(_ level: LimitLevel, _ index: Int) -> [LimitSet] {
        let isScope = level.rawValue <= LimitLevel.strategy.rawValue
        let hasAccount = level == .account || level == .strategy
        return (kinds + (isScope ? brakes : [])).map { kind, value in
            LimitSet(
                kind: kind, level: level,
                org: isScope && level != .firm ? BenchOrders.org(index) : .empty,
                account: hasAccount ? BenchOrders.account(index) : .empty, mode: .paper,
                strategy: level == .strategy ? BenchOrders.strategy(index) : .empty,
                venue: level == .venue ? BenchOrders.venue : .empty,
                instrument: level == .instrument ? BenchOrders.instrument(index) : .empty,
                eventSet: level == .event ? BenchOrders.event(index) : .empty,
                value: value, snapshot: 1)
        }
    }
}
