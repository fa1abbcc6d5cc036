import Foundation
package import Trading

/// The moment of a turn: the shell reads both clocks once.
struct VenueMoment: Sendable {
    /// For rates and waits.
    let monotonic: Span
    /// For what the venue is told.
    let wall: Timestamp

    static func now() -> VenueMoment {
        VenueMoment(
            monotonic: Span(nanoseconds: read(CLOCK_MONOTONIC)),
            wall: Timestamp(nanoseconds: read(CLOCK_REALTIME)))
    }
}

/// How long a venue is waited for.
package struct VenueTimeouts: Sendable {
    package let connect: Span
    package let call: Span
    /// The longest silence on a WebSocket.
    package let silence: Span
    /// The longest wait for the answer to a subscription command.
    package let command: Span

    package static let standard = VenueTimeouts(
        connect: .seconds(3), call: .seconds(5), silence: .seconds(30), command: .seconds(10))
}

private func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    let result = clock_gettime(clock, &time)
    precondition(result == 0, "clock \(clock) cannot be read")
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
