package import Trading

/// Into which degrees a day's high falls: the service's forecast corrected by its past errors at
/// the station, and never below what was observed. Where no forecast is there, the climate of the
/// day is, which knows far less.
package struct WeatherBelief: DomainBelief {
    package static let rules = [
        FactRule(
            "outcome", unit: "fahrenheit",
            fields: [.init("forecast", -60...130), .init("actual", -60...130)]),
        FactRule(
            "forecast", unit: "fahrenheit", fields: [.init("high", -60...130, jumpMax: 15)],
            names: ["station"], freshness: .seconds(28_800)),
        FactRule(
            "observed", unit: "fahrenheit",
            fields: [.init("temperature", -60...130, jumpMax: 10)], freshness: .seconds(1_800)),
        FactRule(
            "climate", unit: "fahrenheit",
            fields: [
                .init("mean", -60...130), .init("deviation", 1...30), .init("years", 1...200),
            ],
            names: ["station"]),
    ]

    private struct Day: Sendable {
        var forecast: FeedFact?
        var climate: FeedFact?
        var observed: FeedFact?
        var maximum: Int?
    }

    private var model: TemperatureModel
    private var days: [String: Day] = [:]

    package init(_ terms: TemperatureModel.Terms = TemperatureModel.Terms()) {
        model = TemperatureModel(terms)
    }

    package var modelText: String {
        "weather v1: forecast corrected by rolling errors, normal, rounded degrees, running high"
    }

    package var canonicalText: String {
        String(decoding: model.parameters.canonicalBytes, as: UTF8.self)
    }

    package mutating func learn(_ fact: FeedFact) throws(ModelRefusal) {
        switch fact.kind {
        case "outcome":
            try model.learn(
                TemperatureOutcome(
                    station: fact.topic, dayOfYear: 0,
                    forecasts: [fact.values["forecast"] ?? 0],
                    actual: fact.values["actual"] ?? 0), at: fact.event)
        case "forecast": days[fact.topic, default: Day()].forecast = fact
        case "climate": days[fact.topic, default: Day()].climate = fact
        case "observed":
            var day = days[fact.topic] ?? Day()
            let degrees = Int((fact.values["temperature"] ?? 0).rounded())
            day.observed = fact
            day.maximum = max(day.maximum ?? degrees, degrees)
            days[fact.topic] = day
        default: throw .implausible("no use for `\(fact.kind)`")
        }
        if days.count > 1_024 { forgetOld(before: fact.ingest) }
    }

    package func window(of instrument: Instrument) -> TradingWindow? {
        TradingWindow.whole(of: instrument, where: ["KXHIGH"])
    }

    package func belief(of instrument: Instrument, at now: Timestamp) -> BeliefAnswer {
        guard let day = days[instrument.eventSet.description] else {
            return .abstain(.feedMissing)
        }
        guard let bucket = DegreeRange(instrument) else { return .abstain(.ruleUnsupported) }
        guard let basis = basis(of: day, until: instrument.closeAt, at: now) else {
            return .abstain(.feedMissing)
        }
        func within(_ mean: Double, _ deviation: Double) -> Double {
            DegreeBuckets(mean: mean, deviation: deviation, runningMaximum: day.maximum)
                .within(bucket.low, bucket.high)
        }
        let probability = within(basis.mean, basis.deviation)
        let others = [
            within(basis.mean - basis.doubt, basis.deviation),
            within(basis.mean + basis.doubt, basis.deviation),
            within(basis.mean, basis.deviation * 1.15),
        ]
        let deviation = others.map { abs($0 - probability) }.max() ?? 0
        var inputs = basis.inputs
        var parts = basis.contributions
        if let observed = day.observed, let maximum = day.maximum {
            inputs.append(Belief.Input(observed, isOptional: true))
            parts.append(Contribution("running high", Double(maximum)))
        }
        parts.append(Contribution("expected high", basis.mean))
        parts.append(Contribution("deviation of the high", basis.deviation))
        return .believe(
            Belief(
                probability: probability, deviation: deviation, contributions: parts,
                inputs: inputs,
                signal: "\(basis.words) \(Int(basis.mean.rounded())) +- "
                    + "\(Int(basis.deviation.rounded())) F, \(bucket)",
                trust: basis.trust))
    }

    private struct Basis {
        let mean: Double
        let deviation: Double
        let doubt: Double
        let inputs: [Belief.Input]
        let contributions: [Contribution]
        let words: String
        let trust: Double
    }

    /// The error of a service's forecast of the next day's high, degrees; measured over 160 cities
    /// (docs/MODELS.md). The market has read the forecast, whether we have or not.
    private static let forecastDeviation = 2.7
    /// How long before a market's close that forecast is made, seconds.
    private static let forecastLead = 129_600.0

    private func basis(of day: Day, until close: Timestamp, at now: Timestamp) -> Basis? {
        if let fact = day.forecast, let station = fact.names["station"],
            let forecast = fact.values["high"],
            let found = model.distribution(station: station, forecasts: [forecast])
        {
            return Basis(
                mean: found.mean, deviation: max(0.5, found.deviation), doubt: found.doubt,
                inputs: [Belief.Input(fact)],
                contributions: [
                    Contribution("forecast", forecast), Contribution("bias", found.bias),
                ], words: "the high is expected at", trust: 1)
        }
        guard let fact = day.climate, let mean = fact.values["mean"],
            let deviation = fact.values["deviation"], let years = fact.values["years"]
        else { return nil }
        // By precision: what the climate adds to what a forecast says, and to the thermometers that
        // everybody but us reads as the day goes by.
        let left = min(1, max(0, (close - now).seconds) / WeatherBelief.forecastLead)
        let theirs = WeatherBelief.forecastDeviation * WeatherBelief.forecastDeviation * left
        return Basis(
            mean: mean, deviation: deviation, doubt: deviation / 2,
            inputs: [Belief.Input(fact)],
            contributions: [Contribution("climate", mean), Contribution("years", years)],
            words: "no forecast; the climate says",
            trust: theirs / (theirs + deviation * deviation))
    }

    private mutating func forgetOld(before now: Timestamp) {
        for (topic, day) in days.sorted(by: { $0.key < $1.key }) {
            let last = [day.forecast, day.climate, day.observed].compactMap { $0?.ingest }.max()
            if let last, now - last > .seconds(172_800) { days[topic] = nil }
        }
    }
}

/// The whole degrees that a market pays for: `B37.5` is 37 to 38; `T35` is open, below where the
/// title says `<35`, above where it says `>35`.
struct DegreeRange: Sendable, Equatable, CustomStringConvertible {
    let low: Int?
    let high: Int?

    init?(_ instrument: Instrument) {
        let part = instrument.lastPart
        guard let number = Double(part.dropFirst()), abs(number) <= 200 else { return nil }
        switch part.first {
        case "B":
            guard number != number.rounded() else { return nil }
            (low, high) = (Int(number.rounded(.down)), Int(number.rounded(.up)))
        case "T":
            let below = instrument.title.contains("<")
            guard below != instrument.title.contains(">"), number == number.rounded() else {
                return nil
            }
            (low, high) = below ? (nil, Int(number) - 1) : (Int(number) + 1, nil)
        default: return nil
        }
    }

    var description: String {
        switch (low, high) {
        case (let low?, let high?): "\(low) to \(high)"
        case (let low?, nil): "\(low) or more"
        case (nil, let high?): "\(high) or less"
        case (nil, nil): "any"
        }
    }
}
