import Glibc
package import Trading

/// A game that is over.
package struct GameResult: Sendable, Equatable {
    package let first: String
    package let second: String
    /// The first team's points less the second's.
    package let margin: Double
    /// True where neither plays at home; else the first does.
    package let isNeutral: Bool
    /// The season that it belongs to.
    package let season: Int

    package init(
        first: String, second: String, margin: Double, isNeutral: Bool, season: Int
    ) {
        self.first = first
        self.second = second
        self.margin = margin
        self.isNeutral = isNeutral
        self.season = season
    }
}

/// Who wins a game that is to come.
package struct GameQuestion: Sendable, Equatable {
    package let first: String
    package let second: String
    package let isNeutral: Bool
    package let season: Int

    package init(first: String, second: String, isNeutral: Bool, season: Int) {
        self.first = first
        self.second = second
        self.isNeutral = isNeutral
        self.season = season
    }
}

/// A league's strengths from margins of victory by a Kalman filter: each team's strength in points
/// wanders from game to game and is drawn to the middle between seasons, playing at home is worth
/// points that drift over the years, and a margin is the difference with noise.
///
/// Where a file tells only who won, the margin is +1 or -1 and so is the scale of everything.
package struct LeagueModel: OutcomeModel {
    /// What a fit finds. Points, except where said otherwise.
    package struct Terms: Sendable, Equatable, Codable {
        /// Deviation of a game's margin around the difference of strengths.
        package var noise: Double
        /// Deviation of a strength's step from game to game.
        package var walk: Double
        /// Deviation of strengths when a team is first seen.
        package var prior: Double
        /// What a strength keeps between seasons.
        package var carry: Double
        /// What playing at home is worth at the start, and the deviation of its drift over a game.
        package var home: Double
        package var homeWalk: Double
        /// Margins beyond this count as this, since a rout says less for each point.
        package var marginMax: Double

        package init(
            noise: Double, walk: Double, prior: Double, carry: Double, home: Double,
            homeWalk: Double, marginMax: Double
        ) {
            self.noise = noise
            self.walk = walk
            self.prior = prior
            self.carry = carry
            self.home = home
            self.homeWalk = homeWalk
            self.marginMax = marginMax
        }
    }

    /// What is believed of one team.
    package struct Team: Sendable, Equatable, Codable {
        package var mean: Double
        package var variance: Double
        package var season: Int
    }

    /// Everything that was learned.
    package struct State: Sendable, Equatable, Codable {
        package var teams: [String: Team] = [:]
        package var home: Double
        package var homeVariance: Double
        package var games = 0
    }

    package let terms: Terms
    package let parameters: ParameterSet
    package private(set) var state: State

    package init(_ terms: Terms, window: ClosedRange<Int64>? = nil) {
        precondition(terms.noise > 0 && terms.prior > 0, "deviations are positive")
        self.terms = terms
        parameters = ParameterSet(
            model: "league margin filter 1", window: window,
            [
                .init("noise", .number(terms.noise)), .init("walk", .number(terms.walk)),
                .init("prior", .number(terms.prior)), .init("carry", .number(terms.carry)),
                .init("home", .number(terms.home)), .init("homeWalk", .number(terms.homeWalk)),
                .init("marginMax", .number(terms.marginMax)),
            ])
        state = State(home: terms.home, homeVariance: terms.homeWalk * terms.homeWalk * 50)
    }

    package func restored(_ state: State) -> LeagueModel {
        var copy = self
        copy.state = state
        return copy
    }

    /// What is believed of a team in a season before its next game.
    package func team(_ name: String, in season: Int) -> Team {
        guard var team = state.teams[name] else {
            return Team(mean: 0, variance: terms.prior * terms.prior, season: season)
        }
        let seasons = min(20, max(0, season - team.season))
        let full = terms.prior * terms.prior
        for _ in 0..<seasons {
            team.mean *= terms.carry
            // A long absence ends at the prior.
            team.variance =
                terms.carry * terms.carry * team.variance + (1 - terms.carry * terms.carry) * full
        }
        team.season = season
        return team
    }

    /// The expected margin, the variance of that belief, and the parts that it is made of.
    private func expectation(
        _ first: Team, _ second: Team, isNeutral: Bool
    ) -> (mean: Double, variance: Double) {
        let mean = first.mean - second.mean + (isNeutral ? 0 : state.home)
        let variance =
            first.variance + second.variance + (isNeutral ? 0 : state.homeVariance)
        return (mean, variance)
    }

    package mutating func learn(
        _ game: GameResult, at event: Timestamp
    ) throws(ModelRefusal) {
        guard game.first != game.second else {
            throw .implausible("\(game.first) against itself")
        }
        guard game.margin.isFinite else { throw .implausible("a margin of \(game.margin)") }
        var first = team(game.first, in: game.season)
        var second = team(game.second, in: game.season)
        first.variance += terms.walk * terms.walk
        second.variance += terms.walk * terms.walk
        if !game.isNeutral { state.homeVariance += terms.homeWalk * terms.homeWalk }
        let margin = min(terms.marginMax, max(-terms.marginMax, game.margin))
        let (mean, variance) = expectation(first, second, isNeutral: game.isNeutral)
        let total = variance + terms.noise * terms.noise
        let surprise = (margin - mean) / total
        if !game.isNeutral {
            state.home += state.homeVariance * surprise
            state.homeVariance -= state.homeVariance * state.homeVariance / total
        }
        first.mean += first.variance * surprise
        second.mean -= second.variance * surprise
        first.variance -= first.variance * first.variance / total
        second.variance -= second.variance * second.variance / total
        state.teams[game.first] = first
        state.teams[game.second] = second
        state.games += 1
    }

    package func forecast(_ question: GameQuestion, at moment: Timestamp) -> OutcomeForecast {
        forecast(question, lead: 0, left: 1)
    }

    /// Who wins a game in which the first team leads by `lead` points with the part `left` of the
    /// time to play: what is left is a shorter game of the same teams.
    package func forecast(
        _ question: GameQuestion, lead: Double, left: Double
    ) -> OutcomeForecast {
        precondition(left >= 0 && left <= 1, "a part of a game, got \(left)")
        let first = team(question.first, in: question.season)
        let second = team(question.second, in: question.season)
        let (mean, variance) = expectation(first, second, isNeutral: question.isNeutral)
        // A game that is over still counts for half a point, so that nothing divides by zero.
        let spread =
            (left * left * (variance + 2 * terms.walk * terms.walk)
            + max(left, 0.0015) * terms.noise * terms.noise).squareRoot()
        let z = (lead + left * mean) / spread
        let probability = min(1 - 1e-9, max(1e-9, NormalDistribution.cumulative(z)))
        // How far the probability moves for one deviation of the belief in the margin.
        let deviation = NormalDistribution.density(z) * left * variance.squareRoot() / spread
        return OutcomeForecast(
            probabilities: [probability, 1 - probability], deviations: [deviation, deviation],
            contributions: [
                Contribution("strength of \(question.first)", first.mean),
                Contribution("strength of \(question.second)", -second.mean),
                Contribution("home", question.isNeutral ? 0 : state.home),
                Contribution("deviation of the margin", spread),
            ])
    }
}
