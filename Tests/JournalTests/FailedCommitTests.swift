import Cryptography
import Foundation
import GRDB
import Journal
import Testing
import Trading

/// A commit that fails stops the store for good; what it leaves behind opens again.
struct FailedCommitTests {
    private let fixture: JournalFixture

    init() throws { fixture = try JournalFixture() }

    /// - Attack disk, 5 tries: every way to go on after a failed commit.
    @Test func afterAFailedCommitNothingIsTaken() throws {
        let store = try fixture.open()
        try fixture.fill(store, count: 3)
        try fixture.tamper(
            """
            CREATE TRIGGER full BEFORE INSERT ON entry WHEN NEW.seq > 4
            BEGIN SELECT RAISE(ABORT, 'no room'); END
            """)
        let error = #expect(throws: JournalError.self) { try fixture.fill(store, count: 3) }
        #expect(error?.code == .commitFailed)
        #expect(error?.isFatal == true)
        #expect(store.committed.sequence == SequenceNumber(3))
        let attempts: [() throws -> Void] = [
            { try store.commit() },
            { try store.begin(epoch: Epoch(9)) },
            { try store.append(epoch: Epoch(1), at: .zero, template: 1, body: []) },
            { try store.checkpoint(stateHash: .zero) },
            { try store.saveSnapshot([]) },
        ]
        for attempt in attempts {
            let refused = #expect(throws: JournalError.self) { try attempt() }
            #expect(refused?.code == .unusable)
        }
        #expect(try fixture.verify().entries == 3)
    }

    @Test func aWriterWhoseEpochWasOvertakenIsFenced() throws {
        let store = try fixture.open()
        try fixture.fill(store, count: 3)
        try fixture.tamper("INSERT INTO epoch VALUES (2, 4)")
        let error = #expect(throws: JournalError.self) { try fixture.fill(store, count: 1) }
        #expect(error?.code == .fenced)
        #expect(error?.isFatal == true)
        #expect(try JournalReader(opening: fixture.path).head().sequence == SequenceNumber(3))
    }

    @Test func aFullDiskFailsTheCommitAndKeepsWhatWasCommitted() throws {
        let disk = fixture.folder.appending(path: "disk").path
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        guard geteuid() == 0, run("/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk)
        else {
            return  // Mounting a small disk needs root.
        }
        defer { _ = run("/bin/umount", "-l", disk) }
        var committed: ChainHead?
        do {
            let store = try JournalStore(opening: disk + "/j.sqlite", options: fixture.options)
            try store.begin(epoch: Epoch(1))
            let error = #expect(throws: JournalError.self) {
                for _ in 0..<10_000 {
                    try store.append(
                        epoch: Epoch(1), at: .zero, template: 1,
                        body: [UInt8](repeating: 1, count: 4_000))
                    try store.commit()
                }
            }
            #expect(error?.code == .commitFailed)
            committed = store.committed
        }
        let reader = try JournalReader(opening: disk + "/j.sqlite")
        #expect(try reader.head() == committed)
        _ = try reader.verify(with: fixture.verifier)
    }

    /// A write that was torn by a crash: the log ends, or turns to garbage, at any byte.
    @Test(arguments: [false, true])
    func aTornLogOpensAtTheEndOfAWholeBatch(isGarbage: Bool) throws {
        var heads: [ChainHead] = []
        let store = try fixture.open {
            $0.logBytesSoft = 1 << 30; $0.logBytesHard = 1 << 30
        }
        try fixture.fill(store, count: 1)
        heads.append(store.head)
        for _ in 0..<10 {
            try fixture.fill(store, count: 7)
            heads.append(store.head)
        }
        let log = try Data(contentsOf: URL(filePath: fixture.path + "-wal"))
        let database = try Data(contentsOf: URL(filePath: fixture.path))
        var found: Set<ChainHead> = []
        for cut in stride(from: log.count, to: log.count / 2, by: -1_723) {
            let torn = fixture.folder.appending(path: "torn-\(cut)-\(isGarbage).sqlite").path
            try database.write(to: URL(filePath: torn))
            var rest = Data(log.prefix(cut))
            if isGarbage { rest.append(Data(repeating: 0x5A, count: log.count - cut)) }
            try rest.write(to: URL(filePath: torn + "-wal"))
            let reopened = try JournalStore(opening: torn, options: fixture.options)
            #expect(heads.contains(reopened.head), "cut at \(cut)")
            found.insert(reopened.head)
            _ = try JournalReader(opening: torn).verify(with: fixture.verifier)
        }
        #expect(found.count > 2)
    }

    private func run(_ program: String, _ arguments: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
