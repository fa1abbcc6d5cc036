/// The ledger: who holds what, what it cost, what it earned. Double entry, to the last unit.
///
/// Purpose: positions, cash, realised and unrealised profit, fees and settlement of every account
/// and strategy. Forbidden here: clocks, randomness, I/O, logging, Foundation. Start reading at
/// `Posting`, then `Ledger.book`. Corrections are postings; nothing is ever edited.
package import Trading

/// A fill as the ledger books it.
package struct LedgerFill: Sendable, Hashable, BitwiseCopyable {
    package let owner: StrategyKey
    package let instrument: InstrumentID
    package let side: Side
    package let price: Price
    package let quantity: Quantity
    package let fee: Money

    package init(
        owner: StrategyKey, instrument: InstrumentID, side: Side, price: Price,
        quantity: Quantity, fee: Money
    ) {
        self.owner = owner
        self.instrument = instrument
        self.side = side
        self.price = price
        self.quantity = quantity
        self.fee = fee
    }

    /// Price × quantity, rounded against us.
    package var notional: Money {
        Money(price, times: quantity, side == .buy ? .up : .down)
    }
}

/// A fill together with what it did to its position, so that it can be taken back.
package struct BookedFill: Sendable, Hashable, BitwiseCopyable {
    package let fill: LedgerFill
    package let change: Position.Change

    package init(fill: LedgerFill, change: Position.Change) {
        self.fill = fill
        self.change = change
    }
}

/// The double-entry ledger of all accounts. Every mutation is a posting that sums to zero.
package struct Ledger: Sendable {
    /// Accounts in the order of their opening.
    package internal(set) var accounts: [AccountBook] = []
    /// Strategies in the order of their first use.
    package internal(set) var strategies: [StrategyBook] = []
    var positions: [PositionKey: Position] = [:]
    /// The lots of positions in accounts at first-in-first-out cost.
    var lots: [PositionKey: LotQueue] = [:]
    var instruments: [InstrumentBookKey: InstrumentBook] = [:]
    private var accountIndex: [AccountKey: Int] = [:]
    private var strategyIndex: [StrategyKey: Int] = [:]
    /// Postings that nobody has taken yet, where they are kept. No part of the state.
    var lines: [LedgerLine] = []
    var keepsLines = false

    package init() {}

    /// Opens an account with capital from outside, or adds capital to one that is open (negative:
    /// takes capital out). Returns the account's index, which never changes.
    @discardableResult
    package mutating func deposit(_ capital: Money, into account: AccountKey) -> Int {
        let index = accountIndex[account] ?? open(account)
        var posting = Posting()
        posting.cash = capital
        posting.capital = -capital
        post(posting, as: .transfer, to: index)
        return index
    }

    /// Posts interest, incentives or the price of holding positions; negative for what was paid.
    package mutating func fund(_ amount: Money, account: AccountKey) {
        var posting = Posting()
        posting.cash = amount
        posting.funding = -amount
        post(posting, as: .funding, to: accountIndex(of: account))
    }

    /// Posts what the venue's cash has and the ledger's has not, for a reason that a person gave.
    package mutating func correct(_ amount: Money, account: AccountKey) {
        var posting = Posting()
        posting.cash = amount
        posting.corrections = -amount
        post(posting, as: .correction, to: accountIndex(of: account))
    }

    /// Sets cash aside for open orders, or frees it where the amount is negative. The postings of
    /// it are not kept: cash as a whole does not move.
    package mutating func reserve(_ amount: Money, account index: Int) {
        accounts[index].balance.cash -= amount
        accounts[index].balance.reserved += amount
    }

    /// Chooses how an account's trades release cost; false where it holds something, whose cost
    /// would have to be edited.
    package mutating func setCostMethod(_ method: CostMethod, of account: AccountKey) -> Bool {
        let index = accountIndex(of: account)
        if accounts[index].costMethod == method { return true }
        let holds = positions.contains { $0.key.owner.accountKey == account && !$0.value.isFlat }
        guard !holds else { return false }
        accounts[index].costMethod = method
        return true
    }

    /// Books a fill and returns it with what it did, for a later bust.
    ///
    /// The venue nets over strategies: the account's cash follows the account's net position, the
    /// strategy's cost follows its own, and `pairing` holds the difference. A fill after
    /// settlement is accepted and settled at once.
    @discardableResult
    package mutating func book(_ fill: LedgerFill) -> BookedFill {
        let account = accountIndex(of: fill.owner.accountKey)
        let strategy = strategySlot(of: fill.owner)
        let key = PositionKey(owner: fill.owner, instrument: fill.instrument)
        var position = positions[key] ?? .flat
        let change = trade(fill, fill.side, fee: fill.fee, &position, key, account)
        post(fill, change: change, position: position, account: account, strategy: strategy)
        return BookedFill(fill: fill, change: change)
    }

    /// Takes a fill back by a reversing posting: exactly as it was posted where the position
    /// allows it, else by trading back at the same price. Cash and fees come back in full.
    package mutating func bust(_ booked: BookedFill) {
        let fill = booked.fill
        let account = accountIndex(of: fill.owner.accountKey)
        let strategy = strategySlot(of: fill.owner)
        let key = PositionKey(owner: fill.owner, instrument: fill.instrument)
        var position = positions[key] ?? .flat
        let change: Position.Change
        if takeBack(booked, &position, key, account) {
            change = -booked.change
        } else {
            change = trade(fill, fill.side.opposite, fee: -fill.fee, &position, key, account)
        }
        let reversal = Reversal(fill: fill)
        post(reversal, change: change, position: position, account: account, strategy: strategy)
    }

    /// The index of an open account, or nil.
    package func index(of account: AccountKey) -> Int? { accountIndex[account] }

    /// The position under a key; flat when there is none.
    package func position(_ key: PositionKey) -> Position { positions[key] ?? .flat }

    /// The account's net quantity in an instrument, which is what the venue holds.
    package func netQuantity(_ account: AccountKey, _ instrument: InstrumentID) -> Quantity {
        guard let index = accountIndex[account] else { return .zero }
        return instruments[InstrumentBookKey(account: index, instrument: instrument)]?.net ?? .zero
    }

    /// What a strategy has realised and paid, over all its instruments.
    package func totals(of strategy: StrategyKey) -> StrategyBook {
        strategyIndex[strategy].map { strategies[$0] } ?? StrategyBook(key: strategy)
    }

    /// Positions that are not flat, in key order.
    package var heldPositions: [(key: PositionKey, position: Position)] {
        positions.filter { !$0.value.isFlat }
            .map { (key: $0.key, position: $0.value) }
            .sorted { $0.key < $1.key }
    }

    /// All positions that have a record, in key order.
    package var allPositions: [(key: PositionKey, position: Position)] {
        positions.map { (key: $0.key, position: $0.value) }.sorted { $0.key < $1.key }
    }

    // MARK: - Posting

    func accountIndex(of account: AccountKey) -> Int {
        guard let index = accountIndex[account] else {
            preconditionFailure("the account \(account) is not open")
        }
        return index
    }

    mutating func strategySlot(of strategy: StrategyKey) -> Int {
        if let index = strategyIndex[strategy] { return index }
        strategies.append(StrategyBook(key: strategy))
        strategyIndex[strategy] = strategies.count - 1
        return strategies.count - 1
    }

    mutating func open(_ account: AccountKey) -> Int {
        accounts.append(AccountBook(key: account))
        accountIndex[account] = accounts.count - 1
        return accounts.count - 1
    }

    mutating func post(
        _ posting: Posting, as kind: PostingKind, to account: Int, strategy: StrategyID? = nil,
        quantity: Quantity = .zero, notional: Money = .zero
    ) {
        precondition(posting.sum.isZero, "a posting is out of balance by \(posting.sum)")
        accounts[account].balance += posting
        keep(
            kind, posting, account: account, strategy: strategy, quantity: quantity,
            notional: notional)
    }

    private mutating func post(
        _ flow: some VenueFlow, change: Position.Change, position: Position, account: Int,
        strategy: Int
    ) {
        let owner = strategies[strategy].key
        let bookKey = InstrumentBookKey(account: account, instrument: flow.instrument)
        var book = instruments[bookKey] ?? InstrumentBook()
        let shortBefore = book.short
        book.net += flow.signedQuantity
        let key = PositionKey(owner: owner, instrument: flow.instrument)
        let cash = flow.cash - Money(pairs: book.short - shortBefore)
        var posting = Posting()
        posting.cash = cash - flow.fee
        posting.hold(change.cost, isResolved: book.isResolved)
        posting.realized = -change.gain
        if flow.isRebated { posting.rebates = flow.fee } else { posting.fees = flow.fee }
        posting.pairing = -(cash + change.cost - change.gain)
        book.pairing += posting.pairing
        book.strategyShort += change.short
        book.hold(owner.strategy)
        precondition(
            book.isSettled || book.pairing == -Money(pairs: book.strategyShort - book.short),
            "\(flow.instrument): pairing \(book.pairing) is not what the strategies offset")
        positions[key] = position
        instruments[bookKey] = book
        accounts[account].tradeFlow += flow.cash
        accounts[account].feesPaid += flow.fee
        strategies[strategy].realized += change.gain
        strategies[strategy].fees += flow.fee
        if flow.isRebated { strategies[strategy].rebates -= flow.fee }
        post(
            posting, as: flow.kind, to: account, strategy: owner.strategy,
            quantity: flow.signedQuantity.magnitude, notional: flow.cash.magnitude)
        if let value = book.settledAt { settleLate(key, at: value, account: account) }
    }
}

/// What a fill or its reversal moves at the venue, before netting of pairs.
protocol VenueFlow {
    var instrument: InstrumentID { get }
    var signedQuantity: Quantity { get }
    /// Minus price × quantity for a purchase, plus for a sale.
    var cash: Money { get }
    var fee: Money { get }
    /// Whether the fill's fee was negative: the venue gave something for it.
    var isRebated: Bool { get }
    var kind: PostingKind { get }
}

extension LedgerFill: VenueFlow {
    var signedQuantity: Quantity { Quantity(units: side.sign * quantity.units) }
    var cash: Money { side == .buy ? -notional : notional }
    var isRebated: Bool { fee.isNegative }
    var kind: PostingKind { .fill }
}

/// A busted fill: everything that the fill moved, moved back.
private struct Reversal: VenueFlow {
    let fill: LedgerFill
    var instrument: InstrumentID { fill.instrument }
    var signedQuantity: Quantity { -fill.signedQuantity }
    var cash: Money { -fill.cash }
    var fee: Money { -fill.fee }
    var isRebated: Bool { fill.isRebated }
    var kind: PostingKind { .bust }
}
