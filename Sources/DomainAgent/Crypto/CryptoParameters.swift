package import Runtime
package import Signals
package import Trading

/// The `parameters` of a crypto agent: everything has a default, and an unknown key is refused.
package struct CryptoParameters: Sendable, Equatable {
    package private(set) var model = UpDownTerms()
    package private(set) var trading = TradingTerms()
    /// How often the agent acts when no venue owns market time.
    package private(set) var interval = Span.milliseconds(250)

    /// Nil where the agent is alone with its model.
    package private(set) var learning: LearningParameters?

    package init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow(
            [
                "policy", "seed", "flip-every", "model-weight", "tail-degrees",
                "probability-floor", "volatility-error", "lag-deviations", "lead",
                "quiet-before-end", "feed-age-max", "strike-lag-max", "interval", "learned",
            ] + TradingParameters.keys)
        try readModel(section)
        trading = try TradingParameters(section).terms
        interval = try section.duration("interval", default: interval)
        if section.contains("learned") {
            learning = try LearningParameters(section.section("learned"))
        }
    }

    private mutating func readModel(_ section: ConfigurationSection) throws(ConfigurationError) {
        model.kind = try section.choice(
            "policy", of: CryptoPolicyKind.allCases.map { ($0.rawValue, $0) },
            default: model.kind)
        model.seed = try section.seed("seed", default: model.seed)
        model.flipEvery = UInt64(
            try section.integer("flip-every", in: 1...1_000_000, default: Int(model.flipEvery)))
        model.modelWeight = try section.real(
            "model-weight", in: 0...1, default: model.modelWeight)
        if section.contains("tail-degrees") {
            model.tailDegrees = try section.real("tail-degrees", in: 2.5...200)
        }
        model.probabilityFloor = try section.real(
            "probability-floor", in: 0.001...0.25, default: model.probabilityFloor)
        model.volatilityError = try section.real(
            "volatility-error", in: 0...0.9, default: model.volatilityError)
        model.lagDeviations = try section.real(
            "lag-deviations", in: 0...5, default: model.lagDeviations)
        model.lead = try section.duration("lead", default: model.lead)
        model.quietBeforeEnd = try section.duration(
            "quiet-before-end", default: model.quietBeforeEnd)
        if model.quietBeforeEnd >= UpDownMarket.length {
            throw section.refusal(
                "quiet-before-end", expected: "less than the \(UpDownMarket.length) of a market")
        }
        model.feedAgeMax = try section.duration("feed-age-max", default: model.feedAgeMax)
        model.strikeLagMax = try section.duration("strike-lag-max", default: model.strikeLagMax)
    }
}
