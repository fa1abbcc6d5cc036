import Synchronization

/// How many clients follow events.
final class StreamCount: Sendable {
    private let count = Mutex(0)

    /// Whether one more may begin.
    func begin(max: Int) -> Bool {
        count.withLock { count in
            guard count < max else { return false }
            count += 1
            return true
        }
    }

    func end() { count.withLock { $0 -= 1 } }
}
