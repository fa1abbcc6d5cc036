import Portfolio
package import Trading
package import Wire

/// What can be traded, where the market is, and what was settled.
extension RiskEngine {
    /// An instrument is defined, or some of what may change of it has changed.
    package mutating func apply(
        _ definition: InstrumentDefined, at now: Timestamp,
        into effects: inout RiskEffects
    ) {
        advance(to: now)
        let id = definition.instrument
        let isSound =
            !id.isEmpty && definition.tick > .zero && definition.tick < .one
            && definition.lot > .zero && !definition.venue.isEmpty
        guard isSound, isVenue(definition.venue, of: definition.envelope.sender) else {
            alarm(.definitionRefused(id), into: &effects)
            return
        }
        if let index = instrumentIndex[id] {
            redefine(index, definition, into: &effects)
        } else if definition.status == .settled {
            // It came and went without us.
            counters.reportsIgnored += 1
        } else if instruments.count < Capacity.instruments {
            define(definition)
        } else {
            alarm(.definitionRefused(id), into: &effects)
        }
    }

    private func isVenue(_ venue: VenueID, of gateway: ProcessID) -> Bool {
        guard let index = gatewayIndex[gateway] else { return false }
        return accounts.contains { $0.gateway == index && $0.venue == venue }
    }

    private mutating func define(_ definition: InstrumentDefined) {
        let id = definition.instrument
        let set =
            definition.eventSet.isEmpty ? EventSetID(name: id.name) : definition.eventSet
        insertInstrument(
            SnapshotInstrument(
                instrument: id, venue: definition.venue, eventSet: set, tick: definition.tick,
                lot: definition.lot, openAt: definition.openAt, closeAt: definition.closeAt,
                status: definition.status, isExclusive: definition.isExclusive,
                isExhaustive: definition.isExhaustive, ruleHash: definition.ruleHash,
                isSettled: .no, settledAt: .zero, bid: .zero, ask: .zero, markedAt: .zero))
    }

    /// Takes what may change; the same definition again changes nothing. Venue and event set are
    /// fixed; so is what a position is worth, its rule and its netting, while there is one: a
    /// change of those is refused and told, everything else is taken.
    private mutating func redefine(
        _ index: Int32, _ definition: InstrumentDefined, into effects: inout RiskEffects
    ) {
        let known = instruments[index]
        let set =
            definition.eventSet.isEmpty
            ? EventSetID(name: definition.instrument.name) : definition.eventSet
        guard known.venue == definition.venue, events[known.event].id == set else {
            alarm(.definitionRefused(known.id), into: &effects)
            return
        }
        if known.settledAt != nil { return }
        instruments[index].tick = definition.tick
        instruments[index].lot = definition.lot
        instruments[index].openAt = definition.openAt
        instruments[index].closeAt = definition.closeAt
        setStatus(definition.status, of: index)
        refreshSettling(index, into: &effects)
        if changesRule(of: index, to: definition.ruleHash, into: &effects) { return }
        if isWorthChanged(of: known, by: definition), isTraded(known) {
            alarm(.definitionRefused(known.id), into: &effects)
            return
        }
        instruments[index].isExclusive = definition.isExclusive.isSet
        instruments[index].isExhaustive = definition.isExhaustive.isSet
        if definition.ruleHash != .zero { instruments[index].ruleHash = definition.ruleHash }
        refreshEvent(known.event)
    }

    /// Whether another rule decides that nobody has reviewed: the instrument is frozen until an
    /// operator's registry names it. A rule that nobody relies on yet, where no registry reviews
    /// rules, is taken as it is. A definition without a rule says nothing of it.
    private mutating func changesRule(
        of index: Int32, to rule: Digest, into effects: inout RiskEffects
    ) -> Bool {
        let known = instruments[index]
        guard rule != .zero, known.ruleHash != .zero, rule != known.ruleHash,
            !events[known.event].standing.rules.contains(rule),
            registry.exists || isTraded(known)
        else { return false }
        alarm(.definitionRefused(known.id), into: &effects)
        instruments[index].changedRule = rule
        return true
    }

    /// Whether netting would count for more than it did; less is only more careful.
    private func isWorthChanged(
        of known: InstrumentState, by definition: InstrumentDefined
    ) -> Bool {
        definition.isExclusive.isSet && !known.isExclusive
            || definition.isExhaustive.isSet && !known.isExhaustive
    }

    /// Whether anybody holds the instrument or has orders in it.
    private func isTraded(_ instrument: InstrumentState) -> Bool {
        booksBottomUp(of: instrument.event).contains {
            !exposure($0, instrument.ordinal).isQuiet
        }
    }

    /// The event set with a name, made when its first member is defined.
    mutating func event(_ key: EventKey) -> Int32 {
        if let index = eventIndex[key] { return index }
        let index = events.insert(
            EventState(
                id: key.id, venue: key.venue, meter: meter(.event(key.id)),
                standing: registry.standing(of: key)))
        eventIndex[key] = index
        return index
    }

    /// Netting holds only where the venue says so of every member under a rule that is known, and
    /// the registry, where there is one, says that it was verified; every book's loss follows.
    mutating func refreshEvent(_ event: Int32) {
        let members = events[event].members
        let standing = events[event].standing
        events[event].isExclusive =
            standing.isExclusive && members.allSatisfy { instruments[$0].isVerifiedExclusive }
        events[event].isExhaustive =
            standing.isExhaustive && members.allSatisfy { instruments[$0].isExhaustive }
        for book in booksBottomUp(of: event) { refreshLoss(of: book) }
    }

    /// An instrument's status changed.
    package mutating func apply(
        _ change: InstrumentChanged, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard let index = instrumentIndex[change.instrument],
            instruments[index].settledAt == nil,
            isVenue(instruments[index].venue, of: change.envelope.sender)
        else {
            counters.reportsIgnored += 1
            return
        }
        setStatus(change.status, of: index)
        refreshSettling(index, into: &effects)
    }

    /// Only a settlement settles: until then the market has merely closed, or its outcome is
    /// determined and may still be amended.
    private mutating func setStatus(_ status: InstrumentStatus, of index: Int32) {
        let known = instruments[index]
        guard status != .settled else {
            if known.status != .resolved, known.status != .disputed {
                instruments[index].status = .closed
            }
            return
        }
        instruments[index].status = status
        if (status == .disputed) != (known.status == .disputed) {
            setDisputed(status == .disputed, of: index)
        }
        guard (status == .resolved) != (known.status == .resolved) else { return }
        for account in accounts where account.venue == known.venue {
            ledger.setResolved(status == .resolved, account.key, known.id)
        }
    }

    /// Where the market is, for marks.
    package mutating func apply(
        _ reference: ReferenceUpdated, at now: Timestamp,
        into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard let index = instrumentIndex[reference.instrument] else {
            counters.reportsIgnored += 1
            return
        }
        measureMarkouts(of: index, before: now, into: &effects)
        instruments[index].bid = min(max(reference.bid, .zero), .one)
        instruments[index].ask = min(max(reference.ask, .zero), .one)
        instruments[index].markedAt = now
        takeMark(reference, of: index, into: &effects)
        measureMarkouts(of: index, before: now + Span(nanoseconds: 1), into: &effects)
        sample(reference, of: index)
        takeClose(reference, of: index)
    }

    /// The venue has settled an instrument for an account. Gateways state a settlement again in
    /// every reconciliation: what was booked, or is forgotten since, is a repetition.
    package mutating func apply(
        _ settlement: InstrumentSettlement, at now: Timestamp,
        into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard let index = instrumentIndex[settlement.instrument],
            let account = account(settlement.account, of: settlement.envelope.sender)
        else {
            counters.reportsIgnored += 1
            return
        }
        guard let value = plausibleValue(of: settlement, index) else {
            alarm(.reportRefused(.instrumentSettlement, settlement.instrument), into: &effects)
            haltAccount(account, into: &effects)
            return
        }
        if ledger.settledValue(accounts[Int(account)].key, settlement.instrument) == value {
            counters.reportsIgnored += 1
            return
        }
        settle(index, account: account, settlement, at: value, into: &effects)
    }

    /// What a YES pays; nil where the statement cannot be right.
    private func plausibleValue(of settlement: InstrumentSettlement, _ index: Int32) -> Price? {
        let payoutMax = Money(1_000_000_000)
        guard let value = settlement.settledValue,
            settlement.payout <= payoutMax, settlement.payout >= -payoutMax,
            settlement.quantity.units.magnitude <= Quantity(1_000_000_000).units.magnitude,
            instruments[index].settledAt.map({ $0 == value }) ?? true
        else { return nil }
        return value
    }

    /// Whether a settlement is not yet booked and is of something that we know.
    package func isNews(_ settlement: InstrumentSettlement) -> Bool {
        guard let index = instrumentIndex[settlement.instrument],
            let account = account(settlement.account, of: settlement.envelope.sender)
        else { return false }
        guard let value = plausibleValue(of: settlement, index) else { return true }
        return ledger.settledValue(accounts[Int(account)].key, settlement.instrument) != value
    }

    private mutating func settle(
        _ index: Int32, account: Int32, _ settlement: InstrumentSettlement,
        at value: Price, into effects: inout RiskEffects
    ) {
        let id = settlement.instrument
        let key = accounts[Int(account)].key
        let ledgerIndex = accounts[Int(account)].ledger
        let clearingBefore = ledger.accounts[ledgerIndex].balance.redeemable
        let held = ledger.netQuantity(key, id)
        guard let settled = ledger.settle(key, id, at: value, payout: settlement.payout) else {
            preconditionFailure("\(id) is settled in \(key) already")
        }
        counters.settled += 1
        for position in settled {
            guard let strategy = strategyNodes[position.owner] else { continue }
            // A NO cost its full dollar when it was bought, so what flows now is payout less it.
            let short = position.quantity.isNegative ? -position.quantity : Quantity.zero
            change(strategy: strategy, instrument: index) {
                $0.move(
                    cash: position.payout - Money(pairs: short), quantity: -position.quantity)
            }
            refreshBrakes(from: strategy, into: &effects)
            tell(position, settlement, value, strategy, into: &effects)
        }
        let difference = ledger.accounts[ledgerIndex].balance.redeemable - clearingBefore
        if !difference.isZero { alarm(.payoutDiffers(id, by: difference), into: &effects) }
        addGap(settlement.quantity - held, account: account, instrument: id, into: &effects)
        if instruments[index].settledAt == nil {
            measureMarkouts(of: index, before: now + Span(nanoseconds: 1), into: &effects)
            measureMarkouts(of: index, before: .distantFuture, settledAt: value, into: &effects)
            instruments[index].settledAt = value
            if instruments[index].status == .disputed { setDisputed(false, of: index) }
            instruments[index].status = .settled
            events[instruments[index].event].settledMembers += 1
            forgetTrails(of: index)
        }
        closeIfOver(instruments[index].event)
    }

    /// Tells every agent that trades the strategy.
    private func tell(
        _ position: SettledPosition, _ settlement: InstrumentSettlement, _ value: Price,
        _ strategy: Int32, into effects: inout RiskEffects
    ) {
        let traders = agents.filter { $0.grants.contains { $0.strategy == strategy } }
        for agent in traders.sorted(by: { $0.id < $1.id }) {
            effects.append(
                .settle(
                    PositionSettled(
                        instrument: settlement.instrument, outcome: settlement.outcome,
                        value: value, quantity: position.quantity, payout: position.payout,
                        realized: position.gain, marketTime: now),
                    agent: agent.id))
        }
    }

    /// Once every member is settled in every account, what flowed is in cash, and the event counts
    /// no more.
    private mutating func closeIfOver(_ event: Int32) {
        guard events[event].isOver, !events[event].isClosed else { return }
        let books = booksBottomUp(of: event)
        let isHeld = books.contains { index in
            self.books[index].exposures.contains { !$0.quantity.isZero }
        }
        if isHeld { return }
        events[event].isClosed = true
        for book in books {
            for ordinal in self.books[book].exposures.indices {
                self.books[book].exposures[ordinal].cash = .zero
            }
            refreshLoss(of: book)
        }
        eventsClosed.append(event)
        forgetOldEvents()
    }

    /// Forgets the oldest events beyond what is kept, except those whose orders have not all ended
    /// or that another account has not settled.
    private mutating func forgetOldEvents() {
        var position = 0
        while eventsClosed.count > Capacity.eventsClosed, position < eventsClosed.count {
            let event = eventsClosed[position]
            if canForget(event) {
                eventsClosed.remove(at: position)
                forget(event: event)
            } else {
                position += 1
            }
        }
    }

    private func canForget(_ event: Int32) -> Bool {
        let members = events[event].members
        let isQuiet = books.indices.allSatisfy { book in
            books[book].event != event
                || books[book].exposures.allSatisfy { $0.isQuiet }
                    && books[book].openOrders.allSatisfy(\.isEmpty)
        }
        guard isQuiet else { return false }
        return accounts.allSatisfy { account in
            members.allSatisfy { ledger.canForget(account.key, instruments[$0].id) }
        }
    }

    private mutating func forget(event: Int32) {
        let members = events[event].members
        for book in booksBottomUp(of: event) { removeBook(book) }
        forgetOrders(of: members)
        let names = members.map { instruments[$0].id }
        for agent in agents.indices {
            forgetIntents(of: agent) { names.contains($0.instrument) }
        }
        for member in members {
            let instrument = instruments[member]
            for account in accounts { ledger.forget(account.key, instrument.id) }
            instrumentIndex[instrument.id] = nil
            instruments.remove(at: member)
            dropMeter(instrument.meter)
        }
        let state = events[event]
        eventIndex[EventKey(venue: state.venue, id: state.id)] = nil
        events.remove(at: event)
        let isNamedElsewhere = eventIndex.keys.contains { $0.id == state.id }
        if !isNamedElsewhere { dropMeter(state.meter) }
    }

    private mutating func forgetOrders(of members: [Int32]) {
        let kept = retired[retiredStart...].filter { index in
            if members.contains(orders[index].instrument) {
                forget(order: index)
                return false
            }
            return true
        }
        retired = Array(kept)
        retiredStart = 0
    }

    /// Drops the meter of a scope that is gone, unless somebody has set limits on it.
    private mutating func dropMeter(_ index: Int32) {
        guard limits.stated(by: index).isEmpty else { return }
        precondition(meters[index].openOrders == 0, "\(meters[index].key) still has open orders")
        meterIndex[meters[index].key] = nil
        meters.remove(at: index)
    }
}

extension InstrumentSettlement {
    /// What a YES pays: the outcome's own value, or the stated one where it lies in 0...1.
    var settledValue: Price? {
        switch outcome {
        case .yes: .one
        case .no: .zero
        case .value: value >= .zero && value <= .one ? value : nil
        }
    }
}

extension Exposure {
    /// Nothing is held and nothing is open.
    var isQuiet: Bool { quantity.isZero && openBuy.isZero && openSell.isZero }
}
