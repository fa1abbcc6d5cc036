import Cryptography
import GRDB
import GRDBSQLite
import Trading

/// Entries that wait for their commit: bodies back to back in one buffer that is used again, so
/// that an append allocates nothing once the buffer has its size.
struct EntryBatch {
    private var headers: [EntryHeader] = []
    private var ends: [Int] = []
    private var bodies: [UInt8] = []

    var isEmpty: Bool { headers.isEmpty }
    var count: Int { headers.count }
    var byteCount: Int { bodies.count }

    mutating func append(_ header: EntryHeader, body: RawSpan) {
        headers.append(header)
        body.withUnsafeBytes { bodies.append(contentsOf: $0) }
        ends.append(bodies.count)
    }

    mutating func removeAll() {
        headers.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        bodies.removeAll(keepingCapacity: true)
    }

    /// Calls `write` with every entry in order. The pointer is valid during the call alone.
    func forEach(_ write: (EntryHeader, UnsafeRawBufferPointer) throws -> Void) rethrows {
        try bodies.withUnsafeBytes { all in
            var start = 0
            for (header, end) in zip(headers, ends) {
                try write(header, UnsafeRawBufferPointer(rebasing: all[start..<end]))
                start = end
            }
        }
    }
}

/// The statement that inserts an entry, bound by hand: GRDB's arguments would copy every body.
struct EntryInsert {
    static let sql = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)"
    let statement: OpaquePointer

    /// Steps once. The body is read in place, before this returns.
    func run(_ header: EntryHeader, body: UnsafeRawBufferPointer) throws(JournalError) {
        sqlite3_bind_int64(statement, 1, Int64(header.sequence.rawValue))
        sqlite3_bind_int64(statement, 2, Int64(bitPattern: header.epoch.rawValue))
        sqlite3_bind_int64(statement, 3, Int64(header.engineVersion))
        sqlite3_bind_int64(statement, 4, header.at.nanoseconds)
        sqlite3_bind_int64(statement, 5, Int64(header.template))
        if body.isEmpty {
            sqlite3_bind_zeroblob(statement, 6, 0)
        } else {
            sqlite3_bind_blob(statement, 6, body.baseAddress, Int32(body.count), nil)
        }
        let result = header.chainHash.withBytes { chain in
            sqlite3_bind_blob(statement, 7, chain.baseAddress, Int32(chain.count), nil)
            return sqlite3_step(statement)
        }
        sqlite3_reset(statement)
        guard result == SQLITE_DONE else {
            throw JournalError(
                .commitFailed, "insert failed with SQLite code \(result)", entry: header.sequence)
        }
    }
}

/// The statement that reads entries in order, without copying their bodies.
struct EntrySelect {
    static let sql = """
        SELECT seq, epoch, engine, at, template, body, chain FROM entry WHERE seq >= ? AND seq <= ?
        ORDER BY seq
        """
    let statement: OpaquePointer

    /// Walks the entries from `first` through `last` until `body` answers false.
    func walk(
        from first: SequenceNumber, through last: SequenceNumber,
        _ body: (EntryHeader, RawSpan) throws -> Bool
    ) throws {
        sqlite3_bind_int64(statement, 1, Int64(clamping: first.rawValue))
        sqlite3_bind_int64(statement, 2, Int64(clamping: last.rawValue))
        defer { sqlite3_reset(statement) }
        var goesOn = true
        while goesOn {
            let result = sqlite3_step(statement)
            if result == SQLITE_DONE { return }
            guard result == SQLITE_ROW else {
                throw DatabaseError(resultCode: ResultCode(rawValue: result))
            }
            let header = try header()
            goesOn = try body(header, blob(5).bytes)
        }
    }

    /// A column's bytes, valid until the next step.
    private func blob(_ column: Int32) -> UnsafeRawBufferPointer {
        guard let start = sqlite3_column_blob(statement, column) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(
            start: start, count: Int(sqlite3_column_bytes(statement, column)))
    }

    private func header() throws(JournalError) -> EntryHeader {
        guard let sequence = UInt64(exactly: sqlite3_column_int64(statement, 0)),
            let engine = UInt32(exactly: sqlite3_column_int64(statement, 2)),
            let template = UInt16(exactly: sqlite3_column_int64(statement, 4)),
            let chainHash = try? SHA256Digest(bytes: blob(6))
        else {
            // Its own number may be what is wrong: whoever walks knows which one was expected.
            throw JournalError(
                .damaged, "number, engine version, template or chain hash is out of range")
        }
        return EntryHeader(
            sequence: SequenceNumber(sequence),
            epoch: Epoch(UInt64(bitPattern: sqlite3_column_int64(statement, 1))),
            engineVersion: engine,
            at: Timestamp(nanoseconds: sqlite3_column_int64(statement, 3)),
            template: template, chainHash: chainHash)
    }
}
