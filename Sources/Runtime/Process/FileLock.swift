import Glibc
package import Trading

/// A lock on a file that the process holds until it ends.
package enum FileLock {
    /// Takes the lock, waiting at most `patience`; false when another process keeps it, or when the
    /// file cannot be opened.
    package static func take(_ path: String, patience: Span = .zero) -> Bool {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        let deadline = MonotonicClock.now() + patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard MonotonicClock.now() < deadline else {
                close(descriptor)
                return false
            }
            usleep(20_000)
        }
        // Left open on purpose: the lock goes with the process.
        return true
    }

    /// Whether a process holds the lock; false where there is no such file.
    package static func isTaken(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}
