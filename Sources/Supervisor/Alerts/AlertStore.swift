import Foundation
import GRDB
import Runtime
import Trading

/// Alerts, who acknowledged them, and what each channel has still to be told: durable, so that no
/// crash forgets an alert, repeats it to everybody or takes an acknowledgement back.
final class AlertStore: Sendable {
    /// What a channel has still to be told.
    struct Pending: Sendable, Equatable {
        let id: Int64
        let channel: String
        let kind: AlertNotice.Kind
        let attempts: Int
        let madeAt: Timestamp
        let alert: AlertRecord
    }

    /// Alerts that are over and are kept, and notices that may wait for a channel.
    static let clearedMax = 10_000
    static let pendingMax = 200

    private static let tables = """
        CREATE TABLE IF NOT EXISTS alert (
            id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, subject TEXT NOT NULL,
            severity TEXT NOT NULL, text TEXT NOT NULL, raised_at INTEGER NOT NULL,
            cleared_at INTEGER, acknowledged_at INTEGER, acknowledged_by TEXT NOT NULL DEFAULT '',
            told_at INTEGER NOT NULL, escalations INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE UNIQUE INDEX IF NOT EXISTS alert_standing ON alert (rule, subject)
            WHERE cleared_at IS NULL;
        CREATE TABLE IF NOT EXISTS notice (
            id INTEGER PRIMARY KEY AUTOINCREMENT, alert INTEGER NOT NULL REFERENCES alert (id)
            ON DELETE CASCADE, kind TEXT NOT NULL, channel TEXT NOT NULL, made_at INTEGER NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0, delivered_at INTEGER,
            problem TEXT NOT NULL DEFAULT ''
        ) STRICT;
        CREATE INDEX IF NOT EXISTS notice_alert ON notice (alert);
        CREATE INDEX IF NOT EXISTS notice_pending ON notice (channel, id)
            WHERE delivered_at IS NULL;
        """

    private let queue: DatabaseQueue

    init(path: String) throws(ProcessFailure) {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = true
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.write { try $0.execute(sql: AlertStore.tables) }
        } catch {
            throw ProcessFailure(
                .refused,
                "the alerts at \(path) cannot be used: \(error). Move the file away to begin anew")
        }
    }

    /// Where the alerts of a state lie.
    static func path(in state: StateDirectory, of configuration: ClusterConfiguration) -> String {
        state.folder(of: configuration.supervisor.name) + "/alerts.sqlite"
    }

    // MARK: Changes

    /// Takes changes in, with what the channels are to be told of them, all or nothing.
    func write(
        _ changes: [AlertChange], telling channels: [AlertChannelConfiguration], at now: Timestamp
    ) throws {
        guard !changes.isEmpty else { return }
        try queue.write { db in
            for change in changes {
                switch change {
                case .raise(let rule, let reading):
                    try AlertStore.raise(rule, reading, telling: channels, at: now, db)
                case .escalate(let alert):
                    try db.execute(
                        sql: "UPDATE alert SET told_at = ?, escalations = escalations + 1 "
                            + "WHERE id = ?", arguments: [now.nanoseconds, alert.id])
                    for channel in channels {
                        try AlertStore.tell(channel.name, .escalated, of: alert.id, at: now, db)
                    }
                case .clear(let alert): try AlertStore.clear(alert, at: now, db)
                }
            }
            try AlertStore.forget(db)
        }
    }

    private static func raise(
        _ rule: AlertRuleConfiguration, _ reading: AlertReading,
        telling channels: [AlertChannelConfiguration], at now: Timestamp, _ db: Database
    ) throws {
        try db.execute(
            sql: "INSERT OR IGNORE INTO alert (rule, subject, severity, text, raised_at, told_at) "
                + "VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                rule.name, reading.subject, rule.severity.rawValue, reading.text, now.nanoseconds,
                now.nanoseconds,
            ])
        guard db.changesCount == 1 else { return }
        let id = db.lastInsertedRowID
        for channel in channels where !channel.isEscalation && rule.severity >= channel.from {
            try tell(channel.name, .raised, of: id, at: now, db)
        }
    }

    /// Those who were told of it hear that it is over, also whoever has yet to hear of it.
    private static func clear(_ alert: AlertRecord, at now: Timestamp, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE alert SET cleared_at = ? WHERE id = ? AND cleared_at IS NULL",
            arguments: [now.nanoseconds, alert.id])
        guard db.changesCount == 1 else { return }
        let told = try String.fetchAll(
            db, sql: "SELECT DISTINCT channel FROM notice WHERE alert = ? ORDER BY channel",
            arguments: [alert.id])
        for channel in told { try tell(channel, .cleared, of: alert.id, at: now, db) }
    }

    private static func tell(
        _ channel: String, _ kind: AlertNotice.Kind, of alert: Int64, at now: Timestamp,
        _ db: Database
    ) throws {
        try db.execute(
            sql: "INSERT INTO notice (alert, kind, channel, made_at) VALUES (?, ?, ?, ?)",
            arguments: [alert, kind.rawValue, channel, now.nanoseconds])
        // Of what a dead channel was not told, the newest is kept.
        try db.execute(
            sql: "DELETE FROM notice WHERE channel = ? AND delivered_at IS NULL AND id NOT IN "
                + "(SELECT id FROM notice WHERE channel = ? AND delivered_at IS NULL "
                + "ORDER BY id DESC LIMIT ?)", arguments: [channel, channel, pendingMax])
    }

    private static func forget(_ db: Database) throws {
        try db.execute(
            sql: "DELETE FROM alert WHERE cleared_at IS NOT NULL AND id <= "
                + "(SELECT max(id) FROM alert) - ?", arguments: [clearedMax])
    }

    /// Takes note that somebody looks after it. False where there is no such alert or it is over.
    func acknowledge(_ id: Int64, by name: String, at now: Timestamp) throws -> Bool {
        try queue.write { db in
            try db.execute(
                sql: "UPDATE alert SET acknowledged_at = coalesce(acknowledged_at, ?), "
                    + "acknowledged_by = CASE acknowledged_by WHEN '' THEN ? "
                    + "ELSE acknowledged_by END WHERE id = ? AND cleared_at IS NULL",
                arguments: [now.nanoseconds, name, id])
            return db.changesCount == 1
        }
    }

    /// What came of an attempt to tell.
    func attempted(_ pending: Pending, problem: String?, at now: Timestamp) throws {
        try queue.write { db in
            try db.execute(
                sql: "UPDATE notice SET attempts = attempts + 1, delivered_at = ?, problem = ? "
                    + "WHERE id = ?",
                arguments: [problem == nil ? now.nanoseconds : nil, problem ?? "", pending.id])
        }
    }

    // MARK: Queries

    func standing() throws -> [AlertRecord] {
        try queue.read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM alert WHERE cleared_at IS NULL ORDER BY id")
                .map(AlertRecord.init)
        }
    }

    /// The newest alerts, those that stand and those that are over.
    func newest(_ limit: Int) throws -> [AlertRecord] {
        try queue.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM alert ORDER BY id DESC LIMIT ?", arguments: [limit]
            ).map(AlertRecord.init)
        }
    }

    /// The next thing that a channel is to be told.
    func next(for channel: String) throws -> Pending? {
        try queue.read { db in
            let row = try Row.fetchOne(
                db,
                sql: "SELECT * FROM notice WHERE channel = ? AND delivered_at IS NULL "
                    + "ORDER BY id LIMIT 1", arguments: [channel])
            guard let row,
                let alert = try Row.fetchOne(
                    db, sql: "SELECT * FROM alert WHERE id = ?", arguments: [row["alert"] as Int64])
            else { return nil }
            return Pending(
                id: row["id"], channel: channel,
                kind: AlertNotice.Kind(rawValue: row["kind"]) ?? .raised, attempts: row["attempts"],
                madeAt: Timestamp(nanoseconds: row["made_at"]), alert: AlertRecord(alert))
        }
    }
}

extension AlertRecord {
    init(_ row: Row) {
        func time(_ column: String) -> Timestamp? {
            (row[column] as Int64?).map { Timestamp(nanoseconds: $0) }
        }
        id = row["id"]
        rule = row["rule"]
        subject = row["subject"]
        severity = AlertSeverity(rawValue: row["severity"]) ?? .page
        text = row["text"]
        raisedAt = Timestamp(nanoseconds: row["raised_at"])
        clearedAt = time("cleared_at")
        acknowledgedAt = time("acknowledged_at")
        acknowledgedBy = row["acknowledged_by"]
        toldAt = Timestamp(nanoseconds: row["told_at"])
        escalations = row["escalations"]
    }
}
