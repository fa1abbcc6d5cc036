import AsyncHTTPClient
package import Logging
package import Runtime
package import Signals
import Synchronization
package import Trading

/// The facts of sources that are asked over HTTP, in the order of their receipt.
///
/// A task of its own asks; the agent's thread takes what is there, so a source that hangs holds up
/// nothing.
package final class PolledFacts: ObservationSource {
    private let box: FeedBox
    private let task: Task<Void, Never>

    /// Starts to ask. Fails where the file of a header cannot be read.
    package init(
        _ feeds: [FeedConfiguration], log: Logger,
        clock: @escaping @Sendable () -> Timestamp = { WallClock.now() }
    ) throws(ProcessFailure) {
        var sources: [(FeedConfiguration, [(String, String)])] = []
        for feed in feeds { sources.append((feed, try FeedPoller.headers(of: feed))) }
        let box = FeedBox(feeds.map(\.name))
        self.box = box
        task = Task.detached { [sources] in
            let client = FeedPoller.makeClient()
            await withTaskGroup { group in
                for (place, (feed, headers)) in sources.enumerated() {
                    group.addTask {
                        let poller = FeedPoller(feed, client, headers: headers)
                        await PolledFacts.run(poller, into: box, place, log, clock)
                    }
                }
            }
            // What it fails with is that requests were under way, which is as wanted.
            try? await client.shutdown()
        }
    }

    deinit { task.cancel() }

    package func next(through now: Timestamp) throws -> FeedFact? { box.take(through: now) }

    package var refusedRows: Int { box.refusedRows }

    package var figures: [(label: String, value: Int64)] { box.figures }

    private static func run(
        _ start: FeedPoller, into box: FeedBox, _ place: Int, _ log: Logger,
        _ clock: @escaping @Sendable () -> Timestamp
    ) async {
        var poller = start
        while !Task.isCancelled {
            let outcome = await poller.poll(clock: clock)
            if Task.isCancelled { return }
            tell(log, poller, outcome)
            box.put(outcome, place)
            // Cancelled: the loop's condition sees it.
            try? await Task.sleep(for: .nanoseconds(poller.pause.nanoseconds))
        }
    }

    /// The first failure of a row is told, and each one at which the number of them has doubled.
    private static func tell(_ log: Logger, _ poller: FeedPoller, _ outcome: FeedPoller.Outcome) {
        guard case .failed(let failure) = outcome, poller.failures.nonzeroBitCount == 1 else {
            return
        }
        log.warning(
            "feed_failed",
            metadata: [
                "source": "\(poller.feed.name)", "reason": "\(failure)",
                "in_a_row": "\(poller.failures)",
            ])
    }
}

/// What was received and not yet taken, bounded: what does not fit is counted as refused.
final class FeedBox: Sendable {
    private struct Tally {
        var answers: Int64 = 0
        var unchanged: Int64 = 0
        var failures: Int64 = 0
    }

    private struct State {
        var facts: [FeedFact] = []
        var head = 0
        var refusedRows = 0
        var tallies: [Tally]
    }

    static let factsMax = 16_384

    private let names: [String]
    private let state: Mutex<State>

    init(_ names: [String]) {
        self.names = names
        state = Mutex(State(tallies: names.map { _ in Tally() }))
    }

    func put(_ outcome: FeedPoller.Outcome, _ place: Int) {
        state.withLock { state in
            switch outcome {
            case .failed: state.tallies[place].failures += 1
            case .unchanged: state.tallies[place].unchanged += 1
            case .facts(let reading):
                state.tallies[place].answers += 1
                let room = FeedBox.factsMax - (state.facts.count - state.head)
                state.facts += reading.facts.prefix(room)
                state.refusedRows += reading.unreadable + max(0, reading.facts.count - room)
            }
        }
    }

    func take(through now: Timestamp) -> FeedFact? {
        state.withLock { state in
            guard state.head < state.facts.count, state.facts[state.head].ingest <= now else {
                return nil
            }
            let fact = state.facts[state.head]
            state.head += 1
            if state.head == state.facts.count || state.head == 1_024 {
                state.facts.removeFirst(state.head)
                state.head = 0
            }
            return fact
        }
    }

    var refusedRows: Int { state.withLock { $0.refusedRows } }

    var figures: [(label: String, value: Int64)] {
        let tallies = state.withLock { $0.tallies }
        return zip(names, tallies).flatMap { name, tally in
            [
                (label: "poll.\(name).answers", value: tally.answers),
                (label: "poll.\(name).unchanged", value: tally.unchanged),
                (label: "poll.\(name).failures", value: tally.failures),
            ]
        }
    }
}
