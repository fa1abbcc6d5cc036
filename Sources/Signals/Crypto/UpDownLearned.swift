import Glibc
package import Trading

/// What is learned of the five-minute markets: how far the forecast of the volatility is off, how
/// much of the recent drift goes on, and the calibration of the odds.
///
/// The first set that clusters learn together. Nothing here reaches a limit or a control.
package struct UpDownLearned: Sendable, Equatable, Codable {
    /// The logarithm of what the forecast volatility is multiplied by.
    package let volatility: Double
    /// The share of the recent drift that goes on.
    package let drift: Double
    /// Log odds are multiplied by this (Platt 1999), and
    package let slope: Double
    /// this is added to them.
    package let offset: Double

    /// The parameters of the set, as an invitation names them.
    package static let names = ["volatility", "drift", "slope", "offset"]
    /// The model as it is.
    package static let neutral = UpDownLearned(unchecked: [0, 0, 1, 0])
    /// What no parameter may pass, whoever says it.
    package static let bounds = [-1.0...1, -2.0...2, 0.25...4, -1.0...1]

    /// Nil where a value is missing, is no number or is out of its bounds.
    ///
    /// - Parameter values: In the order of `names`.
    package init?(_ values: [Double]) {
        guard values.count == UpDownLearned.names.count,
            zip(values, UpDownLearned.bounds).allSatisfy({ $1.contains($0) })
        else { return nil }
        self.init(unchecked: values)
    }

    private init(unchecked values: [Double]) {
        volatility = values[0]
        drift = values[1]
        slope = values[2]
        offset = values[3]
    }

    package var values: [Double] { [volatility, drift, slope, offset] }

    /// A probability with the odds calibrated.
    package func calibrated(_ probability: Double) -> Double {
        let plain = min(1 - 1e-4, max(1e-4, probability))
        return min(1 - 1e-4, max(1e-4, Logit.inverse(slope * Logit.of(plain) + offset)))
    }

    /// How much a calibrated probability changes for a change of the plain one.
    func gain(at probability: Double) -> Double {
        let plain = min(1 - 1e-4, max(1e-4, probability))
        let mapped = calibrated(probability)
        return slope * mapped * (1 - mapped) / (plain * (1 - plain))
    }

    /// The option that the forecast makes with these parameters.
    ///
    /// - Parameters:
    ///   - volatility: The forecast, a year.
    ///   - driftPerSecond: The recent mean change of the logarithm of the price.
    func option(
        spot: Double, years: Double, volatility forecast: Double, driftPerSecond: Double
    ) -> DigitalOption {
        DigitalOption(
            spot: spot, years: years, volatility: forecast * exp(volatility),
            drift: drift * driftPerSecond * DigitalOption.secondsPerYear)
    }
}

/// A forecast of one market at one moment, with what became of the market.
package struct UpDownRow: Sendable, Equatable {
    /// When the market began.
    package let market: Timestamp
    package let spot: Double
    package let years: Double
    /// The forecast volatility, a year.
    package let volatility: Double
    package let strike: Double
    package let driftPerSecond: Double
    package let isUp: Bool

    package init(
        market: Timestamp, spot: Double, years: Double, volatility: Double, strike: Double,
        driftPerSecond: Double, isUp: Bool
    ) {
        self.market = market
        self.spot = spot
        self.years = years
        self.volatility = volatility
        self.strike = strike
        self.driftPerSecond = driftPerSecond
        self.isUp = isUp
    }

    /// The probability of up.
    package func probability(_ learned: UpDownLearned) -> Double {
        let option = learned.option(
            spot: spot, years: years, volatility: volatility, driftPerSecond: driftPerSecond)
        return learned.calibrated(option.above(strike: strike))
    }

    /// The logarithmic score in nats: less is better.
    package func score(_ learned: UpDownLearned) -> Double {
        let up = probability(learned)
        return -log(isUp ? up : 1 - up)
    }
}

extension UpDownLearned {
    /// How far a parameter may be expected from neutral, which keeps a fit to few markets sober.
    private static let spread = 0.3
    private static let stepsMax = 200

    /// The parameters that suit some forecasts best.
    package static func fit(_ rows: [UpDownRow]) -> UpDownLearned {
        let count = Double(max(1, rows.count))
        func loss(_ point: [Double]) -> Double {
            let learned = UpDownLearned(unchecked: point)
            let far = zip(point, neutral.values).reduce(0.0) { sum, pair in
                let z = (pair.0 - pair.1) / spread
                return sum + z * z / 2
            }
            return (rows.reduce(0) { $0 + $1.score(learned) } + far) / count
        }
        let step = 1e-5
        let point = Minimiser.bfgs(from: neutral.values, tolerance: 1e-7, stepsMax: stepsMax) {
            point in
            let gradient = point.indices.map { index in
                var (above, below) = (point, point)
                above[index] += step
                below[index] -= step
                return (loss(above) - loss(below)) / (2 * step)
            }
            return (loss(point), gradient)
        }.point
        let inside = zip(point, bounds).map { value, bound in
            min(bound.upperBound, max(bound.lowerBound, value))
        }
        return UpDownLearned(unchecked: inside)
    }
}

/// Makes forecasts of the market that runs, four, three, two and one minutes before its end, and
/// says what became of them, from the feed alone.
package struct UpDownSampler: Sendable {
    private struct Forecast {
        let spot: SpotObservation
        let variance: Double
        let drift: Double
    }

    private var start: Timestamp?
    private var forecasts: [Forecast] = []
    private var minute: Int64 = 0

    package init() {}

    /// Follows the feed after `spot` was added to it.
    ///
    /// - Returns: The rows of a market that is over; none where its strike or its end is not known.
    package mutating func follow(
        _ spot: SpotObservation, _ feed: SpotFeed, lagMax: Span
    ) -> [UpDownRow] {
        // A late value is no news of the present.
        guard feed.latest == spot else { return [] }
        let length = UpDownMarket.length.nanoseconds
        let market = Timestamp(nanoseconds: spot.feedAt.nanoseconds / length * length)
        var over: [UpDownRow] = []
        if market != start {
            over = rows(feed, lagMax: lagMax)
            start = market
            forecasts = []
            minute = 0
        }
        let passed = (spot.feedAt - market).nanoseconds / 60_000_000_000
        guard passed > minute, let variance = feed.variancePerSecond, variance > 0 else {
            return over
        }
        minute = passed
        forecasts.append(Forecast(spot: spot, variance: variance, drift: feed.driftPerSecond))
        return over
    }

    private func rows(_ feed: SpotFeed, lagMax: Span) -> [UpDownRow] {
        guard let start, let strike = feed.first(atOrAfter: start),
            strike.feedAt - start <= lagMax
        else { return [] }
        let end = start + UpDownMarket.length
        guard let last = feed.first(atOrAfter: end), last.feedAt - end <= lagMax else { return [] }
        return forecasts.map { forecast in
            UpDownRow(
                market: start, spot: forecast.spot.price.doubleValue,
                years: (end - forecast.spot.feedAt).seconds / DigitalOption.secondsPerYear,
                volatility: (forecast.variance * DigitalOption.secondsPerYear).squareRoot(),
                strike: strike.price.doubleValue, driftPerSecond: forecast.drift,
                isUp: last.price >= strike.price)
        }
    }
}
