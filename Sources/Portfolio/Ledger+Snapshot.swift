package import Trading

extension Ledger {
    /// An account's book of one instrument, as a snapshot lists it.
    package struct InstrumentRecord: Sendable, Hashable {
        package let account: AccountKey
        package let instrument: InstrumentID
        package let book: InstrumentBook

        package init(account: AccountKey, instrument: InstrumentID, book: InstrumentBook) {
            self.account = account
            self.instrument = instrument
            self.book = book
        }
    }

    /// All instrument books in key order.
    package var allInstruments: [InstrumentRecord] {
        instruments
            .map { key, book in
                InstrumentRecord(
                    account: accounts[key.account].key, instrument: key.instrument, book: book)
            }
            .sorted { ($0.account, $0.instrument) < ($1.account, $1.instrument) }
    }

    /// Restores an account. Accounts must be restored in the order of their opening.
    package mutating func restore(_ account: AccountBook) {
        precondition(index(of: account.key) == nil, "\(account.key) is restored twice")
        accounts[open(account.key)] = account
    }

    /// Restores a strategy's totals.
    package mutating func restore(_ strategy: StrategyBook) {
        strategies[strategySlot(of: strategy.key)] = strategy
    }

    /// Restores a position.
    package mutating func restore(_ position: Position, under key: PositionKey) {
        positions[key] = position
    }

    /// Restores an instrument's book; its account must have been restored before.
    package mutating func restore(_ record: InstrumentRecord) {
        let account = accountIndex(of: record.account)
        let key = InstrumentBookKey(account: account, instrument: record.instrument)
        instruments[key] = record.book
    }

    /// The lots of every position at first-in-first-out cost, oldest first, in key order.
    package var allLots: [(key: PositionKey, lots: [Lot])] {
        lots.filter { !$0.value.lots.isEmpty }
            .map { (key: $0.key, lots: $0.value.lots) }
            .sorted { $0.key < $1.key }
    }

    /// Restores the newest lot of a position.
    package mutating func restore(_ lot: Lot, under key: PositionKey) {
        lots[key, default: LotQueue()].lots.append(lot)
    }

    /// Restores what an account's record of balances does not state.
    package mutating func restore(
        costMethod: CostMethod, resolved: Money, rebates: Money, funding: Money,
        corrections: Money, of account: AccountKey
    ) {
        let index = accountIndex(of: account)
        accounts[index].costMethod = costMethod
        accounts[index].balance.resolved = resolved
        accounts[index].balance.rebates = rebates
        accounts[index].balance.funding = funding
        accounts[index].balance.corrections = corrections
    }

    /// Restores that an instrument is resolved; false where there is no book of it.
    package mutating func restoreResolved(
        _ account: AccountKey, _ instrument: InstrumentID
    ) -> Bool {
        let key = InstrumentBookKey(account: accountIndex(of: account), instrument: instrument)
        guard instruments[key] != nil else { return false }
        instruments[key]?.isResolved = true
        return true
    }
}
