import Cryptography
import Foundation
import GRDB
import Journal
import Runtime
import Trading
import Wire

/// Decision traces in a database of the supervisor's own: what became of every order, in rows that
/// can be asked for. A projection of the core's journal, which can be deleted and built again.
final class TraceStore: Sendable {
    /// How far the journal has been taken in: its last entry, and the chain there, which tells a
    /// journal from another one.
    struct Cursor: Sendable, Equatable {
        var entry = SequenceNumber.zero
        var chain = ""
        var at = Timestamp.zero
    }

    /// Readers never wait for the writer.
    let pool: DatabasePool
    /// The newest orders that are kept; older ones go, with their steps and fills.
    let ordersMax: Int
    static let equityMinutesMax: Int64 = 60 * 24 * 90

    init(path: String, ordersMax: Int) throws(ProcessFailure) {
        self.ordersMax = ordersMax
        do {
            pool = try DatabasePool(path: path, configuration: TraceSchema.configuration())
            try pool.write { try TraceStore.prepare($0) }
        } catch {
            throw ProcessFailure(
                .refused,
                "the traces at \(path) cannot be used: \(error). They are only a projection: "
                    + "delete the file, or run `supervisor traces rebuild`")
        }
    }

    /// Removes a store's files.
    static func remove(at path: String) {
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
    }

    private static func prepare(_ db: Database) throws {
        if try db.tableExists("meta") {
            let found = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'version'")
            if found == String(TraceSchema.version) { return }
        }
        try empty(db)
    }

    private static func empty(_ db: Database) throws {
        for name in TraceSchema.names { try db.execute(sql: "DROP TABLE IF EXISTS \(name)") }
        try db.execute(sql: TraceSchema.tables)
        try db.execute(
            sql: "INSERT INTO meta VALUES ('version', ?)",
            arguments: [String(TraceSchema.version)])
    }

    /// Forgets everything.
    func clear() throws { try pool.write { try TraceStore.empty($0) } }

    func cursor() throws -> Cursor { try pool.read { try TraceStore.cursor($0) } }

    /// Writes changes that lead to `cursor`, all or nothing.
    func write(_ changes: [TraceChange], upTo cursor: Cursor) throws {
        try pool.write { db in
            let known = try TraceStore.cursor(db)
            precondition(cursor.entry > known.entry, "\(cursor) is not after \(known)")
            var writer = TraceWriter(db: db)
            for change in changes { try writer.write(change) }
            try writer.finish()
            try trim(db, at: cursor.at)
            let facts = [
                ("entry", String(cursor.entry.rawValue)), ("chain", cursor.chain),
                ("at", String(cursor.at.nanoseconds)),
            ]
            for (key, value) in facts {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO meta VALUES (?, ?)", arguments: [key, value])
            }
        }
    }

    /// A hash of everything that is kept: equal stores have equal ones.
    func fingerprint() throws -> String {
        try pool.read { db in
            var hash = SHA256()
            for table in TraceSchema.projected {
                let names = try db.columns(in: table).map { $0.name }
                // As literals, so that the bytes of blobs count and not their lengths alone.
                let text = names.map { "quote(\($0))" }.joined(separator: " || ',' || ")
                let rows = try Row.fetchCursor(
                    db,
                    sql: "SELECT \(text) AS text FROM \(table) "
                        + "ORDER BY \(names.joined(separator: ", "))")
                hash.update(Array(table.utf8))
                while let row = try rows.next() {
                    hash.update(Array(((row["text"] as String) + "\n").utf8))
                }
            }
            return hash.finish().description
        }
    }

    /// How many rows are kept.
    func counts() throws -> (orders: Int, fills: Int, notes: Int) {
        try pool.read { db in
            func count(_ table: String) throws -> Int {
                try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
            }
            return (try count("orders"), try count("fill"), try count("note"))
        }
    }

    private static func cursor(_ db: Database) throws -> Cursor {
        let rows = try Row.fetchAll(db, sql: "SELECT key, value FROM meta")
        let facts = Dictionary(rows.map { ($0["key"] as String, $0["value"] as String) }) { $1 }
        return Cursor(
            entry: SequenceNumber(facts["entry"].flatMap { UInt64($0) } ?? 0),
            chain: facts["chain"] ?? "",
            at: Timestamp(nanoseconds: facts["at"].flatMap { Int64($0) } ?? 0))
    }

    /// Keeps the newest orders, and a bounded history of equity.
    private func trim(_ db: Database, at now: Timestamp) throws {
        let newest = try Int64.fetchOne(db, sql: "SELECT max(id) FROM orders") ?? 0
        let last = newest - Int64(ordersMax)
        if last > 0 {
            try db.execute(sql: "DELETE FROM orders WHERE id <= ?", arguments: [last])
            try db.execute(sql: "DELETE FROM step WHERE order_id <= ?", arguments: [last])
            try db.execute(sql: "DELETE FROM fill WHERE order_id <= ?", arguments: [last])
        }
        let minute = now.nanoseconds / 60_000_000_000 - TraceStore.equityMinutesMax
        try db.execute(sql: "DELETE FROM equity WHERE minute < ?", arguments: [minute])
    }
}
