import Foundation
import Research
import Runtime
import Signals
import Testing
import Trading

/// What the study of highs knows when it decides.
@Suite struct HighsStudyTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "bw-\(UUID())")

    /// One event with a climate of 93 days; what is given is added to its files.
    private func report(quotes: String = "", highs: String = "") throws -> StudyReport {
        var station = "DATE,TMAX\n"
        for year in 2021...2023 {
            for day in 1...31 {
                station += "\(CivilTime(year: year, month: 12, day: day)),\(38 + day % 9)\n"
            }
        }
        var book = "timestamp,market_ticker,best_yes_bid,implied_yes_ask\n"
        for ticker in ["T40", "B40.5", "T41"] {
            book += "2025-12-09T07:04:02.893378,KXHIGHNY-25DEC10-\(ticker),20,45\n"
        }
        let end = "2025-12-10T12:00:00.000000,KXHIGHNY-25DEC10-T41,99,100\n"
        try write("weather/ghcn_daily_nyc_central_park_2016_2024.csv", station + highs)
        try write("prediction_markets/kalshi_bbo_KXHIGHNY-25DEC10.csv", book + quotes + end)
        let study = try #require(Study.all.first { $0.name == "highs" })
        let asOf = AsOf(Timestamp(seconds: 1_790_000_000))
        let input = Study.Input(folder: try DataFolder(folder.path), asOf: asOf)
        return try #require(try study.run(input).first)
    }

    private func write(_ name: String, _ text: String) throws {
        let file = folder.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    @Test func nothingAfterTheDecisionIsKnown() throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // A leftover is harmless.
        func said(_ report: StudyReport) -> [String] {
            report.lines.map { StudyReport.text($0.log) } + report.notes
        }
        let before = try report()
        let late = "2025-12-09T18:00:00.000001,KXHIGHNY-25DEC10-T41,90,95\n"
        #expect(try said(report(quotes: late)) == said(before))
        let early = "2025-12-09T17:59:58.000000,KXHIGHNY-25DEC10-T41,90,95\n"
        #expect(try said(report(quotes: early)) != said(before))
        // Known only in the morning after, and hot enough to move the climate.
        #expect(try said(report(highs: "2025-12-09,120\n")) == said(before))
        #expect(try said(report(highs: "2025-12-08,120\n")) != said(before))
        #expect(before.hasPrice)
    }

    @Test func aQuoteFromTheFutureEndsTheStudy() throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // A leftover is harmless.
        let trap = "2031-12-09T17:00:00.000000,KXHIGHNY-25DEC10-T41,90,95\n"
        let failure = #expect(throws: ProcessFailure.self) { try report(quotes: trap) }
        #expect(failure?.description.contains("look-ahead") == true)
    }
}
