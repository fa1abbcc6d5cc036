import Cryptography
import Foundation
import GRDB
import Trading

/// What opening a journal finds out.
struct OpenedJournal {
    let connection: DatabaseQueue
    let checkpointer: WALCheckpointer
    let head: ChainHead
    let epoch: Epoch
    let lastTime: Timestamp?
    let checkpoint: SignedCheckpoint?
    let isWhollyChecked: Bool

    /// Checks what is there before anything is opened for writing: closing a writing connection
    /// copies the log into the file, and a damaged file must stay as it is.
    init(path: String, options: JournalStore.Options) throws {
        let bytes = try OpenedJournal.byteCount(of: path)
        if let bytes {
            isWhollyChecked = bytes <= options.wholeCheckBytesMax
            try OpenedJournal.check(path, options, wholly: isWhollyChecked)
        } else {
            isWhollyChecked = true
            try OpenedJournal.create(path, options.identity)
        }
        connection = try DatabaseQueue(path: path, configuration: JournalSchema.writing())
        try synchronizeDirectory(of: path)
        (head, epoch, lastTime, checkpoint) = try connection.read { db in
            try JournalSchema.check(JournalSchema.identity(of: db), expected: options.identity)
            return try (
                JournalTables.head(db), JournalTables.epoch(db), JournalTables.lastTime(db),
                JournalTables.checkpoints(db).last
            )
        }
        checkpointer = try WALCheckpointer(path: path)
        // The log starts anew: what a crash left behind its end is not taken for damage later.
        try connection.writeWithoutTransaction { try WALCheckpointer.checkpoint($0) }
        LogReserve.lengthen(path + "-wal", to: options.logBytesReserved)
    }

    private static func check(
        _ path: String, _ options: JournalStore.Options, wholly: Bool
    ) throws {
        try checkLog(of: path)
        let reader = try JournalReader(opening: path, expected: options.identity)
        let verifier = JournalVerifier(
            identity: options.identity, checkpointKey: options.checkpointKey.publicKey)
        if wholly {
            _ = try reader.verify(with: verifier)
        } else {
            try reader.verifyLatestCheckpoint(with: verifier)
        }
    }

    /// Refuses a log with a break before commits that were durable.
    private static func checkLog(of path: String) throws {
        guard try fileSize(path + "-wal") ?? 0 > 0 else { return }
        let scan = LogScan(log: Array(try Data(contentsOf: URL(filePath: path + "-wal"))))
        guard scan.lostCommits > 1 else { return }
        throw JournalError(
            tornAfter: JournalDamage.lastSound(in: path),
            "its log \(path)-wal is damaged before \(scan.lostCommits) commits")
    }

    /// Makes a journal under another name first, so that a file under its own name always holds
    /// one: an empty file is a torn one, never a start that was cut short.
    private static func create(_ path: String, _ identity: JournalIdentity) throws {
        let draft = path + ".new"
        // A log whose file is gone would be taken for the new file's.
        for leftover in [draft, draft + "-wal", draft + "-shm", draft + "-journal"] {
            try? FileManager.default.removeItem(atPath: leftover)  // It may not be there.
        }
        guard !FileManager.default.fileExists(atPath: path + "-wal") else {
            throw JournalError(
                tornAfter: .zero, "the file is gone and its log \(path)-wal is still there")
        }
        let connection = try DatabaseQueue(path: draft, configuration: JournalSchema.writing())
        try connection.writeWithoutTransaction { db in
            try db.execute(sql: "BEGIN IMMEDIATE")
            let segment = StoredSegment(
                number: 1, first: SequenceNumber(1), previous: HashChain.genesis(of: identity))
            try JournalSchema.create(in: db, identity: identity, segment: segment)
            try db.execute(sql: "COMMIT")
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        try connection.close()
        guard rename(draft, path) == 0 else {
            throw JournalError(.unreadable, "cannot rename \(draft): \(systemError())")
        }
    }

    /// The size of the file with its log; nil where there is no file.
    private static func byteCount(of path: String) throws -> Int? {
        guard let size = try fileSize(path) else { return nil }
        return size + (try fileSize(path + "-wal") ?? 0)
    }

    private static func fileSize(_ path: String) throws -> Int? {
        var facts = stat()
        if stat(path, &facts) == 0 { return Int(facts.st_size) }
        guard errno == ENOENT else {
            throw JournalError(.unreadable, "cannot look at \(path): \(systemError())")
        }
        return nil
    }
}

/// Makes a new file's name durable.
private func synchronizeDirectory(of path: String) throws {
    let directory = URL(filePath: path).deletingLastPathComponent().path
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw JournalError(.unreadable, "cannot open \(directory): \(systemError())")
    }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
        throw JournalError(.commitFailed, "cannot synchronise \(directory): \(systemError())")
    }
}
