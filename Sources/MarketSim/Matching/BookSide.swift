import Trading

/// One side of a market's book: price levels, each with its orders in the order of their coming.
struct BookSide: Sendable {
    struct Level: Sendable {
        let price: Price
        var total: Quantity
        var orders: [SimOrderID]
    }

    let side: Side
    /// Worst first, so that the best level is taken off the end.
    private(set) var levels: [Level] = []

    init(_ side: Side) { self.side = side }

    var best: Level? { levels.last }

    /// Whether an incoming order on the other side with this limit reaches `price`.
    func isReached(_ price: Price, byLimit limit: Price) -> Bool {
        side == .buy ? price >= limit : price <= limit
    }

    mutating func append(_ id: SimOrderID, price: Price, quantity: Quantity) {
        let index = position(of: price)
        if index < levels.count, levels[index].price == price {
            levels[index].orders.append(id)
            levels[index].total += quantity
        } else {
            levels.insert(Level(price: price, total: quantity, orders: [id]), at: index)
        }
    }

    /// Takes quantity off the first order of the best level; removes the order when it is done.
    mutating func takeFromBest(_ quantity: Quantity, isDone: Bool) {
        let index = levels.count - 1
        levels[index].total -= quantity
        precondition(!levels[index].total.isNegative, "a level went below zero")
        if isDone { levels[index].orders.removeFirst() }
        if levels[index].orders.isEmpty {
            precondition(levels[index].total.isZero, "contracts without an order")
            levels.removeLast()
        }
    }

    mutating func remove(_ id: SimOrderID, price: Price, quantity: Quantity) {
        let index = position(of: price)
        precondition(index < levels.count && levels[index].price == price, "no level at \(price)")
        guard let place = levels[index].orders.firstIndex(of: id) else {
            preconditionFailure("order \(id) is not at \(price)")
        }
        levels[index].orders.remove(at: place)
        levels[index].total -= quantity
        if levels[index].orders.isEmpty {
            precondition(levels[index].total.isZero, "contracts without an order")
            levels.remove(at: index)
        }
    }

    mutating func removeAll() { levels.removeAll() }

    /// Where a level of this price is or belongs.
    private func position(of price: Price) -> Int {
        var low = 0
        var high = levels.count
        while low < high {
            let middle = (low + high) / 2
            let isWorse =
                side == .buy ? levels[middle].price < price : levels[middle].price > price
            if isWorse { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
