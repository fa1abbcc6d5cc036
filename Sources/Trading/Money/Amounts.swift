/// Money in the account's currency (USD unless an account says otherwise), nine decimals.
public struct Money: FixedPoint {
    /// The value in units of 10⁻⁹.
    public let units: Int64
    /// The value of so many units of 10⁻⁹.
    public init(units: Int64) { self.units = units }
}

/// A price per contract in the account's currency; a binary outcome's lies strictly in (0, 1).
public struct Price: FixedPoint {
    /// The value in units of 10⁻⁹.
    public let units: Int64
    /// The value of so many units of 10⁻⁹.
    public init(units: Int64) { self.units = units }

    /// What a contract pays that wins.
    public static var one: Price { Price(1) }

    /// The price of the other side of a binary pair: 1 − p.
    public var complement: Price { .one - self }
}

/// A number of contracts; signed where it is a position (negative: short YES, held as NO).
public struct Quantity: FixedPoint {
    /// The value in units of 10⁻⁹.
    public let units: Int64
    /// The value of so many units of 10⁻⁹.
    public init(units: Int64) { self.units = units }
}

extension Money {
    /// `price × quantity` under a named rounding. Traps on overflow.
    public init(_ price: Price, times quantity: Quantity, _ rounding: Rounding) {
        let product = Int128(price.units) * Int128(quantity.units)
        self.init(units: Int64(divide(product, by: Int128(Price.scale), rounding)))
    }

    /// `price × quantity`, or nil where the product does not fit.
    public init?(checking price: Price, times quantity: Quantity, _ rounding: Rounding) {
        let product = Int128(price.units) * Int128(quantity.units)
        guard
            let units = Int64(exactly: divide(product, by: Int128(Price.scale), rounding))
        else { return nil }
        self.init(units: units)
    }

    /// This amount times `numerator / denominator` under a named rounding. Traps on overflow.
    public func scaled(
        by numerator: Int64, over denominator: Int64, _ rounding: Rounding
    ) -> Money {
        let product = Int128(units) * Int128(numerator)
        return Money(units: Int64(divide(product, by: Int128(denominator), rounding)))
    }
}
