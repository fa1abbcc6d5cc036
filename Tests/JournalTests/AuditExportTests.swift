import Cryptography
import Foundation
import Journal
import Testing
import Trading

/// A journal of which one party sees its own entries and still checks all of it.
struct AuditExportTests {
    private let fixture: JournalFixture

    init() throws {
        fixture = try JournalFixture()
        try fixture.writeJournal()
    }

    private func isShown(_ number: UInt64) -> Bool { number % 3 == 0 }

    private func export() throws -> [UInt8] {
        let reader = try JournalReader(opening: fixture.path)
        return try AuditExport.write(reader, subject: "demo", key: fixture.key.publicKey) {
            isShown($0.header.sequence.rawValue)
        }
    }

    private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        (0...bytes.count - part.count).contains { bytes[$0...].starts(with: part) }
    }

    @Test func itVerifiesByItself() throws {
        let report = try AuditExport.verify(try export())
        #expect(report.identity == fixture.identity)
        #expect(report.subject == "demo")
        #expect(report.entries == 10)
        #expect(report.checkpoints == 2)
        #expect(report.key == fixture.key.publicKey)
        #expect(report.clear.map(\.header.sequence.rawValue) == [3, 6, 9])
        #expect(report.clear.map(\.body) == [3, 6, 9].map(fixture.body))
        #expect(report.head == (try JournalReader(opening: fixture.path).head()))
    }

    @Test func otherEntriesAreNotInIt() throws {
        let bytes = try export()
        for number in UInt64(1)...9 {
            #expect(contains(bytes, fixture.body(number)) == isShown(number), "entry \(number)")
        }
    }

    /// Every byte that is changed is found, also by whom can compute the hash at the end again.
    @Test func everyChangedByteIsFound() throws {
        let good = try export()
        let end = good.count - SHA256Digest.byteCount
        // The subject is the exporter's word and not the owner's: only the hash covers it.
        let subject = try #require((0..<end).first { good[$0..<end].starts(with: "demo".utf8) })
        for position in good.indices {
            var bad = good
            bad[position] ^= 1
            #expect(throws: JournalError.self, "byte \(position)") { try AuditExport.verify(bad) }
            guard position < end, !(subject..<subject + 4).contains(position) else { continue }
            bad.replaceSubrange(end..., with: SHA256.hash(Array(bad[..<end])).bytes)
            #expect(throws: JournalError.self, "byte \(position), hash made again") {
                try AuditExport.verify(bad)
            }
        }
    }

    @Test func whatIsCutOffOrAddedIsFound() throws {
        let good = try export()
        for count in stride(from: 0, to: good.count, by: 7) {
            #expect(throws: JournalError.self) { try AuditExport.verify(Array(good[..<count])) }
        }
        #expect(throws: JournalError.self) { try AuditExport.verify(good + [0]) }
    }

    @Test func anotherOwnersSignatureIsFound() throws {
        let reader = try JournalReader(opening: fixture.path)
        let stranger = try Ed25519PrivateKey.generate().publicKey
        #expect(throws: JournalError.self) {
            try AuditExport.write(reader, subject: "demo", key: stranger) { _ in true }
        }
    }

    @Test func aJournalWithoutACheckpointIsNotExported() throws {
        let fixture = try JournalFixture()
        let store = try fixture.open()
        try fixture.fill(store, count: 3)
        let reader = try JournalReader(opening: fixture.path)
        #expect(throws: JournalError.self) {
            try AuditExport.write(reader, subject: "demo", key: fixture.key.publicKey) { _ in true }
        }
    }

    /// Entries of a version without leaves verify as before, and cannot be hidden.
    @Test func entriesOfAnEarlierVersionGoOnButAreNotExported() throws {
        let fixture = try JournalFixture()
        try fixture.writeJournal()
        var chain = try JournalReader(opening: fixture.path).start().hash
        for number in UInt64(1)...10 {
            var hasher = SHA256()
            hasher.update(Array("bellwether journal entry v1\0".utf8))
            hasher.update(chain)
            for word in [number, 1] { hasher.update(bytes(word)) }
            hasher.update(bytes(UInt32(7)))
            hasher.update(bytes(Timestamp(seconds: Int64(number)).nanoseconds))
            hasher.update(bytes(UInt16(22)))
            hasher.update(bytes(UInt32(fixture.body(number).count)))
            hasher.update(fixture.body(number))
            chain = hasher.finish()
            let hex = chain.description
            try fixture.tamper("UPDATE entry SET chain = x'\(hex)' WHERE seq = \(number)")
        }
        try fixture.tamper("DELETE FROM checkpoint")
        try fixture.tamper("DELETE FROM snapshot")
        #expect(try fixture.verify().entries == 10)
        let store = try fixture.open()
        try fixture.fill(store, count: 2)
        try store.checkpoint(stateHash: .zero)
        try store.commit()
        #expect(try fixture.verify().entries == 12)
        let reader = try JournalReader(opening: fixture.path)
        let error = #expect(throws: JournalError.self) {
            try AuditExport.write(reader, subject: "demo", key: fixture.key.publicKey) { _ in true }
        }
        #expect(error?.entry == SequenceNumber(1))
    }

    private func bytes(_ word: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: word.littleEndian) { Array($0) }
    }
}
