package import Runtime
package import Signals
package import Trading

/// The `parameters` of an agent whose facts come from named sources: everything has a default, and
/// an unknown key is refused.
package struct FactParameters: Sendable, Equatable {
    package private(set) var belief = BeliefTerms()
    package private(set) var trading: TradingTerms
    /// What the facts must look like; `sources` changes what is said there.
    package private(set) var rules: [FactRule]
    package private(set) var interval = Span.milliseconds(250)
    /// What recorded files tell where recorded markets are replayed.
    package private(set) var history = HistoryParameters()
    /// The sources that are asked where the market is real.
    package private(set) var feeds: [FeedConfiguration] = []

    private static let keys = [
        "model-weight", "interval-deviations", "probability-floor", "overdue-max",
        "doubt-factor", "sources", "interval", "recorded", "feeds",
    ]

    package init(_ section: ConfigurationSection, rules: [FactRule]) throws(ConfigurationError) {
        try section.allow(FactParameters.keys + TradingParameters.keys)
        trading = try TradingParameters(section).terms
        self.rules = rules
        belief.modelWeight = try section.real(
            "model-weight", in: 0...1, default: belief.modelWeight)
        belief.deviations = try section.real(
            "interval-deviations", in: 0...5, default: belief.deviations)
        belief.probabilityFloor = try section.real(
            "probability-floor", in: 0.001...0.25, default: belief.probabilityFloor)
        belief.overdueMax = try section.real(
            "overdue-max", in: 1...100, default: belief.overdueMax)
        belief.doubtFactor = try section.real(
            "doubt-factor", in: 1...10, default: belief.doubtFactor)
        interval = try section.duration("interval", default: interval)
        for entry in try section.sections("sources", isRequired: false) { try change(entry) }
        history = try HistoryParameters(section.optionalSection("recorded"), rules: rules)
        for entry in try section.sections("feeds", isRequired: false) {
            let feed = try FeedConfiguration(entry, rules: rules)
            guard !feeds.contains(where: { $0.name == feed.name }) else {
                throw entry.refusal("name", expected: "a name that no other feed has")
            }
            feeds.append(feed)
        }
    }

    /// `{ kind: score, freshness: 5m, field: first, min: 0, max: 200, jump: 24 }`.
    private mutating func change(_ entry: ConfigurationSection) throws(ConfigurationError) {
        try entry.allow("kind", "freshness", "field", "min", "max", "jump")
        let kinds = rules.enumerated().map { ($0.element.kind, $0.offset) }
        let place = try entry.choice("kind", of: kinds)
        if entry.contains("freshness") {
            rules[place].freshness = try entry.duration("freshness")
        }
        guard entry.contains("field") else {
            for key in ["min", "max", "jump"] where entry.contains(key) {
                throw entry.refusal("field", expected: "the field that `\(key)` is about")
            }
            return
        }
        let fields = rules[place].fields.enumerated().map { ($0.element.label, $0.offset) }
        let field = try entry.choice("field", of: fields)
        let range = rules[place].fields[field].range
        let low = try entry.real("min", in: -1e12...1e12, default: range.lowerBound)
        let high = try entry.real("max", in: -1e12...1e12, default: range.upperBound)
        guard low <= high else { throw entry.refusal("max", expected: "at least \(low)") }
        rules[place].fields[field].range = low...high
        if entry.contains("jump") {
            rules[place].fields[field].jumpMax = try entry.real("jump", in: 0...1e12)
        }
    }
}
