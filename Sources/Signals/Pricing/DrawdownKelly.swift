import Glibc

/// How deep a fraction of Kelly's stakes falls, in the limit of many small bets (Thorp 2006).
package enum DrawdownKelly {
    /// The probability that wealth ever falls to `level` of what it was at `fraction` of Kelly.
    package static func probability(ofReaching level: Double, fraction: Double) -> Double {
        precondition(level > 0 && level < 1, "a level lies in (0, 1), got \(level)")
        precondition(fraction > 0 && fraction < 2, "a fraction lies in (0, 2), got \(fraction)")
        return pow(level, 2 / fraction - 1)
    }

    /// The largest fraction that reaches `level` with at most that probability.
    package static func fraction(ofReaching level: Double, probabilityMax: Double) -> Double {
        precondition(level > 0 && level < 1, "a level lies in (0, 1), got \(level)")
        precondition(
            probabilityMax > 0 && probabilityMax < 1, "a probability lies in (0, 1)")
        return 2 / (1 + log(probabilityMax) / log(level))
    }
}

/// Kelly's stakes under doubt about the probability.
package enum UncertainKelly {
    /// What is left of a stake whose probability is only known up to a deviation (Baker and McHale
    /// 2013, to second order): edge² / (edge² + deviation²).
    package static func share(edge: Double, deviation: Double) -> Double {
        precondition(deviation >= 0, "a deviation is not negative, got \(deviation)")
        guard edge > 0 else { return 0 }
        return edge * edge / (edge * edge + deviation * deviation)
    }

    /// Stakes on exclusive outcomes: each probability drawn toward its market price by the share
    /// that doubt leaves of the belief in it, scaled to a distribution, Kelly's stakes of that
    /// times `fraction`. Costs include fees. Without an edge the stake is zero.
    ///
    /// Costs that sum to one or less are an arbitrage and are staked elsewhere: all zero here.
    package static func exclusive(
        probabilities: [Double], deviations: [Double], costs: [Double], fraction: Double
    ) -> [Double] {
        precondition(probabilities.count == deviations.count, "a deviation per outcome")
        precondition(probabilities.count == costs.count, "a cost per outcome")
        precondition(fraction > 0 && fraction <= 1, "a fraction lies in (0, 1]")
        let total = costs.reduce(0, +)
        guard total > 1 else { return costs.map { _ in 0 } }
        let shrunk = probabilities.indices.map { index in
            let market = costs[index] / total
            let gap = probabilities[index] - market
            let weight = share(edge: abs(gap), deviation: deviations[index])
            return market + weight * gap
        }
        let sum = shrunk.reduce(0, +)
        let beliefs = shrunk.map { $0 / sum }
        return Kelly.exclusive(probabilities: beliefs, costs: costs).fractions.map {
            $0 * fraction
        }
    }
}
