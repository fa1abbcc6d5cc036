import Dispatch
import Foundation
import GRDB
import Synchronization

/// Copies SQLite's write-ahead log into the database away from the hot thread, on a connection and
/// a queue of its own, so that a commit never waits for it.
final class WALCheckpointer: Sendable {
    private let connection: DatabaseQueue
    private let queue = DispatchQueue(label: "journal checkpoint", qos: .utility)
    private let isPending = Atomic(false)
    private let failure = Mutex<String?>(nil)

    init(path: String) throws {
        connection = try DatabaseQueue(path: path, configuration: JournalSchema.writing())
    }

    /// What went wrong, if anything: the owner must stop, as after a failed commit.
    var failed: String? { failure.withLock { $0 } }

    /// Starts a checkpoint unless one is under way.
    func start() {
        let (isMine, _) = isPending.compareExchange(
            expected: false, desired: true, ordering: .acquiringAndReleasing)
        guard isMine else { return }
        queue.async { [self] in
            do {
                try connection.writeWithoutTransaction { db in
                    try WALCheckpointer.checkpoint(db)
                }
            } catch {
                failure.withLock { $0 = "\(error)" }
            }
            isPending.store(false, ordering: .releasing)
        }
    }

    /// Waits for the checkpoint that is under way.
    func drain() { queue.sync {} }

    /// Copies what no reader needs. Busy is no failure: the rest is copied next time.
    static func checkpoint(_ db: Database) throws {
        try db.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
    }
}
