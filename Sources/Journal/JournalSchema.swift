import Cryptography
import Foundation
import GRDB
import Trading

/// The tables, and how connections to them are set up.
enum JournalSchema {
    /// The version of the tables and of the chain's construction.
    static let formatVersion = 1

    /// The size of a new file's pages, in bytes. An entry of an order has about 1,600: on pages of
    /// SQLite's default of 4,096 every fifth byte stays empty, and writing takes a quarter more.
    static let pageBytes = 16_384

    static let tables = """
        CREATE TABLE meta (
            key TEXT PRIMARY KEY, value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE entry (
            seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, engine INTEGER NOT NULL,
            at INTEGER NOT NULL, template INTEGER NOT NULL, body BLOB NOT NULL,
            chain BLOB NOT NULL
        ) STRICT;
        CREATE TABLE epoch (
            epoch INTEGER PRIMARY KEY, first INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE checkpoint (
            seq INTEGER PRIMARY KEY, chain BLOB NOT NULL, state BLOB NOT NULL,
            signature BLOB NOT NULL
        ) STRICT;
        CREATE TABLE snapshot (
            seq INTEGER PRIMARY KEY, engine INTEGER NOT NULL, chain BLOB NOT NULL,
            hash BLOB NOT NULL, bytes BLOB NOT NULL
        ) STRICT;
        CREATE TABLE segment (
            number INTEGER PRIMARY KEY, first INTEGER NOT NULL, previous BLOB NOT NULL,
            last INTEGER, head BLOB, archived INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        """

    /// A connection that writes: nothing is durable before it is on the medium.
    static func writing() -> Configuration {
        var configuration = common()
        configuration.label = "journal"
        configuration.prepareDatabase { db in
            // A file that exists keeps the size that it has.
            try db.execute(sql: "PRAGMA page_size = \(pageBytes)")
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = FULL")
            // The log is checkpointed by `WALCheckpointer`, not inside a commit.
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
            let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode")
            guard synchronous == 2, mode == "wal" else {
                throw JournalError(
                    .unreadable,
                    "SQLite runs with journal_mode \(mode ?? "?") and synchronous "
                        + "\(synchronous ?? -1); expected wal and 2")
            }
        }
        return configuration
    }

    /// A connection that only reads; it may live on another thread or in another process.
    static func reading() -> Configuration {
        var configuration = common()
        configuration.label = "journal reader"
        configuration.readonly = true
        return configuration
    }

    /// A connection that reads what is left of a torn file: SQLite refuses a file that is shorter
    /// than its header says, unless the schema counts as writable. It still writes nothing.
    static func salvaging() -> Configuration {
        var configuration = reading()
        configuration.label = "journal salvage"
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA writable_schema = ON") }
        return configuration
    }

    private static func common() -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = false
        configuration.acceptsDoubleQuotedStringLiterals = false
        // Transactions are opened and closed by hand: a failed COMMIT must be seen as it is.
        configuration.allowsUnsafeTransactions = true
        return configuration
    }

    /// Creates the tables of an empty file.
    static func create(in db: Database, identity: JournalIdentity, segment: StoredSegment) throws {
        try db.execute(sql: tables)
        let facts = [
            ("format", String(formatVersion)), ("cluster", identity.cluster),
            ("owner", identity.owner), ("schema", String(identity.schemaVersion)),
        ]
        for (key, value) in facts {
            try db.execute(sql: "INSERT INTO meta VALUES (?, ?)", arguments: [key, value])
        }
        try db.execute(
            sql: "INSERT INTO segment (number, first, previous) VALUES (?, ?, ?)",
            arguments: [segment.number, Int64(segment.first.rawValue), segment.previous.data])
    }

    /// What the file says that it is. Throws where it is no journal or of another format.
    static func identity(of db: Database) throws -> JournalIdentity {
        guard try db.tableExists("meta"), try db.tableExists("entry") else {
            throw JournalError(.damaged, "this is a database but not a journal")
        }
        let rows = try Row.fetchAll(db, sql: "SELECT key, value FROM meta")
        let pairs = try rows.map { (try $0.value(0) as String, try $0.value(1) as String) }
        let facts = Dictionary(pairs) { first, _ in first }
        guard let format = facts["format"].flatMap(Int.init), let cluster = facts["cluster"],
            let owner = facts["owner"], let schema = facts["schema"].flatMap(UInt32.init)
        else {
            throw JournalError(.damaged, "the table meta does not say what the journal belongs to")
        }
        guard format == formatVersion else {
            throw JournalError(
                .wrongVersion,
                "the journal has format \(format), this program reads format \(formatVersion)")
        }
        return JournalIdentity(cluster: cluster, owner: owner, schemaVersion: schema)
    }

    /// Refuses a journal of another cluster, owner or schema.
    static func check(_ found: JournalIdentity, expected: JournalIdentity) throws(JournalError) {
        guard found.cluster == expected.cluster, found.owner == expected.owner else {
            throw JournalError(
                .wrongCluster,
                "the journal belongs to \(found.owner) of cluster \(found.cluster), expected "
                    + "\(expected.owner) of cluster \(expected.cluster). Use another state "
                    + "directory or the right configuration.")
        }
        guard found.schemaVersion == expected.schemaVersion else {
            throw JournalError(
                .wrongVersion,
                "the journal has schema version \(found.schemaVersion), this program writes "
                    + "version \(expected.schemaVersion). Start the version that wrote it.")
        }
    }
}

extension SHA256Digest {
    /// For a column.
    var data: Data { withBytes { Data($0) } }

    /// From a column; nil where it is no blob of that length.
    init?(column: DatabaseValue) {
        guard let data = Data.fromDatabaseValue(column),
            let digest = try? SHA256Digest(bytes: data)
        else { return nil }
        self = digest
    }
}
