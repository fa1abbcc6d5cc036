import Glibc

/// Evidence that may be looked at after every observation.
package enum SequentialTest {
    /// The mixture sequential probability ratio test of a mean of known variance: for each
    /// observation the ratio, and the p-value that is valid whenever one stops (Johari and others
    /// 2022).
    package static func mixture(
        _ values: [Double], variance: Double, mixing: Double, null: Double
    ) -> [(ratio: Double, pValue: Double)] {
        precondition(variance > 0 && mixing > 0, "variances are positive")
        var (sum, p) = (0.0, 1.0)
        return values.enumerated().map { index, value in
            sum += value
            let n = Double(index + 1)
            let error = sum / n - null
            let total = variance + n * mixing
            let ratio =
                (variance / total).squareRoot()
                * exp(mixing * n * n * error * error / (2 * variance * total))
            p = min(p, 1 / ratio)
            return (ratio, p)
        }
    }

    /// A confidence sequence for a mean of known variance by a normal mixture, valid at all times
    /// together (Howard and others 2021).
    package static func interval(
        _ values: [Double], variance: Double, prior: Double, alpha: Double
    ) -> [(low: Double, high: Double)] {
        precondition(variance > 0 && prior > 0, "variances are positive")
        precondition(alpha > 0 && alpha < 1, "an error probability lies in (0, 1)")
        var sum = 0.0
        return values.enumerated().map { index, value in
            sum += value
            let n = Double(index + 1)
            let spread = n * variance + prior * variance
            let radius =
                (spread * log(spread / (prior * variance * alpha * alpha))).squareRoot() / n
            return (sum / n - radius, sum / n + radius)
        }
    }
}

/// A bet against the claim that paired score differences have a mean of at most zero (Waudby-Smith
/// and Ramdas 2024): wealth of 20 is evidence at five per cent whenever one looks.
///
/// A difference is the reference's score less the challenger's, in -1...1, and there is one for
/// each settlement: outcomes that hang together are averaged before.
package struct BettingProcess: Sendable, Equatable, Codable {
    /// The wealth that counts as evidence.
    package static let threshold = 20.0

    package private(set) var wealth = 1.0
    package private(set) var wealthMax = 1.0
    package private(set) var count = 0
    private let alpha: Double
    private var sum = 0.5
    private var squares = 0.25

    package init(alpha: Double = 0.05) {
        precondition(alpha > 0 && alpha < 1, "an error probability lies in (0, 1)")
        self.alpha = alpha
    }

    /// Takes one difference in; beyond -1...1 it counts as the end.
    package mutating func add(_ difference: Double) {
        precondition(difference.isFinite, "a difference is finite, got \(difference)")
        let value = (min(1, max(-1, difference)) + 1) / 2
        count += 1
        let t = Double(count)
        // What is staked follows from earlier differences alone.
        let variance = squares / t
        let stake = min(
            (2 * log(1 / alpha) / (variance * t * log(1 + t))).squareRoot(), 1)
        wealth *= 1 + stake * (value - 0.5)
        wealthMax = max(wealthMax, wealth)
        sum += value
        let mean = sum / (t + 1)
        squares += (value - mean) * (value - mean)
    }
}
