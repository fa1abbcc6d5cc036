import Foundation
import GRDB
import Trading

/// Which traces are asked for. Values are bound, never part of the statement's text.
struct TraceFilter: Sendable, Equatable {
    static let limitMax = 200

    var org: String?
    var account: String?
    var strategy: String?
    var instrument: String?
    var state: String?
    /// Only what comes before this number: where the page before ended.
    var before: Int64?
    var limit = 50

    /// The condition and its values for columns that a table has.
    func condition(_ columns: [String], key: String) -> (sql: String, values: StatementArguments) {
        let named: [(String, String?)] = [
            ("org", org), ("account", account), ("strategy", strategy),
            ("instrument", instrument), ("state", state),
        ]
        var parts: [String] = []
        var values = StatementArguments()
        for (column, value) in named where columns.contains(column) {
            guard let value else { continue }
            parts.append("\(column) = ?")
            values += [value]
        }
        if let before {
            parts.append("\(key) < ?")
            values += [before]
        }
        return (parts.isEmpty ? "1" : parts.joined(separator: " AND "), values)
    }
}

/// A part of a list, and where the next one begins.
struct TracePage<Element: Codable & Sendable>: Codable, Sendable {
    let items: [Element]
    /// Pass it as `cursor` for what comes after; null at the end.
    let next: String?
}

/// An order as the API and the dashboard list it. Amounts are exact decimals.
struct OrderSummary: Codable, Sendable, Equatable {
    let order: Int64
    let at: String
    let org: String
    let account: String
    let mode: String
    let strategy: String
    let agent: String
    let instrument: String
    let title: String
    let side: String
    let price: String
    let quantity: String
    let filled: String
    let fees: String
    let fairValue: String
    let expectedEdge: String
    let confidence: Double
    let bid: String
    let ask: String
    let state: String
    let reason: String
    let changedAt: String

    init(_ row: Row) {
        order = row["id"]
        at = TraceColumn.time(row["at"])
        org = row["org"]
        account = row["account"]
        mode = row["mode"]
        strategy = row["strategy"]
        agent = row["agent"]
        instrument = row["instrument"]
        title = row["title"] ?? ""
        side = TraceColumn.side(row["side"])
        price = TraceColumn.decimal(row["price"])
        quantity = TraceColumn.decimal(row["quantity"])
        filled = TraceColumn.decimal(row["filled"])
        fees = TraceColumn.decimal(row["fees"])
        fairValue = TraceColumn.decimal(row["fair"])
        expectedEdge = TraceColumn.decimal(row["edge"])
        confidence = row["confidence"]
        bid = TraceColumn.decimal(row["bid"])
        ask = TraceColumn.decimal(row["ask"])
        state = row["state"]
        reason = row["reason"]
        changedAt = TraceColumn.time(row["changed_at"])
    }
}

/// A fill as the API lists it.
struct FillSummary: Codable, Sendable, Equatable {
    let entry: Int64
    let order: Int64
    let at: String
    let org: String
    let account: String
    let strategy: String
    let agent: String
    let instrument: String
    let side: String
    let price: String
    let quantity: String
    let fee: String
    let liquidity: String
    let trade: String
    let finality: String
    /// What a contract had gained after 5, 30 and 300 seconds; null until then.
    let markouts: [String?]

    init(_ row: Row) {
        entry = row["entry"]
        order = row["order_id"]
        markouts = MarkoutFold.horizons.indices.map { horizon in
            (row["markout_\(horizon)"] as Int64?).map { Price(units: $0).description }
        }
        at = TraceColumn.time(row["at"])
        org = row["org"]
        account = row["account"]
        strategy = row["strategy"]
        agent = row["agent"]
        instrument = row["instrument"]
        side = TraceColumn.side(row["side"])
        price = TraceColumn.decimal(row["price"])
        quantity = TraceColumn.decimal(row["quantity"])
        fee = TraceColumn.decimal(row["fee"])
        liquidity = row["liquidity"]
        trade = row["trade"]
        finality = row["finality"]
    }
}

/// A note of what happened beside orders.
struct NoteSummary: Codable, Sendable, Equatable {
    let entry: Int64
    let at: String
    let kind: String
    let org: String
    let text: String

    init(_ row: Row) {
        entry = row["entry"]
        at = TraceColumn.time(row["at"])
        kind = row["kind"]
        org = row["org"]
        text = row["text"]
    }
}

/// How columns are shown.
enum TraceColumn {
    static func decimal(_ units: Int64) -> String { Money(units: units).description }
    static func time(_ nanoseconds: Int64) -> String {
        Timestamp(nanoseconds: nanoseconds).description
    }
    static func side(_ value: Int) -> String {
        (UInt8(exactly: value).flatMap(Side.init) ?? .buy).description
    }
}

extension TraceStore {
    private static let orderColumns =
        "orders.*, (SELECT title FROM instrument WHERE instrument.id = orders.instrument) AS title"

    /// The newest orders that a filter lets through.
    func orders(_ filter: TraceFilter) throws -> TracePage<OrderSummary> {
        let columns = ["org", "account", "strategy", "instrument", "state"]
        let (condition, values) = filter.condition(columns, key: "id")
        let rows = try pool.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT \(TraceStore.orderColumns) FROM orders WHERE \(condition) "
                    + "ORDER BY id DESC LIMIT ?",
                arguments: values + [filter.limit + 1])
        }
        return page(rows, filter.limit, key: "id", OrderSummary.init)
    }

    /// Orders that changed after an entry of the journal, oldest change first.
    func orders(changedAfter entry: Int64, org: String?, limit: Int) throws -> [OrderSummary] {
        try pool.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM (SELECT \(TraceStore.orderColumns) FROM orders "
                    + "WHERE changed > ? AND (? IS NULL OR org = ?) "
                    + "ORDER BY changed DESC, id DESC LIMIT ?) ORDER BY changed, id",
                arguments: [entry, org, org, limit]
            ).map(OrderSummary.init)
        }
    }

    /// The newest fills that a filter lets through.
    func fills(_ filter: TraceFilter) throws -> TracePage<FillSummary> {
        let columns = ["org", "account", "strategy", "instrument"]
        let (condition, values) = filter.condition(columns, key: "entry")
        let rows = try pool.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM fill WHERE \(condition) ORDER BY entry DESC LIMIT ?",
                arguments: values + [filter.limit + 1])
        }
        return page(rows, filter.limit, key: "entry", FillSummary.init)
    }

    /// The newest notes: the firm's and, of one org alone, its own.
    func notes(org: String?, before: Int64?, limit: Int) throws -> TracePage<NoteSummary> {
        let rows = try pool.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT *, entry * 64 + ordinal AS place FROM note "
                    + "WHERE (? IS NULL OR org = ?) AND entry <= ? / 64 "
                    + "AND entry * 64 + ordinal < ? ORDER BY entry DESC, ordinal DESC LIMIT ?",
                arguments: [org, org, before ?? .max, before ?? .max, limit + 1])
        }
        return page(rows, limit, key: "place", NoteSummary.init)
    }

    /// Everything that is kept of one order; nil where there is none, or none of that org.
    func story(of order: OrderID, org: String?) throws -> OrderStory? {
        try pool.read { db -> OrderStory? in
            guard
                let row = try Row.fetchOne(
                    db,
                    sql: "SELECT instrument, entry FROM orders WHERE id = ? "
                        + "AND (? IS NULL OR org = ?)",
                    arguments: [order.column, org, org])
            else { return nil }
            var story = OrderStory(order: order)
            let market = try Row.fetchOne(
                db, sql: "SELECT * FROM instrument WHERE id = ?",
                arguments: [row["instrument"] as String])
            if let market { try story.take(body: market["body"] as Data, at: market["entry"]) }
            let steps = try Row.fetchCursor(
                db, sql: "SELECT entry, body FROM step WHERE order_id = ? ORDER BY entry",
                arguments: [order.column])
            while let step = try steps.next() {
                try story.take(body: step["body"] as Data, at: step["entry"])
            }
            // A mark from before the order says nothing about it.
            if let mark: Data = market?["mark"], let entry: Int64 = market?["mark_entry"],
                entry > row["entry"]
            {
                try story.take(body: mark, at: entry)
            }
            if let settlement: Data = market?["settlement"] {
                try story.take(body: settlement, at: 0)
            }
            return story
        }
    }

    /// An order explained as far as its traces go; nil where an org has no such order.
    func explanation(of order: OrderID, org: String?) throws -> Explanation? {
        guard let story = try story(of: order, org: org) else { return nil }
        return Explanation(story, markouts: try TraceStore.markouts(of: order, pool))
    }

    /// The orders of an org that are kept, the oldest first.
    func orders(of org: OrgID) throws -> [OrderID] {
        try pool.read { db in
            try Int64.fetchAll(
                db, sql: "SELECT id FROM orders WHERE org = ? ORDER BY id",
                arguments: [org.description]
            ).map { OrderID(UInt64(clamping: $0)) }
        }
    }

    /// What contracts of an order's fills gained, by trade.
    static func markouts(of order: OrderID, _ reader: some DatabaseReader) throws
        -> [String: [String?]]
    {
        try reader.read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT * FROM fill WHERE order_id = ?", arguments: [order.column])
            let fills = rows.map(FillSummary.init)
            return Dictionary(fills.map { ($0.trade, $0.markouts) }) { first, _ in first }
        }
    }

    private func page<Element>(
        _ rows: [Row], _ limit: Int, key: String, _ make: (Row) -> Element
    ) -> TracePage<Element> {
        let shown = rows.prefix(limit)
        let last: Int64? = rows.count > limit ? shown.last?[key] : nil
        return TracePage(items: shown.map(make), next: last.map(String.init))
    }
}
