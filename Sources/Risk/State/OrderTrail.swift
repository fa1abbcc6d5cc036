import Trading

/// What a strategy lately did in one instrument: enough to see an order that repeats itself and a
/// price that walks away step by step. Bounded, whatever the strategy does.
struct OrderTrail: Sendable, Hashable {
    /// So many of the last orders are kept; a limit on repetitions above it acts like this one.
    static let ordersMax = 64
    /// A walk is kept in steps of this fraction of its window, so up to one step more is seen.
    static let steps: Int64 = 16

    /// An order that was permitted.
    struct Order: Sendable, Hashable, BitwiseCopyable {
        let side: Side
        let price: Price
        let quantity: Quantity
        let at: Timestamp
    }

    /// The range of the prices permitted in one step of time.
    struct Step: Sendable, Hashable, BitwiseCopyable {
        let since: Timestamp
        var until: Timestamp
        var lowestBuy = Price(units: .max)
        var highestSell = Price(units: .min)
    }

    /// Oldest first.
    var orders: [Order] = []
    /// Oldest first.
    var walk: [Step] = []

    var isEmpty: Bool { orders.isEmpty && walk.isEmpty }

    /// How many orders of the last `window` were the same.
    func repetitions(
        _ side: Side, _ price: Price, _ quantity: Quantity, at now: Timestamp, window: Span
    ) -> Int {
        var count = 0
        for order in orders.reversed() {
            if now - order.at >= window { break }
            if order.side == side, order.price == price, order.quantity == quantity { count += 1 }
        }
        return count
    }

    /// How far a price lies beyond the best one that the strategy had on this side within `window`:
    /// above its lowest purchase, or below its highest sale.
    func distance(_ side: Side, _ price: Price, at now: Timestamp, window: Span) -> Int64 {
        var distance: Int64 = 0
        for step in walk.reversed() {
            if now - step.until >= window { break }
            switch side {
            case .buy where step.lowestBuy.units < .max:
                distance = max(distance, price.units - step.lowestBuy.units)
            case .sell where step.highestSell.units > .min:
                distance = max(distance, step.highestSell.units - price.units)
            case .buy, .sell: continue
            }
        }
        return distance
    }

    /// Keeps an order for as long as a window could ask for it.
    mutating func add(_ order: Order, repeatWindow: Span) {
        orders.removeAll { order.at - $0.at >= repeatWindow }
        if orders.count >= OrderTrail.ordersMax { orders.removeFirst() }
        orders.append(order)
    }

    /// Takes an order's price into the step that now belongs to.
    mutating func add(_ order: Order, walkWindow: Span) {
        walk.removeAll { order.at - $0.until >= walkWindow }
        let length = Span(nanoseconds: walkWindow.nanoseconds / OrderTrail.steps)
        if walk.isEmpty || order.at - walk[walk.count - 1].since > length {
            walk.append(Step(since: order.at, until: order.at))
        }
        // A window that was shortened can leave more steps than it needs: the oldest become one.
        if walk.count > OrderTrail.steps + 2 {
            let oldest = walk.removeFirst()
            walk[0].lowestBuy = min(walk[0].lowestBuy, oldest.lowestBuy)
            walk[0].highestSell = max(walk[0].highestSell, oldest.highestSell)
        }
        let last = walk.count - 1
        walk[last].until = order.at
        switch order.side {
        case .buy: walk[last].lowestBuy = min(walk[last].lowestBuy, order.price)
        case .sell: walk[last].highestSell = max(walk[last].highestSell, order.price)
        }
    }
}
