import Trading

/// What the generated counterparties see of a market at one tick.
struct MarketView: Sendable {
    let market: SimMarketID
    let now: Timestamp
    /// Seconds since the last tick, at most two.
    let elapsed: Double
    let secondsToEnd: Double
    let hasStarted: Bool
    /// The true fair value: spot as it is now, seen by informed traders.
    let truth: Double
    /// The makers' fair value from their own, later view of the spot price.
    let makerFair: Double
    /// How far the fair value moves when spot moves by one deviation of two seconds.
    let sensitivity: Double
    /// The makers' spot price is too old to quote on.
    let isStale: Bool
    /// Spot jumped a moment ago.
    let isAfterJump: Bool
    /// Nothing has moved, so that makers look only now and then.
    var isQuiet = false
}

/// A number of contracts and a price brought to a market's grid.
extension MarketDefinition {
    func price(_ value: Double, _ rounding: Rounding) -> Price? {
        guard let price = Price(value, rounding: rounding) else { return nil }
        let onGrid = price.rounded(toMultipleOf: tick, rounding)
        guard onGrid.units > 0, onGrid < .one else { return nil }
        return onGrid
    }
}
