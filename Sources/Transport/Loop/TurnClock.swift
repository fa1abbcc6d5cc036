import CZeroMQ
package import Trading

/// A moment of the monotonic clock. It protects processes from each other (leases, heartbeats,
/// retries) and means nothing in another process.
package struct MonotonicTime: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    /// Nanoseconds since an arbitrary moment.
    package let nanoseconds: Int64

    /// Makes a moment from nanoseconds since an arbitrary moment.
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The arbitrary moment itself.
    package static let zero = MonotonicTime(nanoseconds: 0)
    /// A moment that never comes.
    package static let never = MonotonicTime(nanoseconds: .max)

    package static func < (lhs: MonotonicTime, rhs: MonotonicTime) -> Bool {
        lhs.nanoseconds < rhs.nanoseconds
    }

    /// The moment a span later; saturates, so that `never` stays never.
    package static func + (lhs: MonotonicTime, rhs: Span) -> MonotonicTime {
        let (sum, overflow) = lhs.nanoseconds.addingReportingOverflow(rhs.nanoseconds)
        return overflow ? .never : MonotonicTime(nanoseconds: sum)
    }

    /// The span from one moment to another.
    package static func - (lhs: MonotonicTime, rhs: MonotonicTime) -> Span {
        Span(nanoseconds: lhs.nanoseconds - rhs.nanoseconds)
    }

    package var description: String { "monotonic \(nanoseconds) ns" }
}

/// The clocks as read once at the start of a turn. Everything in the turn happens at this moment.
package struct TurnClock: Sendable, Hashable {
    /// The monotonic clock: leases, heartbeats, permit validity, retries.
    package let monotonic: MonotonicTime
    /// The wall clock, UTC: stamps and alarms only.
    package let wall: Timestamp
    /// How long ago the turn before began, beyond what it meant to wait: large after the process
    /// was stopped, starved, or blocked in a commit.
    package let pause: Span

    /// Makes a reading.
    package init(monotonic: MonotonicTime, wall: Timestamp, pause: Span = .zero) {
        self.monotonic = monotonic
        self.wall = wall
        self.pause = pause
    }
}

/// Where a loop reads its clocks.
package protocol LoopClock: Sendable {
    /// Both clocks, read together.
    func read() -> (monotonic: MonotonicTime, wall: Timestamp)
}

/// The machine's clocks.
package struct SystemClock: LoopClock {
    /// Makes the one clock there is.
    package init() {}

    package func read() -> (monotonic: MonotonicTime, wall: Timestamp) {
        (
            MonotonicTime(nanoseconds: bellwether_monotonic()),
            Timestamp(nanoseconds: bellwether_wall())
        )
    }
}
