package import Trading

/// What one child order costs in fees, rounded as the venue rounds an order.
package enum ChildFees: Sendable, Hashable {
    case none
    /// Kalshi: quadratic, rounded up for each fill, the balance cut to `precision`.
    case kalshi(takerRate: Price, makerRate: Price, multiplier: Price, precision: Money)
    /// Polymarket: takers alone.
    case polymarket(rate: Price, exponent: Int)

    /// The fee of an order that is filled at once, at a price.
    package func fee(
        _ side: Side, _ liquidity: Liquidity, price: Price, quantity: Quantity
    ) -> Money {
        switch self {
        case .none: return .zero
        case .kalshi(let takerRate, let makerRate, let multiplier, let precision):
            var order = KalshiOrderFees(precision: precision)
            return order.charge(
                side, price: price, quantity: quantity,
                rate: liquidity == .taker ? takerRate : makerRate, multiplier: multiplier
            ).net
        case .polymarket(let rate, let exponent):
            guard liquidity == .taker else { return .zero }
            // An exponent that the venue never had is not traded on: as dear as a whole contract.
            return PolymarketFees.taker(
                price: price, quantity: quantity, rate: rate, exponent: exponent)
                ?? Money(.one, times: quantity, .up)
        }
    }
}

/// The sizes that a child may have: whole lots, at least the venue's minimum, never leaving what
/// could not be traded, and worth their rounded fees.
package struct ChildSizes: Sendable, Hashable {
    package let lot: Quantity
    /// The least that the venue takes, in lots.
    package let minimumLots: Int64

    /// `minimum` is rounded up to whole lots.
    package init(lot: Quantity, minimum: Quantity) {
        precondition(lot.units > 0, "a lot is positive, got \(lot)")
        self.lot = lot
        minimumLots = max(1, minimum.rounded(toMultipleOf: lot, .up).units / lot.units)
    }

    package func lots(_ quantity: Quantity) -> Int64 { quantity.units / lot.units }
    package func quantity(_ lots: Int64) -> Quantity { lot * lots }

    /// The child nearest to `wanted` lots of `remaining`, at most `wanted` unless what it would
    /// leave could not be traded by itself and cannot be had by making it smaller. Zero when none
    /// fits.
    package func child(wanted: Int64, remaining: Int64) -> Int64 {
        let child = min(wanted, remaining)
        guard child >= minimumLots else { return 0 }
        let left = remaining - child
        guard left > 0, left < minimumLots else { return child }
        let smaller = remaining - minimumLots
        return smaller >= minimumLots ? smaller : remaining
    }

    /// The least number of lots whose fee, rounded up, stays below their edge or is nothing; nil
    /// where none of at most `most` does.
    package func worthwhile(
        _ side: Side, _ fees: ChildFees, _ liquidity: Liquidity, price: Price, edge: Price,
        most: Int64
    ) -> Int64? {
        let isWorth = { (lots: Int64) in
            let quantity = quantity(lots)
            let fee = fees.fee(side, liquidity, price: price, quantity: quantity)
            return fee <= .zero || fee < Money(edge, times: quantity, .down)
        }
        guard most >= minimumLots, isWorth(most) else { return nil }
        // Rounding weighs less the larger an order is: halve while it is still worth it.
        var low = minimumLots - 1
        var high = most
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if isWorth(middle) { high = middle } else { low = middle }
        }
        return high
    }
}
