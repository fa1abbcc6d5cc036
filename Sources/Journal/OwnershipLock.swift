import Foundation

/// Holds a lock file for as long as it lives, so that one process owns a journal.
///
/// A file of its own: closing any descriptor of the database itself would drop SQLite's locks.
final class OwnershipLock {
    private let descriptor: Int32

    init(path: String, journal: String) throws(JournalError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw JournalError(
                .unreadable, "cannot open the lock file \(path): \(systemError())")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw JournalError(
                .openElsewhere,
                "journal is open in another process: \(journal). Stop it, or follow the journal "
                    + "through it instead.")
        }
    }

    deinit { close(descriptor) }
}

/// What the system says about the last call that failed.
func systemError() -> String { String(cString: strerror(errno)) }
