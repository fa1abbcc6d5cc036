package import Trading

/// An account of the simulated venue, by its place in the exchange's list.
package struct SimAccountID: Sendable, Hashable, BitwiseCopyable {
    package let index: Int
    package init(_ index: Int) { self.index = index }
}

/// A market of the simulated venue, by its place in the exchange's list.
package struct SimMarketID: Sendable, Hashable, BitwiseCopyable {
    package let index: Int
    package init(_ index: Int) { self.index = index }
}

/// An order of the simulated venue, counted over all accounts.
package struct SimOrderID: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A trade of the simulated venue, counted over all markets.
package struct SimTradeID: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// What happens when an order would trade with another of the same account.
package enum SelfTradePrevention: UInt8, Sendable, BitwiseCopyable {
    /// What is left of the incoming order is cancelled.
    case takerAtCross = 1
    /// The resting order is cancelled and the incoming one goes on.
    case maker = 2
}

/// One of the two tokens of a market whose outcomes are held apart.
package enum SimToken: String, Sendable, BitwiseCopyable, CaseIterable {
    case yes
    case no

    package var other: SimToken { self == .yes ? .no : .yes }
}

/// What an account asks for, in terms of YES: whoever buys NO sells YES at the complement.
package struct SimOrderTerms: Sendable, Hashable {
    package var clientOrderID: VenueReference
    package var market: SimMarketID
    package var side: Side
    package var price: Price
    package var quantity: Quantity
    package var timeInForce: TimeInForce
    package var isPostOnly: Bool
    /// Where the order rests until a moment; nil otherwise.
    package var expiresAt: Timestamp?
    package var selfTradePrevention: SelfTradePrevention
    /// The token that is bought or sold; nil where an account has either YES or NO, never both.
    package var token: SimToken?

    package init(
        clientOrderID: VenueReference = .empty, market: SimMarketID, side: Side, price: Price,
        quantity: Quantity, timeInForce: TimeInForce = .goodTillCancelled,
        isPostOnly: Bool = false, expiresAt: Timestamp? = nil,
        selfTradePrevention: SelfTradePrevention = .takerAtCross, token: SimToken? = nil
    ) {
        self.clientOrderID = clientOrderID
        self.market = market
        self.side = side
        self.price = price
        self.quantity = quantity
        self.timeInForce = timeInForce
        self.isPostOnly = isPostOnly
        self.expiresAt = expiresAt
        self.selfTradePrevention = selfTradePrevention
        self.token = token
    }

    /// Whether a token is sold: that takes tokens, and no cash.
    package var isTokenSale: Bool {
        switch token {
        case .yes: side == .sell
        case .no: side == .buy
        case nil: false
        }
    }
}

/// Why the venue declines an order. The raw value is the code on the wire.
package enum SimDecline: String, Error, Sendable, CaseIterable {
    case marketInactive = "market_inactive"
    case invalidPrice = "invalid_price"
    case invalidCount = "invalid_count"
    case belowSizeMin = "below_minimum_size"
    case invalidTerms = "invalid_parameters"
    case duplicateClientOrderID = "order_already_exists"
    case postOnlyWouldCross = "post_only_cross"
    case fillOrKillUnfillable = "fill_or_kill_insufficient_resting_volume"
    case insufficientBalance = "insufficient_balance"
    case expiryInThePast = "expiration_in_past"
    case tooManyOpenOrders = "too_many_open_orders"
}

/// An order that the venue took, with what became of it.
package struct SimOrder: Sendable {
    package let id: SimOrderID
    package let account: SimAccountID
    package let terms: SimOrderTerms
    package let placedAt: Timestamp
    package internal(set) var filled: Quantity = .zero
    package internal(set) var remaining: Quantity
    /// working, filled, cancelled or expired.
    package internal(set) var state: OrderState = .working
    package internal(set) var updatedAt: Timestamp
    /// Price times quantity of the fills, as taker and as maker.
    package internal(set) var takerCost: Money = .zero
    package internal(set) var makerCost: Money = .zero
    package internal(set) var takerFees: Money = .zero
    package internal(set) var makerFees: Money = .zero
    var fees: KalshiOrderFees

    init(
        id: SimOrderID, account: SimAccountID, terms: SimOrderTerms, at now: Timestamp,
        fees: KalshiOrderFees
    ) {
        self.id = id
        self.account = account
        self.terms = terms
        self.fees = fees
        placedAt = now
        updatedAt = now
        remaining = terms.quantity
    }
}
