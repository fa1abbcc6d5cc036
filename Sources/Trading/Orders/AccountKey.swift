/// What positions, limits and brakes are kept under: (org, account, mode, strategy).
package struct StrategyKey: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    package let org: OrgID
    package let account: AccountID
    package let mode: Mode
    package let strategy: StrategyID

    package init(org: OrgID, account: AccountID, mode: Mode, strategy: StrategyID) {
        self.org = org
        self.account = account
        self.mode = mode
        self.strategy = strategy
    }

    package static func < (lhs: StrategyKey, rhs: StrategyKey) -> Bool {
        (lhs.org, lhs.account, lhs.mode, lhs.strategy)
            < (rhs.org, rhs.account, rhs.mode, rhs.strategy)
    }

    package var description: String { "\(org)/\(account)/\(mode)/\(strategy)" }
}

/// A position's key: a strategy's holding in one instrument.
package struct PositionKey: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    package let owner: StrategyKey
    package let instrument: InstrumentID

    package init(owner: StrategyKey, instrument: InstrumentID) {
        self.owner = owner
        self.instrument = instrument
    }

    package static func < (lhs: PositionKey, rhs: PositionKey) -> Bool {
        (lhs.owner, lhs.instrument) < (rhs.owner, rhs.instrument)
    }

    package var description: String { "\(owner)/\(instrument)" }
}
