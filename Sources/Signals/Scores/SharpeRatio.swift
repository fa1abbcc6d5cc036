import Glibc

/// What a Sharpe ratio that was found among many is worth (Bailey and López de Prado 2014). Ratios
/// are per period, kurtosis is raw: 3 for a normal distribution.
package struct SharpeRatio: Sendable, Hashable {
    package let ratio: Double
    /// Periods that it was measured over.
    package let periods: Int
    package let skew: Double
    package let kurtosis: Double

    package init(ratio: Double, periods: Int, skew: Double, kurtosis: Double) {
        precondition(periods > 1, "a ratio of \(periods) periods")
        self.ratio = ratio
        self.periods = periods
        self.skew = skew
        self.kurtosis = kurtosis
    }

    /// Of what each period brought; nil where there are fewer than three or they never differ.
    package init?(_ returns: [Double]) {
        let n = Double(returns.count)
        let mean = returns.reduce(0, +) / max(n, 1)
        func moment(_ power: Int) -> Double {
            returns.reduce(0) { $0 + pow($1 - mean, Double(power)) } / n
        }
        guard returns.count > 2, returns.allSatisfy(\.isFinite) else { return nil }
        let variance = moment(2)
        guard variance > 0 else { return nil }
        let deviation = (variance * n / (n - 1)).squareRoot()
        self.init(
            ratio: mean / deviation, periods: returns.count,
            skew: moment(3) / pow(variance, 1.5), kurtosis: moment(4) / (variance * variance))
    }

    /// The probability that the true ratio is above `benchmark`.
    package func probability(above benchmark: Double) -> Double {
        let error = (ratio - benchmark) * Double(periods - 1).squareRoot()
        return NormalDistribution.cumulative(error / spread.squareRoot())
    }

    /// How many periods it takes until the true ratio is above `benchmark` but for `alpha`;
    /// infinite where the ratio is not.
    package func periodsNeeded(above benchmark: Double, alpha: Double) -> Double {
        guard ratio > benchmark else { return .infinity }
        let z = NormalDistribution.quantile(1 - alpha) / (ratio - benchmark)
        return 1 + spread * z * z
    }

    /// The ratio that the best of `trials` without any skill comes to, where their ratios have this
    /// variance.
    package static func expectedMaximum(trials: Int, variance: Double) -> Double {
        guard trials > 1 else { return 0 }
        let euler = 0.577_215_664_901_532_9
        let n = Double(trials)
        return variance.squareRoot()
            * ((1 - euler) * NormalDistribution.quantile(1 - 1 / n)
                + euler * NormalDistribution.quantile(1 - 1 / (n * M_E)))
    }

    /// Bounded below: a ratio that no sample has must not make it negative.
    private var spread: Double {
        max(1e-12, 1 - skew * ratio + (kurtosis - 1) / 4 * ratio * ratio)
    }
}
