/// Polymarket's taker fee: `rate × C × (P × (1 − P))^exponent`, cut to 0.00001. Makers pay nothing.
///
/// Rate and exponent are each market's own and change: they are read from the venue.
package enum PolymarketFees {
    /// The grid of a fee.
    package static let step = Money(units: 10_000)
    package static let exponentMax = 2

    /// What a taker pays for one match; nil for an exponent that the venue has never had.
    package static func taker(
        price: Price, quantity: Quantity, rate: Price, exponent: Int, cutTo step: Money = step
    ) -> Money? {
        precondition(price.units >= 0 && price <= .one, "a price lies in [0, 1], got \(price)")
        precondition(!quantity.isNegative, "a fill has no negative quantity: \(quantity)")
        precondition(!rate.isNegative, "a rate cannot be negative: \(rate)")
        guard (0...exponentMax).contains(exponent) else { return nil }
        let variance = UInt128(price.units) * UInt128(price.complement.units)
        var power: UInt128 = 1
        var scale: UInt128 = 1
        for _ in 0..<exponent {
            power *= variance
            scale *= 1_000_000_000_000_000_000
        }
        // Up to 54 decimals: the product is held in 256 bits. Cutting twice is cutting once.
        let product = power.multipliedFullWidth(
            by: UInt128(rate.units) * UInt128(quantity.units))
        precondition(product.high < scale, "the fee of \(quantity) at \(price) does not fit")
        let units = scale.dividingFullWidth((product.high, product.low)).quotient
        return Money(units: Int64(units / 1_000_000_000)).rounded(toMultipleOf: step, .down)
    }

    /// What a taker pays at Polymarket US, an exchange of its own: a share of what the order can
    /// lose, in whole cents.
    package static func unitedStates(
        _ side: Side, price: Price, quantity: Quantity, rate: Price
    ) -> Money {
        precondition(price.units >= 0 && price <= .one, "a price lies in [0, 1], got \(price)")
        precondition(!rate.isNegative, "a rate cannot be negative: \(rate)")
        let cost = Money(side == .buy ? price : price.complement, times: quantity, .nearestEven)
        let fee = divide(
            Int128(cost.units) * Int128(rate.units), by: Int128(Price.scale), .nearestEven)
        return Money(units: Int64(fee)).rounded(
            toMultipleOf: Money(units: 10_000_000), .nearestEven)
    }

    /// A coefficient `k` such that `k × C × P × (1 − P)` is never below the fee: with a higher
    /// exponent the fee is lower everywhere, by four at least for each.
    package static func coefficient(rate: Price, exponent: Int) -> Price? {
        switch exponent {
        case 1: rate
        case 2: Price(units: Int64(divide(Int128(rate.units), by: 4, .up)))
        default: nil
        }
    }
}
