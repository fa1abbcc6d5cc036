import Runtime
import Signals

/// Leagues whose files tell who won and what FiveThirtyEight's last models said, but no scores: our
/// Elo of wins alone, beside them and beside the share of games that the first team wins.
enum LeagueStudy {
    /// A league: its file and the rules that its Elo begins with, as published for it.
    private struct League {
        let name: String
        let file: String
        let rules: EloRules
    }

    private static let leagues = [
        League(
            name: "MLB", file: "sports/cow_mlb_games.csv",
            rules: EloRules(margin: .none, speed: 4, home: 24, carry: 0.67, center: 1_500)),
        League(
            name: "NHL", file: "sports/cow_nhl_games.csv",
            rules: EloRules(margin: .none, speed: 8, home: 35, carry: 0.7, center: 1_500)),
        League(
            name: "WNBA", file: "sports/cow_wnba_games.csv",
            rules: EloRules(margin: .none, speed: 28, home: 80, carry: 0.5, center: 1_500)),
        League(
            name: "NFL (538's last model, with quarterbacks)", file: "sports/cow_nfl_games.csv",
            rules: EloRules(margin: .none, speed: 30, home: 50, carry: 0.67, center: 1_500)),
    ]

    static func run(_ input: Study.Input) throws -> [StudyReport] {
        try leagues.map { try report($0, input) }
    }

    private static func report(_ league: League, _ input: Study.Input) throws -> StudyReport {
        let dataset = try input.folder.dataset(league.file)
        let table = try CSVTable(dataset)
        let columns = (
            season: try table.column("season"), date: try table.column("date"),
            first: try table.column("team1"), second: try table.column("team2"),
            published: try table.column("prob1"), outcome: try table.column("prob1_outcome")
        )
        // The files run from the newest game to the oldest; games of one day keep their order.
        let rows = try table.rows.map { (day: try table.day($0, columns.date), row: $0) }
            .sorted { $0.day.day < $1.day.day }
        var board = Scoreboard(["Elo of wins", "538 (published)", "base rate"])
        var feed = ModelFeed(EloModel(league.rules))
        var known = (wins: 0.0, games: 0.0)
        var waiting: [(day: Int64, result: GameResult, place: String)] = []
        for (day, row) in rows {
            try input.asOf.admit(
                event: day.moment, ingest: day.moment, at: table.place(row))
            // Results of a day are known on the next.
            while let first = waiting.first, first.day < day.day {
                let moment = CivilTime(secondsSince1970: first.day * 86_400).moment
                try feed.take(
                    input.asOf.observed(
                        first.result, event: moment, ingest: moment, at: first.place))
                known.wins += first.result.margin > 0 ? 1 : 0
                known.games += 1
                waiting.removeFirst()
            }
            let question = GameQuestion(
                first: try table.requiredText(row, columns.first),
                second: try table.requiredText(row, columns.second), isNeutral: false,
                season: Int(try table.required(row, columns.season)))
            let outcome = try table.required(row, columns.outcome)
            let margin = outcome > 0.5 ? 1.0 : outcome < 0.5 ? -1 : 0
            let published = try table.required(row, columns.published)
            let rate = (known.wins + 25) / (known.games + 50)
            board.add(
                Scoreboard.Row(
                    cluster: day.day, outcome: FootballStudy.outcome(margin),
                    forecasts: [
                        feed.forecast(question, at: day.moment).probabilities,
                        [published, 1 - published], [rate, 1 - rate],
                    ]))
            let result = GameResult(
                first: question.first, second: question.second, margin: margin,
                isNeutral: false, season: question.season)
            waiting.append((day.day, result, table.place(row)))
        }
        return StudyReport(
            title: "\(league.name): games of \(dataset.name)", board: board,
            datasets: [dataset], parameters: feed.model.parameters,
            notes: ["the Elo starts cold with the file; 538's ratings had a past"])
    }
}
