import Glibc
import Signals

/// Forecasts of the same outcomes by several forecasters, the model that is judged first.
package struct Scoreboard: Sendable {
    /// One question with its answer.
    package struct Row: Sendable {
        /// What hangs together, a day or a race, has the same number: it counts as one.
        package let cluster: Int64
        package let outcome: Outcome
        /// The distribution of each forecaster.
        package let forecasts: [[Double]]

        package init(cluster: Int64, outcome: Outcome, forecasts: [[Double]]) {
            self.cluster = cluster
            self.outcome = outcome
            self.forecasts = forecasts
        }
    }

    /// What came of a question.
    package enum Outcome: Sendable, Equatable {
        case index(Int)
        /// The two outcomes shared the stake, as in a tie.
        case shared

        /// What outcome `index` paid.
        func payout(_ index: Int) -> Double {
            switch self {
            case .index(let winner): index == winner ? 1 : 0
            case .shared: 0.5
            }
        }
    }

    package let names: [String]
    package private(set) var rows: [Row] = []

    package init(_ names: [String]) {
        precondition(names.count >= 2, "a model is judged beside a baseline")
        self.names = names
    }

    package mutating func add(_ row: Row) {
        precondition(row.forecasts.count == names.count, "a forecast of each forecaster")
        rows.append(row)
    }

    /// Brier's score of a row: the squared error of the first of two outcomes, or the sum of more.
    package static func brier(_ forecast: [Double], _ outcome: Outcome) -> Double {
        let errors = forecast.indices.map { index in
            let error = forecast[index] - outcome.payout(index)
            return error * error
        }
        return forecast.count == 2 ? errors[0] : errors.reduce(0, +)
    }

    /// The logarithmic score of a row, in nats.
    package static func log(_ forecast: [Double], _ outcome: Outcome) -> Double {
        forecast.indices.reduce(0) { sum, index in
            let payout = outcome.payout(index)
            guard payout > 0 else { return sum }
            let inside = min(1 - BinaryScores.clip, max(BinaryScores.clip, forecast[index]))
            return sum - payout * Glibc.log(inside)
        }
    }

    /// The ranked probability score of a row whose outcomes have an order.
    package static func ranked(_ forecast: [Double], _ outcome: Outcome) -> Double {
        switch outcome {
        case .index(let index): DistributionScores.ranked(forecast, outcome: index)
        case .shared: brier(forecast, outcome)
        }
    }

    /// A mean with its 95 % confidence interval, by clusters.
    package struct Estimate: Sendable, Equatable, Encodable {
        package let mean: Double
        package let halfWidth: Double
    }

    /// The mean over rows of some score. The interval takes rows of one cluster as one draw.
    package static func estimate(_ values: [(cluster: Int64, value: Double)]) -> Estimate {
        precondition(!values.isEmpty, "the mean of nothing")
        let n = Double(values.count)
        let mean = values.reduce(0) { $0 + $1.value } / n
        var sums: [Int64: Double] = [:]
        for (cluster, value) in values { sums[cluster, default: 0] += value - mean }
        let clusters = Double(sums.count)
        guard clusters > 1 else { return Estimate(mean: mean, halfWidth: .infinity) }
        // Summed in the order of clusters, so that the same rows give the same bits.
        let squares = sums.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value * $1.value }
        let variance = squares * clusters / (clusters - 1) / (n * n)
        return Estimate(mean: mean, halfWidth: 1.959963984540054 * variance.squareRoot())
    }
}
