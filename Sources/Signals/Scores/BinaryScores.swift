import Glibc

/// Scores of forecasts of a yes or a no. Outcomes are 1, 0, or between where a stake was shared (a
/// tie counts as a half).
package enum BinaryScores {
    /// The mean squared error (Brier 1950).
    package static func brier(_ probabilities: [Double], _ outcomes: [Double]) -> Double {
        precondition(probabilities.count == outcomes.count, "an outcome for every forecast")
        precondition(!outcomes.isEmpty, "the score of nothing")
        let sum = zip(probabilities, outcomes).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return sum / Double(outcomes.count)
    }

    /// A forecast nearer to certainty than this counts as this far from it.
    package static let clip = 1e-6

    /// The negative logarithm of the probability of what happened, in nats, and whether the
    /// forecast had to be clipped.
    package static func log(
        _ probability: Double, _ outcome: Double
    ) -> (score: Double, isClipped: Bool) {
        let clipped = min(1 - clip, max(clip, probability))
        let score = -(outcome * Glibc.log(clipped) + (1 - outcome) * log1p(-clipped))
        return (score, clipped != probability)
    }

    /// The mean of `log` and how many forecasts were clipped.
    package static func meanLog(
        _ probabilities: [Double], _ outcomes: [Double]
    ) -> (score: Double, clipped: Int) {
        precondition(probabilities.count == outcomes.count, "an outcome for every forecast")
        precondition(!outcomes.isEmpty, "the score of nothing")
        var sum = 0.0
        var clipped = 0
        for (probability, outcome) in zip(probabilities, outcomes) {
            let one = log(probability, outcome)
            sum += one.score
            clipped += one.isClipped ? 1 : 0
        }
        return (sum / Double(outcomes.count), clipped)
    }
}

/// Forecasts sorted into bins, and what that says of their Brier score (Murphy 1973, with the terms
/// of the spread within bins by Stephenson, Coelho and Jolliffe 2008, so that the parts add up).
package struct ReliabilityTable: Sendable, Equatable {
    /// The forecasts of one bin.
    package struct Bin: Sendable, Equatable {
        /// From 0.
        package let index: Int
        package let count: Int
        package let meanForecast: Double
        package let meanOutcome: Double
    }

    /// The bins that hold something, from low to high.
    package let bins: [Bin]
    package let reliability: Double
    package let resolution: Double
    package let uncertainty: Double
    package let withinBinVariance: Double
    package let withinBinCovariance: Double
    /// The mean distance of forecast and outcome over bins: an aid for plots and no score.
    package let expectedCalibrationError: Double

    package init(_ probabilities: [Double], _ outcomes: [Double], bins binCount: Int) {
        precondition(binCount > 0, "at least one bin")
        precondition(probabilities.count == outcomes.count, "an outcome for every forecast")
        var members = [[Int]](repeating: [], count: binCount)
        for (index, probability) in probabilities.enumerated() {
            let bin = Int((probability * Double(binCount)).rounded(.down))
            members[min(binCount - 1, max(0, bin))].append(index)
        }
        let n = Double(outcomes.count)
        let base = outcomes.reduce(0, +) / n
        var bins: [Bin] = []
        var sums = (reliability: 0.0, resolution: 0.0, variance: 0.0, covariance: 0.0, gap: 0.0)
        for (index, rows) in members.enumerated() where !rows.isEmpty {
            let count = Double(rows.count)
            let forecast = rows.reduce(0) { $0 + probabilities[$1] } / count
            let outcome = rows.reduce(0) { $0 + outcomes[$1] } / count
            sums.reliability += count * (forecast - outcome) * (forecast - outcome)
            sums.resolution += count * (outcome - base) * (outcome - base)
            sums.gap += count * abs(forecast - outcome)
            for row in rows {
                let deviation = probabilities[row] - forecast
                sums.variance += deviation * deviation
                sums.covariance += deviation * (outcomes[row] - outcome)
            }
            bins.append(
                Bin(index: index, count: rows.count, meanForecast: forecast, meanOutcome: outcome))
        }
        self.bins = bins
        reliability = sums.reliability / n
        resolution = sums.resolution / n
        uncertainty = base * (1 - base)
        withinBinVariance = sums.variance / n
        withinBinCovariance = 2 * sums.covariance / n
        expectedCalibrationError = sums.gap / n
    }

    /// What the parts add up to: the Brier score, where outcomes are 0 or 1.
    package var brier: Double {
        reliability - resolution + uncertainty + withinBinVariance - withinBinCovariance
    }
}
