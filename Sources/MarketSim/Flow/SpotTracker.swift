import Glibc
package import Trading

/// A spot price at a moment, as somebody sees it.
package struct SpotPoint: Sendable, Hashable {
    package let at: Timestamp
    package let price: Price
    package init(at: Timestamp, price: Price) {
        self.at = at
        self.price = price
    }
}

/// Follows a spot price: the last value, its realised volatility, its last jump.
struct SpotTracker: Sendable {
    private(set) var price: Double?
    private(set) var at: Timestamp?
    /// When a move of more than `jumpDeviations` deviations was seen last.
    private(set) var jumpedAt: Timestamp?
    /// EWMA of the variance of log returns per second.
    private var variance = SpotTracker.priorVariance
    private var sampled: (price: Double, at: Timestamp)?

    /// 30 % a year of 365 days: what BTC/USD shows over a minute.
    private static let priorVariance = 0.30 * 0.30 / (365 * 86_400)
    private static let sampleSpan = Span.seconds(10)
    private static let memorySeconds = 600.0
    private static let jumpDeviations = 4.5

    mutating func observe(_ point: SpotPoint) {
        let value = point.price.doubleValue
        guard value > 0, at.map({ $0 < point.at }) ?? true else { return }
        if let last = price, let before = at {
            let seconds = max((point.at - before).seconds, 0.001)
            let move = log(value / last)
            if move * move > SpotTracker.square(SpotTracker.jumpDeviations) * variancePerSecond
                * seconds
            {
                jumpedAt = point.at
            }
        }
        price = value
        at = point.at
        sample(value, point.at)
    }

    /// Half what was realised lately and half what is usual, so that a quiet minute does not make
    /// the outcome look certain.
    var variancePerSecond: Double { 0.5 * variance + 0.5 * SpotTracker.priorVariance }

    private mutating func sample(_ value: Double, _ moment: Timestamp) {
        guard let last = sampled else {
            sampled = (value, moment)
            return
        }
        let span = moment - last.at
        guard span >= SpotTracker.sampleSpan else { return }
        let move = log(value / last.price)
        let weight = 1 - exp(-span.seconds / SpotTracker.memorySeconds)
        variance += weight * (move * move / span.seconds - variance)
        sampled = (value, moment)
    }

    private static func square(_ value: Double) -> Double { value * value }
}

/// The value of a digital option: the probability of ending at or above the strike, without drift.
enum DigitalOption {
    static func value(
        spot: Double, strike: Double, variancePerSecond: Double, seconds: Double
    ) -> Double {
        guard seconds > 0 else { return spot >= strike ? 1 : 0 }
        let deviation = sqrt(variancePerSecond * seconds)
        let distance = (log(spot / strike) - deviation * deviation / 2) / deviation
        return 0.5 * erfc(-distance / 2.0.squareRoot())
    }
}
