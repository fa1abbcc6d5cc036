package import Trading

/// Who wins a game: strengths from past margins, and once it is on, the score and the clock.
///
/// A market's ticker ends in the team that it pays for: `<event>-<team>`.
package struct SportsBelief: DomainBelief {
    /// Points of American football, chosen near what margins of its league show; not fitted.
    package static let leagueTerms = LeagueModel.Terms(
        noise: 12.9, walk: 1.0, prior: 6.0, carry: 0.63, home: 2.2, homeWalk: 0.03, marginMax: 28)

    package static let rules = [
        FactRule(
            "result", unit: "points",
            fields: [
                .init("margin", -100...100), .init("neutral", 0...1),
                .init("season", 1_900...2_100),
            ], names: ["first", "second"]),
        FactRule(
            "fixture", unit: "minutes",
            fields: [
                .init("minutes", 1...300), .init("neutral", 0...1),
                .init("season", 1_900...2_100), .init("starts", 0...4_102_444_800),
            ], names: ["first", "second"]),
        FactRule(
            "score", unit: "points",
            fields: [
                .init("first", 0...300, jumpMax: 24), .init("second", 0...300, jumpMax: 24),
                .init("minutes_left", 0...300, jumpMax: 30),
            ], freshness: .seconds(300)),
    ]

    private var league: LeagueModel
    private var fixtures: [String: FeedFact] = [:]
    private var scores: [String: FeedFact] = [:]
    private var lastResult: FeedFact?

    package init(_ terms: LeagueModel.Terms = SportsBelief.leagueTerms) {
        league = LeagueModel(terms)
    }

    package var modelText: String {
        "sports v1: Kalman filter of margins, normal margin, score and clock in play"
    }

    package var canonicalText: String {
        String(decoding: league.parameters.canonicalBytes, as: UTF8.self)
    }

    package mutating func learn(_ fact: FeedFact) throws(ModelRefusal) {
        switch fact.kind {
        case "result":
            try league.learn(
                GameResult(
                    first: fact.names["first"] ?? "", second: fact.names["second"] ?? "",
                    margin: fact.values["margin"] ?? 0,
                    isNeutral: (fact.values["neutral"] ?? 0) > 0.5,
                    season: Int(fact.values["season"] ?? 0)), at: fact.event)
            lastResult = fact
        case "fixture":
            guard fact.names["first"] != fact.names["second"] else {
                throw .implausible("\(fact.topic): a team against itself")
            }
            // Told again as it was, a fixture leaves its score.
            let before = fixtures[fact.topic]
            if before?.values != fact.values || before?.names != fact.names {
                scores[fact.topic] = nil
            }
            fixtures[fact.topic] = fact
        case "score":
            let whole = fixtures[fact.topic]?.values["minutes"] ?? 0
            guard (fact.values["minutes_left"] ?? .infinity) <= whole else {
                throw .implausible("\(fact.topic): more time left than the game has")
            }
            scores[fact.topic] = fact
        default: throw .implausible("no use for `\(fact.kind)`")
        }
        forgetOld(before: fact.ingest)
    }

    package func window(of instrument: Instrument) -> TradingWindow? {
        TradingWindow.whole(of: instrument, where: ["KXNFLGAME-", "KXSB-"])
    }

    package func belief(of instrument: Instrument, at now: Timestamp) -> BeliefAnswer {
        guard let fixture = fixtures[instrument.eventSet.description], let lastResult else {
            return .abstain(.feedMissing)
        }
        let question = GameQuestion(
            first: fixture.names["first"] ?? "", second: fixture.names["second"] ?? "",
            isNeutral: (fixture.values["neutral"] ?? 0) > 0.5,
            season: Int(fixture.values["season"] ?? 0))
        let team = instrument.lastPart
        guard team == question.first || team == question.second else {
            return .abstain(.ruleUnsupported)
        }
        let start = Timestamp(
            nanoseconds: Int64(((fixture.values["starts"] ?? 0) * 1e9).rounded()))
        var inputs = [Belief.Input(fixture), Belief.Input(lastResult, isOptional: true)]
        var parts: [Contribution] = []
        var (lead, left) = (0.0, 1.0)
        if now >= start {
            // A game that nobody tells us about is not ours to price.
            guard let score = scores[fixture.topic] else { return .abstain(.feedMissing) }
            lead = (score.values["first"] ?? 0) - (score.values["second"] ?? 0)
            left = (score.values["minutes_left"] ?? 0) / (fixture.values["minutes"] ?? 1)
            inputs.append(Belief.Input(score))
            parts = [Contribution("lead", lead), Contribution("part left", left)]
        }
        let forecast = league.forecast(question, lead: lead, left: left)
        let index = team == question.first ? 0 : 1
        return .believe(
            Belief(
                probability: forecast.probabilities[index],
                deviation: forecast.deviations[index],
                contributions: parts + forecast.contributions, inputs: inputs,
                signal: signal(question, team, lead, left)))
    }

    private func signal(
        _ question: GameQuestion, _ team: String, _ lead: Double, _ left: Double
    ) -> String {
        let game = "\(question.first) against \(question.second)"
        guard left < 1 else { return "\(game) is to come: \(team)" }
        return "\(game), \(question.first) \(Int(lead)) points ahead, "
            + "\(Int((left * 100).rounded())) % to play: \(team)"
    }

    /// Games of more than two days ago are over.
    private mutating func forgetOld(before now: Timestamp) {
        guard fixtures.count > 256 else { return }
        for topic in fixtures.keys.sorted() {
            guard let fixture = fixtures[topic], now - fixture.ingest > .seconds(172_800) else {
                continue
            }
            fixtures[topic] = nil
            scores[topic] = nil
        }
    }
}

extension TradingWindow {
    /// The whole life of an instrument whose name begins with one of the prefixes, less its last
    /// minute.
    static func whole(of instrument: Instrument, where prefixes: [String]) -> TradingWindow? {
        let name = instrument.id.description
        guard prefixes.contains(where: { name.hasPrefix($0) }) else { return nil }
        let until = instrument.closeAt - .seconds(60)
        guard instrument.openAt < until else { return nil }
        return TradingWindow(
            quotesFrom: instrument.openAt, quotesUntil: until, endsAt: instrument.closeAt)
    }
}

extension Instrument {
    /// What stands after the last dash of the name.
    var lastPart: String {
        id.description.split(separator: "-").last.map(String.init) ?? ""
    }
}
