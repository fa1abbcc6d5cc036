package import Trading

/// How a parent is worked.
package enum ExecutionStyle: Sendable, Hashable {
    /// Equal slices between start and deadline.
    case twap(slices: Int)
    /// Slices in proportion to the volume that each is expected to have.
    case vwap(profile: [Double])
    /// A share of what others trade.
    case participation(Participation)
    /// Never more visible than `display` of the touch, at most `displayMax`; replenished after a
    /// pause of chance, seeded.
    case iceberg(display: Double, displayMax: Quantity, seed: UInt64)
    /// Rests at the touch and keeps its place; crosses nothing before the deadline.
    case passive
    /// Almgren and Chriss: as fast as volatility is worth. Quantities in contracts, seconds,
    /// prices.
    case urgency(steps: Int, volatility: Double, temporaryImpact: Double, riskAversion: Double)
}

/// A parent order and the limits of its children.
package struct ParentTerms: Sendable, Hashable {
    package var side: Side
    package var quantity: Quantity
    /// No child is priced beyond it.
    package var limit: Price
    package var startsAt: Timestamp
    package var deadline: Timestamp
    package var tick: Price
    package var sizes: ChildSizes
    package var fees: ChildFees
    /// What a contract is worth beyond its price and before fees.
    package var edge: Price
    package var style: ExecutionStyle
    /// At most this share of what others trade, for every style; nil without that limit.
    package var participationMax: Participation?
    package var child: AdaptiveChild
    /// Whether what is left at the deadline is taken at the touch, up to the limit.
    package var crossesAtDeadline: Bool

    package init(
        side: Side, quantity: Quantity, limit: Price, startsAt: Timestamp, deadline: Timestamp,
        tick: Price, sizes: ChildSizes, fees: ChildFees, edge: Price, style: ExecutionStyle,
        child: AdaptiveChild, participationMax: Participation? = nil,
        crossesAtDeadline: Bool = true
    ) {
        self.side = side
        self.quantity = quantity
        self.limit = limit
        self.startsAt = startsAt
        self.deadline = deadline
        self.tick = tick
        self.sizes = sizes
        self.fees = fees
        self.edge = edge
        self.style = style
        self.child = child
        self.participationMax = participationMax
        self.crossesAtDeadline = crossesAtDeadline
    }
}

/// Why a parent is not begun.
package enum ParentRefusal: UInt8, Sendable, BitwiseCopyable, CaseIterable, Error {
    case notWholeLots = 1
    case belowMinimum = 2
    case deadlineBeforeStart = 3
    case invalidStyle = 4
    case priceOffGrid = 5
    /// The fees of its slices, each rounded as an order, eat its edge.
    case slicingCostsMoreThanEdge = 6
}

/// What the market looks like to a parent.
package struct ExecutionMarket: Sendable, Hashable {
    package var bid: Price
    package var ask: Price
    package var bidQuantity: Quantity
    package var askQuantity: Quantity
    /// The chance that a child at our touch is filled within its horizon.
    package var fillProbability: Double
    package var adverseMarkout: Double
    package var drift: Double

    package init(
        bid: Price, ask: Price, bidQuantity: Quantity, askQuantity: Quantity,
        fillProbability: Double = 0.5, adverseMarkout: Double = 0, drift: Double = 0
    ) {
        self.bid = bid
        self.ask = ask
        self.bidQuantity = bidQuantity
        self.askQuantity = askQuantity
        self.fillProbability = fillProbability
        self.adverseMarkout = adverseMarkout
        self.drift = drift
    }
}

/// A child order, numbered within its parent from 1.
package struct ChildOrder: Sendable, Hashable {
    package let number: UInt32
    package let side: Side
    package let price: Price
    package let quantity: Quantity
    package let timeInForce: TimeInForce
    package let isPostOnly: Bool
}

/// What a parent is told.
package enum ExecutionEvent: Sendable, Hashable {
    /// The market has changed; nil when it cannot be traded on (a side is empty or stale).
    case market(ExecutionMarket?)
    /// Others traded so much.
    case traded(Quantity)
    case filled(child: UInt32, quantity: Quantity)
    /// The child is over: filled, cancelled, declined or expired.
    case ended(child: UInt32)
    case timer
    /// The parent is called off.
    case stop
}

/// What a parent asks for.
package enum ExecutionEffect: Sendable, Hashable {
    case submit(ChildOrder)
    case cancel(child: UInt32)
    case wake(at: Timestamp)
    /// Nothing more will come. What is left could not be traded or was not wanted.
    case finished(filled: Quantity, left: Quantity)
}
