import Trading
import Wire

/// Numbers every halt, whoever latched it: what clears a scope names its newest, so that an old
/// approval never clears a later halt.
struct HaltNumbers: Sendable, Hashable {
    struct Entry: Sendable, Hashable {
        let scope: HaltScope
        var number: UInt64
    }

    /// The number of the last halt of any scope.
    private(set) var last: UInt64
    /// In the order of the scopes.
    private(set) var entries: [Entry]

    init(last: UInt64 = 0, entries: [Entry] = []) {
        self.last = last
        self.entries = entries
    }

    /// Something was latched in a scope.
    mutating func add(_ scope: HaltScope) {
        last += 1
        let place = entries.firstIndex { !($0.scope < scope) } ?? entries.endIndex
        if place < entries.endIndex, entries[place].scope == scope {
            entries[place].number = last
        } else {
            entries.insert(Entry(scope: scope, number: last), at: place)
        }
    }

    /// What a command for the scope is about was cleared.
    mutating func remove(under scope: HaltScope) {
        entries.removeAll { scope.takesIn($0.scope) }
    }

    /// The newest of what a command for the scope is about; zero where nothing is.
    func newest(under scope: HaltScope) -> UInt64 {
        entries.reduce(0) { scope.takesIn($1.scope) ? max($0, $1.number) : $0 }
    }
}

extension HaltScope {
    /// Whether a command for this scope is about the other one.
    fileprivate func takesIn(_ other: HaltScope) -> Bool {
        kind == other.kind && (org.isEmpty || org == other.org)
            && (account.isEmpty || account == other.account)
            && (strategy.isEmpty || strategy == other.strategy)
            && (venue.isEmpty || venue == other.venue)
            && (instrument.isEmpty || instrument == other.instrument)
    }

    /// The scope of a brake.
    init(_ key: ScopeKey) {
        switch key.level {
        case .org: self.init(.org, org: key.org)
        case .account: self.init(.account, org: key.org, account: key.account)
        case .strategy:
            self.init(.strategy, org: key.org, account: key.account, strategy: key.strategy)
        case .venue: self.init(.venue, venue: key.venue)
        case .instrument: self.init(.instrument, instrument: key.instrument)
        case .firm, .event, .none: self.init(.all)
        }
    }
}
