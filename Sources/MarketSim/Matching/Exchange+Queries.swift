package import Trading

/// What may be asked of the exchange.
extension Exchange {
    package var marketCount: Int { markets.count }
    package var accountCount: Int { accounts.count }

    package func definition(_ market: SimMarketID) -> MarketDefinition {
        markets[market.index].definition
    }
    package func phase(_ market: SimMarketID) -> MarketPhase { markets[market.index].phase }
    package func strike(_ market: SimMarketID) -> Price? { markets[market.index].strike }
    package func lastPrice(_ market: SimMarketID) -> Price? { markets[market.index].lastPrice }
    package func volume(_ market: SimMarketID) -> Quantity { markets[market.index].volume }
    package func openInterest(_ market: SimMarketID) -> Quantity {
        markets[market.index].openInterest
    }

    /// The best level of a side.
    package func best(_ side: Side, _ market: SimMarketID) -> BookLevel? {
        let book = side == .buy ? markets[market.index].bids : markets[market.index].asks
        return book.best.map { BookLevel(price: $0.price, quantity: $0.total) }
    }

    /// The levels of a side, best first.
    package func levels(_ side: Side, _ market: SimMarketID) -> [BookLevel] {
        let book = side == .buy ? markets[market.index].bids : markets[market.index].asks
        return book.levels.reversed().map { BookLevel(price: $0.price, quantity: $0.total) }
    }

    package func order(_ id: SimOrderID) -> SimOrder? { orders[id] }
    package func orderID(_ reference: VenueReference, for account: SimAccountID) -> SimOrderID? {
        accounts[account.index].clientOrderIDs[reference]
    }
    /// The account's resting orders, oldest first.
    package func restingOrders(_ account: SimAccountID) -> [SimOrder] {
        accounts[account.index].resting.compactMap { orders[$0] }
    }

    package func name(_ account: SimAccountID) -> String { accounts[account.index].name }
    package func deposit(_ account: SimAccountID) -> Money { accounts[account.index].deposit }
    package func cash(_ account: SimAccountID) -> Money { accounts[account.index].cash }
    /// Cash without what resting orders hold.
    package func available(_ account: SimAccountID) -> Money {
        accounts[account.index].cash - hold(account)
    }
    package func holding(_ account: SimAccountID, _ market: SimMarketID) -> SimHolding {
        markets[market.index].holdings[account.index]
    }
}
