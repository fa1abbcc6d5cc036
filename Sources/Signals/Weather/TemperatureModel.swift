package import Trading

/// A forecast of a day's high and what it became.
package struct TemperatureOutcome: Sendable, Equatable {
    package let station: String
    /// The day of the year, from 0.
    package let dayOfYear: Int
    /// Degrees, one for each forecast that was published.
    package let forecasts: [Double]
    package let actual: Double

    package init(station: String, dayOfYear: Int, forecasts: [Double], actual: Double) {
        self.station = station
        self.dayOfYear = dayOfYear
        self.forecasts = forecasts
        self.actual = actual
    }
}

/// Which whole degrees a day's high falls into.
package struct TemperatureQuestion: Sendable, Equatable {
    package let station: String
    package let forecasts: [Double]
    /// Rising upper ends of the buckets, inclusive; the last bucket is open.
    package let edges: [Int]
    package let runningMaximum: Int?

    package init(
        station: String, forecasts: [Double], edges: [Int], runningMaximum: Int? = nil
    ) {
        self.station = station
        self.forecasts = forecasts
        self.edges = edges
        self.runningMaximum = runningMaximum
    }
}

/// The published forecasts of a service, corrected: the rolling bias and scatter of each station,
/// drawn to those of all stations, which have more to go by.
package struct TemperatureModel: OutcomeModel {
    /// What a fit or a person chose.
    package struct Terms: Sendable, Equatable, Codable {
        /// The weight of the past after one more day.
        package var decay = 0.97
        /// How many days' worth the whole network counts in a station's bias and scatter.
        package var pooling = 12.0
        /// Outcomes that the network must have before a forecast is more than a guess.
        package var countMin = 100.0
        package init() {}
    }

    /// Weighted sums of errors.
    package struct Errors: Sendable, Equatable, Codable {
        package var weight = 0.0
        package var sum = 0.0
        package var squares = 0.0

        mutating func add(_ error: Double, decay: Double) {
            weight = decay * weight + 1
            sum = decay * sum + error
            squares = decay * squares + error * error
        }
    }

    /// Everything that was learned.
    package struct State: Sendable, Equatable, Codable {
        package var stations: [String: Errors] = [:]
        package var network = Errors()
    }

    package let terms: Terms
    package let parameters: ParameterSet
    package private(set) var state = State()

    package init(_ terms: Terms = Terms()) {
        precondition(terms.decay > 0 && terms.decay < 1, "a decay lies in (0, 1)")
        self.terms = terms
        parameters = ParameterSet(
            model: "temperature 1", window: nil,
            [
                .init("decay", .number(terms.decay)), .init("pooling", .number(terms.pooling)),
                .init("countMin", .number(terms.countMin)),
            ])
    }

    package func restored(_ state: State) -> TemperatureModel {
        var copy = self
        copy.state = state
        return copy
    }

    /// The forecast that is corrected: the newest one.
    private static func newest(_ forecasts: [Double]) -> Double? { forecasts.last }

    package mutating func learn(
        _ day: TemperatureOutcome, at event: Timestamp
    ) throws(ModelRefusal) {
        guard let forecast = TemperatureModel.newest(day.forecasts) else {
            throw .implausible("\(day.station): no forecast")
        }
        for value in day.forecasts + [day.actual] where !(-80...140).contains(value) {
            throw .implausible("\(day.station): \(value) degrees Fahrenheit")
        }
        let error = day.actual - forecast
        guard abs(error) <= 50 else {
            throw .implausible("\(day.station): \(forecast) forecast, \(day.actual) reported")
        }
        state.stations[day.station, default: Errors()].add(error, decay: terms.decay)
        // The network hears of about a hundred stations a day.
        state.network.add(error, decay: 1 - (1 - terms.decay) / 100)
    }

    /// The mean and the deviation of the day's high; the deviation of the bias alone is the last.
    package func distribution(
        station: String, forecasts: [Double]
    ) -> (mean: Double, deviation: Double, doubt: Double, bias: Double)? {
        guard let forecast = TemperatureModel.newest(forecasts),
            state.network.weight >= terms.countMin
        else { return nil }
        let all = state.network
        let networkBias = all.sum / all.weight
        let networkVariance = all.squares / all.weight - networkBias * networkBias
        let own = state.stations[station] ?? Errors()
        let weight = own.weight + terms.pooling
        let bias = (own.sum + terms.pooling * networkBias) / weight
        // Squares around the bias that is used, the network's scatter pooled in.
        let around = own.squares - 2 * bias * own.sum + bias * bias * own.weight
        let variance = (around + terms.pooling * networkVariance) / weight
        let doubt = (variance / weight).squareRoot()
        return (forecast + bias, (variance * (1 + 1 / weight)).squareRoot(), doubt, bias)
    }

    package func forecast(
        _ question: TemperatureQuestion, at moment: Timestamp
    ) -> OutcomeForecast {
        let buckets = question.edges.count + 1
        guard
            let (mean, deviation, doubt, bias) = distribution(
                station: question.station, forecasts: question.forecasts)
        else {
            let even = [Double](repeating: 1 / Double(buckets), count: buckets)
            return OutcomeForecast(
                probabilities: even, deviations: even, contributions: [Contribution("no data", 1)])
        }
        let probabilities = TemperatureModel.masses(question, mean, deviation)
        let shifted = TemperatureModel.masses(question, mean + doubt, deviation)
        return OutcomeForecast(
            probabilities: probabilities,
            deviations: zip(probabilities, shifted).map { abs($0 - $1) },
            contributions: [
                Contribution("forecast", question.forecasts.last ?? 0),
                Contribution("bias of \(question.station)", bias),
                Contribution("deviation", deviation),
            ])
    }

    /// Bucket by bucket; what a running maximum rules out falls to the bucket that holds it.
    private static func masses(
        _ question: TemperatureQuestion, _ mean: Double, _ deviation: Double
    ) -> [Double] {
        let degrees = DegreeBuckets(
            mean: mean, deviation: deviation, runningMaximum: question.runningMaximum)
        let levels = [0] + question.edges.map { degrees.atMost($0) } + [1]
        return zip(levels, levels.dropFirst()).map { max(0, $1 - $0) }
    }
}
