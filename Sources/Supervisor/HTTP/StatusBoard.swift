import Runtime
import Synchronization
import Trading
import Wire

/// What the supervisor last heard of each process. Whoever watches writes it; the API only reads,
/// so that no client of the API asks the core anything.
final class StatusBoard: Sendable {
    /// How processes that were ready came back after they were not.
    struct Recoveries: Sendable, Equatable {
        private(set) var count = 0
        private var total = Trading.Span.zero

        /// In seconds; nil where none came back.
        var mean: Double? { count > 0 ? Double(total.nanoseconds) / 1e9 / Double(count) : nil }

        mutating func add(_ time: Trading.Span) {
            count += 1
            total = total + time
        }
    }

    private struct State {
        var rows: [LiveTable.Row] = []
        var at = Trading.Span.zero
        /// Processes that were ready once, and since when those are not that are not now.
        var known: Set<String> = []
        var downSince: [String: Trading.Span] = [:]
        var recoveries = Recoveries()

        mutating func post(_ rows: [LiveTable.Row], at now: Trading.Span) {
            (self.rows, at) = (rows, now)
            for row in rows {
                if ProcessSummary(row).isReady {
                    known.insert(row.name)
                    if let since = downSince.removeValue(forKey: row.name) {
                        recoveries.add(
                            Trading.Span(nanoseconds: now.nanoseconds - since.nanoseconds))
                    }
                } else if known.contains(row.name), downSince[row.name] == nil {
                    downSince[row.name] = now
                }
            }
        }
    }

    private let state = Mutex(State())
    private let hasEnded = Mutex(false)

    func post(_ rows: [LiveTable.Row], at now: Trading.Span) {
        state.withLock { $0.post(rows, at: now) }
    }

    /// From here on nobody looks at the processes: they are being stopped.
    func end() { hasEnded.withLock { $0 = true } }

    /// Whether somebody has begun to look at the processes and still does.
    var isKept: Bool {
        state.withLock { !$0.rows.isEmpty } && hasEnded.withLock { !$0 }
    }

    var rows: [LiveTable.Row] { state.withLock { $0.rows } }

    /// Since somebody began to look at the processes.
    var recoveries: Recoveries { state.withLock { $0.recoveries } }

    /// How long ago it was written, in milliseconds.
    func ageMillis(at now: Trading.Span) -> Int64 {
        state.withLock { max(0, now.nanoseconds - $0.at.nanoseconds) / 1_000_000 }
    }
}

/// A process for the API.
struct ProcessSummary: Codable, Sendable, Equatable {
    let process: String
    let kind: String
    let pid: Int32?
    let state: String
    let restarts: Int
    let isReady: Bool
    let isHalted: Bool
    let arming: String
    let marketTime: String
    let version: String
    let counters: [String: Int64]

    init(_ row: LiveTable.Row) {
        process = row.name
        pid = row.pid
        state = row.state
        restarts = row.restarts
        let status = row.status
        kind = status?.kind.wireName ?? ""
        isReady = status?.isReady ?? (row.state == "ready")
        isHalted = status?.isKilled ?? false
        arming = status?.arming.wireName ?? ""
        marketTime = status.map { $0.marketTime == .zero ? "" : "\($0.marketTime)" } ?? ""
        version = status?.version ?? ""
        counters = status?.counters ?? [:]
    }
}

extension ProcessSummary {
    static func table(_ processes: [ProcessSummary]) -> [String] {
        let rows = processes.map {
            [
                $0.process, $0.kind,
                $0.isHalted ? "halted" : "\($0.isReady ? "ready" : $0.state) \($0.arming)",
                $0.marketTime, "\($0.restarts)", $0.version,
            ]
        }
        return Columns.lines(
            [["process", "kind", "state", "market time", "restarts", "version"]] + rows,
            right: [4])
    }
}
