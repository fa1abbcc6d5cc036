package import Trading

/// Who wins a race between two parties, from its polls.
///
/// A market's ticker ends in the party: `D` is whose share the polls give, `R` the other.
package struct PoliticsBelief: DomainBelief {
    /// Shares of the two candidates, chosen near the errors of past polls; not fitted.
    package static let raceTerms = RaceModel.Terms(offices: [
        "senate": .init(systematic: 0.022, house: 0.02, pull: 0.05),
        "president": .init(systematic: 0.018, house: 0.018, pull: 0.02),
        "governor": .init(systematic: 0.026, house: 0.022, pull: 0.08),
        "house": .init(systematic: 0.035, house: 0.025, pull: 0.3),
    ])

    package static let rules = [
        FactRule(
            "poll", unit: "share",
            fields: [
                .init("share", 0.02...0.98, jumpMax: 0.15), .init("size", 50...200_000),
                .init("days", 0...730),
            ], names: ["house"], freshness: .seconds(14 * 86_400))
    ]

    private static let offices = [
        "KXSENATE-": "senate", "KXPRES-": "president", "KXGOV-": "governor",
        "KXHOUSE-": "house",
    ]

    private var model: RaceModel
    private var latest: [String: FeedFact] = [:]

    package init(_ terms: RaceModel.Terms = PoliticsBelief.raceTerms) {
        model = RaceModel(terms)
    }

    package var modelText: String {
        "politics v1: polls by size and age, drawn to even, normal error of the office"
    }

    package var canonicalText: String {
        String(decoding: model.parameters.canonicalBytes, as: UTF8.self)
    }

    package mutating func learn(_ fact: FeedFact) throws(ModelRefusal) {
        guard let office = PoliticsBelief.office(of: fact.topic) else {
            throw .implausible("\(fact.topic): no office that is known")
        }
        try model.learn(
            RacePoll(
                race: fact.topic, office: office, house: fact.names["house"] ?? "",
                share: fact.values["share"] ?? 0.5, sampleSize: fact.values["size"] ?? 0,
                daysLeft: fact.values["days"] ?? 0), at: fact.event)
        latest[fact.topic] = fact
    }

    package func window(of instrument: Instrument) -> TradingWindow? {
        TradingWindow.whole(of: instrument, where: PoliticsBelief.offices.keys.sorted())
    }

    package func belief(of instrument: Instrument, at now: Timestamp) -> BeliefAnswer {
        let race = instrument.eventSet.description
        guard let poll = latest[race] else { return .abstain(.feedMissing) }
        let index: Int
        switch instrument.lastPart {
        case "D": index = 0
        case "R": index = 1
        default: return .abstain(.ruleUnsupported)
        }
        let forecast = model.forecast(race, at: now)
        let share = model.share(of: race)?.mean ?? 0.5
        let tenths = Int((share * 1_000).rounded())
        return .believe(
            Belief(
                probability: forecast.probabilities[index],
                deviation: forecast.deviations[index],
                contributions: forecast.contributions, inputs: [Belief.Input(poll)],
                signal: "polls put D at \(tenths / 10).\(tenths % 10) % of two: "
                    + instrument.lastPart))
    }

    private static func office(of race: String) -> String? {
        offices.first { race.hasPrefix($0.key) }?.value
    }
}
