package import Trading

/// A strategy's position as it was settled.
package struct SettledPosition: Sendable, Hashable {
    package let owner: StrategyKey
    package let quantity: Quantity
    package let payout: Money
    package let gain: Money
}

extension Ledger {
    /// Settles an instrument at `value` per YES: every strategy's position pays `value` (a short
    /// one `1 − value`), and the venue's own `payout` is what moves cash.
    ///
    /// What the two differ by stays on the `redeemable` account in plain sight; it is zero when
    /// the venue and the ledger agree. Returns what each strategy got, in strategy order. A second
    /// settlement of the same instrument is refused with nil.
    package mutating func settle(
        _ account: AccountKey, _ instrument: InstrumentID, at value: Price, payout: Money
    ) -> [SettledPosition]? {
        let index = accountIndex(of: account)
        let key = InstrumentBookKey(account: index, instrument: instrument)
        var book = instruments[key] ?? InstrumentBook()
        if book.isSettled { return nil }
        var settled: [SettledPosition] = []
        for strategy in book.holders {
            let owner = StrategyKey(
                org: account.org, account: account.account, mode: account.mode, strategy: strategy)
            if let position = settle(owner, instrument, at: value, account: index) {
                settled.append(position)
            }
        }
        var posting = Posting()
        posting.pairing = -book.pairing
        posting.cash = payout
        posting.redeemable = book.pairing - payout
        book.pairing = .zero
        book.settledAt = value
        book.isResolved = false
        instruments[key] = book
        accounts[index].payouts += payout
        post(posting, as: .payout, to: index)
        return settled
    }

    /// Says whether the venue has determined an instrument's outcome without paying yet: what is
    /// held moves, at cost, between `position` and `resolved`.
    package mutating func setResolved(
        _ isResolved: Bool, _ account: AccountKey, _ instrument: InstrumentID
    ) {
        let index = accountIndex(of: account)
        let key = InstrumentBookKey(account: index, instrument: instrument)
        guard var book = instruments[key], !book.isSettled, book.isResolved != isResolved else {
            return
        }
        var cost: Money = .zero
        for strategy in book.holders {
            let owner = StrategyKey(
                org: account.org, account: account.account, mode: account.mode, strategy: strategy)
            cost += position(PositionKey(owner: owner, instrument: instrument)).cost
        }
        book.isResolved = isResolved
        instruments[key] = book
        var posting = Posting()
        posting.hold(cost, isResolved: isResolved)
        posting.hold(-cost, isResolved: !isResolved)
        post(posting, as: .resolution, to: index)
    }

    /// Drops the records of an instrument whose event is over. Its amounts stay in the totals.
    package mutating func forget(_ account: AccountKey, _ instrument: InstrumentID) {
        let index = accountIndex(of: account)
        let key = InstrumentBookKey(account: index, instrument: instrument)
        guard let book = instruments[key] else { return }
        precondition(
            book.isSettled || book.net.isZero, "\(instrument) is not settled and still held")
        for strategy in book.holders {
            let owner = StrategyKey(
                org: account.org, account: account.account, mode: account.mode, strategy: strategy)
            let removed = positions.removeValue(
                forKey: PositionKey(owner: owner, instrument: instrument))
            lots[PositionKey(owner: owner, instrument: instrument)] = nil
            precondition(removed?.isFlat ?? true, "\(owner) still holds \(instrument)")
        }
        accounts[index].collateralConsumed += Money(pairs: book.short)
        instruments.removeValue(forKey: key)
    }

    /// Settles the position that a late fill has left, and moves its pairs into what is redeemable.
    mutating func settleLate(_ key: PositionKey, at value: Price, account: Int) {
        _ = settle(key.owner, key.instrument, at: value, account: account)
        let bookKey = InstrumentBookKey(account: account, instrument: key.instrument)
        guard var book = instruments[bookKey] else { return }
        var posting = Posting()
        posting.pairing = -book.pairing
        posting.redeemable = book.pairing
        book.pairing = .zero
        instruments[bookKey] = book
        post(posting, as: .settlement, to: account)
    }

    private mutating func settle(
        _ owner: StrategyKey, _ instrument: InstrumentID, at value: Price, account: Int
    ) -> SettledPosition? {
        let key = PositionKey(owner: owner, instrument: instrument)
        guard var position = positions[key], !position.isFlat else { return nil }
        let quantity = position.quantity
        let (payout, change) = position.settle(at: value)
        positions[key] = position
        lots[key] = nil
        let book = InstrumentBookKey(account: account, instrument: instrument)
        let isResolved = instruments[book]?.isResolved ?? false
        strategies[strategySlot(of: owner)].realized += change.gain
        var posting = Posting()
        posting.hold(change.cost, isResolved: isResolved)
        posting.realized = -change.gain
        posting.redeemable = payout
        post(posting, as: .settlement, to: account, strategy: owner.strategy)
        return SettledPosition(
            owner: owner, quantity: quantity, payout: payout, gain: change.gain)
    }
}

extension Ledger {
    /// Whether an account has nothing open in an instrument: never traded, flat, or settled.
    package func canForget(_ account: AccountKey, _ instrument: InstrumentID) -> Bool {
        guard let index = index(of: account) else { return true }
        let key = InstrumentBookKey(account: index, instrument: instrument)
        guard let book = instruments[key] else { return true }
        if book.isSettled { return true }
        return book.net.isZero
            && book.holders.allSatisfy { strategy in
                let owner = StrategyKey(
                    org: account.org, account: account.account, mode: account.mode,
                    strategy: strategy)
                return position(PositionKey(owner: owner, instrument: instrument)).isFlat
            }
    }

    /// The value that an account's instrument was settled at; nil until then.
    package func settledValue(_ account: AccountKey, _ instrument: InstrumentID) -> Price? {
        guard let index = index(of: account) else { return nil }
        return instruments[InstrumentBookKey(account: index, instrument: instrument)]?.settledAt
    }
}

extension Posting {
    /// Adds to what is held at cost, on the line where it belongs.
    mutating func hold(_ cost: Money, isResolved: Bool) {
        if isResolved { resolved += cost } else { position += cost }
    }
}
