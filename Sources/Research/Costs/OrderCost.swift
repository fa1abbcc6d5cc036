package import Trading
package import Wire

/// One order and what it met, as the journal tells it: the unit of cost analysis.
package struct OrderCost: Sendable {
    /// One fill, in our time.
    package struct Fill: Sendable, Hashable {
        package let at: Timestamp
        package let price: Price
        package let quantity: Quantity
        package let fee: Money
        package let liquidity: Liquidity
    }

    package let strategy: StrategyID
    package let venue: VenueID
    package let instrument: InstrumentID
    package let algorithm: String
    package let regime: SpreadRegime
    package let side: Side
    package let price: Price
    package let quantity: Quantity
    package let isPassive: Bool
    package let decidedAt: Timestamp
    /// The mid that the order was decided on; nil where a side was empty.
    package let decisionMid: Double?
    package internal(set) var arrivedAt: Timestamp?
    package internal(set) var endedAt: Timestamp?
    package internal(set) var state: OrderState
    package internal(set) var fills: [Fill] = []

    /// The quantity that was filled.
    package var filled: Quantity { fills.reduce(Quantity.zero) { $0 + $1.quantity } }
    /// Whether its time ran out before it was filled.
    package var isTimedOut: Bool { state == .expired }
}

/// How wide the market was when an order was decided.
package enum SpreadRegime: String, Sendable, Hashable, CaseIterable, Comparable {
    /// At most two ticks.
    case tight
    /// At most five ticks.
    case medium
    case wide
    /// A side was empty, or no book was known.
    case oneSided = "one-sided"

    package static func < (left: SpreadRegime, right: SpreadRegime) -> Bool {
        left.rawValue < right.rawValue
    }

    package init(_ reference: ReferenceUpdated?, tick: Price) {
        guard let reference, reference.bid > .zero, reference.ask > reference.bid else {
            self = .oneSided
            return
        }
        let ticks = (reference.ask - reference.bid).units / max(1, tick.units)
        self = ticks <= 2 ? .tight : ticks <= 5 ? .medium : .wide
    }
}

extension ReferenceUpdated {
    /// Half the sum of the touches; nil where a side is empty or they cross.
    package var mid: Double? {
        guard bid > .zero, ask > bid else { return nil }
        return (bid.doubleValue + ask.doubleValue) / 2
    }
}
