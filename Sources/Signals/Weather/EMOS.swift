import Glibc

/// A normal forecast from an ensemble (Gneiting, Raftery, Westveld and Goldman 2005): mean a + b·m,
/// variance c² + d²·S², fitted by the least continuous ranked probability score.
package struct EMOS: Sendable, Equatable, Codable {
    package var a: Double
    package var b: Double
    package var c: Double
    package var d: Double

    /// One past forecast: the ensemble's mean and its population variance, and what came.
    package struct Case: Sendable, Equatable, Codable {
        package let mean: Double
        package let variance: Double
        package let outcome: Double

        package init(mean: Double, variance: Double, outcome: Double) {
            precondition(variance >= 0, "a variance is not negative, got \(variance)")
            self.mean = mean
            self.variance = variance
            self.outcome = outcome
        }

        package init(ensemble: [Double], outcome: Double) {
            precondition(!ensemble.isEmpty, "an ensemble has members")
            let n = Double(ensemble.count)
            let mean = ensemble.reduce(0, +) / n
            let variance = ensemble.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
            self.init(mean: mean, variance: variance, outcome: outcome)
        }
    }

    package init(a: Double, b: Double, c: Double, d: Double) {
        self.a = a
        self.b = b
        self.c = c
        self.d = d
    }

    /// The least deviation of a forecast, so that no certainty comes out of few cases.
    package static let deviationMin = 1e-3

    /// The fitted forecast of past cases, beginning at `start`.
    package static func fit(
        _ cases: [Case], from start: EMOS = EMOS(a: 0, b: 1, c: 1, d: 1)
    ) -> EMOS {
        precondition(!cases.isEmpty, "a fit needs cases")
        let found = Minimiser.bfgs(from: [start.a, start.b, start.c, start.d]) { point in
            score(EMOS(a: point[0], b: point[1], c: point[2], d: point[3]), cases)
        }
        let best = found.point
        return EMOS(a: best[0], b: best[1], c: abs(best[2]), d: abs(best[3]))
    }

    /// The mean and the deviation for an ensemble's mean and variance.
    package func forecast(mean: Double, variance: Double) -> (mean: Double, deviation: Double) {
        let deviation = (c * c + d * d * variance).squareRoot()
        return (a + b * mean, max(EMOS.deviationMin, deviation))
    }

    /// The mean score over cases.
    package func meanCRPS(_ cases: [Case]) -> Double { EMOS.score(self, cases).value }

    /// The mean score and its gradient by a, b, c, d.
    private static func score(
        _ model: EMOS, _ cases: [Case]
    ) -> (value: Double, gradient: [Double]) {
        var total = 0.0
        var gradient = [0.0, 0, 0, 0]
        for one in cases {
            let (mean, deviation) = model.forecast(mean: one.mean, variance: one.variance)
            let z = (one.outcome - mean) / deviation
            let byMean = 1 - 2 * NormalDistribution.cumulative(z)
            let byDeviation = 2 * NormalDistribution.density(z) - 1 / Double.pi.squareRoot()
            total += deviation * (byDeviation - z * byMean)
            gradient[0] += byMean
            gradient[1] += byMean * one.mean
            gradient[2] += byDeviation * model.c / deviation
            gradient[3] += byDeviation * model.d * one.variance / deviation
        }
        let n = Double(cases.count)
        return (total / n, gradient.map { $0 / n })
    }
}

/// Probabilities of whole degrees, which is what a station reports and a market settles on.
package struct DegreeBuckets: Sendable, Equatable {
    package let mean: Double
    package let deviation: Double
    /// The highest whole degree that was already reported today; the day's high is not below it.
    package let runningMaximum: Int?

    package init(mean: Double, deviation: Double, runningMaximum: Int? = nil) {
        precondition(deviation > 0, "a deviation is positive, got \(deviation)")
        self.mean = mean
        self.deviation = deviation
        self.runningMaximum = runningMaximum
    }

    /// The probability that the day's high is at most `degrees`.
    package func atMost(_ degrees: Int) -> Double {
        if let runningMaximum, degrees < runningMaximum { return 0 }
        return NormalDistribution.cumulative((Double(degrees) + 0.5 - mean) / deviation)
    }

    /// The probability that the day's high lies within `low`...`high`; nil is an open end.
    package func within(_ low: Int?, _ high: Int?) -> Double {
        let above = high.map { atMost($0) } ?? 1
        let below = low.map { atMost($0 - 1) } ?? 0
        return max(0, above - below)
    }
}
