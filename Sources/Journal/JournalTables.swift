package import Cryptography
import Foundation
import GRDB
package import Trading

/// A run of entries whose chain starts at `previous`. Sealed ones end at `last` and can be moved to
/// a file of their own; the next one carries the chain on.
package struct StoredSegment: Sendable, Hashable {
    package let number: Int
    package let first: SequenceNumber
    package let previous: SHA256Digest
    /// Nil: still open.
    package let end: ChainHead?
    package let isArchived: Bool

    package init(
        number: Int, first: SequenceNumber, previous: SHA256Digest, end: ChainHead? = nil,
        isArchived: Bool = false
    ) {
        self.number = number
        self.first = first
        self.previous = previous
        self.end = end
        self.isArchived = isArchived
    }
}

/// Queries that both the owner's connection and readers use.
enum JournalTables {
    static func segments(_ db: Database) throws -> [StoredSegment] {
        try Row.fetchAll(
            db,
            sql: "SELECT number, first, previous, last, head, archived FROM segment ORDER BY number"
        ).map { row in
            let number: Int = row[0]
            guard let previous = SHA256Digest(column: row[2]) else {
                throw JournalError(.damaged, "segment \(number): the carried chain head is damaged")
            }
            var end: ChainHead?
            if let last: Int64 = row[3] {
                guard let hash = SHA256Digest(column: row[4]) else {
                    throw JournalError(.damaged, "segment \(number): the chain head is damaged")
                }
                end = ChainHead(sequence: sequence(last), hash: hash)
            }
            return StoredSegment(
                number: number, first: sequence(row[1]), previous: previous, end: end,
                isArchived: row[5])
        }
    }

    /// Where the entries that are in this file start: the chain head before the first of them.
    static func start(_ db: Database) throws -> ChainHead {
        guard let segment = try segments(db).first(where: { !$0.isArchived }) else {
            throw JournalError(.damaged, "the table segment has no open segment")
        }
        guard segment.first.rawValue > 0 else {
            throw JournalError(.damaged, "segment \(segment.number) starts at entry 0")
        }
        return ChainHead(
            sequence: SequenceNumber(segment.first.rawValue - 1), hash: segment.previous)
    }

    /// The last entry, or where the file starts when it has none.
    static func head(_ db: Database) throws -> ChainHead {
        let row = try Row.fetchOne(
            db, sql: "SELECT seq, chain FROM entry ORDER BY seq DESC LIMIT 1")
        guard let row else { return try start(db) }
        let last = sequence(row[0])
        guard let hash = SHA256Digest(column: row[1]) else {
            throw JournalError(.damaged, "its chain hash is not 32 bytes", entry: last)
        }
        return ChainHead(sequence: last, hash: hash)
    }

    static func lastTime(_ db: Database) throws -> Timestamp? {
        try Int64.fetchOne(db, sql: "SELECT at FROM entry ORDER BY seq DESC LIMIT 1")
            .map { Timestamp(nanoseconds: $0) }
    }

    static func epoch(_ db: Database) throws -> Epoch {
        Epoch(
            UInt64(bitPattern: try Int64.fetchOne(db, sql: "SELECT max(epoch) FROM epoch") ?? 0))
    }

    static func checkpoints(
        _ db: Database, from first: SequenceNumber = .zero
    ) throws -> [SignedCheckpoint] {
        try Row.fetchAll(
            db,
            sql: "SELECT seq, chain, state, signature FROM checkpoint WHERE seq >= ? ORDER BY seq",
            arguments: [Int64(clamping: first.rawValue)]
        ).map { row in
            let at = sequence(row[0])
            guard let chain = SHA256Digest(column: row[1]),
                let state = SHA256Digest(column: row[2])
            else { throw JournalError(.damaged, "the checkpoint here is damaged", entry: at) }
            return SignedCheckpoint(
                head: ChainHead(sequence: at, hash: chain), stateHash: state,
                signature: Array(row[3] as Data))
        }
    }

    static func latestSnapshot(_ db: Database) throws -> StoredSnapshot? {
        let row = try Row.fetchOne(
            db,
            sql: "SELECT seq, engine, chain, hash, bytes FROM snapshot ORDER BY seq DESC LIMIT 1")
        guard let row else { return nil }
        let at = sequence(row[0])
        let bytes = Array(row[4] as Data)
        guard let chain = SHA256Digest(column: row[2]),
            let engine = UInt32(exactly: row[1] as Int64),
            SHA256Digest(column: row[3]) == SHA256.hash(bytes)
        else {
            throw JournalError(
                .damaged, "the snapshot here does not have the hash that was stored with it",
                entry: at)
        }
        return StoredSnapshot(
            head: ChainHead(sequence: at, hash: chain), engineVersion: engine, bytes: bytes)
    }

    /// The entries from `first` through `last`, as they stand.
    static func walk(
        _ db: Database, from first: SequenceNumber, through last: SequenceNumber,
        _ body: (EntryHeader, RawSpan) throws -> Bool
    ) throws {
        let statement = try db.cachedStatement(sql: EntrySelect.sql)
        try EntrySelect(statement: statement.sqliteStatement)
            .walk(from: first, through: last, body)
    }

    /// One entry, on a statement of its own, while another walk is under way.
    static func walkOnce(
        _ db: Database, at sequence: SequenceNumber, _ body: (EntryHeader, RawSpan) throws -> Void
    ) throws {
        let statement = try db.makeStatement(sql: EntrySelect.sql)
        try EntrySelect(statement: statement.sqliteStatement)
            .walk(from: sequence, through: sequence) { header, bytes in
                try body(header, bytes)
                return false
            }
    }

    static func sequence(_ column: Int64) -> SequenceNumber {
        SequenceNumber(UInt64(bitPattern: column))
    }
}
