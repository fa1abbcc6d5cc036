import Trading

/// Matching: best price first, then first come, each fill exact.
extension Exchange {
    mutating func match(
        _ order: inout SimOrder, at now: Timestamp, into effects: inout ExchangeEffects
    ) {
        let terms = order.terms
        let opposite = terms.side.opposite
        while !order.remaining.isZero, order.state == .working,
            let best = markets[terms.market.index][opposite].best,
            markets[terms.market.index][opposite].isReached(best.price, byLimit: terms.price),
            let maker = orders[best.orders[0]]
        {
            if maker.account == order.account {
                preventSelfTrade(&order, maker, at: now, into: &effects)
                continue
            }
            trade(&order, with: maker, at: now, into: &effects)
        }
    }

    private mutating func preventSelfTrade(
        _ order: inout SimOrder, _ maker: SimOrder, at now: Timestamp,
        into effects: inout ExchangeEffects
    ) {
        switch order.terms.selfTradePrevention {
        case .takerAtCross: order.state = .cancelled
        case .maker: _ = remove(maker, because: .selfTrade, at: now, into: &effects)
        }
    }

    private mutating func trade(
        _ taker: inout SimOrder, with resting: SimOrder, at now: Timestamp,
        into effects: inout ExchangeEffects
    ) {
        var maker = resting
        let market = taker.terms.market
        let quantity = min(
            taker.remaining, maker.remaining, fillMax ?? Exchange.quantityMax)
        let price = maker.terms.price
        precondition(quantity.units > 0, "an empty fill")
        let trade = SimTrade(
            id: nextTrade(), market: market, price: price, quantity: quantity,
            takerSide: taker.terms.side, taker: SimTradeParty(taker), maker: SimTradeParty(maker),
            at: now)
        markets[market.index].change(maker.terms.side) {
            $0.takeFromBest(quantity, isDone: quantity == maker.remaining)
        }
        markets[market.index].volume += quantity
        markets[market.index].lastPrice = price
        release(maker, quantity)
        effects.append(.traded(trade))
        fill(&maker, trade, .maker, into: &effects)
        if maker.remaining.isZero {
            maker.state = .filled
            forget(maker)
        } else {
            orders[maker.id] = maker
        }
        if accounts[maker.account.index].isParticipant { effects.append(.orderChanged(maker)) }
        effects.append(.bookChanged(market, maker.terms.side, price, delta: -quantity))
        fill(&taker, trade, .taker, into: &effects)
    }

    /// Books one side of a trade: position, cash, fee.
    private mutating func fill(
        _ order: inout SimOrder, _ trade: SimTrade, _ liquidity: Liquidity,
        into effects: inout ExchangeEffects
    ) {
        let fees = markets[trade.market.index].definition.fees
        let side = order.terms.side
        let fee = fees.charge(
            &order.fees, side, price: trade.price, quantity: trade.quantity, liquidity)
        order.filled += trade.quantity
        order.remaining -= trade.quantity
        order.updatedAt = trade.at
        let cost = exactMoney(trade.price, trade.quantity)
        switch liquidity {
        case .taker:
            order.takerCost += cost
            order.takerFees += fee
        case .maker:
            order.makerCost += cost
            order.makerFees += fee
        }
        let index = order.account.index
        let position = book(trade, order.terms, fee: fee, for: index)
        feesTaken += fee
        guard accounts[index].isParticipant else { return }
        effects.append(
            .filled(
                SimFill(
                    trade: trade.id, order: order.id, account: order.account,
                    clientOrderID: order.terms.clientOrderID, market: trade.market, side: side,
                    price: trade.price, quantity: trade.quantity, fee: fee, liquidity: liquidity,
                    at: trade.at, cashAfter: accounts[index].cash, positionAfter: position)))
    }

    /// Moves contracts and cash for one side of a trade; gives the position after it.
    private mutating func book(
        _ trade: SimTrade, _ terms: SimOrderTerms, fee: Money, for account: Int
    ) -> Quantity {
        var holding = markets[trade.market.index].holdings[account]
        let before = holding.quantity
        let change =
            if let token = terms.token {
                holding.apply(terms.side, token, price: trade.price, quantity: trade.quantity)
            } else {
                holding.apply(terms.side, price: trade.price, quantity: trade.quantity)
            }
        markets[trade.market.index].holdings[account] = holding
        markets[trade.market.index].holdings[account].fees += fee
        markets[trade.market.index].holdings[account].updatedAt = trade.at
        let after = markets[trade.market.index].holdings[account].quantity
        markets[trade.market.index].openInterest += max(after, .zero) - max(before, .zero)
        accounts[account].cash += change - fee
        return after
    }
}
