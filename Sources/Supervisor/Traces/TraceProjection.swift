import Journal
import Logging
import Risk
import Runtime
import Trading
import Wire

/// Follows the core's journal into the trace store, and keeps the core's state beside it.
///
/// It never asks more of the machine than a share of one processor, and the trading path waits for
/// nothing that it does: when the cluster is faster, it lags and says by how much.
actor TraceProjection {
    /// How far the projection is behind the journal.
    struct Progress: Codable, Sendable, Equatable {
        let entry: UInt64
        let head: UInt64
        let lag: UInt64
        let marketTime: String
        /// Why it does not go on, for people.
        let problem: String?
    }

    private static let pageMax = 512
    private static let idle = Trading.Span.milliseconds(200)

    nonisolated let store: TraceStore
    private let source: any TraceSource
    private let cluster: ShortName
    private let log: Logger
    private var fold: TraceFold
    private var known: TraceStore.Cursor
    private var next = SequenceNumber(1)
    private var head = SequenceNumber.zero
    private var problem: String?

    init(
        _ source: any TraceSource, into store: TraceStore, cluster: ShortName, log: Logger
    ) throws {
        self.source = source
        self.store = store
        self.cluster = cluster
        self.log = log
        fold = TraceFold(from: RiskEngine(cluster: cluster))
        known = try store.cursor()
    }

    /// Follows until the task is cancelled.
    func follow() async {
        while !Task.isCancelled {
            let began = MonotonicClock.now()
            var isBehind = false
            do {
                isBehind = try await step()
                problem = nil
            } catch {
                if problem == nil { log.error("traces", metadata: ["error": "\(error)"]) }
                problem = "\(error)"
            }
            let taken = Trading.Span(
                nanoseconds: MonotonicClock.now().nanoseconds - began.nanoseconds)
            await pause(isBehind ? taken * 2 : TraceProjection.idle)
        }
    }

    /// Takes everything that the journal has now.
    func catchUp() async throws { while try await step() {} }

    /// Takes one page; whether there is more.
    private func step() async throws -> Bool {
        let page = try await source.page(from: next, limit: TraceProjection.pageMax)
        head = page.head
        // Zero where the journal has not been made yet.
        if head > .zero, head < known.entry || head.next < next {
            try startOver("the journal is shorter than it was")
            return true
        }
        guard !page.entries.isEmpty else { return false }
        try take(page.entries)
        return next <= head
    }

    private func take(_ entries: [StoredEntry]) throws {
        var changes: [TraceChange] = []
        var cursor = known
        for entry in entries {
            let header = entry.header
            guard header.sequence == next else {
                throw ProcessFailure(
                    .refused,
                    "the journal goes on at entry \(header.sequence) and entry \(next) is not "
                        + "there: bring its archived segments back")
            }
            if header.sequence == known.entry, "\(header.chainHash)" != known.chain {
                return try startOver("the traces belong to another journal")
            }
            let made = try fold.take(RecordedEntry(entry), body: entry.body)
            next = header.sequence.next
            guard header.sequence > known.entry else { continue }
            changes += made
            cursor = TraceStore.Cursor(
                entry: header.sequence, chain: "\(header.chainHash)", at: header.at)
        }
        guard cursor != known else { return }
        try store.write(changes, upTo: cursor)
        known = cursor
    }

    private func startOver(_ why: String) throws {
        log.warning("traces start over", metadata: ["why": "\(why)"])
        try store.clear()
        known = TraceStore.Cursor()
        fold = TraceFold(from: RiskEngine(cluster: cluster))
        next = SequenceNumber(1)
    }

    // MARK: Queries

    var progress: Progress {
        let done = next.rawValue - 1
        return Progress(
            entry: done, head: head.rawValue,
            lag: head.rawValue > done ? head.rawValue - done : 0,
            marketTime: fold.engine.now.nanoseconds > 0 ? "\(fold.engine.now)" : "",
            problem: problem)
    }

    /// Market time as far as the journal has been taken in.
    var marketTime: Timestamp { max(.zero, fold.engine.now) }

    /// The core's state as far as the journal has been taken in.
    func picture(org: OrgID?) -> ClusterPicture { ClusterPicture(fold.engine, org: org) }
}
