package import Trading

/// What an agent's engine is told. The shell maps messages to these.
package enum AgentCommand: Sendable {
    /// The core opens its snapshot: everything of an earlier session is void.
    case restore(cash: Money, incarnation: Incarnation)
    case restoreOrder(RestoredOrder)
    case restorePosition(InstrumentID, Quantity)
    /// The snapshot is complete.
    case ready
    /// The session with the core has ended.
    case disconnect
    case define(Instrument, InstrumentStatus)
    case changeStatus(InstrumentID, InstrumentStatus)
    case seeBook(InstrumentID, OrderBook, receivedAt: Timestamp, isStale: Bool)
    /// Something of the market channel was lost: no book is trusted until its next snapshot.
    case distrustBooks
    case decide(CoreDecision)
    case changeOrder(OrderChange)
    case settle(InstrumentID, value: Price, payout: Money)
    /// Everything up to this tick of market time has been said.
    case act(TickNumber)
}

/// An order that outlived an earlier session.
package struct RestoredOrder: Sendable {
    package let orderID: OrderID
    package let instrument: InstrumentID
    package let side: Side
    package let price: Price
    package let remaining: Quantity
    package let state: OrderState

    package init(
        orderID: OrderID, instrument: InstrumentID, side: Side, price: Price, remaining: Quantity,
        state: OrderState
    ) {
        self.orderID = orderID
        self.instrument = instrument
        self.side = side
        self.price = price
        self.remaining = remaining
        self.state = state
    }
}

/// The core's answer to an intent, an order request or a cancel request.
package struct CoreDecision: Sendable {
    package enum Subject: Sendable {
        case intent(IntentID)
        case order(RequestID, IntentID)
        case cancel(RequestID)
    }

    package let subject: Subject
    package let orderID: OrderID
    package let isAllowed: Bool
    /// The parent is unknown, spent, expired or does not fit: a new one is needed.
    package let isParentSpent: Bool

    package init(subject: Subject, orderID: OrderID, isAllowed: Bool, isParentSpent: Bool) {
        self.subject = subject
        self.orderID = orderID
        self.isAllowed = isAllowed
        self.isParentSpent = isParentSpent
    }
}

/// A change of one of our orders.
package struct OrderChange: Sendable {
    package struct Execution: Sendable {
        package let price: Price
        package let quantity: Quantity
        package let fee: Money
        package let liquidity: Liquidity
        package init(price: Price, quantity: Quantity, fee: Money, liquidity: Liquidity) {
            self.price = price
            self.quantity = quantity
            self.fee = fee
            self.liquidity = liquidity
        }
    }

    package let orderID: OrderID
    package let requestID: RequestID
    package let instrument: InstrumentID
    package let side: Side
    package let state: OrderState
    package let remaining: Quantity
    /// The strategy's position after the change.
    package let position: Quantity
    /// The fill that the change reports, if any.
    package let execution: Execution?

    package init(
        orderID: OrderID, requestID: RequestID, instrument: InstrumentID, side: Side,
        state: OrderState, remaining: Quantity, position: Quantity, execution: Execution?
    ) {
        self.orderID = orderID
        self.requestID = requestID
        self.instrument = instrument
        self.side = side
        self.state = state
        self.remaining = remaining
        self.position = position
        self.execution = execution
    }
}
