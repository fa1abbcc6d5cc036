import Foundation
import GRDB
import Runtime
import Trading

/// A market as the dashboard's table has it.
struct MarketSummary: Codable, Sendable, Equatable {
    let instrument: String
    let title: String
    let venue: String
    let status: String
    let closeAt: String
    let bid: String
    let bidQuantity: String
    let ask: String
    let askQuantity: String
    /// How old the quote is in market time; nil without one.
    let quoteAgeMillis: Int64?
    /// The model's value at the agent's last look or at the last order, whichever is newer; empty
    /// before both.
    let fairValue: String
    /// What an order was expected to earn for each contract then, after all costs.
    let edge: String
    let lastOrder: Int64?
    let lastAt: String
    /// Why nothing trades there; empty where something does.
    let why: String
}

/// What a strategy has earned and how well it trades. Definitions: docs/KPIS.md.
struct ScoreSummary: Codable, Sendable, Equatable {
    let org: String
    let account: String
    let mode: String
    let strategy: String
    let agent: String
    let requested: Int64
    let rejectionRate: Double
    let breachesPrevented: Int64
    let staleQuotes: Int64
    let unanswered: Int64
    let fills: Int64
    let contracts: String
    let passiveFillRatio: Double
    let slippageBasisPoints: Double
    /// The mean gain of a contract 5, 30 and 300 seconds after its fill, in dollars: how the edge
    /// decays; null where nothing was measured.
    let markouts: [Double?]
    let expectedEdge: String
    /// What requests that were rejected expected to earn.
    let missedEdge: String
    let fees: String
}

/// A point of the curve of profit.
struct EquityPoint: Codable, Sendable, Equatable {
    let at: String
    let org: String
    let account: String
    let strategy: String
    let realized: String
    let unrealized: String
    let fees: String
    let profit: String
}

/// What a person wants to know first after a night.
struct OvernightCard: Codable, Sendable, Equatable {
    struct Refusal: Codable, Sendable, Equatable {
        let reason: String
        let count: Int
    }

    let since: String
    let orders: Int
    let fills: Int
    let refused: [Refusal]
    /// The change of profit since then; nil where no curve goes back that far.
    let profitChange: String?
    /// Positions at cost and cash that open orders hold.
    let moneyLocked: String
    let lockedUntil: String
    let nearestBrake: String
    let nearestBrakeUsed: Double?
    /// What only a person can settle.
    let needsYou: [String]
}

extension TraceStore {
    /// The markets that are open or closed within the last ten minutes of market time.
    func markets(at now: Timestamp, org: String?, limit: Int) throws -> [MarketSummary] {
        try pool.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT * FROM instrument WHERE close_at > ? ORDER BY close_at, id LIMIT ?",
                arguments: [now.nanoseconds - 600_000_000_000, limit])
            return try rows.map { row in
                let last = try Row.fetchOne(
                    db,
                    sql: "SELECT * FROM orders WHERE instrument = ? AND (? IS NULL OR org = ?) "
                        + "ORDER BY id DESC LIMIT 1",
                    arguments: [row["id"] as String, org, org])
                let look = try Row.fetchOne(
                    db,
                    sql: "SELECT * FROM look WHERE instrument = ? AND (? IS NULL OR org = ?) "
                        + "ORDER BY at DESC, agent LIMIT 1",
                    arguments: [row["id"] as String, org, org])
                return MarketSummary(row, last: last, look: look, at: now)
            }
        }
    }

    func scores(org: String?) throws -> [ScoreSummary] {
        try pool.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM score WHERE ? IS NULL OR org = ? "
                    + "ORDER BY org, account, mode, strategy, agent", arguments: [org, org]
            ).map(ScoreSummary.init)
        }
    }

    /// The curves of every strategy over the last minutes of market time, thinned to `points` each.
    func equity(org: String?, minutes: Int64, points: Int64) throws -> [EquityPoint] {
        try pool.read { db in
            let end = try Int64.fetchOne(db, sql: "SELECT max(minute) FROM equity") ?? 0
            let first = try Int64.fetchOne(db, sql: "SELECT min(minute) FROM equity") ?? 0
            let step = max(1, min(minutes, end - first) / points)
            return try Row.fetchAll(
                db,
                sql: "SELECT * FROM equity WHERE minute > ? AND (? IS NULL OR org = ?) "
                    + "AND (minute % ? = 0 OR minute = ?) "
                    + "ORDER BY minute, org, account, mode, strategy",
                arguments: [end - minutes, org, org, step, end]
            ).map(EquityPoint.init)
        }
    }

    /// The night before `now`: twelve hours of market time, of the newest 20 000 orders.
    func overnight(
        _ picture: ClusterPicture, at now: Timestamp, org: String?, needsYou: [String]
    ) throws -> OvernightCard {
        let since = now.nanoseconds - 43_200_000_000_000
        return try pool.read { db in
            let newest = try Int64.fetchOne(db, sql: "SELECT max(id) FROM orders") ?? 0
            let window: StatementArguments = [newest - 20_000, since, org, org]
            let condition = "id > ? AND at >= ? AND (? IS NULL OR org = ?)"
            let orders =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM orders WHERE \(condition)", arguments: window)
                ?? 0
            let refused = try Row.fetchAll(
                db,
                sql: "SELECT reason, count(*) AS count FROM orders WHERE \(condition) "
                    + "AND state = 'rejected' GROUP BY reason ORDER BY count DESC, reason LIMIT 4",
                arguments: window)
            let fills =
                try Int.fetchOne(
                    db,
                    sql: "SELECT count(*) FROM fill WHERE order_id > ? AND at >= ? "
                        + "AND (? IS NULL OR org = ?)", arguments: window) ?? 0
            return OvernightCard(
                since: Timestamp(nanoseconds: since).description, orders: orders, fills: fills,
                refused: refused.map { .init(reason: $0["reason"], count: $0["count"]) },
                profitChange: try profitChange(db, picture, since: since, org: org),
                moneyLocked: picture.moneyLocked.description,
                lockedUntil: try lockedUntil(db, picture),
                nearestBrake: picture.nearest?.scope ?? "",
                nearestBrakeUsed: picture.nearest?.used, needsYou: needsYou)
        }
    }

    private func profitChange(
        _ db: Database, _ picture: ClusterPicture, since: Int64, org: String?
    ) throws -> String? {
        let minute = since / 60_000_000_000
        let first = try Int64.fetchOne(
            db, sql: "SELECT min(minute) FROM equity WHERE minute >= ?", arguments: [minute])
        guard let first else { return nil }
        let then =
            try Int64.fetchOne(
                db,
                sql: "SELECT sum(realized + unrealized - fees) FROM equity WHERE minute = ? "
                    + "AND (? IS NULL OR org = ?)", arguments: [first, org, org]) ?? 0
        return (picture.profit - Money(units: then)).description
    }

    private func lockedUntil(_ db: Database, _ picture: ClusterPicture) throws -> String {
        var last: Int64 = 0
        for position in picture.positions {
            let close = try Int64.fetchOne(
                db, sql: "SELECT close_at FROM instrument WHERE id = ?",
                arguments: [position.instrument])
            last = max(last, close ?? 0)
        }
        return last > 0 ? TraceColumn.time(last) : ""
    }
}

extension ClusterPicture {
    /// Realised and unrealised less fees, over all strategies.
    var profit: Money {
        strategies.reduce(.zero) { $0 + (Money(decimal: $1.profit) ?? .zero) }
    }

    /// Positions at cost and cash that open orders hold.
    var moneyLocked: Money {
        let held = positions.reduce(Money.zero) { $0 + (Money(decimal: $1.cost) ?? .zero) }
        return accounts.reduce(held) { $0 + (Money(decimal: $1.reserved) ?? .zero) }
    }

    /// The brake that is nearest to its limit.
    var nearest: Brake? {
        brakes.filter { $0.used != nil }.max { ($0.used ?? 0) < ($1.used ?? 0) }
    }
}

extension MarketSummary {
    init(_ row: Row, last: Row?, look: Row?, at now: Timestamp) {
        instrument = row["id"]
        title = row["title"]
        venue = row["venue"]
        let status: String = row["status"]
        self.status = status
        closeAt = TraceColumn.time(row["close_at"])
        // The core learns of a quote with an order; an agent has seen the book since.
        let isSeen = (look?["quoted_at"] ?? 0) as Int64 > row["quoted_at"] as Int64
        let quote = isSeen ? look ?? row : row
        bid = TraceColumn.decimal(quote["bid"])
        bidQuantity = TraceColumn.decimal(quote["bid_quantity"])
        ask = TraceColumn.decimal(quote["ask"])
        askQuantity = TraceColumn.decimal(quote["ask_quantity"])
        let quoted: Int64 = quote["quoted_at"]
        quoteAgeMillis = quoted > 0 ? max(0, now.nanoseconds - quoted) / 1_000_000 : nil
        let isNewer = (look?["at"] ?? 0) as Int64 >= (last?["at"] ?? 0) as Int64
        let seen = isNewer ? look : nil
        let fair: Int64? = seen?["fair"]
        let prospect: Int64? = seen?["edge"]
        fairValue =
            fair.map { TraceColumn.decimal($0) } ?? last.map { TraceColumn.decimal($0["fair"]) }
            ?? ""
        edge =
            prospect.map { TraceColumn.decimal($0) } ?? last.map {
                MarketSummary.edgePerContract($0)
            }
            ?? ""
        lastOrder = last?["id"]
        lastAt = last.map { TraceColumn.time($0["at"]) } ?? ""
        let openAt: Int64 = row["open_at"]
        why =
            openAt > now.nanoseconds
            ? "opens at \(TraceColumn.time(openAt).dropFirst(11).prefix(8))"
            : MarketSummary.why(status, isStale: (row["is_stale"] as Int) != 0, last, seen)
    }

    private static func edgePerContract(_ order: Row) -> String {
        let (edge, quantity): (Int64, Int64) = (order["edge"], order["quantity"])
        guard quantity > 0 else { return "" }
        let units = divide(
            Int128(edge) * Int128(Money.scale), by: Int128(quantity), .nearestEven)
        return Money(units: Int64(clamping: units)).description
    }

    /// - Parameter seen: The agent's look, where it is newer than the last order.
    private static func why(
        _ status: String, isStale: Bool, _ last: Row?, _ seen: Row?
    ) -> String {
        if status != "open" { return status }
        if isStale { return "its quotes are stale" }
        let left = (seen?["reason"] ?? "") as String
        let told = left.isEmpty || left == "quoted" ? nil : LookText.why(left)
        guard let last else { return told ?? "no agent has looked at it yet" }
        let state: String = last["state"]
        let reason: String = last["reason"]
        switch state {
        case "rejected": return "refused: \(reason)"
        case "permitted", "sent", "working", "cancelling", "unknown": return ""
        case "filled": return told ?? "filled; waiting for the next edge"
        case "cancelled" where reason == "cancelledByRequest":
            return told ?? "between orders: the agent withdrew its last one"
        default: return told ?? "last order \(state)" + (reason.isEmpty ? "" : ": \(reason)")
        }
    }
}

extension ScoreSummary {
    init(_ row: Row) {
        org = row["org"]
        account = row["account"]
        mode = row["mode"]
        strategy = row["strategy"]
        agent = row["agent"]
        requested = row["requested"]
        rejectionRate = ScoreSummary.share(row["rejected"], of: requested)
        breachesPrevented = row["prevented"]
        staleQuotes = row["stale"]
        unanswered = row["unanswered"]
        fills = row["fills"]
        contracts = TraceColumn.decimal(row["contracts"])
        passiveFillRatio = ScoreSummary.share(row["maker"], of: row["contracts"])
        markouts = MarkoutFold.horizons.indices.map { horizon in
            let seen: Int64 = row["seen_\(horizon)"]
            let gain: Int64 = row["gain_\(horizon)"]
            return seen > 0 ? Double(gain) / Double(seen) : nil
        }
        slippageBasisPoints = ScoreSummary.share(row["slippage"], of: row["notional"]) * 10_000
        expectedEdge = TraceColumn.decimal(row["edge"])
        missedEdge = TraceColumn.decimal(row["missed"])
        fees = TraceColumn.decimal(row["fees"])
    }

    private static func share(_ part: Int64, of whole: Int64) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }
}

extension EquityPoint {
    init(_ row: Row) {
        at = TraceColumn.time((row["minute"] as Int64) * 60_000_000_000)
        org = row["org"]
        account = row["account"]
        strategy = row["strategy"]
        let (made, open, paid): (Int64, Int64, Int64) = (
            row["realized"], row["unrealized"], row["fees"]
        )
        realized = TraceColumn.decimal(made)
        unrealized = TraceColumn.decimal(open)
        fees = TraceColumn.decimal(paid)
        profit = TraceColumn.decimal(made + open - paid)
    }
}
