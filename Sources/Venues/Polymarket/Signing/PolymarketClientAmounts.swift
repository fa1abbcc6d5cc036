package import Trading

/// The official client's way to amounts, in its binary floating point and bit for bit.
///
/// It loses a hundredth of a contract on about one order in fifteen (19.56 becomes 19.55), so
/// nothing of ours is sent with it: the exact amounts are `PolymarketAmounts`. It states what an
/// order of the official client looks like, which is how the two are compared.
package struct PolymarketClientAmounts: Sendable {
    private let rounding: PolymarketRounding

    package init(_ rounding: PolymarketRounding) { self.rounding = rounding }

    /// A limit order: `size` contracts.
    package func limit(_ side: Side, size: Double, price: Double) -> PolymarketAmounts {
        let price =
            (price * power(rounding.priceDecimals)).rounded(.toNearestOrEven)
            / power(rounding.priceDecimals)
        let contracts = roundedDown(size, rounding.sizeDecimals)
        let dollars = told(contracts * price)
        return side == .buy
            ? amounts(maker: dollars, taker: contracts) : amounts(maker: contracts, taker: dollars)
    }

    /// A market order: a purchase for `amount` dollars, a sale of `amount` contracts.
    package func market(_ side: Side, amount: Double, price: Double) -> PolymarketAmounts {
        let price = roundedDown(price, rounding.priceDecimals)
        let given = roundedDown(amount, rounding.sizeDecimals)
        let taken = side == .buy ? given / price : given * price
        return amounts(maker: given, taker: told(taken))
    }

    /// What of `amount` dollars is left to buy with when the fees must be paid from `balance` too.
    package static func affordable(
        _ amount: Double, price: Double, balance: Double, fees: Fees
    ) -> Double {
        let variance = power(price * (1 - price), fees.exponent)
        let rate = fees.rate * variance * (1 + fees.slippagePercent / 100)
        let base = Swift.min(amount, balance)
        let venueFee = (base / price) * rate
        let builderFee = base * fees.builderRate
        guard balance <= amount + venueFee + builderFee else { return amount }
        return Swift.max(balance - venueFee - builderFee, 0)
    }

    /// What a purchase is charged beyond its price.
    package struct Fees: Sendable {
        package let rate: Double
        package let exponent: Int
        package let builderRate: Double
        package let slippagePercent: Double

        package init(rate: Double, exponent: Int, builderRate: Double, slippagePercent: Double) {
            self.rate = rate
            self.exponent = exponent
            self.builderRate = builderRate
            self.slippagePercent = slippagePercent
        }
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1.0) { power, _ in power * base }
    }

    /// The decimals that are too many: rounded up four places further on, then cut.
    private func told(_ amount: Double) -> Double {
        let decimals = rounding.amountDecimals
        guard decimalPlaces(amount) > decimals else { return amount }
        let raised = (amount * power(decimals + 4)).rounded(.up) / power(decimals + 4)
        return decimalPlaces(raised) > decimals ? roundedDown(raised, decimals) : raised
    }

    private func amounts(maker: Double, taker: Double) -> PolymarketAmounts {
        PolymarketAmounts(maker: millionths(maker), taker: millionths(taker))
    }

    private func millionths(_ amount: Double) -> UInt64 {
        UInt64((1_000_000 * amount).rounded(.toNearestOrEven))
    }

    private func roundedDown(_ value: Double, _ decimals: Int) -> Double {
        (value * power(decimals)).rounded(.down) / power(decimals)
    }

    private func power(_ decimals: Int) -> Double {
        (0..<decimals).reduce(1.0) { power, _ in power * 10 }
    }

    /// The decimals of the shortest text that reads back as the same number.
    private func decimalPlaces(_ value: Double) -> Int {
        let parts = value.description.split(separator: "e")
        let fraction = parts[0].split(separator: ".").dropFirst().first?.count ?? 0
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        return abs(fraction - exponent)
    }
}
