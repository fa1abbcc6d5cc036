import Glibc

/// One probability out of several.
package enum Pooling {
    /// The weighted mean of log odds, made more extreme by `factor` (Satopää and others 2014).
    package static func logOdds(
        _ probabilities: [Double], weights: [Double], factor: Double = 1
    ) -> Double {
        check(probabilities.count, weights)
        let mean = zip(probabilities, weights).reduce(0) { $0 + $1.1 * Logit.of($1.0) }
        return Logit.inverse(factor * mean)
    }

    /// The weighted mean.
    package static func linear(_ probabilities: [Double], weights: [Double]) -> Double {
        check(probabilities.count, weights)
        return zip(probabilities, weights).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// The weighted geometric mean of distributions over the same outcomes, scaled to sum to one.
    package static func geometric(
        _ distributions: [[Double]], weights: [Double], factor: Double = 1
    ) -> [Double] {
        check(distributions.count, weights)
        guard let first = distributions.first else { return [] }
        let raw = first.indices.map { outcome in
            exp(
                factor
                    * zip(distributions, weights).reduce(0) { $0 + $1.1 * log($1.0[outcome]) })
        }
        let total = raw.reduce(0, +)
        return raw.map { $0 / total }
    }

    private static func check(_ count: Int, _ weights: [Double]) {
        precondition(count == weights.count && count > 0, "a weight for every probability")
        precondition(weights.allSatisfy { $0 >= 0 }, "weights are not negative")
        precondition(abs(weights.reduce(0, +) - 1) < 1e-9, "weights sum to one")
    }
}
