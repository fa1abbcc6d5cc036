import Foundation
import Research
import Runtime
import Signals
import Testing
import Trading

/// The numbers that docs/MODELS.md states, where the recorded data are.
@Suite(.enabled(if: RecordedStudies.folder != nil, "there is no data; set BELLWETHER_DATA"))
struct RecordedStudyTests {
    private func reports(_ name: String) throws -> [StudyReport] {
        let folder = try DataFolder(try #require(RecordedStudies.folder))
        let asOf = AsOf(Timestamp(seconds: 1_790_000_000))
        let study = try #require(Study.all.first { $0.name == name })
        return try study.run(Study.Input(folder: folder, asOf: asOf))
    }

    private func brier(_ report: StudyReport, _ forecaster: String) throws -> Double {
        try #require(report.lines.first { $0.forecaster == forecaster }).brier.mean
    }

    @Test func footballIsThatOf538() throws {
        let report = try #require(try reports("nfl").first)
        #expect(report.rows == 5_593)
        let published = try brier(report, "538 Elo (published)")
        let ours = try brier(report, "margin filter")
        #expect(abs(published - 0.21960) < 1e-5)
        #expect(abs(ours - 0.21898) < 2e-5)
        #expect(report.notes.contains { $0.contains("648.24 points a season") })
        #expect(report.notes.contains { $0.contains("Brier 0.20838 over all seasons") })
        #expect(report.notes.contains { $0.contains("probability 1.7e-06") })
    }

    @Test func nationalTeamsAreScoredAs538Was() throws {
        let report = try #require(try reports("world-cup").first)
        let published = try #require(
            report.lines.first { $0.forecaster == "538 (published)" })
        #expect(report.rows == 176)
        #expect(abs(published.log.mean - 0.89917) < 1e-5)
        #expect(abs((published.ranked?.mean ?? 0) - 0.20401) < 1e-5)
    }

    @Test func surprisesBeatANormalOnTheWholeFile() throws {
        let reports = try reports("releases")
        #expect(reports.map(\.rows) == [71, 609])
        #expect(reports[1].duels[0].logGain.mean > reports[1].duels[0].logGain.halfWidth)
    }
}

/// Where the recorded data are.
enum RecordedStudies {
    static let folder: String? = {
        let package = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let folder =
            ProcessInfo.processInfo.environment["BELLWETHER_DATA"]
            ?? package.appending(path: "../shared/data").path
        return FileManager.default.fileExists(atPath: folder + "/sports") ? folder : nil
    }()
}
