package import Trading

/// Whether a figure that is about to be published lies above a strike: the consensus and a
/// Student-t surprise as wide as the surprises before.
///
/// A market's ticker ends in its strike, `T0.3`, and pays where the figure is above it.
package struct MacroBelief: DomainBelief {
    package static let rules = [
        FactRule(
            "figure", unit: "percent",
            fields: [
                .init("consensus", -50...50), .init("actual", -50...50), .init("step", 0.001...5),
            ]),
        FactRule(
            "consensus", unit: "percent",
            fields: [.init("consensus", -50...50, jumpMax: 2), .init("step", 0.001...5)],
            freshness: .seconds(7 * 86_400)),
        FactRule("release", unit: "percent", fields: [.init("actual", -50...50)]),
    ]

    private var model: SurpriseModel
    private var consensus: [String: FeedFact] = [:]
    private var released: Set<String> = []

    package init(_ terms: SurpriseModel.Terms = SurpriseModel.Terms()) {
        model = SurpriseModel(terms)
    }

    package var modelText: String { "macro v1: consensus and a Student-t surprise" }

    package var canonicalText: String {
        String(decoding: model.parameters.canonicalBytes, as: UTF8.self)
    }

    package mutating func learn(_ fact: FeedFact) throws(ModelRefusal) {
        switch fact.kind {
        case "figure":
            try model.learn(
                PublishedFigure(
                    series: fact.topic, consensus: fact.values["consensus"] ?? 0,
                    actual: fact.values["actual"] ?? 0, unit: fact.values["step"] ?? 0),
                at: fact.event)
        case "consensus": consensus[fact.topic] = fact
        case "release": released.insert(fact.topic)
        default: throw .implausible("no use for `\(fact.kind)`")
        }
    }

    package func window(of instrument: Instrument) -> TradingWindow? {
        TradingWindow.whole(of: instrument, where: ["KXCPI-", "KXPAYROLLS-", "KXU3-"])
    }

    package func belief(of instrument: Instrument, at now: Timestamp) -> BeliefAnswer {
        let event = instrument.eventSet.description
        guard let fact = consensus[event], let expected = fact.values["consensus"],
            let step = fact.values["step"]
        else { return .abstain(.feedMissing) }
        if released.contains(event) { return .abstain(.nearEnd) }
        let part = instrument.lastPart
        guard part.first == "T", let strike = Double(part.dropFirst()) else {
            return .abstain(.ruleUnsupported)
        }
        let series = String(event.prefix { $0 != "-" })
        let forecast = model.forecast(
            FigureQuestion(
                series: series, consensus: expected, unit: step, edges: [strike + step / 2]),
            at: now)
        return .believe(
            Belief(
                probability: forecast.probabilities[1], deviation: forecast.deviations[1],
                contributions: [Contribution("strike", strike)] + forecast.contributions,
                inputs: [Belief.Input(fact)],
                signal: "the consensus is \(expected): above \(strike)"))
    }
}
