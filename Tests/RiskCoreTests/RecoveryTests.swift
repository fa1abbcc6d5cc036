import Cryptography
import Foundation
import GRDB
import Journal
import Risk
import RiskCore
import Testing
import Trading
import Transport
import Wire

/// What the core takes up when it starts, and what it refuses to.
struct RecoveryTests {
    private let fixture: CoreFixture

    init() throws { fixture = try CoreFixture() }

    private func runAndStop() throws -> [UInt8] {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        try fixture.run("arming") { core.engine.arming == .armed }
        for _ in 0..<40 {
            gateway.define()
            try fixture.network.run(for: .milliseconds(10))
        }
        try fixture.stopCore()
        return core.engine.snapshotBytes()
    }

    @Test func aCleanStopLeavesASnapshotAndNoTail() throws {
        let state = try runAndStop()
        let reader = try fixture.reader()
        let snapshot = try #require(try reader.latestSnapshot())
        #expect(snapshot.bytes == state)
        #expect(try reader.head() == snapshot.head)
        let report = try fixture.verify()
        #expect(report.checkpoints > 2)
        #expect(report.segments == 2)
        #expect(try reader.segments().first?.end == snapshot.head)
    }

    @Test func theNextStartTakesUpTheSnapshot() throws {
        let state = try runAndStop()
        let (store, engine) = try fixture.openCore()
        #expect(engine.snapshotBytes() == state)
        #expect(store.epoch == Epoch(2))
    }

    @Test func configurationIsJournalledOnlyWhereItDiffers() throws {
        _ = try runAndStop()
        let before = try fixture.reader().read(from: .zero, limit: 500)
        let core = try fixture.startCore()
        try fixture.network.run(for: .seconds(1))
        let added = try fixture.reader().read(
            from: SequenceNumber(UInt64(before.count) + 1), limit: 500
        )
        .map(\.header.template)
        #expect(added.first == CoreStarted.templateID)
        for template in [LimitSet.templateID, AccountOpened.templateID, StrategyGranted.templateID]
        {
            #expect(!added.contains(template))
            #expect(before.count { $0.header.template == template } > 0)
        }
        #expect(core.engine.limit(.messagesPerSecond, of: .firm) == 200 * Quantity.scale)
    }

    @Test func aStateThatDiffersFromACheckpointIsRefused() throws {
        let (store, engine) = try fixture.openCore()
        var journal = CoreJournal(store: store, owner: CoreFixture.core, checkpointEvery: 100)
        _ = engine
        try journal.checkpoint(stateHash: SHA256.hash([1, 2, 3]), at: .zero)
        try journal.commit()
        store.close()
        let error = #expect(throws: RecoveryError.self) { try fixture.openCore() }
        guard case .stateDiffers(let entry, _, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(entry == SequenceNumber(1))
    }

    @Test func aTailOfAnotherEngineIsRefusedWithTheCommandToRun() throws {
        do {
            let store = try JournalStore(
                opening: fixture.journalPath,
                options: JournalStore.Options(
                    identity: fixture.identity, engineVersion: RiskEngine.version + 1,
                    checkpointKey: fixture.checkpointKey))
            try store.begin(epoch: Epoch(1))
            let start = CoreStarted(
                startedEpoch: Epoch(1), engineVersion: RiskEngine.version + 1, mode: .paper,
                isCrashLoop: .no)
            let body = JournalEntry(at: .zero).frame(command: start.frame())
            try store.append(
                epoch: Epoch(1), at: .zero, template: CoreStarted.templateID, body: body)
            try store.commit()
        }
        let error = #expect(throws: RecoveryError.self) { try fixture.openCore() }
        #expect(
            error == .otherEngine(entry: SequenceNumber(1), written: RiskEngine.version + 1))
        #expect(error?.description.contains("supervisor disarm") == true)
    }

    /// Ends a run of an engine of another version in order, with its snapshot.
    private func stopAsVersion(_ version: UInt32) throws {
        var state = try runAndStop()
        let place = 4 + 8 + 48
        #expect(state[place] == UInt8(RiskEngine.version))
        state[place] = UInt8(version)
        let store = try JournalStore(
            opening: fixture.journalPath,
            options: JournalStore.Options(
                identity: fixture.identity, engineVersion: version,
                checkpointKey: fixture.checkpointKey))
        try store.begin(epoch: store.epoch.next)
        var journal = CoreJournal(store: store, owner: CoreFixture.core, checkpointEvery: 100)
        let time = try #require(store.lastTime)
        try journal.checkpoint(stateHash: SHA256.hash(state), at: time)
        try journal.saveSnapshot(state)
        try journal.commit()
        store.close()
    }

    @Test func anOlderVersionThatWasStoppedInOrderIsTakenUp() throws {
        try stopAsVersion(RiskEngine.snapshotVersionMin)
        let core = try fixture.startCore()
        try fixture.run("arming") { core.engine.arming == .armed }
        #expect(core.engine.lease(of: CoreFixture.gateway) == LeaseID(2))
        // The tail behind the old snapshot is this version's own.
        let state = core.engine.snapshotBytes()
        fixture.crashCore()
        #expect(try fixture.openCore().1.snapshotBytes() == state)
    }

    @Test(arguments: [RiskEngine.snapshotVersionMin - 1, RiskEngine.version + 1])
    func aSnapshotThatThisVersionDoesNotReadIsRefused(version: UInt32) throws {
        try stopAsVersion(version)
        let error = #expect(throws: RecoveryError.self) { try fixture.openCore() }
        guard case .otherEngine(_, version)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func aTamperedEntryIsRefusedWithItsNumber() throws {
        do {
            let gateway = try fixture.startGateway()
            let core = try fixture.startCore()
            try fixture.run("arming") { core.engine.arming == .armed }
            _ = gateway
            fixture.crashCore()
        }
        try DatabaseQueue(path: fixture.journalPath).write {
            try $0.execute(sql: "UPDATE entry SET at = at + 1 WHERE seq = 3")
        }
        let error = #expect(throws: JournalError.self) { try fixture.openCore() }
        #expect(error?.code == .damaged)
        #expect(error?.entry == SequenceNumber(3))
    }

    @Test func aGatewayThatHasSeenALaterCoreKeepsThisOneDisarmed() throws {
        _ = try fixture.startGateway { $0.highestEpoch = Epoch(7) }
        let core = try fixture.startCore()
        try fixture.network.run(for: .seconds(2))
        #expect(core.engine.arming == .disarmed)
        #expect(core.engine.lease(of: CoreFixture.gateway) == .zero)
    }

    @Test func threeCrashesInTenMinutesKeepTheLinksClosedUntilAnOperatorArms() throws {
        for _ in 0..<3 {
            try fixture.startCore()
            try fixture.network.run(for: .milliseconds(100))
            fixture.crashCore()
        }
        let gateway = try fixture.startGateway()
        let agent = try fixture.startAgent()
        let supervisor = try fixture.startSupervisor()
        let core = try fixture.startCore()
        try fixture.network.run(for: .seconds(2))
        #expect(core.engine.isCrashLoop)
        #expect(core.engine.arming == .disarmed)
        #expect(gateway.received.isEmpty)
        #expect(!agent.isReady)
        try supervisor.loosen(
            .arm, halt: core.engine.newestHalt(under: HaltScope(.all)), number: 1,
            by: fixture.signers)
        try fixture.run("the lease") { core.engine.lease(of: CoreFixture.gateway) > .zero }
        #expect(core.engine.arming == .armed)
        try fixture.run("the agent") { agent.isReady }
        #expect(!FileManager.default.fileExists(atPath: fixture.startsPath))
    }

    @Test func oldCrashesAreForgotten() throws {
        let path = fixture.startsPath
        for minute in 0..<6 as Range<Int64> {
            let record = StartRecord(path: path, now: Timestamp(seconds: 10_000 + minute * 240))
            #expect(!record.isCrashLoop)
            try record.note()
        }
        for second in 0..<3 as Range<Int64> {
            let record = StartRecord(path: path, now: Timestamp(seconds: 90_000 + second))
            #expect(!record.isCrashLoop)
            try record.note()
        }
        #expect(StartRecord(path: path, now: Timestamp(seconds: 90_010)).isCrashLoop)
        StartRecord(path: path, now: .zero).clear()
        #expect(!StartRecord(path: path, now: Timestamp(seconds: 90_020)).isCrashLoop)
    }
}
