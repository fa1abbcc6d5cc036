import Cryptography
import Journal
import Risk
import Runtime
import Testing
import Trading
import Wire

@testable import Supervisor

@Suite struct ReplayReportTests {
    private static let cluster = ShortName("paper-demo") ?? .empty

    private static let opening = FixtureEntry(
        at: Sample.start,
        command: AccountOpened(
            org: Sample.org, account: Sample.account, mode: .paper, venue: Sample.venue,
            gateway: Sample.gateway, cash: Money(1000)
        ).frame())

    private static func checkpoint(_ hash: Digest) -> FixtureEntry {
        FixtureEntry(
            at: Sample.start + .seconds(1), command: Checkpoint(stateHash: hash, entries: 1).frame()
        )
    }

    private static func stateHash() throws -> Digest {
        var engine = RiskEngine(cluster: cluster)
        var effects = RiskEffects()
        let body = JournalEntry(at: opening.at).frame(
            command: opening.command, reference: [], decision: [])
        try engine.recover(body, into: &effects)
        return try #require(Digest(bytes: SHA256.hash(engine.snapshotBytes()).bytes))
    }

    private func replay(
        _ entries: [FixtureEntry], version: UInt32 = RiskEngine.version
    ) throws -> ReplayReport {
        let folder = try ScratchFolder()
        let path = try FixtureJournal.write(entries, in: folder.path, engineVersion: version)
        return ReplayReport(
            try JournalReplay(
                of: JournalReader(opening: path), cluster: ReplayReportTests.cluster))
    }

    @Test func agreesWithWhatWasDecided() throws {
        let hash = try ReplayReportTests.stateHash()
        let report = try replay([ReplayReportTests.opening, ReplayReportTests.checkpoint(hash)])
        #expect(report.entries == 2)
        #expect(report.checkpoints == 1)
        #expect(report.head == 2)
        #expect(report.stateHash == hash.description)
    }

    @Test func namesTheEntryWhereTheStateDiffers() {
        let error = #expect(throws: (any Error).self) {
            try replay([ReplayReportTests.opening, ReplayReportTests.checkpoint(.zero)])
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("entry 2"))
    }

    @Test func refusesWhatAnotherVersionDecided() {
        let error = #expect(throws: (any Error).self) {
            try replay([ReplayReportTests.opening], version: RiskEngine.version + 1)
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("engine version"))
    }
}
