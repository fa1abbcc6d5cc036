package import Trading

/// What an order gives and takes, in millionths: of a dollar and of a contract.
package struct PolymarketAmounts: Sendable, Hashable {
    package let maker: UInt64
    package let taker: UInt64

    package init(maker: UInt64, taker: UInt64) {
        self.maker = maker
        self.taker = taker
    }

    /// The amounts of `quantity` at `price`, exact: nil where they are not in whole steps of what
    /// the market takes.
    package init?(_ side: Side, price: Price, quantity: Quantity, rounding: PolymarketRounding) {
        guard price > .zero, price < .one, quantity.units > 0,
            price.isMultiple(of: rounding.tick), quantity.isMultiple(of: PolymarketRounding.lot)
        else { return nil }
        let product = Int128(price.units) * Int128(quantity.units)
        let step = Int128(1_000_000_000_000)
        // A price of four decimals times a size of two has six: never more than is told.
        precondition(product % step == 0, "\(quantity) at \(price) has no exact amount")
        guard let dollars = UInt64(exactly: product / step) else { return nil }
        let contracts = UInt64(quantity.units) / 1_000
        self.init(
            maker: side == .buy ? dollars : contracts, taker: side == .buy ? contracts : dollars)
    }
}

/// How many decimals a market with a certain tick takes.
package struct PolymarketRounding: Sendable, Hashable {
    package let tick: Price
    let priceDecimals: Int
    let sizeDecimals: Int
    let amountDecimals: Int

    /// The grid of sizes of every market.
    package static let lot = Quantity(units: 10_000_000)

    /// Nil where the venue has no such tick.
    package init?(tick: Price) {
        let decimals: (price: Int, amount: Int)
        switch tick.units {
        case 100_000_000: decimals = (1, 3)
        case 10_000_000: decimals = (2, 4)
        case 5_000_000, 1_000_000: decimals = (3, 5)
        case 2_500_000, 100_000: decimals = (4, 6)
        default: return nil
        }
        self.tick = tick
        priceDecimals = decimals.price
        sizeDecimals = 2
        amountDecimals = decimals.amount
    }

    /// The largest part of `quantity` whose cost at `price` is in whole cents, which is what the
    /// venue asks of an order that may not rest.
    package func inWholeCents(_ quantity: Quantity, at price: Price) -> Quantity {
        precondition(price > .zero, "a price of nothing costs nothing")
        let cent = Int64(10_000_000)
        // The cost of one lot, in billionths of a dollar.
        let lotCost = price.units / (Price.scale / PolymarketRounding.lot.units)
        let lots = cent / greatestCommonDivisor(lotCost, cent)
        return quantity.rounded(
            toMultipleOf: Quantity(units: lots * PolymarketRounding.lot.units), .down)
    }
}

private func greatestCommonDivisor(_ first: Int64, _ second: Int64) -> Int64 {
    var (larger, smaller) = (first, second)
    while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
    return larger
}
