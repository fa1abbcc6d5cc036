import Portfolio
package import Trading
package import Wire

/// What operators state of the markets: which may be traded, what is known of their outcomes and
/// rules, and which events hang together. The shell has verified the signature.
extension RiskEngine {
    /// A version of the registry replaces the one before; its statements follow.
    package mutating func apply(
        _ began: RegistryBegan, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        // The same version again completes one that a crash cut off.
        let isNews =
            began.version > registry.version
            || began.version == registry.version && began.digest == registry.digest
                && !registry.isWhole
        guard isNews else {
            alarm(.registryRefused(began.version), into: &effects)
            return
        }
        registry = Registry()
        registry.version = began.version
        registry.digest = began.digest
        registry.signer = began.operator
        registry.awaited = began.statements
        standAllEvents()
    }

    /// What the registry states of an event set.
    package mutating func apply(
        _ statement: RegistrySet, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard registry.awaited > 0 else {
            alarm(.registryRefused(registry.version), into: &effects)
            return
        }
        take(statement)
        countStatement()
    }

    /// A registered set belongs to a bucket of linked events.
    package mutating func apply(
        _ link: RegistryLink, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard registry.awaited > 0, take(link) else {
            alarm(.registryRefused(registry.version), into: &effects)
            return
        }
        countStatement()
    }

    /// A rule of a registered set was reviewed.
    package mutating func apply(
        _ rule: RegistryRule, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard registry.awaited > 0, take(rule) else {
            alarm(.registryRefused(registry.version), into: &effects)
            return
        }
        countStatement()
    }

    private mutating func countStatement() {
        registry.awaited -= 1
        if registry.awaited == 0 { standAllEvents() }
    }

    // MARK: - Statements, of commands and of snapshots

    mutating func take(_ statement: RegistrySet) {
        let key = RegistryKey(statement)
        registry.sets[key] = Registry.RegisteredSet(
            statement: statement,
            standing: EventStanding(
                lifecycle: statement.state, isExclusive: statement.isExclusive.isSet,
                isExhaustive: statement.isExhaustive.isSet, resolution: statement.resolution,
                resolvesAt: statement.resolvesAt, window: statement.window))
    }

    /// False when the set was not stated before.
    mutating func take(_ link: RegistryLink) -> Bool {
        let key = RegistryKey(link)
        guard registry.sets[key] != nil else { return false }
        let bucket = registry.bucket(link.bucket)
        registry.sets[key]?.standing.links.append(bucket)
        return true
    }

    mutating func take(_ rule: RegistryRule) -> Bool {
        let key = RegistryKey(rule)
        guard registry.sets[key] != nil else { return false }
        registry.sets[key]?.standing.rules.append(rule.ruleHash)
        return true
    }

    // MARK: - What follows

    /// Gives every event set its standing, and computes again what follows from it.
    mutating func standAllEvents() {
        for index in events.indices {
            let key = EventKey(venue: events[index].venue, id: events[index].id)
            events[index].standing = registry.standing(of: key)
            for member in events[index].members { acceptReviewedRule(member) }
        }
        for index in registry.buckets.indices { registry.buckets[index].clear() }
        for index in meters.indices { meters[index].disputed = .zero }
        for index in books.indices { spread(books[index].loss, of: index) }
        for index in events.indices { refreshEvent(index) }
    }

    /// A change of a rule holds once its text was reviewed.
    private mutating func acceptReviewedRule(_ index: Int32) {
        let instrument = instruments[index]
        guard let changed = instrument.changedRule,
            events[instrument.event].standing.rules.contains(changed)
        else { return }
        instruments[index].ruleHash = changed
        instruments[index].changedRule = nil
    }

    /// Carries a change of a book's loss into the sums over linked and over disputed events.
    mutating func spread(_ difference: Money, of index: Int32) {
        let node = books[index].node
        let set = books[index].event
        for bucket in events[set].standing.links {
            registry.buckets[Int(bucket)][node] += difference
        }
        if events[set].isDisputed { lock(difference, of: index) }
    }

    /// The venue says of a member that its outcome is contested, or no more: what the event can
    /// lose counts as locked in disputes, or no more.
    mutating func setDisputed(_ isDisputed: Bool, of instrument: Int32) {
        let event = instruments[instrument].event
        let before = events[event].isDisputed
        events[event].disputedMembers += isDisputed ? 1 : -1
        if events[event].isDisputed == before { return }
        for book in booksBottomUp(of: event) {
            lock(isDisputed ? books[book].loss : -books[book].loss, of: book)
        }
    }

    /// Adds a book's loss to what is locked in disputes.
    private mutating func lock(_ difference: Money, of index: Int32) {
        let node = books[index].node
        let set = books[index].event
        meters[nodes[Int(node)].meter].disputed += difference
        if nodes[Int(node)].level == .firm, let member = events[set].members.first {
            meters[events[set].meter].disputed += difference
            meters[instruments[member].venueMeter].disputed += difference
        }
    }
}

extension RegistryKey {
    init(_ statement: RegistrySet) {
        self.init(
            venue: statement.venue, eventSet: statement.eventSet,
            isPattern: statement.isPattern.isSet)
    }

    init(_ link: RegistryLink) {
        self.init(venue: link.venue, eventSet: link.eventSet, isPattern: link.isPattern.isSet)
    }

    init(_ rule: RegistryRule) {
        self.init(venue: rule.venue, eventSet: rule.eventSet, isPattern: rule.isPattern.isSet)
    }
}
