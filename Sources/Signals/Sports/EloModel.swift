package import Trading

/// A league's Elo ratings under published rules.
package struct EloModel: OutcomeModel {
    /// A rating and the season that it was last used in.
    package struct Team: Sendable, Equatable, Codable {
        package var rating: Double
        package var season: Int
    }

    package let rules: EloRules
    /// What a team begins with that was never seen.
    package let start: Double
    package let parameters: ParameterSet
    package private(set) var state: [String: Team] = [:]

    package init(_ rules: EloRules, start: Double = 1_500, window: ClosedRange<Int64>? = nil) {
        self.rules = rules
        self.start = start
        parameters = ParameterSet(
            model: "elo 1", window: window,
            [
                .init("speed", .number(rules.speed)), .init("home", .number(rules.home)),
                .init("carry", .number(rules.carry)), .init("center", .number(rules.center)),
                .init("margin", .text(rules.margin.rawValue)), .init("start", .number(start)),
            ])
    }

    package func restored(_ state: [String: Team]) -> EloModel {
        var copy = self
        copy.state = state
        return copy
    }

    /// A team's rating in a season before its next game.
    package func rating(_ name: String, in season: Int) -> Double {
        guard let team = state[name] else { return start }
        return season > team.season ? rules.reverted(team.rating) : team.rating
    }

    /// Says what a team begins with, which a file of published ratings knows for each.
    package mutating func begin(_ name: String, rating: Double, season: Int) {
        state[name] = Team(rating: rating, season: season)
    }

    package mutating func learn(
        _ game: GameResult, at event: Timestamp
    ) throws(ModelRefusal) {
        guard game.first != game.second else {
            throw .implausible("\(game.first) against itself")
        }
        guard game.margin.isFinite else { throw .implausible("a margin of \(game.margin)") }
        let first = rating(game.first, in: game.season)
        let second = rating(game.second, in: game.season)
        let lead = rules.lead(first, second, isNeutral: game.isNeutral)
        let shift = rules.shift(points: game.margin, lead: lead)
        state[game.first] = Team(rating: first + shift, season: game.season)
        state[game.second] = Team(rating: second - shift, season: game.season)
    }

    package func forecast(_ question: GameQuestion, at moment: Timestamp) -> OutcomeForecast {
        let first = rating(question.first, in: question.season)
        let second = rating(question.second, in: question.season)
        let lead = rules.lead(first, second, isNeutral: question.isNeutral)
        let probability = min(1 - 1e-9, max(1e-9, rules.probability(lead: lead)))
        // A rating is known to about two updates' worth; 400 points are ln 10 of log odds.
        let spread = 2 * rules.speed * 2.302585092994046 / 400
        return OutcomeForecast(
            yes: probability, logitDeviation: spread,
            contributions: [
                Contribution("rating of \(question.first)", first),
                Contribution("rating of \(question.second)", second),
                Contribution("home", question.isNeutral ? 0 : rules.home),
            ])
    }
}
