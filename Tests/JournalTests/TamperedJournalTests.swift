import Cryptography
import Foundation
import Journal
import Testing
import Trading

/// Whatever is changed behind the journal's back is refused with the number of the entry.
struct TamperedJournalTests {
    private let fixture: JournalFixture

    init() throws {
        fixture = try JournalFixture()
        try fixture.writeJournal()
    }

    @Test func anUntouchedJournalVerifies() throws {
        let report = try fixture.verify()
        #expect(report.entries == 10)
        #expect(report.checkpoints == 2)
        #expect(report.snapshots == 1)
        #expect(report.segments == 1)
    }

    @Test(arguments: [
        "epoch = 2", "engine = 8", "at = at + 1", "template = 23", "body = x'00'", "body = x''",
    ])
    func changedContentNamesTheEntry(change: String) throws {
        try fixture.tamper("UPDATE entry SET \(change) WHERE seq = 4")
        let error = fixture.damage()
        #expect(error?.code == .damaged)
        #expect(error?.entry == SequenceNumber(4))
        #expect(error?.message.hasPrefix("its content was changed") == true)
    }

    @Test func aChangedChainHashNamesTheEntry() throws {
        try fixture.tamper("UPDATE entry SET chain = zeroblob(32) WHERE seq = 4")
        #expect(fixture.damage()?.entry == SequenceNumber(4))
        #expect(fixture.damage()?.message.hasPrefix("its chain hash was changed") == true)
    }

    @Test func aChainHashOfAnotherLengthNamesTheEntry() throws {
        try fixture.tamper("UPDATE entry SET chain = zeroblob(31) WHERE seq = 4")
        #expect(fixture.damage()?.entry == SequenceNumber(4))
    }

    @Test func aChangedNumberNamesTheEntry() throws {
        try fixture.tamper("UPDATE entry SET seq = 11 WHERE seq = 4")
        #expect(fixture.damage()?.entry == SequenceNumber(4))
        #expect(fixture.damage()?.message.hasPrefix("it is missing") == true)
    }

    @Test func aDeletedEntryIsNamed() throws {
        try fixture.tamper("DELETE FROM entry WHERE seq = 1")
        #expect(fixture.damage()?.entry == SequenceNumber(1))
    }

    @Test func swappedEntriesAreNamed() throws {
        try fixture.tamper(
            """
            UPDATE entry SET seq = 100 WHERE seq = 6; UPDATE entry SET seq = 6 WHERE seq = 7;
            UPDATE entry SET seq = 7 WHERE seq = 100
            """)
        #expect(fixture.damage()?.entry == SequenceNumber(6))
    }

    @Test func aTailCutOffBeforeACheckpointIsRefusedEvenAtOpening() throws {
        try fixture.tamper("DELETE FROM entry WHERE seq > 7")
        #expect(fixture.damage()?.entry == SequenceNumber(10))
        #expect(fixture.damage()?.message.contains("ends at entry 7") == true)
        let error = #expect(throws: JournalError.self) { try fixture.open() }
        #expect(error?.entry == SequenceNumber(10))
    }

    @Test func aTailCutOffWithItsCheckpointShowsAgainstAPeersHead() throws {
        let head = try JournalReader(opening: fixture.path).head()
        try fixture.tamper("DELETE FROM entry WHERE seq > 7; DELETE FROM checkpoint WHERE seq > 7")
        #expect(try fixture.verify().head.sequence == SequenceNumber(7))
        #expect(fixture.damage(knownHeads: [head])?.entry == SequenceNumber(10))
    }

    @Test func anotherHistoryShowsAgainstAPeersHead() throws {
        let foreign = ChainHead(sequence: SequenceNumber(3), hash: .zero)
        #expect(fixture.damage(knownHeads: [foreign])?.entry == SequenceNumber(3))
    }

    @Test(arguments: ["state = zeroblob(32)", "chain = zeroblob(32)", "signature = zeroblob(64)"])
    func aChangedCheckpointIsRefused(change: String) throws {
        try fixture.tamper("UPDATE checkpoint SET \(change) WHERE seq = 5")
        #expect(fixture.damage()?.entry == SequenceNumber(5))
        try fixture.tamper("UPDATE checkpoint SET \(change) WHERE seq = 10")
        #expect(throws: JournalError.self) { try fixture.open() }
    }

    @Test func aMovedCheckpointIsRefused() throws {
        try fixture.tamper("UPDATE checkpoint SET seq = 6 WHERE seq = 5")
        #expect(fixture.damage()?.entry == SequenceNumber(6))
    }

    @Test func aRewrittenHistoryWithoutTheKeyIsRefused() throws {
        let forger = try JournalFixture()
        try forger.writeJournal()
        let error = #expect(throws: JournalError.self) {
            try JournalReader(opening: forger.path).verify(with: fixture.verifier)
        }
        #expect(error?.message.contains("not signed by the owner's key") == true)
    }

    @Test(arguments: ["bytes = x'00'", "hash = zeroblob(32)", "chain = zeroblob(32)"])
    func aChangedSnapshotIsRefused(change: String) throws {
        try fixture.tamper("UPDATE snapshot SET \(change)")
        #expect(fixture.damage()?.entry == SequenceNumber(5))
    }

    @Test func aChangedStartOfTheChainIsRefused() throws {
        try fixture.tamper("UPDATE segment SET previous = zeroblob(32)")
        #expect(fixture.damage()?.code == .damaged)
        try fixture.tamper("UPDATE meta SET value = 'other' WHERE key = 'cluster'")
        #expect(fixture.damage() == nil || fixture.damage()?.code == .wrongCluster)
        #expect(throws: JournalError.self) { try fixture.verify() }
    }

    @Test func aDamagedFileIsRefused() throws {
        let file = try FileHandle(forUpdating: URL(filePath: fixture.path))
        let pageBytes = 16_384
        try file.seek(toOffset: UInt64(pageBytes) * 2)
        try file.write(contentsOf: [UInt8](repeating: 0xA5, count: pageBytes * 3))
        try file.close()
        #expect(fixture.damage() != nil)
    }
}
