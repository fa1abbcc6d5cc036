import Trading

/// A game every four hours between two of eight teams.
extension SyntheticWorlds {
    private static let teams = ["ATL", "BAL", "CHI", "DAL", "LAR", "MIA", "NYG", "SEA"]
    private static let gameEvery = 14_400
    private static let firstKickoff = 600
    /// A game of sixty minutes takes three hours.
    private static let gameLength = 10_800
    private static let minuteLength = gameLength / 60
    private static let home = 2.5
    private static let season = 2_025
    private static let pastGames = 112

    func sports() -> World {
        var world = World()
        var random = random(3, 0)
        let strengths = SyntheticWorlds.teams.map { _ in 5 * random.normal() }
        for past in 0..<SyntheticWorlds.pastGames {
            let (first, second) = pair(&random)
            let margin =
                (strengths[first] - strengths[second] + SyntheticWorlds.home
                + 13 * random.normal()).rounded()
            world.rows.append(
                result(first, second, margin, at: (past - SyntheticWorlds.pastGames) * 43_200))
        }
        var kickoff = SyntheticWorlds.firstKickoff
        while kickoff + SyntheticWorlds.gameLength + 60 < lastClose {
            addGame(at: kickoff, strengths, &random, to: &world)
            kickoff += SyntheticWorlds.gameEvery
        }
        return world
    }

    private func pair(_ random: inout SimRandom) -> (Int, Int) {
        let first = random.below(SyntheticWorlds.teams.count)
        let second =
            (first + 1 + random.below(SyntheticWorlds.teams.count - 1))
            % SyntheticWorlds.teams.count
        return (first, second)
    }

    private func result(
        _ first: Int, _ second: Int, _ margin: Double, at played: Int
    ) -> WorldRow {
        WorldRow(
            source: "league", kind: "result", topic: "NFL", event: moment(played),
            ingest: moment(played), unit: "points",
            values: [
                ("margin", margin), ("neutral", 0), ("season", Double(SyntheticWorlds.season)),
            ],
            names: [
                ("first", SyntheticWorlds.teams[first]), ("second", SyntheticWorlds.teams[second]),
            ])
    }

    private func addGame(
        at kickoff: Int, _ strengths: [Double], _ random: inout SimRandom, to world: inout World
    ) {
        let (first, second) = pair(&random)
        let names = [SyntheticWorlds.teams[first], SyntheticWorlds.teams[second]]
        let event =
            "KXNFLGAME-\(SyntheticWorlds.day)H\(kickoff / 3_600)\(names[0])\(names[1])"
        let opens = max(0, kickoff - 3_600)
        world.rows.append(
            WorldRow(
                source: "league", kind: "fixture", topic: event, event: moment(opens),
                ingest: moment(opens), unit: "minutes",
                values: [
                    ("minutes", 60), ("neutral", 0), ("season", Double(SyntheticWorlds.season)),
                    ("starts", Double(moment(kickoff).nanoseconds) / 1e9),
                ], names: [("first", names[0]), ("second", names[1])]))
        let edge = strengths[first] - strengths[second] + SyntheticWorlds.home
        let leads = play(event, edge, at: kickoff, &random, to: &world)
        let closes = kickoff + SyntheticWorlds.gameLength + 60
        let truth = { (now: Int) -> Double in
            let minute = min(60, max(0, (now - kickoff) / SyntheticWorlds.minuteLength))
            let left = 1 - Double(minute) / 60
            let deviation = 13 * max(0.02, left).squareRoot()
            return SyntheticWorlds.normal((Double(leads[minute]) + edge * left) / deviation)
        }
        for (index, name) in names.enumerated() {
            let isFirst = index == 0
            world.list(
                "\(event)-\(name)", of: event, "Will \(name) beat \(names[1 - index])?",
                from: moment(opens), until: moment(closes), pays: (leads[60] > 0) == isFirst,
                path(&random, from: opens, to: closes) { isFirst ? truth($0) : 1 - truth($0) })
        }
        world.rows.append(result(first, second, Double(leads[60]), at: closes + 30))
    }

    /// The first team's lead at every minute of the game; scores go to the feed as they fall.
    private func play(
        _ event: String, _ edge: Double, at kickoff: Int, _ random: inout SimRandom,
        to world: inout World
    ) -> [Int] {
        var (mine, theirs) = (0, 0)
        var leads = [0]
        for minute in 1...60 {
            for isFirst in [true, false] {
                // Nine scores of five points a game, for both together.
                let rate = 0.075 + (isFirst ? edge : -edge) / 600
                guard random.chance(max(0.01, rate)) else { continue }
                let points = random.chance(0.55) ? 7 : 3
                if isFirst { mine += points } else { theirs += points }
            }
            // Overtime in one stroke, since nobody is paid for a draw.
            if minute == 60, mine == theirs {
                if random.chance(0.5) { mine += 3 } else { theirs += 3 }
            }
            leads.append(mine - theirs)
            let second = kickoff + minute * SyntheticWorlds.minuteLength
            world.rows.append(
                WorldRow(
                    source: "scores", kind: "score", topic: event, event: moment(second),
                    ingest: moment(second + 4), unit: "points",
                    values: [
                        ("first", Double(mine)), ("second", Double(theirs)),
                        ("minutes_left", Double(60 - minute)),
                    ]))
        }
        return leads
    }
}
