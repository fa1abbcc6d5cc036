import Trading

/// What is looked at before an order is taken.
extension Exchange {
    /// Whether the terms are such that the market could take them.
    func check(
        _ terms: SimOrderTerms, _ account: SimAccountID, at now: Timestamp
    ) -> SimDecline? {
        precondition(terms.market.index < markets.count, "no market \(terms.market.index)")
        let market = markets[terms.market.index]
        let definition = market.definition
        guard market.phase == .open, now < definition.closesAt else { return .marketInactive }
        guard terms.price.units > 0, terms.price < .one,
            terms.price.isMultiple(of: definition.tick)
        else { return .invalidPrice }
        guard terms.quantity.units > 0, terms.quantity <= Exchange.quantityMax,
            terms.quantity.isMultiple(of: definition.lot)
        else { return .invalidCount }
        guard !terms.rests || terms.quantity >= definition.sizeMin else { return .belowSizeMin }
        guard terms.rests || (!terms.isPostOnly && terms.expiresAt == nil) else {
            return .invalidTerms
        }
        if terms.timeInForce == .goodTillTime, terms.expiresAt == nil { return .invalidTerms }
        if let expiry = terms.expiresAt, expiry <= now { return .expiryInThePast }
        let owner = accounts[account.index]
        if owner.isParticipant {
            if owner.clientOrderIDs[terms.clientOrderID] != nil { return .duplicateClientOrderID }
            if owner.resting.count >= Exchange.openOrderCountMax { return .tooManyOpenOrders }
        }
        return nil
    }

    /// Whether the book allows the terms: post-only must not cross, fill-or-kill must fill.
    func checkBook(_ terms: SimOrderTerms, _ account: SimAccountID) -> SimDecline? {
        let opposite = markets[terms.market.index][terms.side.opposite]
        if terms.isPostOnly, let best = opposite.best,
            opposite.isReached(best.price, byLimit: terms.price)
        {
            return .postOnlyWouldCross
        }
        if terms.timeInForce == .fillOrKill, !isFillable(terms, account, opposite) {
            return .fillOrKillUnfillable
        }
        return nil
    }

    private func isFillable(
        _ terms: SimOrderTerms, _ account: SimAccountID, _ opposite: BookSide
    ) -> Bool {
        var needed = terms.quantity
        for level in opposite.levels.reversed() {
            guard opposite.isReached(level.price, byLimit: terms.price) else { break }
            for id in level.orders {
                guard let order = orders[id] else { continue }
                if order.account == account {
                    if terms.selfTradePrevention == .takerAtCross { return false }
                    continue
                }
                needed -= min(needed, order.remaining)
                if needed.isZero { return true }
            }
        }
        return false
    }

    // MARK: Balance

    /// Whether the account can pay for the order at its worst, with all that already rests.
    func covers(_ terms: SimOrderTerms, _ account: SimAccountID) -> Bool {
        let owner = accounts[account.index]
        guard holdsTokens(for: terms, account) else { return false }
        let fees = matchFees(terms)
        let cost = grossHold(terms, terms.quantity) + fees
        if owner.cash - owner.grossHold >= cost { return true }
        guard owner.isParticipant else { return false }
        return owner.cash >= hold(account, including: terms) + fees
    }

    /// Whether what a sale of tokens needs is held and not offered already.
    private func holdsTokens(for terms: SimOrderTerms, _ account: SimAccountID) -> Bool {
        guard terms.isTokenSale, let token = terms.token else { return true }
        let held = markets[terms.market.index].holdings[account.index].count(token)
        return held - offered(token, of: terms.market, by: account) >= terms.quantity
    }

    /// How many of a token an account's resting orders offer.
    func offered(
        _ token: SimToken, of market: SimMarketID, by account: SimAccountID
    ) -> Quantity {
        accounts[account.index].resting.reduce(into: .zero) { sum, id in
            guard let order = orders[id], order.terms.market == market,
                order.terms.isTokenSale, order.terms.token == token
            else { return }
            sum += order.remaining
        }
    }

    /// What an account's resting orders hold, netted against its positions, with one more order if
    /// given. Contracts that close a position hold nothing; the cheapest are taken to close.
    func hold(_ account: SimAccountID, including extra: SimOrderTerms? = nil) -> Money {
        var open: [(terms: SimOrderTerms, quantity: Quantity)] = []
        for id in accounts[account.index].resting {
            if let order = orders[id] { open.append((order.terms, order.remaining)) }
        }
        if let extra { open.append((extra, extra.quantity)) }
        open.sort {
            ($0.terms.market.index, $0.terms.side.rawValue, cost($0.terms))
                < ($1.terms.market.index, $1.terms.side.rawValue, cost($1.terms))
        }
        var total: Money = .zero
        var last: (market: Int, side: Side) = (-1, .buy)
        var closable: Quantity = .zero
        for entry in open {
            let market = entry.terms.market.index
            if last != (market, entry.terms.side) {
                let position = markets[market].holdings[account.index].quantity
                // A token is bought in full, also where its other is held.
                closable =
                    entry.terms.token == nil
                    ? max(.zero, entry.terms.side == .buy ? -position : position) : .zero
                last = (market, entry.terms.side)
            }
            let closing = min(closable, entry.quantity)
            closable -= closing
            total += exactMoney(cost(entry.terms), entry.quantity - closing)
            total += feeHold(entry.terms, entry.quantity)
        }
        return total
    }

    /// What the order could cost, taking nothing for what it closes.
    func grossHold(_ terms: SimOrderTerms, _ quantity: Quantity) -> Money {
        exactMoney(cost(terms), quantity) + feeHold(terms, quantity)
    }

    /// What one contract costs at the limit.
    private func cost(_ terms: SimOrderTerms) -> Price {
        if terms.isTokenSale { return .zero }
        return terms.side == .buy ? terms.price : terms.price.complement
    }

    /// An upper bound of the fees: a better price may lie nearer to one half, and rounding takes at
    /// most a cent and 0.0001 for each fill.
    private func feeHold(_ terms: SimOrderTerms, _ quantity: Quantity) -> Money {
        let fees = markets[terms.market.index].definition.fees
        guard fees.schedule == .kalshi, fees.takerRate.units > 0 || fees.makerRate.units > 0
        else { return .zero }
        let fee = KalshiFees.trade(
            price: dearestPrice(terms), quantity: quantity,
            rate: max(fees.takerRate, fees.makerRate), multiplier: fees.multiplier)
        return fee + KalshiFees.cent + KalshiFees.cent
    }

    /// What an order could pay when it comes, where only a match costs and resting does not.
    private func matchFees(_ terms: SimOrderTerms) -> Money {
        let fees = markets[terms.market.index].definition.fees
        guard case .polymarket(let exponent) = fees.schedule, !terms.isPostOnly else {
            return .zero
        }
        return PolymarketFees.taker(
            price: dearestPrice(terms), quantity: terms.quantity, rate: fees.takerRate,
            exponent: exponent) ?? .zero
    }

    /// Where between the limit and every better price a fee is highest.
    private func dearestPrice(_ terms: SimOrderTerms) -> Price {
        let half = Price(units: Price.scale / 2)
        let isBeyondHalf = terms.side == .buy ? terms.price > half : terms.price < half
        return isBeyondHalf ? half : terms.price
    }

    /// Gives back what a part of a resting order held.
    mutating func release(_ order: SimOrder, _ quantity: Quantity) {
        let before = grossHold(order.terms, order.remaining)
        let left = order.remaining - quantity
        let after = left.isZero ? .zero : grossHold(order.terms, left)
        accounts[order.account.index].grossHold -= before - after
        precondition(
            !accounts[order.account.index].grossHold.isNegative, "a hold went below zero")
    }
}
