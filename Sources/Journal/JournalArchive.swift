import Foundation
import GRDB
import Trading

extension JournalStore {
    /// Moves sealed segments that the oldest kept snapshot already covers to files of their own in
    /// `directory`, and answers the files. Every entry is checked against the chain as it is
    /// copied. Slow: the owner calls it at start or while it may pause.
    ///
    /// A file is complete and durable before anything is deleted here, so a crash in between leaves
    /// both, and the next call does it again.
    package func archiveSegments(into directory: String) throws(JournalError) -> [String] {
        try checkUsable()
        guard buffered == 0 else {
            throw JournalError(.refusedArchive, "entries wait for their commit: commit first")
        }
        let (segments, covered) = try wrapped(.unreadable, "cannot read segments") {
            try connection.read { db in
                (
                    try JournalTables.segments(db),
                    try Int64.fetchOne(db, sql: "SELECT min(seq) FROM snapshot") ?? 0
                )
            }
        }
        var files: [String] = []
        for segment in segments where !segment.isArchived {
            guard let end = segment.end, end.sequence.rawValue <= UInt64(covered) else { break }
            let file = directory + "/segment-" + String(format: "%06d", segment.number) + ".sqlite"
            try wrapped(.refusedArchive, "segment \(segment.number) could not be archived") {
                try copy(segment, through: end, to: file)
                try drop(segment, through: end)
            }
            files.append(file)
        }
        return files
    }

    private func copy(_ segment: StoredSegment, through end: ChainHead, to file: String) throws {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            try? FileManager.default.removeItem(atPath: file + suffix)  // It may not be there.
        }
        let target = try DatabaseQueue(path: file, configuration: JournalSchema.writing())
        try target.writeWithoutTransaction { copy in
            try copy.execute(sql: "BEGIN IMMEDIATE")
            try JournalSchema.create(in: copy, identity: options.identity, segment: segment)
            try copyEntries(of: segment, through: end, to: copy)
            try copy.execute(sql: "COMMIT")
            try copy.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        try target.close()
    }

    private func copyEntries(
        of segment: StoredSegment, through end: ChainHead, to copy: Database
    ) throws {
        let statement = try copy.makeStatement(sql: EntryInsert.sql)
        let insert = EntryInsert(statement: statement.sqliteStatement)
        let start = ChainHead(
            sequence: SequenceNumber(segment.first.rawValue - 1), hash: segment.previous)
        try connection.read { db in
            var walker = ChainWalker(after: start)
            try JournalTables.walk(db, from: segment.first, through: end.sequence) { header, body in
                try walker.accept(header, body)
                try body.withUnsafeBytes { try insert.run(header, body: $0) }
                return true
            }
            guard walker.head == end else {
                throw JournalError(
                    .damaged, "segment \(segment.number) ends at \(walker.head), expected \(end)",
                    entry: end.sequence)
            }
            let range = [Int64(segment.first.rawValue), Int64(end.sequence.rawValue)]
            for table in ["checkpoint", "epoch"] {
                let column = table == "epoch" ? "first" : "seq"
                let rows = try Row.fetchAll(
                    db, sql: "SELECT * FROM \(table) WHERE \(column) BETWEEN ? AND ?",
                    arguments: StatementArguments(range))
                for row in rows {
                    let marks = row.map { _ in "?" }.joined(separator: ", ")
                    try copy.execute(
                        sql: "INSERT INTO \(table) VALUES (\(marks))",
                        arguments: StatementArguments(row.map(\.1)))
                }
            }
        }
    }

    private func drop(_ segment: StoredSegment, through end: ChainHead) throws {
        try connection.writeWithoutTransaction { db in
            try db.execute(sql: "BEGIN IMMEDIATE")
            try db.execute(
                sql: "DELETE FROM entry WHERE seq BETWEEN ? AND ?",
                arguments: [Int64(segment.first.rawValue), Int64(end.sequence.rawValue)])
            try db.execute(
                sql: "UPDATE segment SET archived = 1 WHERE number = ?",
                arguments: [segment.number])
            try db.execute(sql: "COMMIT")
        }
    }
}
