package import Trading

/// An account's balances and the sums that its cash must equal.
package struct AccountBook: Sendable, Hashable {
    package let key: AccountKey
    /// The balance of every ledger account of this account; sums to zero.
    package internal(set) var balance = Posting()
    /// Sales less purchases at price × quantity, over all fills.
    package internal(set) var tradeFlow: Money = .zero
    package internal(set) var feesPaid: Money = .zero
    /// What the venue has paid out for settled positions.
    package internal(set) var payouts: Money = .zero
    /// Collateral of short positions whose instruments have been settled and forgotten.
    package internal(set) var collateralConsumed: Money = .zero
    package internal(set) var costMethod = CostMethod.average

    init(key: AccountKey) { self.key = key }

    /// Cash at the venue as the ledger has it, reserved or not.
    package var cash: Money { balance.cash + balance.reserved }
    /// Positions at cost, resolved or not.
    package var cost: Money { balance.position + balance.resolved }
    /// Fees less rebates.
    package var fees: Money { balance.fees + balance.rebates }
    /// Capital that came from outside.
    package var capital: Money { -balance.capital }

    /// A book as a snapshot states it.
    package init(
        key: AccountKey, balance: Posting, tradeFlow: Money, feesPaid: Money, payouts: Money,
        collateralConsumed: Money, costMethod: CostMethod = .average
    ) {
        self.costMethod = costMethod
        self.key = key
        self.balance = balance
        self.tradeFlow = tradeFlow
        self.feesPaid = feesPaid
        self.payouts = payouts
        self.collateralConsumed = collateralConsumed
    }
}

/// What a strategy has realised and paid over all its instruments, settled ones included.
package struct StrategyBook: Sendable, Hashable, BitwiseCopyable {
    package let key: StrategyKey
    package internal(set) var realized: Money
    /// Fees less rebates.
    package internal(set) var fees: Money
    package internal(set) var rebates: Money

    package init(
        key: StrategyKey, realized: Money = .zero, fees: Money = .zero, rebates: Money = .zero
    ) {
        self.key = key
        self.realized = realized
        self.fees = fees
        self.rebates = rebates
    }
}

/// Under what an account's book of one instrument is kept.
struct InstrumentBookKey: Hashable, Sendable {
    let account: Int
    let instrument: InstrumentID
}

/// What the venue holds for an account in one instrument, and what its strategies offset.
package struct InstrumentBook: Sendable, Hashable {
    /// The account's net quantity. After settlement: what it was then, plus late fills.
    package internal(set) var net: Quantity = .zero
    /// Contracts that strategies hold short, before netting between them.
    package internal(set) var strategyShort: Quantity = .zero
    package internal(set) var pairing: Money = .zero
    package internal(set) var settledAt: Price?
    /// The venue has determined the outcome and has not settled it yet.
    package internal(set) var isResolved = false
    /// Strategies that have traded the instrument, sorted.
    package internal(set) var holders: [StrategyID] = []

    init() {}

    /// A book as a snapshot states it.
    package init(
        net: Quantity, strategyShort: Quantity, pairing: Money, settledAt: Price?,
        holders: [StrategyID], isResolved: Bool = false
    ) {
        self.isResolved = isResolved
        self.net = net
        self.strategyShort = strategyShort
        self.pairing = pairing
        self.settledAt = settledAt
        self.holders = holders
    }

    /// Contracts that the venue holds for the account as NO.
    package var short: Quantity { net.isNegative ? -net : .zero }
    package var isSettled: Bool { settledAt != nil }

    mutating func hold(_ strategy: StrategyID) {
        guard let index = holders.firstIndex(where: { $0 >= strategy }) else {
            holders.append(strategy)
            return
        }
        if holders[index] != strategy { holders.insert(strategy, at: index) }
    }
}
