package import Trading
package import Wire

/// The names of one scope at one level: what limits, rates and halts are kept under. Names that
/// the level does not use are empty. Firm and org hold over all modes.
package struct ScopeKey: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    package let level: LimitLevel
    package let org: OrgID
    package let account: AccountID
    package let mode: Mode
    package let strategy: StrategyID
    package let venue: VenueID
    package let instrument: InstrumentID
    package let eventSet: EventSetID

    private init(
        _ level: LimitLevel, org: OrgID = .empty, account: AccountID = .empty,
        mode: Mode = .paper, strategy: StrategyID = .empty, venue: VenueID = .empty,
        instrument: InstrumentID = .empty, eventSet: EventSetID = .empty
    ) {
        self.level = level
        self.org = org
        self.account = account
        self.mode = mode
        self.strategy = strategy
        self.venue = venue
        self.instrument = instrument
        self.eventSet = eventSet
    }

    package static let firm = ScopeKey(.firm)
    package static func org(_ org: OrgID) -> ScopeKey { ScopeKey(.org, org: org) }
    package static func account(_ org: OrgID, _ account: AccountID, _ mode: Mode) -> ScopeKey {
        ScopeKey(.account, org: org, account: account, mode: mode)
    }
    package static func strategy(_ key: StrategyKey) -> ScopeKey {
        ScopeKey(
            .strategy, org: key.org, account: key.account, mode: key.mode, strategy: key.strategy)
    }
    package static func instrument(_ instrument: InstrumentID) -> ScopeKey {
        ScopeKey(.instrument, instrument: instrument)
    }
    package static func event(_ eventSet: EventSetID) -> ScopeKey {
        ScopeKey(.event, eventSet: eventSet)
    }
    package static func venue(_ venue: VenueID) -> ScopeKey { ScopeKey(.venue, venue: venue) }

    /// The scope that a limit names, or nil when it names none.
    package init?(_ limit: LimitSet) {
        switch limit.level {
        case .none: return nil
        case .firm: self = .firm
        case .org: self = .org(limit.org)
        case .account: self = .account(limit.org, limit.account, limit.mode)
        case .strategy:
            self = .strategy(
                StrategyKey(
                    org: limit.org, account: limit.account, mode: limit.mode,
                    strategy: limit.strategy))
        case .instrument: self = .instrument(limit.instrument)
        case .event: self = .event(limit.eventSet)
        case .venue: self = .venue(limit.venue)
        }
    }

    package static func < (lhs: ScopeKey, rhs: ScopeKey) -> Bool {
        if lhs.level != rhs.level { return lhs.level.rawValue < rhs.level.rawValue }
        let isSame =
            (lhs.org, lhs.account, lhs.mode, lhs.strategy)
            == (rhs.org, rhs.account, rhs.mode, rhs.strategy)
        if !isSame {
            return (lhs.org, lhs.account, lhs.mode, lhs.strategy)
                < (rhs.org, rhs.account, rhs.mode, rhs.strategy)
        }
        return (lhs.venue, lhs.instrument, lhs.eventSet)
            < (rhs.venue, rhs.instrument, rhs.eventSet)
    }

    package var description: String {
        switch level {
        case .none: "none"
        case .firm: "firm"
        case .org: "org \(org)"
        case .account: "account \(org)/\(account)/\(mode)"
        case .strategy: "strategy \(org)/\(account)/\(mode)/\(strategy)"
        case .instrument: "instrument \(instrument)"
        case .event: "event \(eventSet)"
        case .venue: "venue \(venue)"
        }
    }
}
