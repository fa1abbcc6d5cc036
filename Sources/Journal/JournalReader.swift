import Cryptography
import GRDB
package import Trading

/// Reads a journal over a connection of its own, from any thread or another process, while its
/// owner writes. It sees committed entries alone and never blocks the owner.
package final class JournalReader: Sendable {
    package let identity: JournalIdentity
    private let connection: DatabaseQueue

    /// `expected` nil: whatever the file says that it is.
    package init(
        opening path: String, expected: JournalIdentity? = nil
    ) throws(JournalError) {
        connection = try JournalDamage.opened(path) {
            try DatabaseQueue(path: path, configuration: JournalSchema.reading())
        }
        identity = try JournalDamage.located(connection) { connection in
            try connection.read { try JournalSchema.identity(of: $0) }
        }
        if let expected { try JournalSchema.check(identity, expected: expected) }
    }

    /// Asks SQLite whether the file is whole. It says nothing about what the entries hold.
    package func checkStructure() throws(JournalError) {
        try query { try JournalTables.checkStructure($0) }
    }

    /// The last committed entry.
    package func head() throws(JournalError) -> ChainHead {
        try query { try JournalTables.head($0) }
    }

    /// Where the entries in this file start.
    package func start() throws(JournalError) -> ChainHead {
        try query { try JournalTables.start($0) }
    }

    package func epoch() throws(JournalError) -> Epoch {
        try query { try JournalTables.epoch($0) }
    }

    package func segments() throws(JournalError) -> [StoredSegment] {
        try query { try JournalTables.segments($0) }
    }

    package func checkpoints() throws(JournalError) -> [SignedCheckpoint] {
        try query { try JournalTables.checkpoints($0) }
    }

    package func latestSnapshot() throws(JournalError) -> StoredSnapshot? {
        try query { try JournalTables.latestSnapshot($0) }
    }

    /// At most `limit` entries from `first` on, and no more than fit `bytesMax` but at least one.
    package func read(
        from first: SequenceNumber, limit: Int, bytesMax: Int = 8 << 20
    ) throws(JournalError) -> [StoredEntry] {
        var entries: [StoredEntry] = []
        var bytes = 0
        guard limit > 0 else { return [] }
        try walk(from: first) { header, body in
            bytes += body.byteCount
            if bytes > bytesMax, !entries.isEmpty { return false }
            entries.append(
                StoredEntry(header: header, body: body.withUnsafeBytes { Array($0) }))
            return entries.count < limit
        }
        return entries
    }

    /// Walks entries in order, without copying bodies, until `body` answers false. The span is
    /// valid during the call alone.
    package func walk(
        from first: SequenceNumber, through last: SequenceNumber = SequenceNumber(.max),
        _ body: (EntryHeader, RawSpan) throws -> Bool
    ) throws(JournalError) {
        try query { try JournalTables.walk($0, from: first, through: last, body) }
    }

    /// Walks the entries after `head`, checking each against the chain before `body` sees it, and
    /// answers where it ended. This is how an owner recovers. What `body` throws ends the walk and
    /// is thrown as it is; everything else is a `JournalError`.
    package func replay(
        after head: ChainHead, _ body: (EntryHeader, RawSpan) throws -> Void
    ) throws -> ChainHead {
        var failure: (any Error)?
        let end = try query { db in
            var walker = ChainWalker(after: head)
            do {
                try JournalTables.walk(
                    db, from: head.sequence.next, through: SequenceNumber(.max)
                ) { header, bytes in
                    try walker.accept(header, bytes)
                    do {
                        try body(header, bytes)
                    } catch {
                        failure = error
                    }
                    return failure == nil
                }
            } catch let error as JournalError {
                throw walker.placed(error)
            }
            return walker.head
        }
        if let failure { throw failure }
        return end
    }

    /// Checks the whole file; see `JournalVerifier`.
    package func verify(
        with verifier: JournalVerifier, knownHeads: [ChainHead] = []
    ) throws(JournalError) -> JournalReport {
        try query { try verifier.verify($0, knownHeads: knownHeads) }
    }

    /// Checks the newest signed checkpoint against its entry; see `JournalStore`.
    func verifyLatestCheckpoint(with verifier: JournalVerifier) throws(JournalError) {
        try query { db in
            guard let checkpoint = try JournalTables.checkpoints(db).last else { return }
            try verifier.check(checkpoint, in: db)
        }
    }

    private func query<Result>(
        _ body: (Database) throws -> Result
    ) throws(JournalError) -> Result {
        try JournalDamage.located(connection) { try $0.read(body) }
    }
}
