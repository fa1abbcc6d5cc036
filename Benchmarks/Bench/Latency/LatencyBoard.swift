import Dispatch
import Synchronization
import Trading

/// When the requests of a slice left, and when their decisions and permits came; on one monotonic
/// clock.
struct LatencyTimes: Sendable {
    fileprivate(set) var requestBytes = 0
    fileprivate(set) var permitBytes = 0
    fileprivate var sent: [MonotonicTime] = []
    fileprivate var permitted: [MonotonicTime] = []
    fileprivate var decided: [MonotonicTime] = []

    /// From request to permit, in microseconds.
    var permits: [Double] { spans(to: permitted) }
    /// From request to decision, in microseconds.
    var decisions: [Double] { spans(to: decided) }

    private func spans(to ends: [MonotonicTime]) -> [Double] {
        precondition(sent.count == ends.count, "\(sent.count) sent, \(ends.count) came")
        return zip(sent, ends).map { Double(($1 - $0).nanoseconds) / 1_000 }
    }
}

/// What the played agent and gateway note, each on its own thread, for the thread that waits.
final class LatencyBoard: Sendable {
    /// Longer than a lease, so that a lost link is said as such.
    private static let patience = 15.0

    private struct State {
        var times = LatencyTimes()
        var failure: String?
        var refusal = "the core has decided nothing"
    }

    private let state = Mutex(State())
    private let end = DispatchSemaphore(value: 0)

    /// The agent hands a request to its link.
    func sent(_ bytes: Int, at time: MonotonicTime) {
        state.withLock { state in
            state.times.sent.append(time)
            state.times.requestBytes = bytes
        }
    }

    /// The gateway has received a permit.
    func permitted(_ bytes: Int, at time: MonotonicTime) {
        state.withLock { state in
            state.times.permitted.append(time)
            state.times.permitBytes = bytes
        }
    }

    /// The agent has received the decision that permits its request.
    func decided(at time: MonotonicTime) {
        state.withLock { $0.times.decided.append(time) }
    }

    /// The core has refused, as it does until gateway and book are there; a refused request is not
    /// measured.
    func refused(_ reason: String, isRequest: Bool) {
        state.withLock { state in
            state.refusal = reason
            if isRequest { _ = state.times.sent.popLast() }
        }
    }

    /// The slice's last order is over.
    func finish() { end.signal() }

    /// Nothing more can be measured. Of several failures the first is kept.
    func fail(_ failure: String) {
        state.withLock { $0.failure = $0.failure ?? failure }
        end.signal()
    }

    /// Waits for the end of a slice as long as permits keep coming, and takes its times.
    func takeTimes() throws -> LatencyTimes {
        var seen = 0
        while end.wait(timeout: .now() + LatencyBoard.patience) == .timedOut {
            let (count, refusal) = state.withLock { ($0.times.permitted.count, $0.refusal) }
            guard count > seen else {
                throw BenchFailure(
                    "no permit within \(LatencyBoard.patience) s; last word: \(refusal)")
            }
            seen = count
        }
        return try state.withLock { state in
            if let failure = state.failure { throw BenchFailure(failure) }
            defer { state.times = LatencyTimes() }
            return state.times
        }
    }
}
