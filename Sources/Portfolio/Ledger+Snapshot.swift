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
}
