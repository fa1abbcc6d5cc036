/// How many lots each slice of a parent has. Whole lots that sum to the parent, always.
package enum SliceSchedule {
    /// Equal slices (TWAP); what does not divide goes to the earliest.
    package static func even(lots: Int64, slices: Int) -> [Int64] {
        weighted(lots: lots, weights: Array(repeating: 1, count: slices))
    }

    /// Slices in proportion to weights, as VWAP's volume profile: the largest-remainder method of
    /// Hamilton, ties to the earliest (ALGORITHMS 1.1). Weights are finite, not negative, not all
    /// zero.
    package static func weighted(lots: Int64, weights: [Double]) -> [Int64] {
        precondition(lots >= 0, "a parent has no negative size: \(lots)")
        precondition(!weights.isEmpty, "a schedule has a slice")
        precondition(weights.allSatisfy { $0.isFinite && $0 >= 0 }, "weights: \(weights)")
        let sum = weights.reduce(0, +)
        precondition(sum > 0, "all weights are zero")
        let raw = weights.map { Double(lots) * $0 / sum }
        // 0.1 × 30 is 3.0000000000000004 or 2.9999999999999996 by accident; the guard undoes that.
        var slices = raw.map { Int64(($0 + 1e-12).rounded(.down)) }
        let left = Int(lots - slices.reduce(0, +))
        precondition(left >= 0 && left <= slices.count, "the floors of \(raw) leave \(left)")
        let byFraction = raw.indices.sorted {
            let (first, second) = (raw[$0] - Double(slices[$0]), raw[$1] - Double(slices[$1]))
            return abs(first - second) > 1e-12 ? first > second : $0 < $1
        }
        for index in byFraction.prefix(left) { slices[index] += 1 }
        return slices
    }
}

/// A share of what others trade (ALGORITHMS 1.2).
package struct Participation: Sendable, Hashable {
    /// Our share of all volume, ours included, in (0, 1).
    package let rate: Double

    package init(rate: Double) {
        precondition(rate > 0 && rate < 1, "a participation lies in (0, 1), got \(rate)")
        self.rate = rate
    }

    /// How many lots we may have done when others have done so many: ρ/(1 − ρ) of it. Our own
    /// prints are not in `others`, or the rate would run away.
    package func target(others: Double) -> Double { rate / (1 - rate) * others }

    /// What to send now: what is missing to the target, in whole lots, at most what remains and
    /// `childMax`; nothing below `childMin`.
    package func child(
        others: Double, executed: Int64, remaining: Int64, childMin: Int64, childMax: Int64
    ) -> Int64 {
        let missing = target(others: others) - Double(executed)
        let lots = Int64(min(max((missing + 1e-12).rounded(.down), 0), 9e15))
        let child = min(lots, remaining, childMax)
        return child >= childMin ? child : 0
    }
}
