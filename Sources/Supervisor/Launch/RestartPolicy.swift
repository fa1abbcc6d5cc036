import Trading

/// When a child that died is started again. Pure: the moments come in as arguments.
///
/// The first restart waits the configured delay, each further one within the window twice as long,
/// so that a child that cannot live does not burn the machine; the core itself counts its crashes
/// and comes up disarmed.
struct RestartPolicy: Sendable, Equatable {
    /// Deaths longer ago than this are forgotten.
    static let window = Span.seconds(600)
    /// The longest wait.
    static let delayMax = Span.seconds(30)

    private let delay: Span
    private var deaths: [Span] = []
    private(set) var restarts = 0

    init(delay: Span) { self.delay = delay }

    /// The child died at `now`; how long to wait before it is started again.
    mutating func died(at now: Span) -> Span {
        deaths.removeAll { now.nanoseconds - $0.nanoseconds > RestartPolicy.window.nanoseconds }
        deaths.append(now)
        restarts += 1
        let doublings = min(deaths.count - 1, 10)
        return min(delay * (Int64(1) << Int64(doublings)), RestartPolicy.delayMax)
    }
}
