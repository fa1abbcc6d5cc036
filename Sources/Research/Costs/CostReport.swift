import Execution
package import Trading

/// What trading cost: one row for all orders and one for each strategy, venue, regime and
/// algorithm. Prices in dollars a contract, money in dollars, rates as fractions.
package struct CostReport: Sendable, Encodable, Equatable {
    package struct Row: Sendable, Encodable, Equatable {
        package var strategy = "all"
        package var venue = "all"
        package var regime = "all"
        package var algorithm = "all"
        package var requests = 0
        package var orders = 0
        package var fills = 0
        package var rejectionRate = 0.0
        /// Orders whose time ran out before they were filled, of all orders.
        package var timeoutRate = 0.0
        /// Contracts filled of those ordered.
        package var fillEfficiency = 0.0
        /// The same of post-only orders; nil without one.
        package var passiveFillRatio: Double?
        package var quantity = 0.0
        package var fees = 0.0
        package var shortfall = Shortfall()
        /// Twice side × (price − mid at the fill), by contracts; nil without a mid.
        package var effectiveSpread: Double?
        package var markouts: [Markout] = []
        /// How slippage against the mid of the decision changes in an hour; nil below three fills.
        package var slippageDriftPerHour: Double?
    }

    /// The split of the implementation shortfall, in dollars.
    package struct Shortfall: Sendable, Encodable, Equatable {
        package var delay = 0.0
        package var trading = 0.0
        package var opportunity = 0.0
        package var fees = 0.0
        package var total = 0.0
        /// Of what all orders would have cost at their decisions.
        package var basisPoints = 0.0
    }

    package struct Markout: Sendable, Encodable, Equatable {
        package let horizon: String
        /// side × (mid later − price), by contracts. Positive is for us.
        package let mean: Double
        package let fills: Int
    }

    package let rows: [Row]
    /// How often the core refused, by reason, the most frequent first.
    package let rejections: [Count]

    package struct Count: Sendable, Encodable, Equatable {
        package let name: String
        package let count: Int
        package init(name: String, count: Int) {
            self.name = name
            self.count = count
        }
    }

    /// The horizons of markouts; settlement follows them.
    package static let horizons: [(String, Span)] = [
        ("1s", .seconds(1)), ("10s", .seconds(10)), ("1m", .seconds(60)),
        ("10m", .seconds(600)), ("1h", .seconds(3_600)),
    ]
}

extension CostReport {
    private struct Key: Hashable, Comparable {
        let strategy: String
        let venue: String
        let regime: String
        let algorithm: String
        static func < (left: Key, right: Key) -> Bool {
            (left.strategy, left.venue, left.regime, left.algorithm)
                < (right.strategy, right.venue, right.regime, right.algorithm)
        }
    }

    package init(_ book: CostBook) {
        var groups: [Key: (orders: [OrderCost], rejected: Int)] = [:]
        for order in book.orders {
            let key = Key(
                strategy: "\(order.strategy)", venue: "\(order.venue)",
                regime: order.regime.rawValue, algorithm: order.algorithm)
            groups[key, default: ([], 0)].orders.append(order)
        }
        for rejection in book.rejections {
            let key = Key(
                strategy: "\(rejection.strategy)", venue: "\(rejection.venue)",
                regime: rejection.regime.rawValue, algorithm: rejection.algorithm)
            groups[key, default: ([], 0)].rejected += 1
        }
        let whole = CostReport.row(book.orders, rejected: book.rejections.count, book)
        let parts = groups.sorted { $0.key < $1.key }.map { key, group in
            var row = CostReport.row(group.orders, rejected: group.rejected, book)
            (row.strategy, row.venue) = (key.strategy, key.venue)
            (row.regime, row.algorithm) = (key.regime, key.algorithm)
            return row
        }
        rows = [whole] + parts
        var counts: [String: Int] = [:]
        for rejection in book.rejections { counts["\(rejection.reason)", default: 0] += 1 }
        rejections = counts.map { Count(name: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }

    private static func row(_ orders: [OrderCost], rejected: Int, _ book: CostBook) -> Row {
        var row = Row()
        row.requests = orders.count + rejected
        row.orders = orders.count
        row.fills = orders.reduce(0) { $0 + $1.fills.count }
        row.rejectionRate = share(Double(rejected), of: Double(row.requests)) ?? 0
        row.timeoutRate =
            share(Double(orders.count { $0.isTimedOut }), of: Double(orders.count)) ?? 0
        row.quantity = filled(orders)
        row.fillEfficiency = share(row.quantity, of: ordered(orders)) ?? 0
        let passive = orders.filter(\.isPassive)
        row.passiveFillRatio = share(filled(passive), of: ordered(passive))
        row.fees = orders.reduce(0) { sum, order in
            sum + order.fills.reduce(0) { $0 + $1.fee.doubleValue }
        }
        row.shortfall = shortfall(orders, book)
        row.effectiveSpread =
            mean(orders, book) { order, fill, mids in
                mids.effectiveHalfSpread(order.side, price: fill.price.doubleValue, at: fill.at)
                    .map { 2 * $0 }
            }?.mean
        row.markouts = markouts(orders, book)
        row.slippageDriftPerHour = drift(orders)
        return row
    }

    private static func share(_ part: Double, of whole: Double) -> Double? {
        whole > 0 ? part / whole : nil
    }
    private static func filled(_ orders: [OrderCost]) -> Double {
        orders.reduce(0) { $0 + $1.filled.doubleValue }
    }
    private static func ordered(_ orders: [OrderCost]) -> Double {
        orders.reduce(0) { $0 + $1.quantity.doubleValue }
    }

    /// The sums over orders whose decision had a mid.
    private static func shortfall(_ orders: [OrderCost], _ book: CostBook) -> Shortfall {
        var sum = Shortfall()
        var notional = 0.0
        for order in orders {
            guard let decision = order.decisionMid, decision > 0,
                let mids = book.mids[order.instrument]
            else { continue }
            let arrival = mids.mid(at: order.arrivedAt ?? order.decidedAt) ?? decision
            let end = mids.mid(at: order.endedAt ?? book.lastAt) ?? arrival
            let quantity = max(order.quantity, order.filled).doubleValue
            let cost = ImplementationShortfall(
                order.side, quantity: quantity, decision: decision, arrival: arrival, end: end,
                fills: order.fills.map {
                    .init(
                        quantity: $0.quantity.doubleValue, price: $0.price.doubleValue,
                        fee: $0.fee.doubleValue)
                })
            sum.delay += cost.delay
            sum.trading += cost.trading
            sum.opportunity += cost.opportunity
            sum.fees += cost.fees
            sum.total += cost.total
            notional += quantity * decision
        }
        sum.basisPoints = (share(sum.total, of: notional) ?? 0) * 1e4
        return sum
    }

    /// A mean over fills by contracts; nil where `value` knows none.
    private static func mean(
        _ orders: [OrderCost], _ book: CostBook,
        _ value: (OrderCost, OrderCost.Fill, MidHistory) -> Double?
    ) -> (mean: Double, fills: Int)? {
        var (sum, weight, count) = (0.0, 0.0, 0)
        for order in orders {
            guard let mids = book.mids[order.instrument] else { continue }
            for fill in order.fills {
                guard let found = value(order, fill, mids) else { continue }
                sum += found * fill.quantity.doubleValue
                weight += fill.quantity.doubleValue
                count += 1
            }
        }
        return share(sum, of: weight).map { ($0, count) }
    }

    /// Horizons that end after the last thing known are left out, fill by fill.
    private static func markouts(_ orders: [OrderCost], _ book: CostBook) -> [Markout] {
        var result = horizons.compactMap { name, horizon in
            mean(orders, book) { order, fill, mids in
                guard
                    fill.at + horizon <= book.lastAt
                        || book.settlement(of: order.instrument) != nil
                else { return nil }
                return mids.markout(
                    order.side, price: fill.price.doubleValue, at: fill.at, after: horizon)
            }.map { Markout(horizon: name, mean: $0.mean, fills: $0.fills) }
        }
        let settled = mean(orders, book) { order, fill, _ in
            book.settlement(of: order.instrument).map {
                Double(order.side.sign) * ($0 - fill.price.doubleValue)
            }
        }
        if let settled {
            result.append(
                Markout(horizon: "settlement", mean: settled.mean, fills: settled.fills))
        }
        return result
    }

    /// The slope of slippage over time by least squares.
    private static func drift(_ orders: [OrderCost]) -> Double? {
        var points: [(hours: Double, slippage: Double)] = []
        for order in orders {
            guard let decision = order.decisionMid else { continue }
            for fill in order.fills {
                points.append(
                    (
                        Double(fill.at.nanoseconds) / 3.6e12,
                        Double(order.side.sign) * (fill.price.doubleValue - decision)
                    ))
            }
        }
        guard points.count >= 3 else { return nil }
        let count = Double(points.count)
        let hours = points.reduce(0) { $0 + $1.hours } / count
        let slippage = points.reduce(0) { $0 + $1.slippage } / count
        let spread = points.reduce(0) { $0 + ($1.hours - hours) * ($1.hours - hours) }
        guard spread > 0 else { return nil }
        return points.reduce(0) { $0 + ($1.hours - hours) * ($1.slippage - slippage) } / spread
    }
}
