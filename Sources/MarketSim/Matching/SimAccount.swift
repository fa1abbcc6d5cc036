package import Trading

/// What an account has in one market.
package struct SimHolding: Sendable, Hashable {
    /// Positive: YES contracts, negative: NO contracts.
    package internal(set) var quantity: Quantity = .zero
    /// YES and NO held together: each such pair is worth a dollar, whatever happens.
    package internal(set) var pairs: Quantity = .zero
    /// What the open position cost, in either outcome.
    package internal(set) var cost: Money = .zero
    package internal(set) var realized: Money = .zero
    package internal(set) var fees: Money = .zero
    /// Contracts traded so far.
    package internal(set) var volume: Quantity = .zero
    package internal(set) var updatedAt: Timestamp = .zero

    /// Books a fill and gives the change of cash before fees: opening YES at p costs p, opening NO
    /// costs 1 − p, and a YES with a NO is a dollar.
    mutating func apply(_ side: Side, price: Price, quantity filled: Quantity) -> Money {
        let held = side == .buy ? -quantity : quantity
        let closing = max(.zero, min(filled, held))
        let opening = filled - closing
        let paid = side == .buy ? price : price.complement
        let openingCost = exactMoney(paid, opening)
        let proceeds = exactMoney(paid.complement, closing)
        if !closing.isZero {
            let share = cost.scaled(
                by: closing.units, over: quantity.magnitude.units, .nearestEven)
            cost -= share
            realized += proceeds - share
        }
        cost += openingCost
        quantity += side == .buy ? filled : -filled
        volume += filled
        return proceeds - openingCost
    }

    /// How many of a token there are.
    package func count(_ token: SimToken) -> Quantity {
        max(token == .yes ? quantity : -quantity, .zero) + pairs
    }

    /// Books a fill of an order for a token and gives the change of cash before fees: a purchase
    /// costs its price and may make pairs, a sale brings it and may break some.
    mutating func apply(
        _ side: Side, _ token: SimToken, price: Price, quantity filled: Quantity
    ) -> Money {
        let isPurchase = (token == .yes) == (side == .buy)
        let held = count(token) + (isPurchase ? filled : -filled)
        precondition(!held.isNegative, "a sale of \(filled) \(token) that is not held")
        let both = min(held, count(token.other))
        let change = apply(side, price: price, quantity: filled)
        // Netting pays a dollar for a pair at once; here it is held until it is sold or settled.
        let made = both - pairs
        pairs = both
        return change - exactMoney(.one, made)
    }
}

/// An account of the venue: a participant from outside, or one of the generated counterparties.
struct SimAccount: Sendable {
    let name: String
    let isParticipant: Bool
    let deposit: Money
    var cash: Money
    /// The sum of what resting orders could cost, without netting against positions.
    var grossHold: Money = .zero
    /// Resting orders of a participant, oldest first.
    var resting: [SimOrderID] = []
    /// Every client order id that a participant used.
    var clientOrderIDs: [VenueReference: SimOrderID] = [:]
}

/// `price × quantity`, which lies on the grid exactly because prices have at most four decimals
/// and quantities at most five; anything else is a broken invariant.
func exactMoney(_ price: Price, _ quantity: Quantity) -> Money {
    let product = Int128(price.units) * Int128(quantity.units)
    precondition(product % Int128(Price.scale) == 0, "\(price) × \(quantity) is not exact")
    return Money(units: Int64(product / Int128(Price.scale)))
}
