package import Trading

/// A match of two orders.
package struct SimTrade: Sendable, Hashable {
    package let id: SimTradeID
    package let market: SimMarketID
    package let price: Price
    package let quantity: Quantity
    package let takerSide: Side
    package let taker: SimTradeParty
    package let maker: SimTradeParty
    package let at: Timestamp
}

/// One of the two in a trade.
package struct SimTradeParty: Sendable, Hashable {
    package let order: SimOrderID
    package let account: SimAccountID
    package let token: SimToken?
    /// The order's own limit.
    package let limit: Price

    init(_ order: SimOrder) {
        self.order = order.id
        account = order.account
        token = order.terms.token
        limit = order.terms.price
    }
}

/// One side of a trade as its account sees it.
package struct SimFill: Sendable, Hashable {
    package let trade: SimTradeID
    package let order: SimOrderID
    package let account: SimAccountID
    package let clientOrderID: VenueReference
    package let market: SimMarketID
    package let side: Side
    package let price: Price
    package let quantity: Quantity
    /// What the account paid for this fill, rounding and rebate included.
    package let fee: Money
    package let liquidity: Liquidity
    package let at: Timestamp
    package let cashAfter: Money
    package let positionAfter: Quantity
}

/// What a settled position paid.
package struct SimPayout: Sendable, Hashable {
    package let account: SimAccountID
    package let market: SimMarketID
    package let outcome: SettlementOutcome
    /// What one YES contract pays.
    package let value: Price
    /// The position that was settled; negative is NO.
    package let quantity: Quantity
    /// YES and NO that were held together.
    package let pairs: Quantity
    /// What the position had cost, and the fees paid on the way.
    package let cost: Money
    package let fees: Money
    package let payout: Money
    package let at: Timestamp
    package let cashAfter: Money
}

/// Why an order left the book without a trade.
package enum SimRemoval: String, Sendable {
    case asked = "asked"
    case immediateOrCancel = "immediate_or_cancel"
    case selfTrade = "self_trade_prevention"
    case expired = "expired"
    case marketClosed = "market_closed"
}

/// What the exchange did.
package enum ExchangeEffect: Sendable {
    /// The contracts that rest at a price changed.
    case bookChanged(SimMarketID, Side, Price, delta: Quantity)
    case traded(SimTrade)
    /// Participants only, as everything that follows about orders.
    case filled(SimFill)
    case orderChanged(SimOrder)
    case orderRemoved(SimOrder, SimRemoval, quantity: Quantity)
    case phaseChanged(SimMarketID, MarketPhase)
    /// The strike of a market became known to everybody.
    case strikeKnown(SimMarketID, Price)
    case paid(SimPayout)
}

/// A reusable list of effects: cleared by whoever reads it.
package struct ExchangeEffects: Sendable {
    package private(set) var list: [ExchangeEffect] = []
    package init() {}
    package mutating func append(_ effect: ExchangeEffect) { list.append(effect) }
    package mutating func removeAll() { list.removeAll(keepingCapacity: true) }
}
