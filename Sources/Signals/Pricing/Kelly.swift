import Glibc

/// Stakes that maximise the expected logarithm of wealth, as fractions of free equity
/// (ALGORITHMS 3.4). What is used is a fraction of them.
package enum Kelly {
    /// One binary contract bought at an all-in cost: `(p − c) / (1 − c)`, never negative.
    package static func binary(probability: Double, cost: Double) -> Double {
        precondition(
            probability >= 0 && probability <= 1, "a probability lies in [0, 1]: \(probability)")
        precondition(cost > 0 && cost < 1, "an all-in cost lies in (0, 1): \(cost)")
        return max(0, (probability - cost) / (1 - cost))
    }

    /// The expected logarithmic growth of staking `fraction`.
    package static func growth(fraction: Double, probability: Double, cost: Double) -> Double {
        probability * log(1 + fraction * (1 - cost) / cost)
            + (1 - probability) * log(1 - fraction)
    }

    /// Outcomes of which exactly one pays (Smoczynski and Tomkins 2010): outcomes are added while
    /// their ratio beats the reserve rate. Costs must sum to more than one: below, it is an
    /// arbitrage and no question of stakes.
    package static func exclusive(
        probabilities: [Double], costs: [Double]
    ) -> (fractions: [Double], reserveRate: Double) {
        precondition(probabilities.count == costs.count, "one cost for every outcome")
        precondition(costs.allSatisfy { $0 > 0 && $0 < 1 }, "all-in costs lie in (0, 1)")
        let ranked = probabilities.indices.sorted {
            let (left, right) = (probabilities[$0] / costs[$0], probabilities[$1] / costs[$1])
            return left == right ? $0 < $1 : left > right
        }
        var reserve = 1.0
        var probabilityLeft = 1.0
        var costLeft = 1.0
        var chosen: [Int] = []
        for outcome in ranked {
            guard probabilities[outcome] / costs[outcome] > reserve else { break }
            probabilityLeft -= probabilities[outcome]
            costLeft -= costs[outcome]
            precondition(costLeft > 0, "costs below one are an arbitrage, not a stake")
            reserve = probabilityLeft / costLeft
            chosen.append(outcome)
        }
        var fractions = [Double](repeating: 0, count: probabilities.count)
        for outcome in chosen {
            fractions[outcome] = probabilities[outcome] - reserve * costs[outcome]
        }
        return (fractions, reserve)
    }

    /// The expected logarithmic growth of stakes on exclusive outcomes.
    package static func growth(
        fractions: [Double], probabilities: [Double], costs: [Double]
    ) -> Double {
        let kept = 1 - fractions.reduce(0, +)
        return probabilities.indices.reduce(0) {
            $0 + probabilities[$1] * log(kept + fractions[$1] / costs[$1])
        }
    }
}
