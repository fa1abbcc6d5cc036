package import Trading

/// An account at a venue in one mode: what holds cash. Accounts of different modes never mix.
package struct AccountKey: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    package let org: OrgID
    package let account: AccountID
    package let mode: Mode

    package init(org: OrgID, account: AccountID, mode: Mode) {
        self.org = org
        self.account = account
        self.mode = mode
    }

    package static func < (lhs: AccountKey, rhs: AccountKey) -> Bool {
        (lhs.org, lhs.account, lhs.mode) < (rhs.org, rhs.account, rhs.mode)
    }

    package var description: String { "\(org)/\(account)/\(mode)" }
}

extension StrategyKey {
    /// The account that the strategy trades in.
    package var accountKey: AccountKey { AccountKey(org: org, account: account, mode: mode) }
}
