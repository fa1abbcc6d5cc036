import Cryptography
import Foundation
import Journal
import Synchronization
import Testing
import Trading

struct JournalStoreTests {
    private let fixture: JournalFixture

    init() throws { fixture = try JournalFixture() }

    @Test func entriesComeBackAsTheyWereWritten() throws {
        let store = try fixture.open()
        try fixture.fill(store, count: 3)
        let entries = try JournalReader(opening: fixture.path).read(from: .zero, limit: 10)
        #expect(entries.map(\.header.sequence.rawValue) == [1, 2, 3])
        #expect(entries.map(\.body) == [1, 2, 3].map(fixture.body))
        #expect(entries[2].header.chainHash == store.head.hash)
        #expect(entries[2].header.epoch == Epoch(1))
        #expect(entries[2].header.engineVersion == 7)
        #expect(entries[2].header.at == Timestamp(seconds: 3))
        #expect(entries[2].header.template == 22)
    }

    @Test func aBatchBecomesVisibleAtOnceAndOnlyAfterCommit() throws {
        let store = try fixture.open()
        try fixture.fill(store, count: 1)
        let reader = try JournalReader(opening: fixture.path)
        for _ in 0..<100 {
            try store.append(
                epoch: store.epoch, at: Timestamp(seconds: 9), template: 1, body: [1])
        }
        #expect(store.buffered == 100)
        #expect(store.committed.sequence == SequenceNumber(1))
        #expect(try reader.head().sequence == SequenceNumber(1))
        try store.commit()
        #expect(store.buffered == 0)
        #expect(try reader.head() == store.head)
        #expect(store.committed == store.head)
    }

    @Test func reopeningGoesOnWhereItEnded() throws {
        var head: ChainHead?
        do {
            let store = try fixture.open()
            try fixture.fill(store, count: 4)
            head = store.head
        }
        let store = try fixture.open()
        #expect(store.head == head)
        #expect(store.epoch == Epoch(1))
        #expect(store.lastTime == Timestamp(seconds: 4))
        try store.begin(epoch: Epoch(2))
        try fixture.fill(store, count: 4)
        let report = try fixture.verify()
        #expect(report.entries == 8)
        #expect(report.epoch == Epoch(2))
    }

    @Test func theSameEntriesGiveTheSameChainAndAnotherClusterAnother() throws {
        let first = try fixture.open()
        try fixture.fill(first, count: 3)
        let other = try JournalFixture()
        let second = try other.open()
        try other.fill(second, count: 3)
        #expect(first.head == second.head)
        let foreign = try JournalFixture()
        let third = try foreign.open {
            $0.identity = JournalIdentity(cluster: "live", owner: "core", schemaVersion: 1)
        }
        try foreign.fill(third, count: 3)
        #expect(third.head != first.head)
    }

    @Test func aSecondOwnerIsRefused() throws {
        let store = try fixture.open()
        let error = #expect(throws: JournalError.self) { try fixture.open() }
        #expect(error?.code == .openElsewhere)
        #expect(error?.message.contains("journal is open in another process") == true)
        _ = consume store
        _ = try fixture.open()
    }

    /// As when a child that was just forked keeps its parent's descriptors for a moment.
    @Test func aLockThatIsAboutToGoIsWaitedFor() throws {
        do { _ = try fixture.open() }
        let descriptor = open(fixture.path + ".lock", O_RDWR | O_CLOEXEC)
        try #require(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        Thread.detachNewThread {
            usleep(100_000)
            close(descriptor)
        }
        _ = try fixture.open()
    }

    @Test func anotherClustersOrVersionsJournalIsRefused() throws {
        do { _ = try fixture.open() }
        let cluster = #expect(throws: JournalError.self) {
            try fixture.open {
                $0.identity = JournalIdentity(cluster: "live", owner: "core", schemaVersion: 1)
            }
        }
        #expect(cluster?.code == .wrongCluster)
        let version = #expect(throws: JournalError.self) {
            try fixture.open {
                $0.identity = JournalIdentity(cluster: "test", owner: "core", schemaVersion: 2)
            }
        }
        #expect(version?.code == .wrongVersion)
    }

    @Test func whatIsNoJournalIsRefused() throws {
        try Data("this is not a database, but long enough to be read".utf8)
            .write(to: URL(filePath: fixture.path))
        let error = #expect(throws: JournalError.self) { try fixture.open() }
        #expect(error?.code == .damaged)
        #expect(error?.entry == .zero)
        #expect(error?.message.hasPrefix("no entry can be read: ") == true)
    }

    @Test func epochsOnlyRise() throws {
        let store = try fixture.open()
        #expect(throws: JournalError.self) {
            try store.append(epoch: .zero, at: .zero, template: 1, body: [])
        }
        try store.begin(epoch: Epoch(5))
        #expect(throws: JournalError.self) { try store.begin(epoch: Epoch(5)) }
        for epoch in [4, 6] as [UInt64] {
            let error = #expect(throws: JournalError.self) {
                try store.append(epoch: Epoch(epoch), at: .zero, template: 1, body: [])
            }
            #expect(error?.code == .staleEpoch)
        }
        try store.append(epoch: Epoch(5), at: .zero, template: 1, body: [])
        try store.commit()
    }

    @Test func timeNeverGoesBackAndBodiesAreBounded() throws {
        let store = try fixture.open {
            $0.bodyBytesMax = 10; $0.batchBytesMax = 15
        }
        try store.begin(epoch: Epoch(1))
        try store.append(epoch: Epoch(1), at: Timestamp(seconds: 2), template: 1, body: [])
        let refused: [(Timestamp, Int)] = [
            (Timestamp(seconds: 1), 0), (Timestamp(seconds: 2), 11),
        ]
        for (at, count) in refused {
            let error = #expect(throws: JournalError.self) {
                try store.append(
                    epoch: Epoch(1), at: at, template: 1,
                    body: [UInt8](repeating: 0, count: count))
            }
            #expect(error?.code == .refusedEntry)
            #expect(error?.isFatal == false)
        }
        let ten = [UInt8](repeating: 0, count: 10)
        try store.append(epoch: Epoch(1), at: Timestamp(seconds: 2), template: 1, body: ten)
        #expect(throws: JournalError.self) {
            try store.append(epoch: Epoch(1), at: Timestamp(seconds: 2), template: 1, body: ten)
        }
        try store.commit()
        #expect(try fixture.verify().entries == 2)
    }

    @Test func replayWalksTheTailBehindASnapshot() throws {
        try fixture.writeJournal()
        let reader = try JournalReader(opening: fixture.path)
        let snapshot = try #require(try reader.latestSnapshot())
        #expect(snapshot.head.sequence == SequenceNumber(5))
        #expect(snapshot.bytes == [5, 5, 5])
        var seen: [UInt64] = []
        let head = try reader.replay(after: snapshot.head) { header, _ in
            seen.append(header.sequence.rawValue)
        }
        #expect(seen == [6, 7, 8, 9, 10])
        #expect(head == (try reader.head()))
        try fixture.tamper("UPDATE entry SET body = x'00' WHERE seq = 8")
        let error = #expect(throws: JournalError.self) {
            try reader.replay(after: snapshot.head) { _, _ in }
        }
        #expect(error?.entry == SequenceNumber(8))
    }

    @Test func readsAreBoundedByCountAndBytes() throws {
        let store = try fixture.open()
        try fixture.fill(store, count: 20)
        let reader = try JournalReader(opening: fixture.path)
        #expect(try reader.read(from: SequenceNumber(5), limit: 3).count == 3)
        #expect(try reader.read(from: SequenceNumber(5), limit: 0).isEmpty)
        #expect(try reader.read(from: SequenceNumber(21), limit: 3).isEmpty)
        #expect(try reader.read(from: .zero, limit: 20, bytesMax: 1).count == 1)
    }

    @Test func onlyTheNewestSnapshotsAreKept() throws {
        let store = try fixture.open()
        for number in 1...5 as ClosedRange<UInt8> {
            try fixture.fill(store, count: 1)
            try store.saveSnapshot([number])
            try store.commit()
        }
        #expect(try fixture.verify().snapshots == 2)
        #expect(try JournalReader(opening: fixture.path).latestSnapshot()?.bytes == [5])
    }

    @Test func aReaderOnAnotherThreadSeesWholeBatchesWhileTheOwnerWrites() throws {
        let store = try fixture.open {
            $0.logBytesSoft = 4_096; $0.logBytesHard = 65_536
        }
        try fixture.fill(store, count: 10)
        let reader = try JournalReader(opening: fixture.path)
        let isDone = Atomic(false)
        let problems = Mutex<[String]>([])
        let thread = Thread {
            var last: UInt64 = 0
            while !isDone.load(ordering: .acquiring) {
                guard let head = try? reader.head() else {
                    problems.withLock { $0.append("the reader failed") }
                    return
                }
                if head.sequence.rawValue % 10 != 0 || head.sequence.rawValue < last {
                    problems.withLock { $0.append("head \(head.sequence) after \(last)") }
                }
                last = head.sequence.rawValue
            }
            isDone.store(false, ordering: .releasing)
        }
        thread.start()
        for _ in 0..<200 { try fixture.fill(store, count: 10) }
        isDone.store(true, ordering: .releasing)
        while isDone.load(ordering: .acquiring) { sched_yield() }
        #expect(problems.withLock { $0 }.isEmpty)
        #expect(try reader.head() == store.head)
    }

    @Test func theLogStaysBounded() throws {
        let store = try fixture.open {
            $0.logBytesSoft = 64 << 10; $0.logBytesHard = 256 << 10
        }
        try store.begin(epoch: Epoch(1))
        let body = [UInt8](repeating: 7, count: 1_000)
        var largest = 0
        for _ in 0..<200 {
            for _ in 0..<50 {
                try store.append(epoch: Epoch(1), at: .zero, template: 1, body: body)
            }
            try store.commit()
            let log = try FileManager.default.attributesOfItem(atPath: fixture.path + "-wal")
            largest = max(largest, (log[.size] as? Int) ?? 0)
        }
        #expect(largest < 2 << 20, "the log grew to \(largest) bytes for 10 MB of entries")
        #expect(try fixture.verify().entries == 10_000)
    }
}
