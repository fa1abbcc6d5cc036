package import Trading

/// An order of a backtest: where it is kept, and which of those that were kept there it is. A place
/// is used again once the order's end has been reported.
package struct BacktestOrderID: Sendable, Hashable, BitwiseCopyable {
    let slot: Int32
    let generation: UInt32
}

/// What we ask the venue to take. Prices in steps of the grid, quantities in lots.
package struct BacktestOrderTerms: Sendable, Hashable, BitwiseCopyable {
    package var instrument: UInt16
    package var isBuy: Bool
    package var price: Int32
    package var quantity: Int32
    package var timeInForce: TimeInForce
    package var isPostOnly: Bool
    /// The venue's time of a good-till-time order's end, in nanoseconds; 0 without one.
    package var expiresAt: Int64

    package init(
        instrument: UInt16 = 0, isBuy: Bool, price: Int32, quantity: Int32,
        timeInForce: TimeInForce = .goodTillCancelled, isPostOnly: Bool = false,
        expiresAt: Int64 = 0
    ) {
        self.instrument = instrument
        self.isBuy = isBuy
        self.price = price
        self.quantity = quantity
        self.timeInForce = timeInForce
        self.isPostOnly = isPostOnly
        self.expiresAt = expiresAt
    }
}

/// Why the backtest's venue declined or cancelled.
package enum BacktestDecline: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    case invalidPrice = 1
    case invalidQuantity = 2
    case invalidTerms = 3
    case marketOver = 4
    case postOnlyWouldCross = 5
    case fillOrKillUnfillable = 6
    case insufficientCash = 7
    case noFeeSchedule = 8
    case unknownOrder = 9
    case insufficientInventory = 10
}

/// What the venue tells us about an order.
package enum BacktestReportKind: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    case accepted = 1
    case declined = 2
    case filled = 3
    case cancelled = 4
    case expired = 5
    /// A cancel or a reduction came too late, or asked for the impossible.
    case refused = 6
    case reduced = 7
    /// A mint or merge was done; `quantity` lots of pairs.
    case converted = 8
}

/// One report, as it reaches us.
package struct BacktestReport: Sendable, Hashable, BitwiseCopyable {
    package let order: BacktestOrderID
    package let kind: BacktestReportKind
    package let liquidity: Liquidity
    package let decline: BacktestDecline?
    /// Lots of this fill, or that were taken off.
    package let quantity: Int32
    /// Lots that are still working.
    package let remaining: Int32
    /// Steps; the fill's price.
    package let price: Int32
    package let fee: Money
    /// When it happened, by the venue's clock.
    package let venueAt: Int64
    /// When it reaches us.
    package internal(set) var localAt: Int64

    /// Whether nothing more can happen to the order.
    package var isLast: Bool {
        switch kind {
        case .declined, .cancelled, .expired, .converted: true
        case .filled: remaining == 0
        case .accepted, .refused, .reduced: false
        }
    }
}

/// A message on its way to the venue.
struct VenueRequest: Sendable, BitwiseCopyable {
    enum Kind: UInt8, Sendable, BitwiseCopyable {
        case submit
        case cancel
        case reduce
        case mint
        case merge
    }

    let arrivesAt: Int64
    let kind: Kind
    let order: BacktestOrderID
    /// The new total of a reduction; pairs of a mint or merge.
    let quantity: Int32
}

/// Messages in the order in which they arrive, in a ring that grows.
struct MessageRing<Message: BitwiseCopyable & Sendable>: Sendable {
    /// As many as a power of two, or none before the first message.
    private var slots: [Message] = []
    private var head = 0
    private(set) var count = 0

    @inline(__always)
    var first: Message? { count == 0 ? nil : slots[head] }

    @inline(__always)
    mutating func append(_ message: Message) {
        if count == slots.count { grow(message) }
        slots[(head + count) & (slots.count - 1)] = message
        count += 1
    }

    @inline(__always)
    mutating func removeFirst() -> Message {
        precondition(count > 0, "nothing is on its way")
        let message = slots[head]
        head = (head + 1) & (slots.count - 1)
        count -= 1
        return message
    }

    @inline(never)
    private mutating func grow(_ filler: Message) {
        let ordered = (0..<count).map { slots[(head + $0) & (slots.count - 1)] }
        slots = ordered + Array(repeating: filler, count: max(count, 64))
        head = 0
    }
}
