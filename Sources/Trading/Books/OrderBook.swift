/// A price level: all contracts that rest at one price.
package struct BookLevel: Sendable, Hashable, BitwiseCopyable {
    package let price: Price
    package let quantity: Quantity
    package init(price: Price, quantity: Quantity) {
        self.price = price
        self.quantity = quantity
    }
}

/// A level-2 book of one instrument in YES terms.
///
/// Levels are sorted best first. A venue that shows NO bids is mapped by its adapter: a NO bid at q
/// is a YES ask at 1 − q.
package struct OrderBook: Sendable, Hashable {
    package private(set) var bids: [BookLevel] = []
    package private(set) var asks: [BookLevel] = []
    /// The venue's sequence of the last applied update.
    package var sequence: SequenceNumber = .zero

    package init() {}

    /// Replaces the whole book. Levels may come in any order; empty ones are dropped.
    package init(bids: [BookLevel], asks: [BookLevel], sequence: SequenceNumber) {
        self.bids = bids.filter { $0.quantity.units > 0 }.sorted { $0.price > $1.price }
        self.asks = asks.filter { $0.quantity.units > 0 }.sorted { $0.price < $1.price }
        self.sequence = sequence
    }

    /// Sets the quantity that rests at `price`; zero removes the level.
    package mutating func set(_ side: Side, price: Price, quantity: Quantity) {
        precondition(!quantity.isNegative, "a level cannot be negative: \(quantity) at \(price)")
        switch side {
        case .buy: OrderBook.set(&bids, price: price, quantity: quantity) { $0 > $1 }
        case .sell: OrderBook.set(&asks, price: price, quantity: quantity) { $0 < $1 }
        }
    }

    package func quantity(_ side: Side, at price: Price) -> Quantity {
        let levels = side == .buy ? bids : asks
        return levels.first { $0.price == price }?.quantity ?? .zero
    }

    package var bestBid: BookLevel? { bids.first }
    package var bestAsk: BookLevel? { asks.first }

    /// Half the sum of the touches, rounded down to a unit; nil when a side is empty.
    package var mid: Price? {
        guard let bid = bestBid, let ask = bestAsk else { return nil }
        return Price(units: (bid.price.units + ask.price.units) / 2)
    }

    /// A bid at or above an ask: the book cannot be trusted.
    package var isCrossed: Bool {
        guard let bid = bestBid, let ask = bestAsk else { return false }
        return bid.price >= ask.price
    }

    private static func set(
        _ levels: inout [BookLevel], price: Price, quantity: Quantity,
        isBetter: (Price, Price) -> Bool
    ) {
        let index = levels.firstIndex { !isBetter($0.price, price) } ?? levels.endIndex
        let exists = index < levels.endIndex && levels[index].price == price
        switch (exists, quantity.isZero) {
        case (true, true): levels.remove(at: index)
        case (true, false): levels[index] = BookLevel(price: price, quantity: quantity)
        case (false, true): break
        case (false, false):
            levels.insert(BookLevel(price: price, quantity: quantity), at: index)
        }
    }
}
