package import Execution
package import Trading

/// How an agent works what it wants of a market: by which algorithm and within which time. Without
/// one it quotes and takes as its policy's edge allows, one order at a time.
package struct ExecutionPlan: Sendable, Equatable {
    package var style: ExecutionStyle
    /// How long a parent may take; never past the market's last moment for quotes.
    package var horizon: Span
    /// The share of the touch that a child takes in usual conditions.
    package var childShare: Double
    /// The spread that is usual, in price.
    package var usualSpread: Double
    /// Whether what is left at the deadline is taken at the touch.
    package var crossesAtDeadline: Bool

    package init(
        style: ExecutionStyle, horizon: Span = .seconds(60), childShare: Double = 0.2,
        usualSpread: Double = 0.02, crossesAtDeadline: Bool = false
    ) {
        self.style = style
        self.horizon = horizon
        self.childShare = childShare
        self.usualSpread = usualSpread
        self.crossesAtDeadline = crossesAtDeadline
    }

    /// The style by its number, as an order's feature `algorithm` names it (docs/EXECUTION.md).
    var number: Double {
        switch style {
        case .twap: 1
        case .vwap: 2
        case .participation: 3
        case .iceberg: 4
        case .passive: 5
        case .urgency: 6
        }
    }

    /// In one line, for the model's hash.
    package var canonicalText: String {
        "execution=\(style) horizon=\(horizon.nanoseconds) share=\(childShare) "
            + "spread=\(usualSpread) crosses=\(crossesAtDeadline)"
    }
}

/// A parent that an algorithm works, with what its children are in the agent's own orders.
struct ActiveParent: Sendable {
    let instrument: InstrumentID
    let side: Side
    let quantity: Quantity
    let limit: Price
    let deadline: Timestamp
    var execution: ParentExecution
    /// What became of its child since it was last worked.
    var news: [ExecutionEvent] = []
    var wakesAt: Timestamp?
    /// The child that is at the core or the venue, and the request that asked for it.
    var child: (number: UInt32, request: RequestID)?
    /// The child is to be taken away, once its order's number is known.
    var isLeaving = false
}
