package import Trading

/// Timers as data: which moments a service waits for, by the service's own keys.
///
/// A few tens of timers: kept sorted, earliest last. Equal moments fire in the order they were set.
package struct TimerQueue<Key: Equatable> {
    private var timers: [(key: Key, at: MonotonicTime)] = []

    /// Makes an empty queue.
    package init() {}

    /// Sets a timer; one with the same key is replaced.
    package mutating func set(_ key: Key, at moment: MonotonicTime) {
        cancel(key)
        let place = timers.firstIndex { $0.at <= moment } ?? timers.endIndex
        timers.insert((key, moment), at: place)
    }

    /// Removes a timer, if there is one.
    package mutating func cancel(_ key: Key) { timers.removeAll { $0.key == key } }

    /// Removes the earliest timer that is due and returns its key; nil when none is due.
    package mutating func popDue(at now: MonotonicTime) -> Key? {
        guard let earliest = timers.last, earliest.at <= now else { return nil }
        timers.removeLast()
        return earliest.key
    }

    /// When the next timer is due; nil without timers.
    package var nextDeadline: MonotonicTime? { timers.last?.at }
}
