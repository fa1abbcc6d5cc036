import Runtime
import Signals

/// Three outcomes of national teams' matches: what FiveThirtyEight published beside an Elo that
/// starts with the file, and the shares of outcomes so far.
enum WorldCupStudy {
    private static let rules = EloRules(
        margin: .none, speed: 40, home: 0, carry: 1, center: 1_500)

    static func run(_ input: Study.Input) throws -> [StudyReport] {
        let dataset = try input.folder.dataset("sports/cow_world_cup_matches_men.csv")
        let table = try CSVTable(dataset)
        let date = try table.column("date")
        let teams = (try table.column("team1"), try table.column("team2"))
        let said = try ["prob1", "probtie", "prob2"].map { try table.column($0) }
        let came = try ["prob1_outcome", "probtie_outcome", "prob2_outcome"].map {
            try table.column($0)
        }
        let rows = try table.rows.map { (day: try table.day($0, date), row: $0) }
            .sorted { $0.day.day < $1.day.day }
        var board = Scoreboard(["Elo with draws", "538 (published)", "shares so far"])
        var feed = ModelFeed(EloModel(rules))
        // As if thirty matches had been seen, a quarter of them drawn.
        var counts = [11.25, 7.5, 11.25]
        for (day, row) in rows {
            let total = counts.reduce(0, +)
            let question = GameQuestion(
                first: try table.requiredText(row, teams.0),
                second: try table.requiredText(row, teams.1), isNeutral: true, season: 0)
            let decided = feed.forecast(question, at: day.moment).probabilities
            let draw = counts[1] / total
            let ours = [(1 - draw) * decided[0], draw, (1 - draw) * decided[1]]
            let published = try said.map { try table.required(row, $0) }
            let sum = published.reduce(0, +)
            let outcomes = try came.map { try table.required(row, $0) }
            guard let winner = outcomes.firstIndex(of: 1) else {
                throw table.bad(row, came[0], "no outcome is 1")
            }
            board.add(
                Scoreboard.Row(
                    cluster: day.day, outcome: .index(winner),
                    forecasts: [ours, published.map { $0 / sum }, counts.map { $0 / total }]))
            counts[winner] += 1
            let result = GameResult(
                first: question.first, second: question.second, margin: Double(1 - winner),
                isNeutral: true, season: 0)
            try feed.take(
                input.asOf.observed(
                    result, event: day.moment, ingest: day.moment, at: table.place(row)))
        }
        return [
            StudyReport(
                title: "Men's World Cup, win, draw or loss", board: board, datasets: [dataset],
                parameters: feed.model.parameters, isOrdered: true,
                notes: ["the Elo starts cold with the file; 538's ratings had a past"])
        ]
    }
}
