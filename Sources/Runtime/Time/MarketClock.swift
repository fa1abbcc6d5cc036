package import Trading

/// The clock that stamps and drives decisions.
///
/// Live it is UTC at start carried forward by the monotonic clock, so that a jump of the wall clock
/// never moves it. In replay the venue owns it: it stands still between two ticks. It never goes
/// back. The caller reads the monotonic clock once a turn and passes it in.
package struct MarketClock: Sendable {
    private enum Source {
        case live(wall: Timestamp, monotonic: Span)
        case replay
    }

    private let source: Source
    private var latest: Timestamp

    /// A clock that starts at `wall` when the monotonic clock reads `monotonic`.
    package static func live(wall: Timestamp, monotonic: Span) -> MarketClock {
        MarketClock(source: .live(wall: wall, monotonic: monotonic), latest: wall)
    }

    /// A clock that only ticks move.
    package static func replay() -> MarketClock { MarketClock(source: .replay, latest: .zero) }

    private init(source: Source, latest: Timestamp) {
        self.source = source
        self.latest = latest
    }

    package var isReplay: Bool {
        switch source {
        case .live: false
        case .replay: true
        }
    }

    /// The market time; zero in replay before the first tick.
    package mutating func now(_ monotonic: Span) -> Timestamp {
        if case .live(let wall, let start) = source {
            latest = max(
                latest, wall + Span(nanoseconds: monotonic.nanoseconds - start.nanoseconds))
        }
        return latest
    }

    /// Moves market time to that of a tick. A tick of an earlier time leaves it where it is.
    package mutating func advance(to time: Timestamp) {
        precondition(isReplay, "only a replay clock is moved by ticks")
        latest = max(latest, time)
    }

    /// How far the wall clock is ahead of market time. Live only; zero in replay.
    package func skew(wall: Timestamp, monotonic: Span) -> Span {
        guard case .live(let startWall, let start) = source else { return .zero }
        let carried = startWall + Span(nanoseconds: monotonic.nanoseconds - start.nanoseconds)
        return wall - carried
    }
}
