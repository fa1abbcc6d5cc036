import Portfolio
import Trading
import Wire

/// A fill of an order, kept as long as the order so that it is booked once and can be taken back.
struct FillRecord: Sendable, Hashable, BitwiseCopyable {
    let tradeID: VenueReference
    let price: Price
    let quantity: Quantity
    let fee: Money
    let change: Position.Change
    let filledAt: Timestamp
    var finality: FillFinality
}

/// An order that was permitted.
struct OrderRecord: Sendable {
    let id: OrderID
    let requestID: RequestID
    let intentID: IntentID
    let incarnation: Incarnation
    let agent: Int32
    let strategy: Int32
    let account: Int32
    let instrument: Int32
    let gateway: Int32
    let epoch: Epoch
    let lease: LeaseID
    let permit: PermitSequence
    let clientOrderID: VenueReference
    let side: Side
    let timeInForce: TimeInForce
    let isPostOnly: Bool
    let price: Price
    let quantity: Quantity
    let expiresAt: Timestamp
    let permittedAt: Timestamp
    var state: OrderState = .permitted
    var filled: Quantity = .zero
    /// What the gateway last said was filled; may run ahead of the fills that arrived.
    var reportedFilled: Quantity = .zero
    /// What its load was computed from: exposure of this much is counted everywhere.
    var reserved: Quantity = .zero
    var touchedAt: Timestamp
    var fills: [FillRecord] = []
    /// The order's place among those that are done; zero while it is not.
    var retirement: UInt64 = 0
    /// Neighbours among the account's open orders of this side in the instrument; −1 for none.
    var next: Int32 = -1
    var previous: Int32 = -1

    /// What must stay reserved: all that is not filled until the gateway reports an end, then only
    /// fills that it reported and that have not arrived.
    var exposed: Quantity {
        let limit = state.isTerminal ? reportedFilled : quantity
        return max(.zero, limit - filled)
    }
}
