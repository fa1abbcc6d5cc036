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
            let number: Int = try row.value(0)
            let first = try sequence(row, 1)
            guard number > 0, first > .zero, let previous = SHA256Digest(column: row[2]) else {
                throw JournalError(.damaged, "segment \(number): the carried chain head is damaged")
            }
            var end: ChainHead?
            if !(row[3] as DatabaseValue).isNull {
                guard let hash = SHA256Digest(column: row[4]) else {
                    throw JournalError(.damaged, "segment \(number): the chain head is damaged")
                }
                end = ChainHead(sequence: try sequence(row, 3), hash: hash)
            }
            return StoredSegment(
                number: number, first: first, previous: previous, end: end,
                isArchived: try row.value(5))
        }
    }

    /// Where the entries that are in this file start: the chain head before the first of them.
    static func start(_ db: Database) throws -> ChainHead {
        guard let segment = try segments(db).first(where: { !$0.isArchived }) else {
            throw JournalError(.damaged, "the table segment has no open segment")
        }
        return ChainHead(
            sequence: SequenceNumber(segment.first.rawValue - 1), hash: segment.previous)
    }

    /// The last entry, or where the file starts when it has none.
    static func head(_ db: Database) throws -> ChainHead {
        let row = try Row.fetchOne(
            db, sql: "SELECT seq, chain FROM entry ORDER BY seq DESC LIMIT 1")
        guard let row else { return try start(db) }
        let last = try sequence(row, 0)
        guard let hash = SHA256Digest(column: row[1]) else {
            throw JournalError(.damaged, "its chain hash is not 32 bytes", entry: last)
        }
        return ChainHead(sequence: last, hash: hash)
    }

    /// Asks SQLite whether every page is where it belongs and can be read.
    static func checkStructure(_ db: Database) throws {
        let problems = try String.fetchAll(db, sql: "PRAGMA quick_check(1)")
        guard problems == ["ok"] else {
            throw JournalError(.damaged, "SQLite says " + problems.joined(separator: "; "))
        }
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
            let at = try sequence(row, 0)
            guard let chain = SHA256Digest(column: row[1]),
                let state = SHA256Digest(column: row[2])
            else { throw JournalError(.damaged, "the checkpoint here is damaged", entry: at) }
            return SignedCheckpoint(
                head: ChainHead(sequence: at, hash: chain), stateHash: state,
                signature: Array(try row.value(3) as Data))
        }
    }

    static func latestSnapshot(_ db: Database) throws -> StoredSnapshot? {
        let row = try Row.fetchOne(
            db,
            sql: "SELECT seq, engine, chain, hash, bytes FROM snapshot ORDER BY seq DESC LIMIT 1")
        guard let row else { return nil }
        let at = try sequence(row, 0)
        let bytes = Array(try row.value(4) as Data)
        guard let chain = SHA256Digest(column: row[2]),
            let engine = UInt32(exactly: try row.value(1) as Int64),
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

    static func sequence(_ row: Row, _ column: Int) throws(JournalError) -> SequenceNumber {
        let number: Int64 = try row.value(column)
        guard number >= 0 else {
            throw JournalError(.damaged, "column \(column) holds \(number), which is no entry")
        }
        return SequenceNumber(UInt64(number))
    }
}

extension Row {
    /// A column as what it must be. GRDB's own subscript ends the process where it is not, and a
    /// torn page can hold anything.
    func value<Value: DatabaseValueConvertible>(_ column: Int) throws(JournalError) -> Value {
        guard let value = Value.fromDatabaseValue(self[column] as DatabaseValue) else {
            throw JournalError(.damaged, "column \(column) of a table holds no \(Value.self)")
        }
        return value
    }
}
