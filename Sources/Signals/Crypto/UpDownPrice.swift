import Trading

/// The digital option of one market at one moment.
struct UpDownPrice {
    let spot: SpotObservation
    let strike: Price
    let end: Timestamp
    let variancePerSecond: Double
    let terms: UpDownTerms
    let tails: StudentDistribution?
    /// Nil is the model as it is.
    var learned: UpDownLearned?
    var driftPerSecond = 0.0

    private var seconds: Double { (end - spot.feedAt).seconds }

    private var annualVolatility: Double {
        (variancePerSecond * DigitalOption.secondsPerYear).squareRoot()
    }

    private func option(volatilityFactor: Double) -> DigitalOption {
        let years = seconds / DigitalOption.secondsPerYear
        let volatility = annualVolatility * volatilityFactor
        return learned?.option(
            spot: spot.price.doubleValue, years: years, volatility: volatility,
            driftPerSecond: driftPerSecond)
            ?? DigitalOption(spot: spot.price.doubleValue, years: years, volatility: volatility)
    }

    private func probability(_ option: DigitalOption) -> Double {
        let level = strike.doubleValue
        let exact =
            tails.map { option.above(strike: level, tails: $0) } ?? option.above(strike: level)
        return bounded(learned?.calibrated(exact) ?? exact)
    }

    private func bounded(_ probability: Double) -> Double {
        min(1 - terms.probabilityFloor, max(terms.probabilityFloor, probability))
    }

    /// The opinion: its interval covers a wrong volatility and the time since the last value.
    func opinion(at now: Timestamp) -> Opinion {
        let option = option(volatilityFactor: 1)
        let middle = probability(option)
        let calm = probability(self.option(volatilityFactor: 1 - terms.volatilityError))
        let wild = probability(self.option(volatilityFactor: 1 + terms.volatilityError))
        let plain = option.above(strike: strike.doubleValue)
        let sensitivity =
            option.sensitivity(strike: strike.doubleValue) * (learned?.gain(at: plain) ?? 1)
        let age = max(0, (now - spot.feedAt).seconds)
        let drift = spot.price.doubleValue * (variancePerSecond * age).squareRoot()
        let lag = terms.lagDeviations * drift * sensitivity
        return Opinion(
            probability: middle, low: bounded(min(middle, calm, wild) - lag),
            high: bounded(max(middle, calm, wild) + lag), weight: terms.modelWeight,
            basis: spot.price.doubleValue, sensitivity: sensitivity,
            features: features(option, middle, sensitivity, age, at: now),
            signal: signal(middle, at: now))
    }

    private func features(
        _ option: DigitalOption, _ probability: Double, _ sensitivity: Double, _ age: Double,
        at now: Timestamp
    ) -> FeatureVector {
        var features = FeatureVector()
        features.add("spot", spot.price.doubleValue)
        features.add("strike", strike.doubleValue)
        features.add("feed_age", age)
        features.add("seconds_left", (end - now).seconds)
        features.add("seconds_priced", seconds)
        features.add("sigma_second", variancePerSecond.squareRoot())
        features.add("sigma_year", annualVolatility)
        features.add("d2", option.d2(strike: strike.doubleValue))
        features.add("sensitivity", sensitivity)
        features.add("model_p", probability)
        return features
    }

    private func signal(_ probability: Double, at now: Timestamp) -> String {
        let cent = Price(units: 10_000_000)
        let level = spot.price.rounded(toMultipleOf: cent, .nearestEven)
        let distance = (spot.price - strike).magnitude.rounded(toMultipleOf: cent, .nearestEven)
        let direction = spot.price >= strike ? "above" : "below"
        let left = (end - now).nanoseconds / 1_000_000_000
        let percent = Int((probability * 100).rounded())
        return "spot \(level) is \(distance) \(direction) the strike with \(left) s left: "
            + "up \(percent) %"
    }
}
