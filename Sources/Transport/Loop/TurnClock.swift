import CZeroMQ
package import Trading

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
