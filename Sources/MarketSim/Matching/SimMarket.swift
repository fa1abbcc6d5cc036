import Trading

/// A market's book and who holds what of it.
struct SimMarket: Sendable {
    let definition: MarketDefinition
    var phase: MarketPhase = .unlisted
    var bids = BookSide(.buy)
    var asks = BookSide(.sell)
    var holdings: [SimHolding]
    /// The contract pairs that exist: the sum of all YES positions.
    var openInterest: Quantity = .zero
    var volume: Quantity = .zero
    var lastPrice: Price?
    /// The strike, once it is known to everybody.
    var strike: Price?
    /// No order expires before this moment.
    var nextExpiry: Timestamp?

    subscript(side: Side) -> BookSide {
        get { side == .buy ? bids : asks }
        set { if side == .buy { bids = newValue } else { asks = newValue } }
    }

    /// Runs `change` on the side's book in place.
    mutating func change<Result>(_ side: Side, _ change: (inout BookSide) -> Result) -> Result {
        side == .buy ? change(&bids) : change(&asks)
    }

    mutating func noteExpiry(_ moment: Timestamp?) {
        guard let moment else { return }
        nextExpiry = min(nextExpiry ?? moment, moment)
    }
}
