import Cryptography
import Foundation
import Journal
import Testing
import Trading

/// Sealed segments carry the chain on and leave for files of their own after a snapshot.
struct SegmentTests {
    private let fixture: JournalFixture

    init() throws { fixture = try JournalFixture() }

    /// Three segments of ten entries, the first two sealed, with a snapshot at entry 20.
    private func writeSegments() throws -> JournalStore {
        let store = try fixture.open()
        for number in 1...3 {
            try fixture.fill(store, count: 10)
            if number == 2 {
                try store.checkpoint(stateHash: SHA256.hash([2]))
                try store.saveSnapshot([2])
            }
            if number < 3 { try store.sealSegment() }
            try store.commit()
        }
        return store
    }

    @Test func segmentsCarryTheChain() throws {
        _ = try writeSegments()
        let reader = try JournalReader(opening: fixture.path)
        let segments = try reader.segments()
        #expect(segments.map(\.first.rawValue) == [1, 11, 21])
        #expect(segments.map { $0.end?.sequence.rawValue } == [10, 20, nil])
        #expect(segments[1].previous == segments[0].end?.hash)
        #expect(try fixture.verify().segments == 3)
    }

    @Test func sealingTwiceWithoutEntriesSealsOnce() throws {
        let store = try fixture.open()
        try fixture.fill(store, count: 1)
        try store.sealSegment()
        try store.sealSegment()
        try store.commit()
        #expect(try JournalReader(opening: fixture.path).segments().count == 2)
    }

    @Test func archivedSegmentsVerifyTogetherWithTheRest() throws {
        let store = try writeSegments()
        let files = try store.archiveSegments(into: fixture.folder.path)
        #expect(files.count == 2)
        let reader = try JournalReader(opening: fixture.path)
        #expect(try reader.start().sequence == SequenceNumber(20))
        #expect(try reader.read(from: .zero, limit: 100).count == 10)
        #expect(try fixture.verify().entries == 10)
        let reports = try fixture.verifier.verify(archives: files, journal: fixture.path)
        #expect(reports.map(\.entries) == [10, 10, 10])
        try fixture.fill(store, count: 5)
        #expect(try fixture.verify().head.sequence == SequenceNumber(35))
    }

    @Test func anArchiveThatIsMissingOrTamperedIsRefused() throws {
        let files = try writeSegments().archiveSegments(into: fixture.folder.path)
        let skipped = #expect(throws: JournalError.self) {
            try fixture.verifier.verify(archives: [files[1]], journal: fixture.path)
        }
        #expect(skipped?.code == .damaged)
        let copy = fixture.folder.appending(path: "journal.sqlite.copy")
        try FileManager.default.moveItem(at: URL(filePath: fixture.path), to: copy)
        try FileManager.default.moveItem(
            at: URL(filePath: files[0]), to: URL(filePath: fixture.path))
        try fixture.tamper("UPDATE entry SET body = x'00' WHERE seq = 3")
        #expect(fixture.damage()?.entry == SequenceNumber(3))
    }

    @Test func nothingIsArchivedBeforeASnapshotCoversIt() throws {
        let store = try fixture.open()
        try fixture.fill(store, count: 10)
        try store.sealSegment()
        try store.commit()
        #expect(try store.archiveSegments(into: fixture.folder.path).isEmpty)
    }

    @Test func aTamperedSegmentIsNotArchived() throws {
        let store = try writeSegments()
        try fixture.tamper("UPDATE entry SET body = x'00' WHERE seq = 3")
        let error = #expect(throws: JournalError.self) {
            try store.archiveSegments(into: fixture.folder.path)
        }
        #expect(error?.entry == SequenceNumber(3))
        #expect(try JournalReader(opening: fixture.path).read(from: .zero, limit: 99).count == 30)
    }
}
