package import Cryptography
import Foundation
import GRDB
package import Trading

/// The journal: what happened, in order, durable before anybody hears of it.
///
/// Purpose: append entries, commit them in groups, chain and sign them, keep snapshots, read back.
/// Forbidden here: knowledge of messages (bodies are bytes), clocks, retries. Start reading at
/// `append` and `commit`; `HashChain` says what an entry's hash is, `JournalVerifier` what is
/// checked.
///
/// Not thread-safe: the owner's thread alone calls it. Other threads use `JournalReader`.
package final class JournalStore {
    package struct Options {
        package var identity: JournalIdentity
        /// Of the program that writes now; stands in every entry.
        package var engineVersion: UInt32
        /// Signs checkpoints.
        package var checkpointKey: Ed25519PrivateKey
        /// The log is copied in the background when it has grown by this much since the last time.
        package var logBytesSoft = 4 << 20
        /// Past this the owner copies the rest itself, so that the log stays bounded.
        package var logBytesHard = 32 << 20
        /// How long the log is made when the journal is opened, so that a commit does not lengthen
        /// it: where it does, the file system has a size to write beside the bytes.
        package var logBytesReserved = 8 << 20
        package var bodyBytesMax = 1 << 20
        package var batchBytesMax = 64 << 20
        /// Older snapshots are deleted when a new one is saved.
        package var snapshotsKept = 2
        /// A file up to this size is checked wholly when it is opened: at 300 MB/s, in seconds.
        package var wholeCheckBytesMax = 1 << 30

        package init(
            identity: JournalIdentity, engineVersion: UInt32, checkpointKey: Ed25519PrivateKey
        ) {
            self.identity = identity
            self.engineVersion = engineVersion
            self.checkpointKey = checkpointKey
        }
    }

    package let path: String
    package let options: Options
    /// The end of the chain with what is buffered.
    package private(set) var head: ChainHead
    /// The end of the chain that is durable.
    package private(set) var committed: ChainHead
    package private(set) var epoch: Epoch
    /// The time of the last entry, buffered or not.
    package private(set) var lastTime: Timestamp?
    /// The state at the newest signed checkpoint, buffered or not.
    package private(set) var lastCheckpoint: SignedCheckpoint?
    /// Whether every entry was checked at opening; see `Options.wholeCheckBytesMax`.
    package let isWhollyChecked: Bool

    private var lock: OwnershipLock?
    let connection: DatabaseQueue
    private let checkpointer: WALCheckpointer
    private var chain: HashChain
    private var batch = EntryBatch()
    private var pending = PendingFacts()
    private var failure: JournalError?
    private var logBytes = 0
    private var logBytesSinceCheckpoint = 0

    /// Opens the journal at `path`, or creates it. The whole chain is checked by `JournalVerifier`;
    /// of a file above `wholeCheckBytesMax` only the newest checkpoint, and the tail is left to
    /// `replay`. A file that is refused stays as it is.
    package init(opening path: String, options: Options) throws(JournalError) {
        self.path = path
        self.options = options
        lock = try OwnershipLock(path: path + ".lock", journal: path)
        let opened = try wrapped(.unreadable, "cannot open the journal \(path)") {
            try OpenedJournal(path: path, options: options)
        }
        connection = opened.connection
        checkpointer = opened.checkpointer
        head = opened.head
        committed = opened.head
        epoch = opened.epoch
        lastTime = opened.lastTime
        lastCheckpoint = opened.checkpoint
        isWhollyChecked = opened.isWhollyChecked
        chain = HashChain(head: opened.head.hash)
    }

    deinit { checkpointer.drain() }

    /// How many entries wait for `commit`.
    package var buffered: Int { batch.count }

    /// Takes an epoch for the entries that follow. It must be above every earlier one.
    package func begin(epoch next: Epoch) throws(JournalError) {
        try checkUsable()
        guard next > epoch else {
            throw JournalError(
                .staleEpoch, "epoch \(next) was asked for but the journal has seen \(epoch)")
        }
        pending.epochs.append((next, head.sequence.next))
        epoch = next
    }

    /// Buffers one entry and answers its number. Nobody may hear of it before `commit` returns.
    @discardableResult
    package func append(
        epoch entryEpoch: Epoch, at: Timestamp, template: UInt16, body: RawSpan
    ) throws(JournalError) -> SequenceNumber {
        try checkUsable()
        try checkAcceptable(entryEpoch, at: at, bodyBytes: body.byteCount)
        let sequence = head.sequence.next
        let hash = chain.hash(
            sequence: sequence, epoch: epoch, engineVersion: options.engineVersion, at: at,
            template: template, body: body)
        let header = EntryHeader(
            sequence: sequence, epoch: epoch, engineVersion: options.engineVersion, at: at,
            template: template, chainHash: hash)
        batch.append(header, body: body)
        chain.advance(to: hash)
        head = ChainHead(sequence: sequence, hash: hash)
        lastTime = at
        return sequence
    }

    @discardableResult
    package func append(
        epoch: Epoch, at: Timestamp, template: UInt16, body: [UInt8]
    ) throws(JournalError) -> SequenceNumber {
        try append(epoch: epoch, at: at, template: template, body: body.span.bytes)
    }

    /// Signs the chain and the owner's state as they are after the last append; durable with the
    /// next commit.
    package func checkpoint(stateHash: SHA256Digest) throws(JournalError) {
        try checkUsable()
        let checkpoint = try wrapped(.commitFailed, "a checkpoint could not be signed") {
            try SignedCheckpoint(
                head: head, stateHash: stateHash, identity: options.identity,
                key: options.checkpointKey)
        }
        pending.checkpoints.append(checkpoint)
        lastCheckpoint = checkpoint
    }

    /// Saves the owner's state as it is after the last append; durable with the next commit.
    package func saveSnapshot(_ bytes: [UInt8]) throws(JournalError) {
        try checkUsable()
        pending.snapshots.append(
            StoredSnapshot(head: head, engineVersion: options.engineVersion, bytes: bytes))
    }

    /// Ends the open segment after the last append; the next one carries the chain on. Durable with
    /// the next commit.
    package func sealSegment() throws(JournalError) {
        try checkUsable()
        pending.seals.append(head)
    }

    /// Makes everything that is buffered durable in one transaction. On any error the store is
    /// unusable and the process must stop: it is never tried again.
    package func commit() throws(JournalError) {
        try checkUsable()
        guard !batch.isEmpty || !pending.isEmpty else { return }
        if let reason = checkpointer.failed {
            throw fail(JournalError(.commitFailed, "the log could not be copied: \(reason)"))
        }
        do throws(JournalError) {
            try wrapped(.commitFailed, "commit failed; the process must stop") {
                try connection.writeWithoutTransaction { db in try write(to: db) }
            }
        } catch {
            throw fail(error)
        }
        committed = head
        let written = batch.byteCount + batch.count * JournalStore.entryOverhead + pending.byteCount
        batch.removeAll()
        pending = PendingFacts()
        try boundLog(written: written)
    }

    private func write(to db: Database) throws {
        try db.execute(sql: "BEGIN IMMEDIATE")
        let stored = try JournalTables.epoch(db)
        let expected = pending.epochs.first?.epoch ?? epoch
        guard pending.epochs.isEmpty ? stored == expected : stored < expected else {
            throw JournalError(
                .fenced, "the journal is at epoch \(stored), this process writes epoch \(expected)")
        }
        let statement = try db.cachedStatement(sql: EntryInsert.sql)
        let insert = EntryInsert(statement: statement.sqliteStatement)
        try batch.forEach { header, body in try insert.run(header, body: body) }
        try pending.write(to: db, keepingSnapshots: options.snapshotsKept)
        try db.execute(sql: "COMMIT")
    }

    /// Keeps SQLite's log bounded: copied in the background, and by the owner where that lags.
    private func boundLog(written: Int) throws(JournalError) {
        logBytes += written
        logBytesSinceCheckpoint += written
        if logBytesSinceCheckpoint >= options.logBytesSoft {
            logBytesSinceCheckpoint = 0
            checkpointer.start()
        }
        guard logBytes >= options.logBytesHard else { return }
        checkpointer.drain()
        logBytes = 0
        do throws(JournalError) {
            try wrapped(.commitFailed, "the log could not be copied; the process must stop") {
                try connection.writeWithoutTransaction { try WALCheckpointer.checkpoint($0) }
            }
        } catch {
            throw fail(error)
        }
    }

    /// Row header, fields and chain hash.
    private static let entryOverhead = 80

    private func checkAcceptable(
        _ entryEpoch: Epoch, at: Timestamp, bodyBytes: Int
    ) throws(JournalError) {
        guard entryEpoch == epoch, epoch > .zero else {
            throw JournalError(
                .staleEpoch, "an entry of epoch \(entryEpoch) while the journal is at \(epoch)")
        }
        guard bodyBytes <= options.bodyBytesMax else {
            throw JournalError(
                .refusedEntry, "a body of \(bodyBytes) bytes, at most \(options.bodyBytesMax)")
        }
        guard batch.byteCount + bodyBytes <= options.batchBytesMax else {
            throw JournalError(
                .refusedEntry, "a batch of more than \(options.batchBytesMax) bytes: commit first")
        }
        if let lastTime, at < lastTime {
            throw JournalError(
                .refusedEntry, "time \(at) is before the entry before it, \(lastTime)")
        }
    }

    /// Gives the journal up: what is buffered is gone, and another owner may open it.
    package func close() {
        checkpointer.drain()
        failure = JournalError(.unusable, "the journal was closed")
        lock = nil
    }

    func checkUsable() throws(JournalError) {
        guard let failure else { return }
        throw JournalError(.unusable, "the journal failed before: \(failure.message)")
    }

    private func fail(_ error: JournalError) -> JournalError {
        failure = error
        return error
    }
}

/// What waits for the next commit beside entries.
private struct PendingFacts {
    var epochs: [(epoch: Epoch, first: SequenceNumber)] = []
    var checkpoints: [SignedCheckpoint] = []
    var snapshots: [StoredSnapshot] = []
    var seals: [ChainHead] = []

    var isEmpty: Bool {
        epochs.isEmpty && checkpoints.isEmpty && snapshots.isEmpty && seals.isEmpty
    }

    var byteCount: Int { snapshots.reduce(0) { $0 + $1.bytes.count } }

    func write(to db: Database, keepingSnapshots kept: Int) throws {
        for (epoch, first) in epochs {
            try db.execute(
                sql: "INSERT INTO epoch VALUES (?, ?)",
                arguments: [Int64(bitPattern: epoch.rawValue), Int64(first.rawValue)])
        }
        for checkpoint in checkpoints {
            try db.execute(
                sql: "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?)",
                arguments: [
                    Int64(checkpoint.head.sequence.rawValue), checkpoint.head.hash.data,
                    checkpoint.stateHash.data, Data(checkpoint.signature),
                ])
        }
        for snapshot in snapshots {
            try db.execute(
                sql: "INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    Int64(snapshot.head.sequence.rawValue), Int64(snapshot.engineVersion),
                    snapshot.head.hash.data, SHA256.hash(snapshot.bytes).data,
                    Data(snapshot.bytes),
                ])
        }
        if !snapshots.isEmpty {
            try db.execute(
                sql: """
                    DELETE FROM snapshot WHERE seq NOT IN
                    (SELECT seq FROM snapshot ORDER BY seq DESC LIMIT ?)
                    """, arguments: [kept])
        }
        for head in seals { try seal(at: head, in: db) }
    }

    private func seal(at head: ChainHead, in db: Database) throws {
        guard let open = try JournalTables.segments(db).last, open.end == nil else {
            throw JournalError(.damaged, "the table segment has no open segment")
        }
        guard head.sequence >= open.first else { return }
        try db.execute(
            sql: "UPDATE segment SET last = ?, head = ? WHERE number = ?",
            arguments: [Int64(head.sequence.rawValue), head.hash.data, open.number])
        try db.execute(
            sql: "INSERT INTO segment (number, first, previous) VALUES (?, ?, ?)",
            arguments: [open.number + 1, Int64(head.sequence.next.rawValue), head.hash.data])
    }
}
