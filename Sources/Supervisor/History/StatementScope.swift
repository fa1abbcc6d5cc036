import Portfolio
import Trading

/// Whom a statement is for: an org, one of its accounts, or a strategy; in one mode.
struct StatementScope: Sendable, Hashable, Comparable, CustomStringConvertible {
    let org: OrgID
    /// Nil for the org as a whole.
    let account: AccountID?
    /// Nil for the account as a whole.
    let strategy: StrategyID?
    let mode: Mode

    init(org: OrgID, account: AccountID? = nil, strategy: StrategyID? = nil, mode: Mode) {
        self.org = org
        self.account = account
        self.strategy = strategy
        self.mode = mode
    }

    init(_ key: StrategyKey) {
        self.init(org: key.org, account: key.account, strategy: key.strategy, mode: key.mode)
    }

    /// The scopes that a posting of an account, by one of its strategies, counts in.
    static func all(of account: AccountKey, _ strategy: StrategyID?) -> [StatementScope] {
        let whole = [
            StatementScope(org: account.org, mode: account.mode),
            StatementScope(org: account.org, account: account.account, mode: account.mode),
        ]
        guard let strategy else { return whole }
        return whole + [
            StatementScope(
                org: account.org, account: account.account, strategy: strategy, mode: account.mode)
        ]
    }

    /// Where the scope stands among the others: an org before its accounts, those before their
    /// strategies.
    private var order: (OrgID, Mode, AccountID, StrategyID) {
        (org, mode, account ?? .empty, strategy ?? .empty)
    }

    static func < (lhs: StatementScope, rhs: StatementScope) -> Bool { lhs.order < rhs.order }

    var description: String {
        let names = [org.description, account?.description, strategy?.description]
        return names.compactMap { $0 }.joined(separator: "/") + " (\(mode))"
    }
}

/// Which statements are wanted; nil for all.
struct StatementFilter: Sendable {
    var day: String?
    var org: OrgID?
    var account: AccountID?
    var strategy: StrategyID?

    func takes(_ scope: StatementScope) -> Bool {
        if let org, scope.org != org { return false }
        if let account, scope.account != account { return false }
        if let strategy, scope.strategy != strategy { return false }
        return true
    }
}
