import Foundation

/// Holds a lock file for as long as it lives, so that one process owns a journal.
///
/// A file of its own: closing any descriptor of the database itself would drop SQLite's locks.
final class OwnershipLock {
    /// How often, and how far apart, a held lock is asked for: half a second in all. A child that
    /// was just forked keeps copies of its parent's descriptors until it is another program, so a
    /// lock that was let go a moment ago may still be held.
    private static let attempts = 50
    private static let pause: UInt32 = 10_000

    private let descriptor: Int32

    init(path: String, journal: String) throws(JournalError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw JournalError(
                .unreadable, "cannot open the lock file \(path): \(systemError())")
        }
        guard OwnershipLock.take(descriptor) else {
            close(descriptor)
            throw JournalError(
                .openElsewhere,
                "journal is open in another process: \(journal). Stop it, or follow the journal "
                    + "through it instead.")
        }
    }

    deinit { close(descriptor) }

    private static func take(_ descriptor: Int32) -> Bool {
        for _ in 1..<attempts {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(pause)
        }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }
}

/// What the system says about the last call that failed.
func systemError() -> String { String(cString: strerror(errno)) }
