/// Kalshi's trading fees: quadratic in the price, `rate × C × P × (1 − P)`.
///
/// Two ways of rounding exist. The classic fee schedule rounds one total per order up to the cent.
/// Since 2026-07-07 each fill is charged (docs.kalshi.com/getting_started/fee_rounding): its trade
/// fee is rounded up to 0.0001, and the order keeps an account of what further rounding took.
package enum KalshiFees {
    /// What a taker pays per unit of `P × (1 − P)`, before the series' multiplier.
    package static let takerRate = Price(units: 70_000_000)
    /// What a maker pays on series whose fee type is `quadratic_with_maker_fees`.
    package static let makerRate = Price(units: 17_500_000)
    /// The grid of a trade fee.
    package static let tradeStep = Money(units: 100_000)
    /// The grid of a retail account's balance, and the unit of rebates.
    package static let cent = Money(units: 10_000_000)

    /// The classic fee of a whole order: one total, rounded up to the cent.
    package static func classic(price: Price, quantity: Quantity, rate: Price) -> Money {
        exact(price: price, quantity: quantity, rate: rate, multiplier: .one, roundedUpTo: cent)
    }

    /// The trade fee of one fill, rounded up to 0.0001. `multiplier` is the series'.
    package static func trade(
        price: Price, quantity: Quantity, rate: Price, multiplier: Price = .one
    ) -> Money {
        exact(
            price: price, quantity: quantity, rate: rate, multiplier: multiplier,
            roundedUpTo: tradeStep)
    }

    /// The exact product rounded up once. The five factors have up to 45 decimals, so the product
    /// is held in 256 bits: rounding in between would lose a unit that `ceil` must see.
    private static func exact(
        price: Price, quantity: Quantity, rate: Price, multiplier: Price, roundedUpTo step: Money
    ) -> Money {
        precondition(price.units >= 0 && price <= .one, "a price lies in [0, 1], got \(price)")
        precondition(!quantity.isNegative, "a fill has no negative quantity: \(quantity)")
        precondition(!rate.isNegative, "a rate cannot be negative: \(rate)")
        precondition(!multiplier.isNegative, "a multiplier cannot be negative: \(multiplier)")
        let variance = UInt128(price.units) * UInt128(price.complement.units)
        let notional = variance * UInt128(quantity.units)
        let coefficient = UInt128(rate.units) * UInt128(multiplier.units)
        let product = notional.multipliedFullWidth(by: coefficient)
        let scale = UInt128(1_000_000_000_000_000_000) * UInt128(1_000_000_000_000_000_000)
        precondition(product.high < scale, "the fee of \(quantity) at \(price) does not fit")
        let (quotient, remainder) = scale.dividingFullWidth((product.high, product.low))
        // Rounding up to a unit first and to the step then is the same as rounding up once.
        let units = Int64(quotient) + (remainder == 0 ? 0 : 1)
        return Money(units: units).rounded(toMultipleOf: step, .up)
    }
}

/// What one fill cost: the trade fee, what rounding the balance took, and what was given back.
package struct KalshiFillFee: Sendable, Hashable {
    package let trade: Money
    package let rounding: Money
    package let rebate: Money
    package init(trade: Money, rounding: Money, rebate: Money) {
        self.trade = trade
        self.rounding = rounding
        self.rebate = rebate
    }
    /// What the account pays.
    package var net: Money { trade + rounding - rebate }
}

/// The fee account of one order: rounding gathers over its fills and whole cents are given back.
///
/// The documents leave open whether the rebate comes when the account reaches a cent or when it
/// exceeds it; here it comes when it reaches it.
package struct KalshiOrderFees: Sendable, Hashable {
    /// What rounding has taken and not given back.
    package private(set) var accumulator: Money = .zero
    /// The grid of the account's balance: 0.01 for retail, 0.0001 for a direct member.
    private let precision: Money

    package init(precision: Money = KalshiFees.cent) {
        precondition(precision.units > 0, "a precision must be positive, got \(precision)")
        self.precision = precision
    }

    /// Charges one fill. A sale is charged as the purchase of NO at 1 − p, as the venue does.
    package mutating func charge(
        _ side: Side, price: Price, quantity: Quantity, rate: Price, multiplier: Price = .one
    ) -> KalshiFillFee {
        let trade = KalshiFees.trade(
            price: price, quantity: quantity, rate: rate, multiplier: multiplier)
        let paid = side == .buy ? price : price.complement
        let change = -Money(paid, times: quantity, .up) - trade
        let rounding = change - change.rounded(toMultipleOf: precision, .down)
        accumulator += rounding
        let rebate = accumulator.rounded(toMultipleOf: KalshiFees.cent, .down)
        accumulator -= rebate
        precondition(!accumulator.isNegative, "a rebate took more than there was: \(accumulator)")
        precondition(accumulator < KalshiFees.cent, "a whole cent was kept: \(accumulator)")
        return KalshiFillFee(trade: trade, rounding: rounding, rebate: rebate)
    }
}
