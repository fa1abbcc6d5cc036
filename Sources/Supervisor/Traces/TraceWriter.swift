import Foundation
import GRDB
import Trading
import Wire

/// Writes the changes of one transaction. References come often and only the last one of a market
/// counts, so they wait until the end.
struct TraceWriter {
    let db: Database
    private var marks: [InstrumentID: MarkRow] = [:]
    private var bodies: [InstrumentID: MarkRow] = [:]

    init(db: Database) { self.db = db }

    mutating func write(_ change: TraceChange) throws {
        switch change {
        case .order(let row): try insert(row)
        case .step(let order, let entry, let at, let body):
            try insertStep(order, entry, at, body)
        case .fate(let row): try update(row)
        case .fill(let row): try book(row)
        case .markout(let row): try book(row)
        case .instrument(let row): try insert(row)
        case .status(let instrument, let status):
            try run(
                "UPDATE instrument SET status = ? WHERE id = ?", "\(status)",
                instrument.description)
        case .mark(let row):
            marks[row.instrument] = row
            if !row.body.isEmpty { bodies[row.instrument] = row }
        case .settlement(let row):
            try run(
                """
                UPDATE instrument SET status = 'settled', settled_at = ?, outcome = ?, value = ?,
                    settlement = ? WHERE id = ?
                """, row.at.nanoseconds, row.outcome.wireName, row.value.units, Data(row.body),
                row.instrument.description)
        case .note(let row):
            try run(
                "INSERT OR IGNORE INTO note VALUES (?, ?, ?, ?, ?, ?)", row.entry.column,
                row.ordinal, row.at.nanoseconds, row.kind.rawValue, row.org.description, row.text)
        case .equity(let row):
            try run(
                "INSERT OR REPLACE INTO equity VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row.minute,
                row.owner.org.description, row.owner.account.description,
                row.owner.mode.description, row.owner.strategy.description, row.realized.units,
                row.unrealized.units, row.fees.units)
        }
    }

    /// Writes what waited.
    mutating func finish() throws {
        for (instrument, row) in marks.sorted(by: { $0.key < $1.key }) {
            try run(
                """
                UPDATE instrument SET bid = ?, bid_quantity = ?, ask = ?, ask_quantity = ?,
                    quoted_at = ?, is_stale = ? WHERE id = ?
                """, row.bid.units, row.bidQuantity.units, row.ask.units, row.askQuantity.units,
                row.receivedAt.nanoseconds, row.isStale ? 1 : 0, instrument.description)
        }
        for (instrument, row) in bodies.sorted(by: { $0.key < $1.key }) {
            try run(
                "UPDATE instrument SET mark_entry = ?, mark = ? WHERE id = ?", row.entry.column,
                Data(row.body), instrument.description)
        }
        marks = [:]
        bodies = [:]
    }

    // MARK: Orders

    private func insert(_ row: OrderRow) throws {
        let owner = row.owner
        let state: OrderState = row.isRejected ? .rejected : .permitted
        try run(
            """
            INSERT INTO orders (id, entry, at, org, account, mode, strategy, agent, gateway,
                instrument, side, price, quantity, fair, edge, confidence, bid, ask, fate, state,
                reason, changed_at, changed)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, row.order.column, row.entry.column, row.at.nanoseconds, owner.org.description,
            owner.account.description, owner.mode.description, owner.strategy.description,
            row.agent.description, row.gateway.description, row.instrument.description,
            Int(row.side.rawValue), row.price.units, row.quantity.units, row.fairValue.units,
            row.expectedEdge.units, row.confidence, row.bid.units, row.ask.units,
            Int(state.rawValue), state.description, row.reason, row.at.nanoseconds, row.entry.column
        )
        try run(
            """
            INSERT INTO score (org, account, mode, strategy, agent) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """, owner.org.description, owner.account.description, owner.mode.description,
            owner.strategy.description, row.agent.description)
        let isStale = row.isRejected && ["QUOTE_STALE", "QUOTE_MISSING"].contains(row.reason)
        try addToScore(
            of: row.order,
            "requested = requested + 1, rejected = rejected + ?, "
                + "prevented = prevented + ?, stale = stale + ?, missed = missed + ?",
            [
                row.isRejected ? 1 : 0, row.isPrevented ? 1 : 0, isStale ? 1 : 0,
                row.isRejected ? max(0, row.expectedEdge.units) : 0,
            ])
    }

    private func insertStep(
        _ order: OrderID, _ entry: SequenceNumber, _ at: Timestamp, _ body: [UInt8]
    ) throws {
        try run(
            """
            INSERT INTO step SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM orders WHERE id = ?)
            """, order.column, entry.column, at.nanoseconds, Data(body), order.column)
    }

    private func update(_ row: FateRow) throws {
        try run(
            """
            UPDATE orders SET fate = ?, reason = CASE WHEN ? = '' THEN reason ELSE ? END,
                state = CASE WHEN filled >= quantity THEN state ELSE ? END, changed_at = ?,
                changed = ? WHERE id = ?
            """, Int(row.state.rawValue), row.reason, row.reason, row.state.description,
            row.at.nanoseconds, row.entry.column, row.order.column)
        if [.declined, .unknown, .expired].contains(row.state) {
            try addToScore(of: row.order, "unanswered = unanswered + 1", [])
        }
    }

    // MARK: Fills

    /// Books a fill once, whatever is repeated, and takes it back once.
    private func book(_ row: FillRow) throws {
        let known = try Row.fetchOne(
            db,
            sql: "SELECT finality, quantity, price, fee FROM fill WHERE order_id = ? AND trade = ?",
            arguments: [row.order.column, row.trade.description])
        let finality = row.finality.wireName
        guard let known else {
            guard row.finality != .busted else { return }
            try insert(row)
            return try count(row, sign: 1)
        }
        let before: String = known["finality"]
        if before == FillFinality.busted.wireName || before == finality { return }
        try run(
            "UPDATE fill SET finality = ? WHERE order_id = ? AND trade = ?", finality,
            row.order.column, row.trade.description)
        try insertStep(row.order, row.entry, row.at, row.body)
        if row.finality == .busted {
            try count(row, sign: -1)
            try takeMarkoutsBack(of: row)
        }
    }

    private func insert(_ row: FillRow) throws {
        try run(
            """
            INSERT INTO fill SELECT ?, id, ?, org, account, strategy, agent, instrument, ?, ?, ?,
                ?, ?, ?, ?, NULL, NULL, NULL FROM orders WHERE id = ?
            """, row.entry.column, row.at.nanoseconds, Int(row.side.rawValue), row.price.units,
            row.quantity.units, row.fee.units, row.liquidity.wireName, row.trade.description,
            row.finality.wireName, row.order.column)
        try insertStep(row.order, row.entry, row.at, row.body)
    }

    /// Books a markout once, in the fill and, for each of its contracts, in the score.
    private func book(_ row: MarkoutRow) throws {
        let column = "markout_\(row.horizon)"
        try run(
            "UPDATE fill SET \(column) = ? WHERE order_id = ? AND trade = ? AND \(column) IS NULL "
                + "AND finality <> 'busted'", row.gain.units, row.order.column,
            row.trade.description)
        guard db.changesCount == 1,
            let contracts = try Int64.fetchOne(
                db, sql: "SELECT quantity FROM fill WHERE order_id = ? AND trade = ?",
                arguments: [row.order.column, row.trade.description])
        else { return }
        try addMarkout(
            of: row.order, row.horizon, row.gain, Quantity(units: contracts), sign: 1)
    }

    private func takeMarkoutsBack(of row: FillRow) throws {
        let fill = try Row.fetchOne(
            db, sql: "SELECT * FROM fill WHERE order_id = ? AND trade = ?",
            arguments: [row.order.column, row.trade.description])
        guard let fill else { return }
        let quantity = Quantity(units: fill["quantity"])
        for horizon in MarkoutFold.horizons.indices {
            guard let gain: Int64 = fill["markout_\(horizon)"] else { continue }
            try addMarkout(of: row.order, horizon, Price(units: gain), quantity, sign: -1)
        }
        try run(
            "UPDATE fill SET markout_0 = NULL, markout_1 = NULL, markout_2 = NULL "
                + "WHERE order_id = ? AND trade = ?", row.order.column, row.trade.description)
    }

    private func addMarkout(
        of order: OrderID, _ horizon: Int, _ gain: Price, _ quantity: Quantity, sign: Int64
    ) throws {
        let amount = Money(gain, times: quantity, .nearestEven)
        try addToScore(
            of: order,
            "gain_\(horizon) = gain_\(horizon) + ?, seen_\(horizon) = seen_\(horizon) + ?",
            [amount.units * sign, quantity.units * sign])
    }

    private func count(_ row: FillRow, sign: Int64) throws {
        guard
            let order = try Row.fetchOne(
                db, sql: "SELECT quantity, filled, fate, edge, bid, ask FROM orders WHERE id = ?",
                arguments: [row.order.column])
        else { return }
        let quantity: Int64 = order["quantity"]
        let filled = order["filled"] + row.quantity.units * sign
        let fate: Int = order["fate"]
        let state =
            filled >= quantity
            ? OrderState.filled : UInt8(exactly: fate).flatMap(OrderState.init) ?? .permitted
        let amount = Money(row.price, times: row.quantity, .nearestEven)
        try run(
            """
            UPDATE orders SET filled = ?, cost = cost + ?, fees = fees + ?, state = ?,
                changed_at = ?, changed = ? WHERE id = ?
            """, filled, amount.units * sign * row.side.sign, row.fee.units * sign,
            state.description, row.at.nanoseconds, row.entry.column, row.order.column)
        let isMaker = row.liquidity == .maker
        let share = Money(units: order["edge"]).scaled(row.quantity.units, of: quantity)
        try addToScore(
            of: row.order,
            "fills = fills + ?, maker = maker + ?, contracts = contracts + ?, "
                + "notional = notional + ?, fees = fees + ?, edge = edge + ?, "
                + "slippage = slippage + ?",
            [
                sign, isMaker ? row.quantity.units * sign : 0, row.quantity.units * sign,
                amount.units * sign, row.fee.units * sign, share.units * sign,
                slippage(of: row, bid: order["bid"], ask: order["ask"]) * sign,
            ])
    }

    /// What the fill cost beyond the middle of the market that the order was decided on.
    private func slippage(of row: FillRow, bid: Int64, ask: Int64) -> Int64 {
        guard bid > 0, ask > 0 else { return 0 }
        let over = Price(units: row.price.units - (bid + ask) / 2)
        return Money(over, times: row.quantity, .nearestEven).units * row.side.sign
    }

    private func addToScore(of order: OrderID, _ set: String, _ values: [Int64]) throws {
        let update =
            "UPDATE score SET \(set) WHERE (org, account, mode, strategy, agent) = "
            + "(SELECT org, account, mode, strategy, agent FROM orders WHERE id = ?)"
        try db.cachedStatement(sql: update).execute(
            arguments: StatementArguments(values + [order.column]))
    }

    // MARK: Markets

    private func insert(_ row: InstrumentRow) throws {
        try run(
            """
            INSERT INTO instrument (id, entry, title, venue, event, open_at, close_at, status, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET entry = excluded.entry,
                title = excluded.title, close_at = excluded.close_at, status = excluded.status,
                body = excluded.body
            """, row.instrument.description, row.entry.column, row.title, row.venue.description,
            row.event.description, row.openAt.nanoseconds, row.closeAt.nanoseconds,
            "\(row.status)", Data(row.body))
    }

    private func run(_ sql: String, _ values: (any DatabaseValueConvertible)...) throws {
        try db.cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
    }
}

extension SequenceNumber {
    /// For a column. A journal has no more entries than a row can count.
    var column: Int64 { Int64(clamping: rawValue) }
}

extension OrderID {
    var column: Int64 { Int64(clamping: rawValue) }
}

extension Money {
    /// The share of an amount that a part of a whole has.
    fileprivate func scaled(_ part: Int64, of whole: Int64) -> Money {
        guard whole != 0 else { return .zero }
        let product = Int128(units) * Int128(part)
        return Money(units: Int64(clamping: divide(product, by: Int128(whole), .nearestEven)))
    }
}
