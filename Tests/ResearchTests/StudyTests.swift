import Foundation
import Research
import Runtime
import Signals
import Testing
import Trading

/// What studies let in and what their reports say, on small files of our own.
@Suite struct StudyTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "bw-\(UUID())")
    private static let header =
        "date,season,neutral,playoff,team1,team2,elo1,elo2,elo_prob1,score1,score2,result1\n"

    /// Forty games of two seasons between four teams; `extra` is appended.
    private func input(_ extra: String = "") throws -> Study.Input {
        let teams = ["AAA", "BBB", "CCC", "DDD"]
        var text = StudyTests.header
        for game in 0..<40 {
            let day = CivilTime(year: 2001 + game / 20, month: 9, day: 1 + game % 20)
            let (one, two) = (teams[game % 4], teams[(game + 1 + game / 4 % 3) % 4])
            let score = one < two ? "24,10,1" : "7,21,0"
            text += "\(day),\(2001 + game / 20),0,0,\(one),\(two),1500,1500,0.59,\(score)\n"
        }
        let file = folder.appending(path: "sports/nfl_elo_games_1920_2021.csv")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data((text + extra).utf8).write(to: file)
        let asOf = AsOf(
            Timestamp(seconds: CivilTime(year: 2021, month: 3, day: 1).secondsSince1970))
        return Study.Input(folder: try DataFolder(folder.path), asOf: asOf)
    }

    private func football() throws -> Study {
        try #require(Study.all.first { $0.name == "nfl" })
    }

    @Test func aRowFromTheFutureEndsTheStudy() throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // A leftover is harmless.
        #expect(throws: Never.self) { try football().run(try input()) }
        let trap = try input("2031-09-09,2031,0,0,AAA,BBB,1500,1500,0.6,20,10,1\n")
        let failure = #expect(throws: ProcessFailure.self) { try football().run(trap) }
        #expect(failure?.code == .refused)
        #expect(failure?.description.contains("csv:42: dated 2031-09-09") == true)
        #expect(failure?.description.contains("look-ahead") == true)
    }

    @Test func aForecastKnowsNothingOfItsOwnOutcome() throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // A leftover is harmless.
        let before = "2003-09-01,2003,0,0,AAA,DDD,1500,1500,0.6,"
        let won = try football().run(try input(before + "31,3,1\n"))
        let lost = try football().run(try input(before + "3,31,0\n"))
        // Only the last row differs, so the same forecast scores p² there and (1 - p)² here.
        let scores = (won[0].lines[0].brier.mean * 41, lost[0].lines[0].brier.mean * 41)
        let shared = try football().run(try input())[0].lines[0].brier.mean * 40
        let errors = (scores.0 - shared, scores.1 - shared)
        #expect(abs(errors.0.squareRoot() + errors.1.squareRoot() - 1) < 1e-9)
    }

    @Test func knownBeforeItHappenedIsRefused() {
        let asOf = AsOf(Timestamp(seconds: 1_000))
        #expect(throws: ProcessFailure.self) {
            try asOf.admit(
                event: Timestamp(seconds: 20), ingest: Timestamp(seconds: 10), at: "x:1")
        }
        #expect(throws: Never.self) {
            try asOf.admit(
                event: Timestamp(seconds: 10), ingest: Timestamp(seconds: 10), at: "x:1")
        }
    }

    @Test func reportsSayWhatTheyAre() throws {
        var board = Scoreboard(["model", "coin"])
        for row in 0..<200 {
            let p = row % 4 == 0 ? 0.2 : 0.8
            board.add(
                Scoreboard.Row(
                    cluster: Int64(row), outcome: .index(p > 0.5 ? 0 : 1),
                    forecasts: [[p, 1 - p], [0.5, 0.5]]))
        }
        let report = StudyReport(title: "a < b", board: board, datasets: [], parameters: nil)
        #expect(abs(report.lines[0].brier.mean - 0.04) < 1e-12)
        #expect(abs(report.duels[0].brierGain.mean - 0.21) < 1e-12)
        #expect(report.duels[0].verdict == "the model is better")
        #expect(report.text.contains("skill, not edge"))
        #expect(report.svg.contains("a &lt; b") && report.svg.contains("<circle"))
        #expect(report.reliability.map(\.count) == [50, 150])
    }

    @Test func intervalsCountClustersAndNotRows() {
        var rows: [(cluster: Int64, value: Double)] = []
        var alone: [(cluster: Int64, value: Double)] = []
        for row in 0..<100 {
            let value: Double = row / 10 % 2 == 0 ? 0 : 1
            rows.append((Int64(row / 10), value))
            alone.append((Int64(row), value))
        }
        let together = Scoreboard.estimate(rows)
        #expect(together.mean == 0.5)
        #expect(together.halfWidth > 3 * Scoreboard.estimate(alone).halfWidth)
    }
}
