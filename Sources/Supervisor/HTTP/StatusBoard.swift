import Runtime
import Synchronization
import Trading
import Wire

/// What the supervisor last heard of each process. Whoever watches writes it; the API only reads,
/// so that no client of the API asks the core anything.
final class StatusBoard: Sendable {
    private let state = Mutex<(rows: [LiveTable.Row], at: Trading.Span)>(([], .zero))
    private let hasEnded = Mutex(false)

    func post(_ rows: [LiveTable.Row], at now: Trading.Span) {
        state.withLock { $0 = (rows, now) }
    }

    /// From here on nobody looks at the processes: they are being stopped.
    func end() { hasEnded.withLock { $0 = true } }

    /// Whether somebody has begun to look at the processes and still does.
    var isKept: Bool {
        state.withLock { !$0.rows.isEmpty } && hasEnded.withLock { !$0 }
    }

    var rows: [LiveTable.Row] { state.withLock { $0.rows } }

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
