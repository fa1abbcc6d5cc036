package import Trading

/// What an engine wants done. A reusable buffer: cleared for every command.
package struct AgentEffects: Sendable {
    /// One thing to be done, in order.
    package enum Effect: Sendable {
        case declare(IntentDeclaration)
        case request(ChildRequest)
        case cancel(RequestID, OrderID)
    }

    package private(set) var list: [Effect] = []

    package init() { list.reserveCapacity(16) }

    package mutating func clear() { list.removeAll(keepingCapacity: true) }

    mutating func add(_ effect: Effect) { list.append(effect) }

    /// How many intents and order requests there are.
    package var requestCount: Int {
        list.reduce(0) { count, effect in
            switch effect {
            case .declare, .request: count + 1
            case .cancel: count
            }
        }
    }
}

/// A parent order: its children never exceed its quantity nor pass its limit.
package struct IntentDeclaration: Sendable, Equatable {
    package let intentID: IntentID
    package let instrument: InstrumentID
    package let side: Side
    package let quantity: Quantity
    package let limitPrice: Price
    package let deadline: Timestamp
    /// How much of the quote window is gone, from 0 to 1.
    package let urgency: Double
}

/// One child order with its explanation.
package struct ChildRequest: Sendable, Equatable {
    package let requestID: RequestID
    package let intentID: IntentID
    package let instrument: InstrumentID
    package let side: Side
    package let timeInForce: TimeInForce
    package let isPostOnly: Bool
    package let price: Price
    package let quantity: Quantity
    /// When the venue lets it expire; nil where it does not rest.
    package let expiresAt: Timestamp?
    package let explanation: OrderExplanation
}

/// Why an order is wanted. Without one the core refuses the order.
package struct OrderExplanation: Sendable, Equatable {
    package let policyVersion: UInt32
    package let confidence: Double
    package let fairValue: Price
    /// The net edge of the whole order.
    package let expectedEdge: Money
    package let quoteSequence: SequenceNumber
    package let quotedAt: Timestamp
    package var features: FeatureVector
    package let signal: String
    package let model: String
}
