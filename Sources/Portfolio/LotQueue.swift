package import Trading

/// Contracts that were bought together, and what they have cost.
package struct Lot: Sendable, Hashable, BitwiseCopyable {
    package var quantity: Quantity
    package var cost: Money

    package init(quantity: Quantity, cost: Money) {
        self.quantity = quantity
        self.cost = cost
    }
}

/// The lots of a position at first-in-first-out cost, oldest first. Together they are the position.
struct LotQueue: Sendable, Hashable {
    var lots: [Lot] = []

    var quantity: Quantity { lots.reduce(.zero) { $0 + $1.quantity } }
    var cost: Money { lots.reduce(.zero) { $0 + $1.cost } }

    /// Takes contracts from the oldest lots and returns what they have cost. A share of a lot is
    /// rounded down; the contracts that empty the lot carry the rest.
    mutating func release(_ quantity: Quantity) -> Money {
        var open = quantity
        var released: Money = .zero
        var emptied = 0
        while open.units > 0 {
            precondition(emptied < lots.count, "lots end \(open) short of \(quantity)")
            let lot = lots[emptied]
            if lot.quantity <= open {
                open -= lot.quantity
                released += lot.cost
                emptied += 1
            } else {
                let part = lot.cost.scaled(by: open.units, over: lot.quantity.units, .down)
                lots[emptied] = Lot(quantity: lot.quantity - open, cost: lot.cost - part)
                released += part
                open = .zero
            }
        }
        lots.removeFirst(emptied)
        return released
    }

    mutating func append(_ quantity: Quantity, cost: Money) {
        lots.append(Lot(quantity: quantity, cost: cost))
    }

    /// Takes a purchase back that is still whole; false where part of it has been closed since.
    mutating func remove(_ quantity: Quantity, cost: Money) -> Bool {
        let lot = Lot(quantity: quantity, cost: cost)
        guard let index = lots.lastIndex(of: lot) else { return false }
        lots.remove(at: index)
        return true
    }

    /// Puts contracts back that were closed: they are again the oldest.
    mutating func putBack(_ quantity: Quantity, cost: Money) {
        lots.insert(Lot(quantity: quantity, cost: cost), at: 0)
    }
}
