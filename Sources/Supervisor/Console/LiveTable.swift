import Runtime
import Trading
import Wire

/// The table that `up` shows. Pure: rows in, lines out.
enum LiveTable {
    /// What is known of a process at the moment.
    struct Row: Sendable, Equatable {
        let name: String
        let pid: Int32?
        let state: String
        let restarts: Int
        let status: ProcessStatus?

        init(name: String, pid: Int32?, state: String, restarts: Int, status: ProcessStatus?) {
            self.name = name
            self.pid = pid
            self.state = state
            self.restarts = restarts
            self.status = status
        }
    }

    private static let header = [
        "process", "pid", "state", "restarts", "market time", "requested", "permitted",
        "rejected", "fills", "PnL", "decision p50/p99",
    ]

    static func lines(_ rows: [Row], title: String) -> [String] {
        [title]
            + Columns.lines(
                [header] + rows.map(cells), right: [1, 3, 5, 6, 7, 8, 9, 10])
    }

    /// One line for streams: what the core counted so far.
    static func progress(_ core: ProcessStatus) -> String {
        let totals = Totals(core)
        return "market=\(clock(core.marketTime)) \(core.arming) requested=\(totals.requested) "
            + "permitted=\(totals.permitted) rejected=\(totals.rejected) fills=\(totals.fills) "
            + "pnl=\(totals.profit) decision_p50=\(span(totals.median)) "
            + "decision_p99=\(span(totals.tail))"
    }

    private static func cells(_ row: Row) -> [String] {
        let status = row.status
        var cells = [
            row.name, row.pid.map(String.init) ?? "-", state(of: row), String(row.restarts),
            status.map { clock($0.marketTime) } ?? "-",
        ]
        guard let status, status.kind == .core else {
            return cells + [count(status, StatusLabel.requested), "-", "-"]
                + [count(status, StatusLabel.fills), "-", "-"]
        }
        let totals = Totals(status)
        cells += [
            String(totals.requested), String(totals.permitted), String(totals.rejected),
            String(totals.fills), totals.profit.description,
            "\(span(totals.median))/\(span(totals.tail))",
        ]
        return cells
    }

    private static func state(of row: Row) -> String {
        guard let status = row.status, row.state == "ready" else { return row.state }
        if status.isKilled { return "halted" }
        return status.kind == .core ? "\(status.arming)" : row.state
    }

    private static func count(_ status: ProcessStatus?, _ label: String) -> String {
        status?.counters[label].map { String($0) } ?? "-"
    }

    /// `12:30:05` of the market's day; `-` before the first tick.
    static func clock(_ time: Timestamp) -> String {
        time == .zero ? "-" : String(time.description.dropFirst(11).prefix(8))
    }

    /// `310us`, `1.2ms`; `-` where nothing was measured.
    static func span(_ nanoseconds: Int64) -> String {
        switch nanoseconds {
        case ..<1: "-"
        case ..<10_000_000: "\(nanoseconds / 1_000)us"
        default: "\(nanoseconds / 1_000_000)ms"
        }
    }
}

/// The core's totals, as the table and the summary show them.
struct Totals: Sendable, Equatable {
    let requested: Int64
    let permitted: Int64
    /// By reason, without those that never occurred.
    let rejections: [String: Int64]
    let fills: Int64
    let settled: Int64
    let fees: Money
    let realized: Money
    let unrealized: Money
    let median: Int64
    let tail: Int64

    init(_ core: ProcessStatus) {
        requested = core.count(StatusLabel.requested)
        permitted = core.count(StatusLabel.permitted)
        var rejections: [String: Int64] = [:]
        for (label, count) in core.counters
        where label.hasPrefix(StatusLabel.rejectedPrefix) && count > 0 {
            rejections[String(label.dropFirst(StatusLabel.rejectedPrefix.count))] = count
        }
        self.rejections = rejections
        fills = core.count(StatusLabel.fills)
        settled = core.count(StatusLabel.settled)
        fees = core.amount(StatusLabel.fees)
        realized = core.amount(StatusLabel.realized)
        unrealized = core.amount(StatusLabel.unrealized)
        median = core.count(StatusLabel.decisionMedian)
        tail = core.count(StatusLabel.decisionTail)
    }

    var rejected: Int64 { rejections.values.reduce(0, +) }
    /// Realised and unrealised, after fees where the ledger books them into it.
    var profit: Money { realized + unrealized }
}
