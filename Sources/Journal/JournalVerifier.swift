package import Cryptography
import Foundation
import GRDB
package import Trading

/// What a verification went through.
package struct JournalReport: Sendable, Equatable {
    /// The chain before the first entry in the file.
    package let start: ChainHead
    package let head: ChainHead
    package let epoch: Epoch
    package let checkpoints: Int
    package let snapshots: Int
    package let segments: Int

    /// Entries in the file.
    package var entries: UInt64 { head.sequence.rawValue - start.sequence.rawValue }
}

/// Checks that a journal is what its owner wrote: SQLite's own structure, numbers without gaps, the
/// hash of every entry, time that never goes back, epochs, segments, snapshots, the signature of
/// every checkpoint, and heads that peers kept.
///
/// A tail that is cut off behind the last checkpoint shows only against `knownHeads`: what gateways
/// and the supervisor remember from heartbeats.
package struct JournalVerifier: Sendable {
    private let identity: JournalIdentity
    private let checkpointKey: Ed25519PublicKey

    package init(identity: JournalIdentity, checkpointKey: Ed25519PublicKey) {
        self.identity = identity
        self.checkpointKey = checkpointKey
    }

    /// Verifies archived segments in order and then the journal itself, as one chain.
    package func verify(
        archives: [String], journal: String, knownHeads: [ChainHead] = []
    ) throws(JournalError) -> [JournalReport] {
        var reports: [JournalReport] = []
        for path in archives + [journal] {
            let reader = try JournalReader(opening: path, expected: identity)
            let report = try reader.verify(
                with: self, knownHeads: path == journal ? knownHeads : [])
            let carried =
                reports.last?.head
                ?? ChainHead(sequence: .zero, hash: HashChain.genesis(of: identity))
            guard archives.isEmpty || report.start == carried else {
                throw JournalError(
                    .damaged,
                    "\(path) carries on from \(report.start), the segment before "
                        + "ends at \(carried)",
                    entry: report.start.sequence)
            }
            reports.append(report)
        }
        return reports
    }

    func verify(_ db: Database, knownHeads: [ChainHead]) throws -> JournalReport {
        try JournalTables.checkStructure(db)
        let start = try JournalTables.start(db)
        let segments = try JournalTables.segments(db)
        try check(segments)
        if segments.first?.isArchived == false, start.sequence == .zero {
            guard start.hash == HashChain.genesis(of: identity) else {
                throw JournalError(.damaged, "segment 1: the chain does not start at its cluster")
            }
        }
        let checkpoints = try JournalTables.checkpoints(db)
        var marks = Marks(after: start.sequence)
        for checkpoint in checkpoints {
            try checkSignature(of: checkpoint)
            try marks.add(checkpoint.head, "signed checkpoint")
        }
        let snapshots = try snapshotHeads(db)
        for head in snapshots { try marks.add(head, "snapshot") }
        for head in segments.compactMap(\.end) { try marks.add(head, "segment") }
        for head in knownHeads { try marks.add(head, "head that a peer kept") }
        let head = try walk(db, from: start, marks: marks)
        return JournalReport(
            start: start, head: head, epoch: try JournalTables.epoch(db),
            checkpoints: checkpoints.count, snapshots: snapshots.count, segments: segments.count)
    }

    /// Checks one checkpoint against its signature and its entry.
    func check(_ checkpoint: SignedCheckpoint, in db: Database) throws {
        try checkSignature(of: checkpoint)
        let head = try JournalTables.head(db)
        let at = checkpoint.head.sequence
        guard at <= head.sequence else {
            throw truncated(head, checkpoint.head, "signed checkpoint")
        }
        let start = try JournalTables.start(db)
        guard at >= start.sequence else { return }
        let stored =
            at == start.sequence
            ? start.hash
            : SHA256Digest(
                column: try DatabaseValue.fetchOne(
                    db, sql: "SELECT chain FROM entry WHERE seq = ?",
                    arguments: [Int64(at.rawValue)]) ?? .null)
        guard stored == checkpoint.head.hash else {
            throw JournalError(
                .damaged, "the chain differs from the signed checkpoint here", entry: at)
        }
    }

    private func checkSignature(of checkpoint: SignedCheckpoint) throws {
        guard checkpoint.isValid(for: identity, by: checkpointKey) else {
            throw JournalError(
                .damaged, "the checkpoint here is not signed by the owner's key",
                entry: checkpoint.head.sequence)
        }
    }

    private func check(_ segments: [StoredSegment]) throws {
        for (earlier, later) in zip(segments, segments.dropFirst()) {
            let carried = ChainHead(
                sequence: SequenceNumber(later.first.rawValue - 1), hash: later.previous)
            guard later.number == earlier.number + 1, earlier.end == carried else {
                throw JournalError(
                    .damaged, "segment \(later.number) does not carry on segment \(earlier.number)")
            }
        }
    }

    private func snapshotHeads(_ db: Database) throws -> [ChainHead] {
        let rows = try Row.fetchAll(
            db, sql: "SELECT seq, chain, hash, bytes FROM snapshot ORDER BY seq")
        return try rows.map { row in
            let at = try JournalTables.sequence(row, 0)
            guard let chain = SHA256Digest(column: row[1]),
                SHA256Digest(column: row[2]) == SHA256.hash(Array(try row.value(3) as Data))
            else {
                throw JournalError(
                    .damaged, "the snapshot here does not have the hash stored with it", entry: at)
            }
            return ChainHead(sequence: at, hash: chain)
        }
    }

    private func walk(
        _ db: Database, from start: ChainHead, marks: Marks
    ) throws -> ChainHead {
        var walker = ChainWalker(after: start)
        var marks = marks
        try marks.pass(start)
        do {
            try JournalTables.walk(db, from: .zero, through: SequenceNumber(.max)) { header, body in
                do throws(JournalError) {
                    try walker.accept(header, body)
                } catch {
                    throw try explained(error, header, db)
                }
                try marks.pass(walker.head)
                return true
            }
        } catch let error as JournalError {
            throw walker.placed(error)
        }
        if let missing = marks.remaining { throw truncated(walker.head, missing.0, missing.1) }
        return walker.head
    }

    /// Where one entry's hash differs: whether its content or the stored hash was changed. The next
    /// entry tells, because its hash was made from the original one.
    private func explained(
        _ error: JournalError, _ header: EntryHeader, _ db: Database
    ) throws -> JournalError {
        guard error.message == ChainWalker.hashDiffers else { return error }
        var follower: (EntryHeader, [UInt8])?
        try JournalTables.walkOnce(db, at: header.sequence.next) { next, body in
            follower = (next, body.withUnsafeBytes { Array($0) })
        }
        guard let (next, body) = follower else { return error }
        var chain = HashChain(head: header.chainHash)
        let isFromStored = chain.accepts(next, body: body.span.bytes)
        return JournalError(
            .damaged,
            isFromStored
                ? "its content was changed: epoch, engine version, time, template or body"
                : "its chain hash was changed, or the entries around it were",
            entry: header.sequence)
    }

    private func truncated(_ head: ChainHead, _ mark: ChainHead, _ what: String) -> JournalError {
        JournalError(
            .damaged, "the journal ends at entry \(head.sequence) but a \(what) names this entry",
            entry: mark.sequence)
    }
}

/// Heads that the walk must come by.
private struct Marks {
    private let start: SequenceNumber
    private var marks: [(ChainHead, String)] = []

    init(after start: SequenceNumber) { self.start = start }

    /// Marks before the file's first entry belong to archived segments.
    mutating func add(_ head: ChainHead, _ what: String) throws {
        guard head.sequence >= start else { return }
        let index = marks.firstIndex { $0.0.sequence < head.sequence } ?? marks.endIndex
        marks.insert((head, what), at: index)
    }

    /// The walk has reached `head`: every mark there must agree.
    mutating func pass(_ head: ChainHead) throws {
        while let (mark, what) = marks.last, mark.sequence == head.sequence {
            guard mark.hash == head.hash else {
                throw JournalError(
                    .damaged, "the chain differs from the \(what) here", entry: head.sequence)
            }
            marks.removeLast()
        }
    }

    var remaining: (ChainHead, String)? { marks.last }
}

/// Accepts entries one after the other that each follow the one before.
struct ChainWalker: ~Copyable {
    static let hashDiffers = "its hash differs from what it holds"

    private(set) var head: ChainHead
    private var chain: HashChain
    private var epoch = Epoch.zero
    private var lastTime: Timestamp?

    init(after head: ChainHead) {
        self.head = head
        chain = HashChain(head: head.hash)
    }

    /// Damage that says no entry is that of the entry that was expected.
    borrowing func placed(_ error: JournalError) -> JournalError {
        guard error.code == .damaged, error.entry == nil else { return error }
        return JournalError(.damaged, error.message, entry: head.sequence.next)
    }

    mutating func accept(_ header: EntryHeader, _ body: RawSpan) throws(JournalError) {
        let expected = head.sequence.next
        guard header.sequence == expected else {
            throw header.sequence < expected
                ? JournalError(
                    .damaged, "it stands before the journal's start", entry: header.sequence)
                : JournalError(
                    .damaged, "it is missing; entry \(header.sequence) follows", entry: expected)
        }
        guard chain.accepts(header, body: body) else {
            throw JournalError(.damaged, ChainWalker.hashDiffers, entry: header.sequence)
        }
        guard header.epoch >= epoch else {
            throw JournalError(
                .damaged, "epoch \(header.epoch) follows epoch \(epoch)", entry: header.sequence)
        }
        if let lastTime, header.at < lastTime {
            throw JournalError(
                .damaged, "its time is before the entry before", entry: header.sequence)
        }
        chain.advance(to: header.chainHash)
        epoch = header.epoch
        lastTime = header.at
        head = ChainHead(sequence: header.sequence, hash: header.chainHash)
    }
}
