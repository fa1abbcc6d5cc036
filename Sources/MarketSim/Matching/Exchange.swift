package import Trading

/// A matching venue with accounts: price-time priority, YES and NO as one book, exact money.
///
/// Purpose of the module: what a venue does, as pure values. Forbidden here: clocks, I/O, logging,
/// chance that does not come from a seed. Start reading at `place`, then `VenueSimulation.advance`.
///
/// Money: buying YES costs p; selling without a position buys NO for 1 − p; a YES with a NO is a
/// dollar. So at every moment the accounts' cash, one dollar per contract pair and the fees taken
/// sum to what was deposited: `audit` checks it to the unit.
package struct Exchange: Sendable {
    var accounts: [SimAccount] = []
    var markets: [SimMarket] = []
    /// Live orders of everybody and all orders of participants.
    var orders: [SimOrderID: SimOrder] = [:]
    private(set) var lastOrder: SimOrderID = .zero
    private(set) var lastTrade: SimTradeID = .zero
    var feesTaken: Money = .zero
    /// The most contracts of one fill; nil: as many as match.
    var fillMax: Quantity?

    /// How many orders a participant may have resting.
    package static let openOrderCountMax = 1_000
    /// The most contracts of one order, so that amounts stay far from overflow.
    package static let quantityMax = Quantity(1_000_000)

    package init() {}

    // MARK: Accounts and markets

    /// Opens an account with a deposit. A participant's orders and fills are reported.
    package mutating func open(
        account name: String, deposit: Money, isParticipant: Bool
    ) -> SimAccountID {
        precondition(!deposit.isNegative, "a deposit is not negative: \(deposit)")
        accounts.append(
            SimAccount(name: name, isParticipant: isParticipant, deposit: deposit, cash: deposit))
        for index in markets.indices { markets[index].holdings.append(SimHolding()) }
        return SimAccountID(accounts.count - 1)
    }

    package mutating func add(market definition: MarketDefinition) -> SimMarketID {
        precondition(
            definition.tick.isMultiple(of: Price(units: 100_000)),
            "\(definition.instrument): a tick has at most four decimals")
        precondition(
            definition.lot.isMultiple(of: Quantity(units: 10_000)),
            "\(definition.instrument): a lot has at most five decimals")
        precondition(
            definition.payout.isMultiple(of: Price(units: 100_000)),
            "\(definition.instrument): a payout has at most four decimals")
        markets.append(
            SimMarket(
                definition: definition,
                holdings: Array(repeating: SimHolding(), count: accounts.count)))
        return SimMarketID(markets.count - 1)
    }

    // MARK: Orders

    /// Takes an order or says why not. A declined order leaves no trace.
    package mutating func place(
        _ terms: SimOrderTerms, for account: SimAccountID, at now: Timestamp,
        into effects: inout ExchangeEffects
    ) -> Result<SimOrder, SimDecline> {
        if let decline = check(terms, account, at: now) { return .failure(decline) }
        if let decline = checkBook(terms, account) { return .failure(decline) }
        guard covers(terms, account) else { return .failure(.insufficientBalance) }
        lastOrder = lastOrder.next
        let fees = KalshiOrderFees(precision: self[terms.market].definition.fees.precision)
        var order = SimOrder(id: lastOrder, account: account, terms: terms, at: now, fees: fees)
        if accounts[account.index].isParticipant, !terms.clientOrderID.isEmpty {
            accounts[account.index].clientOrderIDs[terms.clientOrderID] = order.id
        }
        match(&order, at: now, into: &effects)
        settleRemainder(of: &order, at: now, into: &effects)
        if order.state == .working || accounts[account.index].isParticipant {
            orders[order.id] = order
        }
        return .success(order)
    }

    /// Takes a resting order off the book; nil when it does not rest.
    package mutating func cancel(
        _ id: SimOrderID, for account: SimAccountID, at now: Timestamp,
        into effects: inout ExchangeEffects
    ) -> SimOrder? {
        guard let order = orders[id], order.account == account, order.state == .working else {
            return nil
        }
        return remove(order, because: .asked, at: now, into: &effects)
    }

    /// Takes every order off the books of these markets whose time has come.
    mutating func expireOrders(
        in listed: [Int], at now: Timestamp, into effects: inout ExchangeEffects
    ) {
        for index in listed {
            guard let next = markets[index].nextExpiry, next <= now else { continue }
            var later: Timestamp?
            for side in Side.allCases {
                let resting = markets[index][side].levels.flatMap(\.orders)
                for id in resting {
                    guard let order = orders[id], let expiry = order.terms.expiresAt else {
                        continue
                    }
                    if expiry <= now {
                        _ = remove(order, because: .expired, at: now, into: &effects)
                    } else {
                        later = min(later ?? expiry, expiry)
                    }
                }
            }
            markets[index].nextExpiry = later
        }
    }

    // MARK: Removal and what is left

    mutating func remove(
        _ order: SimOrder, because reason: SimRemoval, at now: Timestamp,
        into effects: inout ExchangeEffects
    ) -> SimOrder {
        var order = order
        let quantity = order.remaining
        let terms = order.terms
        markets[terms.market.index].change(terms.side) {
            $0.remove(order.id, price: terms.price, quantity: quantity)
        }
        effects.append(.bookChanged(terms.market, terms.side, terms.price, delta: -quantity))
        release(order, quantity)
        order.remaining = .zero
        order.state = reason == .expired || reason == .marketClosed ? .expired : .cancelled
        order.updatedAt = now
        forget(order)
        report(order, removed: reason, quantity: quantity, into: &effects)
        return order
    }

    /// Rests, cancels or closes what matching has left of an incoming order.
    private mutating func settleRemainder(
        of order: inout SimOrder, at now: Timestamp, into effects: inout ExchangeEffects
    ) {
        let participant = accounts[order.account.index].isParticipant
        guard !order.remaining.isZero else {
            order.state = .filled
            if participant { effects.append(.orderChanged(order)) }
            return
        }
        let left = order.remaining
        guard order.state == .working, order.terms.rests else {
            let reason: SimRemoval =
                order.state == .cancelled ? .selfTrade : .immediateOrCancel
            order.state = .cancelled
            order.remaining = .zero
            report(order, removed: reason, quantity: left, into: &effects)
            return
        }
        let terms = order.terms
        let id = order.id
        markets[terms.market.index].change(terms.side) {
            $0.append(id, price: terms.price, quantity: left)
        }
        markets[terms.market.index].noteExpiry(terms.expiresAt)
        accounts[order.account.index].grossHold += grossHold(terms, left)
        if participant {
            accounts[order.account.index].resting.append(id)
            effects.append(.orderChanged(order))
        }
        effects.append(.bookChanged(terms.market, terms.side, terms.price, delta: left))
    }

    private func report(
        _ order: SimOrder, removed reason: SimRemoval, quantity: Quantity,
        into effects: inout ExchangeEffects
    ) {
        guard accounts[order.account.index].isParticipant else { return }
        effects.append(.orderRemoved(order, reason, quantity: quantity))
    }

    /// Drops a finished order from the live ones; a participant's stays for look-up.
    mutating func forget(_ order: SimOrder) {
        let index = order.account.index
        guard accounts[index].isParticipant else {
            orders[order.id] = nil
            return
        }
        orders[order.id] = order
        accounts[index].resting.removeAll { $0 == order.id }
    }

    mutating func nextTrade() -> SimTradeID {
        lastTrade = lastTrade.next
        return lastTrade
    }

    subscript(market: SimMarketID) -> SimMarket { markets[market.index] }
}

extension SimOrderTerms {
    /// Whether what is not matched at once stays on the book.
    package var rests: Bool { timeInForce == .goodTillCancelled || timeInForce == .goodTillTime }
}
