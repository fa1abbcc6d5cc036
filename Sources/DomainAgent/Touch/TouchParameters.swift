package import Runtime
package import Signals
package import Trading

/// The `parameters` of an agent that believes the touch: everything has a default, and an unknown
/// key is refused.
package struct TouchParameters: Sendable, Equatable {
    package private(set) var model = TouchTerms()
    package let trading: TradingTerms
    package let interval: Span

    package init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow(
            ["policy", "seed", "flip-every", "half-width", "quiet-before-end", "interval"]
                + TradingParameters.keys)
        trading = try TradingParameters(section).terms
        interval = try section.duration("interval", default: .milliseconds(250))
        model.kind = try section.choice(
            "policy", of: TouchPolicyKind.allCases.map { ($0.rawValue, $0) }, default: model.kind)
        model.seed = try section.seed("seed", default: model.seed)
        model.flipEvery = UInt64(
            try section.integer("flip-every", in: 1...1_000_000, default: Int(model.flipEvery)))
        model.halfWidth = try section.real("half-width", in: 0...0.49, default: model.halfWidth)
        model.quietBeforeEnd = try section.duration(
            "quiet-before-end", default: model.quietBeforeEnd)
    }
}
