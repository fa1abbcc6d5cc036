import Foundation
import Runtime
import Signals
import Trading

/// American football from 1920 on: FiveThirtyEight's Elo again, to their own numbers, then a model
/// of ours beside it on seasons that its fit did not see.
enum FootballStudy {
    /// A game of the file.
    struct Game: Sendable {
        let day: CivilTime
        let result: GameResult
        let isPlayoff: Bool
        let published: Double
        let elo: (Double, Double)
        let place: String
    }

    /// The first season that the fit does not see.
    static let firstTestSeason = 2000
    /// Where the fit starts to score; earlier games only move ratings.
    static let firstFitSeason = 1970

    /// Found by `research fit --study nfl` (seed 1, 150 steps) on the seasons 1970 to 1999.
    static let terms = LeagueModel.Terms(
        noise: 14.375753846972882, walk: 0.4114036728173626, prior: 12.17986850965349,
        carry: 0.9243695878965863, home: 3.5181363844400186, homeWalk: 0.0002885659659450944,
        marginMax: 35.830000174180256)

    static func run(_ input: Study.Input) throws -> [StudyReport] {
        let dataset = try input.folder.dataset("sports/nfl_elo_games_1920_2021.csv")
        let games = try games(dataset, input.asOf)
        let reproduction = try Reproduction(games, input.asOf)
        var board = Scoreboard(["margin filter", "538 Elo (published)", "home rate"])
        var feed = ModelFeed(LeagueModel(terms))
        var home = (wins: 0.0, games: 0.0)
        for game in games {
            let moment = game.day.moment
            if game.result.season >= firstTestSeason {
                let ours = feed.forecast(question(game), at: moment).probabilities
                let rate = home.wins / max(1, home.games)
                board.add(
                    Scoreboard.Row(
                        cluster: game.day.day, outcome: outcome(game.result.margin),
                        forecasts: [
                            ours, [game.published, 1 - game.published], [rate, 1 - rate],
                        ]))
            }
            if !game.result.isNeutral {
                home.wins += outcome(game.result.margin).payout(0)
                home.games += 1
            }
            // A game's result is known on the day after.
            try feed.take(
                input.asOf.observed(
                    game.result, event: moment, ingest: moment, at: game.place))
        }
        return [
            StudyReport(
                title: "NFL, seasons 2000 to 2020, fitted on 1970 to 1999", board: board,
                datasets: [dataset], parameters: feed.model.parameters,
                notes: reproduction.notes)
        ]
    }

    /// Fits the terms on the seasons before the test by the logarithmic score, beginning near the
    /// middle of what is plausible, as the seed says.
    static func fit(_ input: Study.Input, seed: UInt64, steps: Int) throws -> FitResult {
        let dataset = try input.folder.dataset("sports/nfl_elo_games_1920_2021.csv")
        let games = try games(dataset, input.asOf).filter { $0.result.season < firstTestSeason }
        guard let first = games.first, let last = games.last else {
            throw ProcessFailure(.refused, "\(dataset.path): no season before 2000")
        }
        let window = first.day.moment.nanoseconds...last.day.moment.nanoseconds
        let middle = [log(12.0), log(0.8), log(6.0), 0.7, 3, log(0.03), log(30.0)]
        let scale = [0.1, 0.3, 0.2, 0.1, 0.5, 0.5, 0.2]
        var random = DeterministicRandom(seed: seed)
        let start = zip(middle, scale).map {
            $0 + $1 * (Double(random.next() >> 11) / Double(1 << 53) - 0.5)
        }
        let found = Minimiser.simplex(from: start, scale: scale, tolerance: 1e-6, stepsMax: steps) {
            loss(LeagueModel(terms($0)), games)
        }
        return FitResult(
            parameters: LeagueModel(terms(found.point), window: window).parameters,
            dataset: dataset, seed: seed, steps: found.steps, score: found.value)
    }

    private static func terms(_ point: [Double]) -> LeagueModel.Terms {
        LeagueModel.Terms(
            noise: exp(point[0]), walk: exp(point[1]), prior: exp(point[2]),
            carry: min(1, max(0, point[3])), home: point[4], homeWalk: exp(point[5]),
            marginMax: exp(point[6]))
    }

    /// The mean logarithmic score over the seasons that the fit looks at.
    private static func loss(_ start: LeagueModel, _ games: [Game]) -> Double {
        var model = start
        var (sum, count) = (0.0, 0.0)
        for game in games {
            if game.result.season >= firstFitSeason {
                let forecast = model.forecast(question(game), at: game.day.moment)
                sum += Scoreboard.log(forecast.probabilities, outcome(game.result.margin))
                count += 1
            }
            do {
                try model.learn(game.result, at: game.day.moment)
            } catch {
                return .infinity
            }
        }
        return sum / count
    }

    static func question(_ game: Game) -> GameQuestion {
        GameQuestion(
            first: game.result.first, second: game.result.second,
            isNeutral: game.result.isNeutral, season: game.result.season)
    }

    static func outcome(_ margin: Double) -> Scoreboard.Outcome {
        margin > 0 ? .index(0) : margin < 0 ? .index(1) : .shared
    }

    static func games(_ dataset: Dataset, _ asOf: AsOf) throws -> [Game] {
        let table = try CSVTable(dataset)
        let date = try table.column("date")
        let season = try table.column("season")
        let neutral = try table.column("neutral")
        let playoff = try table.column("playoff")
        let teams = (try table.column("team1"), try table.column("team2"))
        let elos = (try table.column("elo1"), try table.column("elo2"))
        let scores = (try table.column("score1"), try table.column("score2"))
        let published = try table.column("elo_prob1")
        return try table.rows.map { row in
            let day = try table.day(row, date)
            try asOf.admit(event: day.moment, ingest: day.moment, at: table.place(row))
            return Game(
                day: day,
                result: GameResult(
                    first: try table.requiredText(row, teams.0),
                    second: try table.requiredText(row, teams.1),
                    margin: try table.required(row, scores.0) - table.required(row, scores.1),
                    isNeutral: try table.required(row, neutral) != 0,
                    season: Int(try table.required(row, season))),
                isPlayoff: try table.required(row, playoff) != 0,
                published: try table.required(row, published),
                elo: (try table.required(row, elos.0), try table.required(row, elos.1)),
                place: table.place(row))
        }
    }

    /// FiveThirtyEight's program again: `forecast.py` and `eval.py` of their nfl-elo-game.
    struct Reproduction {
        /// Points of their game in a season, on average.
        let points: Double
        let brier: Double
        let largestDifference: Double
        /// Seasons that a team began with a rating that its last one does not explain.
        let restarts: Int
        /// Brier's score of always saying the share of games that the home side wins.
        let constantBrier: Double

        init(_ games: [Game], _ asOf: AsOf) throws {
            var feed = ModelFeed(EloModel(.nfl))
            var bySeason: [Int: Double] = [:]
            var (squares, largest, restarts) = (0.0, 0.0, 0)
            for game in games {
                var model = feed.model
                let result = game.result
                for (name, elo) in [(result.first, game.elo.0), (result.second, game.elo.1)] {
                    let isFirst = model.state[name]?.season != result.season
                    // The file knows what a team begins with; afterwards it is only checked.
                    if isFirst, abs(model.rating(name, in: result.season) - elo) > 0.01 {
                        restarts += 1
                        model.begin(name, rating: elo, season: result.season)
                    }
                }
                feed = ModelFeed(model, from: feed.latest)
                let forecast = feed.forecast(question(game), at: game.day.moment)
                let probability = forecast.probabilities[0]
                largest = max(largest, abs(probability - game.published))
                let outcome = outcome(result.margin).payout(0)
                squares += (game.published - outcome) * (game.published - outcome)
                bySeason[result.season, default: 0] += Reproduction.points(
                    probability, outcome, isPlayoff: game.isPlayoff)
                try feed.take(
                    asOf.observed(
                        result, event: game.day.moment, ingest: game.day.moment,
                        at: game.place))
            }
            points =
                bySeason.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value }
                / Double(bySeason.count)
            brier = squares / Double(games.count)
            largestDifference = largest
            self.restarts = restarts
            let outcomes = games.map { outcome($0.result.margin).payout(0) }
            let rate = outcomes.reduce(0, +) / Double(outcomes.count)
            constantBrier = BinaryScores.brier(outcomes.map { _ in rate }, outcomes)
        }

        /// The points of one forecast: 25 less a hundred times the squared error of the probability
        /// in whole per cents, to a tenth, nothing for a tie, doubled in the playoffs. A loss is
        /// moved by a thousandth first, so that halves go up.
        private static func points(
            _ probability: Double, _ outcome: Double, isPlayoff: Bool
        ) -> Double {
            if outcome == 0.5 { return 0 }
            let error = rounded(probability, 2) - outcome
            let exact = 25 - 100 * (error * error)
            let points = rounded(exact < 0 ? exact + 0.001 : exact, 1)
            return isPlayoff ? 2 * points : points
        }

        /// Rounded by the number's exact binary value, as their language does it.
        private static func rounded(_ value: Double, _ places: Int) -> Double {
            Double(String(format: "%.\(places)f", value)) ?? value
        }

        var notes: [String] {
            [
                "538's Elo again: "
                    + String(format: "%.2f points a season (published 648.24), ", points)
                    + String(format: "Brier %.5f over all seasons ", brier)
                    + String(format: "(constant rate of the first team %.5f),", constantBrier),
                "  largest difference from the published probability "
                    + String(format: "%.1e", largestDifference)
                    + "; \(restarts) first ratings of a season taken from the file",
            ]
        }
    }
}
