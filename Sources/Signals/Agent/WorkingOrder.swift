import Trading

/// One of an agent's orders that is not over.
struct WorkingOrder: Sendable {
    /// What the order rests on; an order of an earlier session has none.
    struct Ground: Sendable {
        let basis: Double
        let sensitivity: Double
        /// The mid when the order was priced.
        let mid: Double
    }

    let requestID: RequestID
    let intentID: IntentID
    let instrument: InstrumentID
    let side: Side
    let price: Price
    let liquidity: Liquidity
    let requestedAt: Timestamp
    let ground: Ground?
    /// Nil until the core has allowed it.
    var orderID: OrderID?
    var remaining: Quantity
    var cancelAskedAt: Timestamp?

    /// What the order may still cost.
    var collateral: Money {
        Money(side == .buy ? price : price.complement, times: remaining, .up)
    }
}
