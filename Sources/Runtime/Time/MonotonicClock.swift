import Glibc
package import Trading

/// The clock that protects processes from each other: leases, permit validity, heartbeats, retries.
/// It never jumps, and it means nothing outside this host.
package enum MonotonicClock {
    /// Nanoseconds since some fixed moment of this boot.
    package static func now() -> Span {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Span(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// The wall clock, which may jump: read once at start and for log lines and skew, never to decide.
package enum WallClock {
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
