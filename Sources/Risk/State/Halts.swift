package import Trading
package import Wire

/// What an operator's command concerns. Empty names match everything of their kind.
package struct HaltScope: Sendable, Hashable, Comparable, BitwiseCopyable {
    package let kind: ScopeKind
    package let org: OrgID
    package let account: AccountID
    package let strategy: StrategyID
    package let venue: VenueID
    package let instrument: InstrumentID

    /// The scope that a command names; names that the kind does not use are dropped.
    package init(_ command: OperatorCommand) {
        self.init(
            naming: command.scope, org: command.org, account: command.account,
            strategy: command.strategy, venue: command.venue, instrument: command.instrument)
    }

    /// The scope that a directive names.
    package init(_ directive: OperatorDirective) {
        self.init(
            naming: directive.scope, org: directive.org, account: directive.account,
            strategy: directive.strategy, venue: directive.venue,
            instrument: directive.instrument)
    }

    /// The scope that somebody asks for.
    package init(_ request: HaltRequest) {
        self.init(
            naming: request.scope, org: request.org, account: request.account,
            strategy: request.strategy, venue: request.venue, instrument: request.instrument)
    }

    private init(
        naming kind: ScopeKind, org: OrgID, account: AccountID, strategy: StrategyID,
        venue: VenueID, instrument: InstrumentID
    ) {
        switch kind {
        case .all: self.init(.all)
        case .org: self.init(.org, org: org)
        case .account: self.init(.account, org: org, account: account)
        case .strategy: self.init(.strategy, org: org, account: account, strategy: strategy)
        case .venue: self.init(.venue, venue: venue)
        case .instrument: self.init(.instrument, instrument: instrument)
        }
    }

    package init(
        _ kind: ScopeKind, org: OrgID = .empty, account: AccountID = .empty,
        strategy: StrategyID = .empty, venue: VenueID = .empty, instrument: InstrumentID = .empty
    ) {
        self.kind = kind
        self.org = org
        self.account = account
        self.strategy = strategy
        self.venue = venue
        self.instrument = instrument
    }

    /// Whether the name that makes the scope is missing.
    var isEmpty: Bool {
        switch kind {
        case .all: false
        case .org: org.isEmpty
        case .account: account.isEmpty
        case .strategy: strategy.isEmpty
        case .venue: venue.isEmpty
        case .instrument: instrument.isEmpty
        }
    }

    /// Whether a meter is that of the scope.
    func covers(_ key: ScopeKey) -> Bool {
        let sameOrg = org.isEmpty || org == key.org
        let sameAccount = account.isEmpty || account == key.account
        return switch (kind, key.level) {
        case (.all, .firm): true
        case (.org, .org): sameOrg
        case (.account, .account): sameOrg && sameAccount
        case (.strategy, .strategy): sameOrg && sameAccount && strategy == key.strategy
        case (.venue, .venue): venue == key.venue
        case (.instrument, .instrument): instrument == key.instrument
        default: false
        }
    }

    package static func < (lhs: HaltScope, rhs: HaltScope) -> Bool {
        if lhs.kind != rhs.kind { return lhs.kind.rawValue < rhs.kind.rawValue }
        return (lhs.org, lhs.account, lhs.strategy, lhs.venue, lhs.instrument)
            < (rhs.org, rhs.account, rhs.strategy, rhs.venue, rhs.instrument)
    }
}

/// A latched halt of one scope.
struct Halt: Sendable, Hashable, BitwiseCopyable {
    let scope: HaltScope
    /// `halted` or `reduceOnly`.
    let state: ArmingState
    let since: Timestamp
}
