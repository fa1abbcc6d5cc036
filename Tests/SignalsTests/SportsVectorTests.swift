import Signals
import Testing

@Suite struct SportsVectorTests {
    @Test func devigVector() throws {
        guard let file = try AlgorithmVectors("devig") else { return }
        for item in file.cases {
            let odds = try item.input.numbers("decimalOdds")
            let book = try #require(Devig.implied(odds)).reduce(0, +)
            expectClose(
                [book], [try item.expected.number("booksum")], within: file.tolerance, item.name)
            let parameters: [Devig: String] = [
                .power: "powerK", .shin: "shinZ", .oddsRatio: "oddsRatioC",
            ]
            for method in Devig.allCases {
                let result = try #require(method.probabilities(odds: odds))
                expectClose(
                    result.probabilities, try item.expected.numbers(method.rawValue),
                    within: file.tolerance, "\(item.name) \(method)")
                guard let key = parameters[method] else { continue }
                expectClose(
                    [try #require(result.parameter)], [try item.expected.number(key)],
                    within: file.tolerance, "\(item.name) \(key)")
            }
        }
    }

    @Test func oddsThatAreNoBookAreRefused() {
        #expect(Devig.implied([2.5, 2.5]) == nil, "a book below one")
        #expect(Devig.implied([1.0, 4]) == nil)
        #expect(Devig.implied([2]) == nil)
        #expect(Devig.power.probabilities(odds: [.nan, 2]) == nil)
    }

    @Test func elo538Vector() throws {
        guard let file = try AlgorithmVectors("elo538") else { return }
        for item in file.cases {
            guard let name = item.input["model"] as? String else {
                expectClose(
                    [
                        EloRules.nfl.reverted(try item.input.number("nfl")),
                        EloRules.nba.reverted(try item.input.number("nba")),
                    ], try ["nfl", "nba"].map { try item.expected.number($0) },
                    within: file.tolerance, item.name)
                continue
            }
            let rules = name == "nfl" ? EloRules.nfl : .nba
            let (one, two) = (try item.input.number("elo1"), try item.input.number("elo2"))
            let isNeutral = try #require(item.input["neutral"] as? Bool)
            let lead = rules.lead(one, two, isNeutral: isNeutral)
            let points = try item.input.number("score1") - item.input.number("score2")
            let shift = rules.shift(points: points, lead: lead)
            expectClose(
                [
                    rules.probability(lead: lead),
                    rules.multiplier(points: points, lead: lead),
                    shift, one + shift, two - shift,
                ],
                try ["prob1", "mult", "shift", "elo1", "elo2"].map {
                    try item.expected.number($0)
                }, within: file.tolerance, item.name)
        }
    }

    @Test func glicko2Vector() throws {
        guard let file = try AlgorithmVectors("glicko2") else { return }
        for item in file.cases {
            let start = Glicko2(
                rating: try item.input.number("rating"), deviation: try item.input.number("rd"),
                volatility: try item.input.number("vol"))
            let rows = try #require(item.input["opponents"] as? [[Double]])
            let games = rows.map {
                Glicko2.Game(opponentRating: $0[0], opponentDeviation: $0[1], score: $0[2])
            }
            let end = start.after(games, tau: try item.input.number("tau"))
            expectClose(
                [end.rating, end.deviation, end.volatility],
                try ["rating", "rd", "vol"].map { try item.expected.number($0) },
                within: file.tolerance, item.name)
        }
    }

    @Test func dixonColesVector() throws {
        guard let file = try AlgorithmVectors("dixon_coles") else { return }
        for item in file.cases {
            if item.input["ages"] != nil {
                let decay = try item.input.number("xi")
                expectClose(
                    try item.input.numbers("ages").map {
                        DixonColes.weight(days: $0, decay: decay)
                    }, try item.expected.numbers("weights"), within: file.tolerance, item.name)
                continue
            }
            let (home, away) = (
                try item.input.number("lambdaHome"), try item.input.number("muAway")
            )
            let rho = try item.input.number("rho")
            let match = DixonColes(
                home: home, away: away, rho: rho,
                goalsMax: Int(try item.input.number("maxGoals")))
            expectClose(
                match.results + [match.over(2.5), match.mass],
                try ["home", "draw", "away", "over25", "massBeforeNormalisation"].map {
                    try item.expected.number($0)
                }, within: file.tolerance, item.name)
            let tau = try #require(item.expected["tau"] as? [[Double]])
            let corner = try #require(item.expected["topLeft"] as? [[Double]])
            for (first, row) in tau.enumerated() {
                let ours = row.indices.map {
                    DixonColes.tau(first, $0, home: home, away: away, rho: rho)
                }
                expectClose(ours, row, within: file.tolerance, "\(item.name) tau")
            }
            for (first, row) in corner.enumerated() {
                expectClose(
                    Array(match.scores[first].prefix(row.count)), row, within: file.tolerance,
                    "\(item.name) scores")
            }
        }
    }

    @Test func theCorrectionKeepsTheMarginals() {
        let match = DixonColes(home: 1.4, away: 0.9, rho: -0.12, goalsMax: 60)
        let homes = match.scores.map { $0.reduce(0, +) }
        let plain = DixonColes(home: 1.4, away: 0.9, rho: 0, goalsMax: 60)
        expectClose(
            homes, plain.scores.map { $0.reduce(0, +) }, within: 1e-13, "home goals")
    }
}
