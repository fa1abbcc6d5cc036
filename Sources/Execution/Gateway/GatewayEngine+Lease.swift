package import Trading
package import Wire

extension GatewayEngine {
    /// A core asks for a lease. It is granted after the earlier one is retired and the venue shows
    /// no order of ours; a core behind what this gateway has seen gets none.
    package mutating func request(
        _ request: RequestLease, at now: Timestamp, into effects: inout [GatewayEffect]
    ) {
        let isBehind =
            request.coreEpoch < highestEpoch || request.journalSequence < coreJournalSequence
        if isBehind {
            effects.append(
                .alarm(
                    "core_behind",
                    detail: "epoch \(request.coreEpoch) of \(highestEpoch), journal entry "
                        + "\(request.journalSequence) of \(coreJournalSequence)"))
            effects.append(.report(.leaseGranted(grant(lease: .zero))))
            return
        }
        leaseWanted = request
        retireLease(because: .leaseRetired, into: &effects)
        if quiescing == nil { quiescing = Quiescing(lease: lease) }
        progressQuiescing(into: &effects)
    }

    /// The core is gone or silent: the lease ends durably, then every order is cancelled.
    package mutating func coreLost(into effects: inout [GatewayEffect]) {
        leaseWanted = nil
        retireLease(because: .cancelledOnDisconnect, into: &effects)
        progressQuiescing(into: &effects)
    }

    /// The process has started. A lease of its earlier life has no core behind it, and neither has
    /// an order: with nobody there whose silence could be noticed, the dead-man acts now.
    package mutating func recover(into effects: inout [GatewayEffect]) {
        retireLease(because: .cancelledOnDisconnect, into: &effects)
        if quiescing == nil, openOrderCount > 0 { beginQuiescing() }
        progressQuiescing(into: &effects)
    }

    /// A heartbeat of the core showed how far its journal goes. Of one that got no lease it says
    /// nothing: the journal of a copy could grow past the true one and shut that out for good.
    package mutating func coreHeard(journalSequence: SequenceNumber) {
        guard isLeaseActive else { return }
        coreJournalSequence = max(coreJournalSequence, journalSequence)
    }

    private mutating func retireLease(
        because reason: GatewayReason, into effects: inout [GatewayEffect]
    ) {
        guard isLeaseActive else { return }
        let retired = LeaseRetired(lease: lease, reason: reason)
        record(.leaseRetired(retired), into: &effects)
        effects.append(.report(.leaseRetired(retired)))
        beginQuiescing()
    }

    private mutating func beginQuiescing() {
        for order in openOrders where cancelReasons[order.orderID] == nil {
            cancelReasons[order.orderID] = .cancelledOnDisconnect
        }
        quiescing = Quiescing(lease: lease)
    }

    /// Retire -> drain calls in flight -> cancel all -> ask -> until the venue shows none.
    mutating func progressQuiescing(into effects: inout [GatewayEffect]) {
        guard var current = quiescing, current.stage == .draining else { return }
        let isPlacing = calls.values.contains {
            if case .place = $0 { true } else { false }
        }
        if isPlacing { return }
        current.stage = .cancelling
        quiescing = current
        submit(.cancelAll, for: .quiesceCancel, into: &effects)
    }

    mutating func quiesceCancelled(count: Int, into effects: inout [GatewayEffect]) {
        quiescing?.cancelled += count
        quiescing?.stage = .checking
        submit(.openOrders, for: .quiesceCheck, into: &effects)
    }

    mutating func quiesceChecked(
        _ open: [VenueOrderState], at now: GatewayInstant, into effects: inout [GatewayEffect]
    ) {
        guard let current = quiescing else { return }
        guard open.isEmpty else { return waitToQuiesce(at: now) }
        // What we hold open and the venue does not: ask for each how it ended.
        for order in openOrders where retryAt[order.orderID] == nil {
            inquire(order, into: &effects)
        }
        quiescing = nil
        effects.append(
            .report(
                .quiesced(Quiesced(lease: current.lease, cancelled: UInt32(current.cancelled)))))
        grantWantedLease(into: &effects)
    }

    mutating func waitToQuiesce(at now: GatewayInstant) {
        quiescing?.stage = .waiting
        quiescing?.retryAt = now.monotonic + GatewayEngine.retryDelay
    }

    private mutating func grantWantedLease(into effects: inout [GatewayEffect]) {
        guard let wanted = leaseWanted else { return }
        leaseWanted = nil
        highestEpoch = max(highestEpoch, wanted.coreEpoch)
        permitHighWater = .zero
        var granted = grant(lease: lease.next)
        granted.journalSequence = wanted.journalSequence
        granted.chainHead = wanted.chainHead
        record(.leaseGranted(granted), into: &effects)
        effects.append(.report(.leaseGranted(granted)))
    }

    private func grant(lease: LeaseID) -> LeaseGranted {
        LeaseGranted(
            lease: lease, highestEpoch: highestEpoch, permitHighWater: permitHighWater,
            journalSequence: coreJournalSequence, chainHead: .zero, mode: terms.mode,
            isKilled: Flag(isKilled))
    }

    /// What the core must know to permit nothing that would be refused here. A core that has no
    /// session hears it with its lease.
    private func latch(at now: Timestamp) -> GatewayLatch {
        GatewayLatch(
            isKilled: Flag(isKilled), highestNonce: highestOperatorNonce, marketTime: now)
    }

    /// An operator's halt whose signature the shell has verified. Durable before it is answered.
    /// Returns how many orders it set out to cancel.
    package mutating func obey(
        halt command: OperatorCommand, reason: [UInt8], at now: Timestamp,
        into effects: inout [GatewayEffect]
    ) -> Int {
        guard command.action == .halt,
            isOurs(command.scope, command.org, command.account, command.venue)
        else { return 0 }
        change(.operatorCommand(command, reason: reason), at: now, into: &effects)
        let affected = openOrders.filter { order in
            switch command.scope {
            case .strategy: order.strategy == command.strategy
            case .instrument: order.instrument == command.instrument
            case .all, .org, .account, .venue: true
            }
        }
        for order in affected { startCancel(order, .killed, at: now, into: &effects) }
        return affected.count
    }

    /// A directive that clears a halt, whose signatures the shell has verified. Durable before it
    /// is answered. What is refused changes nothing.
    package mutating func obey(
        _ given: GivenDirective, at now: Timestamp, into effects: inout [GatewayEffect]
    ) throws(DirectiveRefusal) {
        guard case .order(let directive, _) = given.terms.content, directive.action == .resume
        else { throw .noDirective }
        do throws(DirectiveRefusal) {
            try directives.admit(given.claim, cluster: terms.cluster, terms.clearing)
        } catch {
            if case .waits = error { record(.directive(given), into: &effects) }
            throw error
        }
        let newest = newestHalt(
            directive.scope, directive.org, directive.account, directive.strategy,
            directive.venue, directive.instrument)
        let named = given.terms.halt(at: terms.gateway) ?? 0
        guard named == newest, newest > 0 else {
            throw .superseded(names: named, newest: newest)
        }
        let obeyed = given.received(at: given.head.receivedAt, isObeyed: true)
        change(.directive(obeyed), at: now, into: &effects)
    }

    /// The number of the halt of a scope here; zero where none stands.
    package func newestHalt(under request: HaltRequest) -> UInt64 {
        newestHalt(
            request.scope, request.org, request.account, request.strategy, request.venue,
            request.instrument)
    }

    private func newestHalt(
        _ kind: ScopeKind, _ org: OrgID, _ account: AccountID, _ strategy: StrategyID,
        _ venue: VenueID, _ instrument: InstrumentID
    ) -> UInt64 {
        guard isOurs(kind, org, account, venue) else { return 0 }
        let scope = HaltedScope(kind, strategy, instrument)
        return halts.first { $0.scope == scope }?.number ?? 0
    }

    private func isOurs(
        _ kind: ScopeKind, _ org: OrgID, _ account: AccountID, _ venue: VenueID
    ) -> Bool {
        switch kind {
        case .all: true
        case .org: org == terms.org
        case .account: org == terms.org && account == terms.account
        case .venue: venue == terms.venue
        case .strategy, .instrument: true
        }
    }

    /// Latches or clears; the core hears of it when the kill is another one.
    private mutating func change(
        _ fact: GatewayFact, at now: Timestamp, into effects: inout [GatewayEffect]
    ) {
        let wasKilled = isKilled
        record(fact, into: &effects)
        if isKilled != wasKilled { effects.append(.report(.latch(latch(at: now)))) }
    }
}
