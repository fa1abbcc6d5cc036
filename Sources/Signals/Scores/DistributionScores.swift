import Glibc

/// Scores of forecasts that are whole distributions.
package enum DistributionScores {
    /// The ranked probability score of ordered outcomes, over the number of steps between them, so
    /// that it lies in 0...1.
    package static func ranked(_ probabilities: [Double], outcome: Int) -> Double {
        precondition(probabilities.indices.contains(outcome), "no outcome \(outcome)")
        precondition(probabilities.count > 1, "one outcome is no forecast")
        var (forecast, sum) = (0.0, 0.0)
        for index in 0..<probabilities.count - 1 {
            forecast += probabilities[index]
            let error = forecast - (outcome <= index ? 1 : 0)
            sum += error * error
        }
        return sum / Double(probabilities.count - 1)
    }

    /// Brier's own score of several outcomes: the sum of squared errors over all of them.
    package static func brier(_ probabilities: [Double], outcome: Int) -> Double {
        precondition(probabilities.indices.contains(outcome), "no outcome \(outcome)")
        return probabilities.indices.reduce(0) {
            let error = probabilities[$1] - ($1 == outcome ? 1 : 0)
            return $0 + error * error
        }
    }

    /// The negative logarithm of the probability of the outcome, in nats.
    package static func log(_ probabilities: [Double], outcome: Int) -> Double {
        precondition(probabilities.indices.contains(outcome), "no outcome \(outcome)")
        return -Glibc.log(max(BinaryScores.clip, probabilities[outcome]))
    }

    /// The continuous ranked probability score of a normal forecast, in units of the outcome
    /// (Gneiting and others 2005).
    package static func crps(mean: Double, deviation: Double, outcome: Double) -> Double {
        precondition(deviation > 0, "a deviation is positive, got \(deviation)")
        let z = (outcome - mean) / deviation
        return deviation
            * (z * (2 * NormalDistribution.cumulative(z) - 1) + 2 * NormalDistribution.density(z)
                - 1 / Double.pi.squareRoot())
    }

    /// The negative logarithm of a normal forecast's density at the outcome.
    package static func log(mean: Double, deviation: Double, outcome: Double) -> Double {
        precondition(deviation > 0, "a deviation is positive, got \(deviation)")
        let z = (outcome - mean) / deviation
        return z * z / 2 + Glibc.log(deviation * (2 * Double.pi).squareRoot())
    }

    /// The same score of an ensemble taken as a distribution of equal masses; `isFair` corrects for
    /// its size, as if it were a sample of something larger.
    package static func crps(ensemble: [Double], outcome: Double, isFair: Bool = false) -> Double {
        precondition(ensemble.count > (isFair ? 1 : 0), "an ensemble has members")
        let n = Double(ensemble.count)
        let error = ensemble.reduce(0) { $0 + abs($1 - outcome) } / n
        let sorted = ensemble.sorted()
        // The sum over pairs of |x - y| from sorted values.
        let spread = sorted.enumerated().reduce(0) {
            $0 + (2 * Double($1.offset) - n + 1) * $1.element
        }
        return error - spread / (isFair ? n * (n - 1) : n * n)
    }
}
