package import Trading

/// How a five-minute market is settled: data with dates, because venues change it.
package struct SettlementRule: Sendable, Equatable {
    /// What is compared with what.
    package enum Kind: Sendable, Equatable {
        /// The first feed value at or after the end against the first at or after the start; Up
        /// when it is equal or higher.
        case pointToPoint
        /// An average over time. Its window is not published in what we could read, so such a
        /// market is not priced.
        case timeWeightedAverage
    }

    package let effectiveFrom: Timestamp
    package let kind: Kind
    /// The feed that decides.
    package let source: String
    /// Where the rule was read.
    package let citation: String

    /// The rule for a market that ends at `end`: the last one in effect then; nil before the first.
    package static func inEffect(
        at end: Timestamp, in rules: [SettlementRule] = known
    ) -> SettlementRule? {
        rules.last { $0.effectiveFrom <= end }
    }

    /// The rules that are known, the earliest first.
    package static let known = [
        // 2025-09-01: before the first market of the recordings; checked against all 287 markets
        // of 2026-07-24 that lie inside the recorded feed.
        SettlementRule(
            effectiveFrom: Timestamp(seconds: 1_756_684_800), kind: .pointToPoint,
            source: "Chainlink BTC/USD data stream",
            citation: "rule text of the markets of 2026-07-24; data.chain.link/streams/btc-usd"),
        // 2026-08-07.
        SettlementRule(
            effectiveFrom: Timestamp(seconds: 1_786_060_800), kind: .timeWeightedAverage,
            source: "Chainlink BTC/USD TWAP", citation: "venue change of 2026-08-07"),
    ]
}
