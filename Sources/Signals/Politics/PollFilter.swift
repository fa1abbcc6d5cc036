import Glibc

/// What polls say of a race: a random walk of support seen through houses that each lean their own
/// way, by a Kalman filter (Jackman 2005; Linzer 2013).
///
/// The leans sum to about zero, by an observation of that sum before the first poll, since polls
/// alone cannot tell support from a lean that all share.
package struct PollFilter: Sendable, Equatable, Codable {
    /// How the filter sees the world. Shares are fractions of one.
    package struct Terms: Sendable, Equatable, Codable {
        /// Deviation of support over one day.
        package var walkDeviation = 0.004
        package var houseDeviation = 0.02
        package var priorMean = 0.5
        package var priorDeviation = 0.05
        /// How much wider polls scatter than simple random samples.
        package var designEffect = 1.5
        package var sumToZeroVariance = 1e-8
        package init() {}
    }

    /// One poll.
    package struct Poll: Sendable, Equatable, Codable {
        package let day: Double
        /// The index of its house.
        package let house: Int
        package let share: Double
        package let sampleSize: Double
        package init(day: Double, house: Int, share: Double, sampleSize: Double) {
            precondition(share > 0 && share < 1, "a share lies in (0, 1), got \(share)")
            precondition(sampleSize > 0, "a poll asks somebody, got \(sampleSize)")
            self.day = day
            self.house = house
            self.share = share
            self.sampleSize = sampleSize
        }
    }

    package let terms: Terms
    /// Support, then the lean of each house.
    package private(set) var means: [Double]
    private var covariance: [[Double]]
    private var day: Double?
    package private(set) var logLikelihood = 0.0
    /// What the last poll said beyond what was expected, and the variance of that.
    package private(set) var lastInnovation: (value: Double, variance: Double) {
        get { (innovation[0], innovation[1]) }
        set { innovation = [newValue.value, newValue.variance] }
    }
    private var innovation = [0.0, 0.0]

    package init(houses: Int, terms: Terms = Terms()) {
        precondition(houses > 0, "somebody must ask")
        self.terms = terms
        means = [terms.priorMean] + [Double](repeating: 0, count: houses)
        let variances =
            [terms.priorDeviation * terms.priorDeviation]
            + [Double](repeating: terms.houseDeviation * terms.houseDeviation, count: houses)
        covariance = variances.indices.map { row in
            variances.indices.map { $0 == row ? variances[row] : 0 }
        }
        let leans = [0.0] + [Double](repeating: 1, count: houses)
        _ = update(leans, value: 0, noise: terms.sumToZeroVariance)
    }

    package var support: Double { means[0] }
    package var deviation: Double { covariance[0][0].squareRoot() }
    package var houses: [Double] { Array(means.dropFirst()) }

    /// Takes a poll in. Polls come in the order of their days.
    package mutating func add(_ poll: Poll) {
        precondition(poll.house >= 0 && poll.house < means.count - 1, "no house \(poll.house)")
        let elapsed = poll.day - (day ?? poll.day)
        precondition(elapsed >= 0, "polls come in the order of their days")
        day = poll.day
        covariance[0][0] += terms.walkDeviation * terms.walkDeviation * elapsed
        var weights = [Double](repeating: 0, count: means.count)
        weights[0] = 1
        weights[poll.house + 1] = 1
        let noise = terms.designEffect * poll.share * (1 - poll.share) / poll.sampleSize
        lastInnovation = update(weights, value: poll.share, noise: noise)
        let (value, variance) = lastInnovation
        logLikelihood -= 0.5 * (log(2 * Double.pi * variance) + value * value / variance)
    }

    /// The probability of more than half of the votes `days` later. `systematic` is the deviation
    /// that all polls share.
    package static func winProbability(
        support: Double, deviation: Double, days: Double, walkDeviation: Double,
        systematic: Double
    ) -> (probability: Double, deviation: Double) {
        let variance =
            deviation * deviation + walkDeviation * walkDeviation * days + systematic * systematic
        let total = variance.squareRoot()
        return (NormalDistribution.cumulative((support - 0.5) / total), total)
    }

    /// One linear observation; what it said beyond expectation, and the variance of that.
    private mutating func update(
        _ weights: [Double], value: Double, noise: Double
    ) -> (value: Double, variance: Double) {
        let image = covariance.map { row in zip(row, weights).reduce(0) { $0 + $1.0 * $1.1 } }
        let variance = zip(weights, image).reduce(noise) { $0 + $1.0 * $1.1 }
        let innovation = value - zip(weights, means).reduce(0) { $0 + $1.0 * $1.1 }
        for row in means.indices {
            means[row] += image[row] * innovation / variance
            for column in means.indices {
                covariance[row][column] -= image[row] * image[column] / variance
            }
        }
        return (innovation, variance)
    }
}
