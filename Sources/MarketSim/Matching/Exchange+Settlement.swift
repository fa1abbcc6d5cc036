package import Trading

/// The end of a market, and the proof that no money appears or is lost.
extension Exchange {
    /// Lets a market begin to trade.
    mutating func openTrading(_ market: SimMarketID, into effects: inout ExchangeEffects) {
        precondition(markets[market.index].phase == .unlisted, "a market opens once")
        markets[market.index].phase = .open
        effects.append(.phaseChanged(market, .open))
    }

    /// Ends trading: what rests is taken off the book.
    mutating func closeTrading(
        _ market: SimMarketID, at now: Timestamp, into effects: inout ExchangeEffects
    ) {
        precondition(markets[market.index].phase == .open, "only an open market closes")
        for side in Side.allCases {
            for id in markets[market.index][side].levels.flatMap(\.orders) {
                guard let order = orders[id] else { continue }
                _ = remove(order, because: .marketClosed, at: now, into: &effects)
            }
        }
        markets[market.index].phase = .closed
        markets[market.index].nextExpiry = nil
        effects.append(.phaseChanged(market, .closed))
    }

    mutating func determine(_ market: SimMarketID, into effects: inout ExchangeEffects) {
        precondition(markets[market.index].phase == .closed, "only a closed market is determined")
        markets[market.index].phase = .determined
        effects.append(.phaseChanged(market, .determined))
    }

    /// Pays every position: YES the definition's payout, NO the rest of the dollar, and so a
    /// dollar for what is held of both.
    mutating func settle(
        _ market: SimMarketID, at now: Timestamp, into effects: inout ExchangeEffects
    ) {
        precondition(markets[market.index].phase == .determined, "determine before settling")
        let definition = markets[market.index].definition
        let value = definition.payout
        var paid: Money = .zero
        for index in accounts.indices {
            let holding = markets[market.index].holdings[index]
            guard !holding.quantity.isZero || !holding.pairs.isZero else { continue }
            let isYes = holding.quantity.units > 0
            let won = exactMoney(isYes ? value : value.complement, holding.quantity.magnitude)
            let payout = won + exactMoney(.one, holding.pairs)
            accounts[index].cash += payout
            paid += won
            markets[market.index].holdings[index].quantity = .zero
            markets[market.index].holdings[index].pairs = .zero
            markets[market.index].holdings[index].cost = .zero
            markets[market.index].holdings[index].realized += won - holding.cost
            markets[market.index].holdings[index].updatedAt = now
            guard accounts[index].isParticipant else { continue }
            effects.append(
                .paid(
                    SimPayout(
                        account: SimAccountID(index), market: market, outcome: definition.outcome,
                        value: value, quantity: holding.quantity, pairs: holding.pairs,
                        cost: holding.cost,
                        fees: holding.fees, payout: payout, at: now,
                        cashAfter: accounts[index].cash)))
        }
        let locked = exactMoney(.one, markets[market.index].openInterest)
        precondition(paid == locked, "paid \(paid) of \(locked) locked")
        markets[market.index].openInterest = .zero
        markets[market.index].phase = .settled
        effects.append(.phaseChanged(market, .settled))
    }

    /// Proves conservation from scratch: cash + a dollar a YES and its NO, in whosever hands, +
    /// fees = deposits.
    /// Gives what is missing; anything but zero is a broken invariant.
    package func audit() -> Money {
        var total = feesTaken
        for account in accounts { total += account.cash - account.deposit }
        for market in markets where market.phase != .settled && market.phase != .unlisted {
            var longs: Quantity = .zero
            var sum: Quantity = .zero
            for holding in market.holdings {
                longs += max(holding.quantity, .zero)
                sum += holding.quantity
                total += exactMoney(.one, holding.pairs)
            }
            precondition(sum.isZero, "\(market.definition.instrument): YES and NO differ by \(sum)")
            precondition(longs == market.openInterest, "open interest differs from positions")
            total += exactMoney(.one, longs)
        }
        return total
    }
}
