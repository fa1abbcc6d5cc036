import Cryptography
import GRDB
import GRDBSQLite
import Trading

/// What the store is measured against: the same bytes through SQLite's own interface in a plain
/// loop, with the chain or without it, at the same durability. Used by the benchmarks alone.
package struct JournalYardstick {
    private let connection: DatabaseQueue

    package init(path: String) throws(JournalError) {
        connection = try wrapped(.unreadable, "cannot open \(path)") {
            let connection = try DatabaseQueue(path: path, configuration: JournalSchema.writing())
            try connection.writeWithoutTransaction { try $0.execute(sql: JournalSchema.tables) }
            return connection
        }
    }

    /// Inserts `count` rows with `body`, `batch` to a transaction.
    package func insert(
        count: Int, body: [UInt8], batch: Int, isChained: Bool
    ) throws(JournalError) {
        try wrapped(.commitFailed, "the yardstick failed") {
            try connection.writeWithoutTransaction { db in
                let statement = try db.makeStatement(sql: EntryInsert.sql).sqliteStatement
                var chain = SHA256Digest.zero
                var hasher = SHA256()
                var sequence: Int64 = 0
                while sequence < count {
                    try db.execute(sql: "BEGIN IMMEDIATE")
                    for _ in 0..<batch {
                        sequence += 1
                        if isChained {
                            hasher.update(chain)
                            hasher.update(body)
                            chain = hasher.finish()
                        }
                        try Self.insert(sequence, body, chain, statement)
                    }
                    try db.execute(sql: "COMMIT")
                }
                try db.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
            }
        }
    }

    private static func insert(
        _ sequence: Int64, _ body: [UInt8], _ chain: SHA256Digest, _ statement: OpaquePointer
    ) throws {
        sqlite3_bind_int64(statement, 1, sequence)
        for column in 2...5 { sqlite3_bind_int64(statement, Int32(column), 1) }
        let result = body.withUnsafeBytes { bytes in
            chain.withBytes { hash in
                sqlite3_bind_blob(statement, 6, bytes.baseAddress, Int32(bytes.count), nil)
                sqlite3_bind_blob(statement, 7, hash.baseAddress, Int32(hash.count), nil)
                return sqlite3_step(statement)
            }
        }
        sqlite3_reset(statement)
        guard result == SQLITE_DONE else {
            throw JournalError(.commitFailed, "insert failed with SQLite code \(result)")
        }
    }
}
