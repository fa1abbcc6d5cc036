import Foundation
import Runtime
import Signals

/// What bookmakers' average odds say without their margin: every method, opening and closing.
enum SoccerOddsStudy {
    private static let files = [
        ("Premier League", "sports/soccer_odds_premier-league.csv"),
        ("Bundesliga", "sports/soccer_odds_bundesliga.csv"),
    ]

    static func run(_ input: Study.Input) throws -> [StudyReport] {
        try files.map { try report($0.0, try input.folder.dataset($0.1), input.asOf) }
    }

    private static func report(
        _ league: String, _ dataset: Dataset, _ asOf: AsOf
    ) throws -> StudyReport {
        let table = try CSVTable(dataset)
        let date = try table.column("Date")
        let goals = (try table.column("FTHG"), try table.column("FTAG"))
        let sides = ["home", "draw", "away"]
        let opening = try sides.map { try table.column("\($0)_open") }
        let closing = try sides.map { try table.column("\($0)_close") }
        let others = Devig.allCases.filter { $0 != .power }
        var board = Scoreboard(
            ["power, opening", "power, closing"] + others.map { "\($0), opening" }
                + others.map { "\($0), closing" } + ["shares so far"])
        var counts = [1.0, 1, 1]
        var skipped = 0
        let rows = try table.rows.map { (day: try table.day($0, date), row: $0) }
            .sorted { $0.day.day < $1.day.day }
        for (day, row) in rows {
            try asOf.admit(event: day.moment, ingest: day.moment, at: table.place(row))
            guard let home = try table.number(row, goals.0),
                let away = try table.number(row, goals.1),
                let first = try odds(table, row, opening), let last = try odds(table, row, closing)
            else {
                skipped += 1
                continue
            }
            func forecast(_ method: Devig, _ odds: [Double]) -> [Double]? {
                method.probabilities(odds: odds)?.probabilities
            }
            let total = counts.reduce(0, +)
            let forecasts =
                [forecast(.power, first), forecast(.power, last)]
                + others.map { forecast($0, first) } + others.map { forecast($0, last) }
                + [counts.map { $0 / total }]
            let winner = home > away ? 0 : home == away ? 1 : 2
            let complete = forecasts.compactMap { $0 }
            if complete.count == forecasts.count {
                board.add(
                    Scoreboard.Row(
                        cluster: day.day, outcome: .index(winner), forecasts: complete))
            } else {
                skipped += 1
            }
            counts[winner] += 1
        }
        return StudyReport(
            title: "\(league): odds without margin, win, draw or loss", board: board,
            datasets: [dataset], parameters: nil, isOrdered: true, price: "power, closing",
            notes: [
                "\(skipped) matches left out: no result, no odds, or a book below one",
                "the odds are averages over bookmakers, so no bet could be placed at them",
            ])
    }

    private static func odds(
        _ table: CSVTable, _ row: CSVTable.Row, _ columns: [CSVTable.Column]
    ) throws -> [Double]? {
        let odds = try columns.compactMap { try table.number(row, $0) }
        return odds.count == columns.count && Devig.implied(odds) != nil ? odds : nil
    }
}
