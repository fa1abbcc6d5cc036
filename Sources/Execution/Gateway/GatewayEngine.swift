package import Trading
package import Wire

/// Decides what a gateway sends, refuses, cancels and reports. Pure: clocks come as arguments, I/O
/// leaves as effects.
///
/// Its state is the fold of its durable facts (`GatewayFact`); `restore` reads them back after a
/// crash. A permit is consumed durably before the order goes to the wire, so an order is sent at
/// most once; whatever is in doubt afterwards is asked of the venue, never sent again.
package struct GatewayEngine: Sendable {
    package let terms: GatewayTerms
    package internal(set) var orders: [OrderID: GatewayOrder] = [:]
    var orderByClientID: [VenueReference: OrderID] = [:]
    /// Orders that have ended, oldest end first, from `endedStart` on. The venue may still repeat
    /// or add fills of them.
    private var ended: [OrderID] = []
    private var endedStart = 0
    /// The last lease that was granted, and whether it still stands.
    package internal(set) var lease: LeaseID = .zero
    package internal(set) var isLeaseActive = false
    package internal(set) var highestEpoch: Epoch = .zero
    package internal(set) var permitHighWater: PermitSequence = .zero
    /// Latched by operators, in the order of the commands: only a directive that names it clears
    /// one.
    package internal(set) var halts: [Latch] = []
    /// Directives that operators have given, until they expire.
    var directives = DirectiveBook()
    /// The newest operator command that was obeyed: an older one is a replay.
    package internal(set) var highestOperatorNonce: UInt64 = 0
    package internal(set) var instruments: [InstrumentID: VenueInstrument] = [:]
    /// What the venue has settled, oldest first: told again in every reconciliation.
    package internal(set) var settlements: [InstrumentSettlement] = []

    var calls: [VenueCallID: CallPurpose] = [:]
    var lastCall: VenueCallID = .zero
    var quiescing: Quiescing?
    var leaseWanted: RequestLease?
    var reconciliation: Reconciliation?
    /// From when on the core last asked for fills; nil until it did.
    var fillsAskedSince: Timestamp?
    var rate: OrderRateBucket
    var retryAt: [OrderID: MonotonicTime] = [:]
    var cancelReasons: [OrderID: GatewayReason] = [:]
    /// Orders that the venue shows working although they counted as ended: to be cancelled.
    var strays: Set<OrderID> = []
    /// Cancels that overtook their permit: the permit is refused when it comes.
    var cancelledBeforeArrival: [OrderID] = []
    /// The highest journal entry that a heartbeat of the core has shown.
    package internal(set) var coreJournalSequence: SequenceNumber = .zero

    /// How many ended orders are kept.
    package static let endedOrdersKept = 2_048
    /// How many settlements are kept.
    package static let settlementsKept = 256

    /// What an operator has halted here: all that this gateway serves, in one of the scopes that
    /// cover it, or a strategy or an instrument of it.
    package struct HaltedScope: Sendable, Hashable {
        package let scope: ScopeKind
        package let strategy: StrategyID
        package let instrument: InstrumentID

        init(_ scope: ScopeKind, _ strategy: StrategyID, _ instrument: InstrumentID) {
            self.scope = scope
            self.strategy = scope == .strategy ? strategy : .empty
            self.instrument = scope == .instrument ? instrument : .empty
        }

        /// Whether it covers whatever this gateway could send.
        var isKill: Bool {
            switch scope {
            case .all, .org, .account, .venue: true
            case .strategy, .instrument: false
            }
        }

        func covers(_ permit: OrderPermit) -> Bool {
            switch scope {
            case .all, .org, .account, .venue: true
            case .strategy: strategy == permit.strategy
            case .instrument: instrument == permit.instrument
            }
        }
    }

    /// A halt that stands.
    package struct Latch: Sendable, Hashable {
        package let scope: HaltedScope
        /// The nonce of the newest command that latched it.
        package let number: UInt64
    }

    /// A retired lease on its way to "the venue shows no order of ours".
    struct Quiescing: Sendable {
        enum Stage: Sendable { case draining, cancelling, checking, waiting }
        let lease: LeaseID
        var stage: Stage = .draining
        var cancelled = 0
        var retryAt: MonotonicTime?
    }

    /// What has been sent of a reconciliation.
    struct Reconciliation: Sendable {
        let fillsSince: Timestamp
        var fills = 0
        var orders = 0
        var positions = 0
        /// When to begin again, after a call that failed.
        var retryAt: MonotonicTime?
    }

    package static let retryDelay = Span.milliseconds(250)
    package static let reconcileDelay = Span.seconds(2)
    /// How long fills that the venue owes are waited for before they are asked for again.
    package static let fillsDelay = Span.seconds(2)
    /// How far before the permit fills are asked for: the venue's clock is not ours.
    package static let fillsOverlap = Span.seconds(60)
    package static let inquiriesMax = 20
    /// How often in a row the venue must deny that it knows an order.
    package static let absencesMin = 3

    package init(terms: GatewayTerms) {
        self.terms = terms
        rate = OrderRateBucket(perSecond: terms.lastLine.ordersPerSecondMax)
    }

    /// Whether no call is in flight at the venue.
    package var isDrained: Bool { calls.isEmpty }
    package var openOrderCount: Int { orders.values.count { $0.isOpen } }
    package var isQuiescing: Bool { quiescing != nil }
    /// Whether an operator has halted all that this gateway serves.
    package var isKilled: Bool { halts.contains { $0.scope.isKill } }

    /// What may be at the venue under a name that nobody has told us, in id order.
    package var unansweredTickets: [VenueTicket] {
        orders.values.filter { $0.venueOrderID.isEmpty && ($0.isOpen || $0.isPresumedEnded) }
            .sorted { $0.orderID < $1.orderID }.map(\.ticket)
    }

    /// Orders that are not terminal, in id order.
    var openOrders: [GatewayOrder] {
        orders.values.filter(\.isOpen).sorted { $0.orderID < $1.orderID }
    }

    // MARK: Facts

    /// Applies one durable fact: at recovery, and as the first half of every decision.
    package mutating func restore(_ fact: GatewayFact) {
        switch fact {
        case .leaseGranted(let grant):
            lease = max(lease, grant.lease)
            isLeaseActive = true
            highestEpoch = max(highestEpoch, grant.highestEpoch)
            permitHighWater = grant.permitHighWater
            coreJournalSequence = max(coreJournalSequence, grant.journalSequence)
        case .leaseRetired(let retired):
            if retired.lease == lease { isLeaseActive = false }
        case .permitConsumed(let permit): restore(consumed: permit)
        case .fate(let fate): restore(fate)
        case .fill(let fill): restore(fill)
        case .operatorCommand(let command, _): restore(command)
        case .directive(let given): restore(given)
        case .directiveNoted(let note):
            directives.restore(
                DirectiveBook.Note(
                    number: note.number, at: note.at, expiresAt: note.expiresAt,
                    isSpent: note.isSpent.isSet))
        case .settled(let settlement): restore(settlement)
        }
    }

    /// Beyond what is kept, those that moved no money go first.
    private mutating func restore(_ settlement: InstrumentSettlement) {
        instruments[settlement.instrument] = nil
        settlements.removeAll { $0.instrument == settlement.instrument }
        settlements.append(settlement)
        guard settlements.count > GatewayEngine.settlementsKept else { return }
        let idle = settlements.firstIndex(where: \.movesNoMoney)
        settlements.remove(at: idle ?? 0)
    }

    private mutating func restore(consumed permit: OrderPermit) {
        permitHighWater = max(permitHighWater, permit.permit)
        let order = GatewayOrder(permit)
        orders[order.orderID] = order
        orderByClientID[order.clientOrderID] = order.orderID
    }

    private mutating func restore(_ fate: PermitFate) {
        if fate.lease == lease { permitHighWater = max(permitHighWater, fate.permit) }
        guard var order = orders[fate.orderID] else { return }
        if order.isOpen, fate.state.isTerminal { ended.append(order.orderID) }
        order.state = fate.state
        if !fate.venueOrderID.isEmpty { order.venueOrderID = fate.venueOrderID }
        if fate.state.isTerminal {
            order.ending = nil
            order.isPresumedEnded = fate.reason == .venueUnknown
        }
        orders[fate.orderID] = order
        forgetOldOrders()
    }

    private mutating func restore(_ fill: FillReport) {
        guard var order = orders[fill.orderID] else { return }
        // A fill may overtake the answer to its placement, and end the order before it.
        if order.venueOrderID.isEmpty { order.venueOrderID = fill.venueOrderID }
        switch fill.finality {
        case .busted:
            order.filled -= fill.quantity
            order.bustedQuantity += fill.quantity
            order.busted.append(fill.tradeID)
            order.provisional.removeAll { $0 == fill.tradeID }
        case .provisional, .final:
            order.filled += fill.quantity
            order.trades.append(fill.tradeID)
            if fill.finality == .provisional { order.provisional.append(fill.tradeID) }
        }
        orders[fill.orderID] = order
    }

    private mutating func restore(_ command: OperatorCommand) {
        highestOperatorNonce = max(highestOperatorNonce, command.nonce)
        let scope = HaltedScope(command.scope, command.strategy, command.instrument)
        // One that is played again must not make a newer one look older.
        let known = halts.first { $0.scope == scope }?.number ?? 0
        halts.removeAll { $0.scope == scope }
        guard command.action == .halt else { return }
        halts.append(Latch(scope: scope, number: max(known, command.nonce)))
    }

    private mutating func restore(_ given: GivenDirective) {
        let isObeyed = given.head.isObeyed.isSet
        directives.note(given.claim, isSpent: isObeyed)
        guard isObeyed, case .order(let directive, _) = given.terms.content else { return }
        let scope = HaltedScope(directive.scope, directive.strategy, directive.instrument)
        halts.removeAll { $0.scope == scope }
    }

    /// Forgets the orders that ended longest ago, beyond what is kept. A fill of one of them is
    /// still reported: the core tells a repetition by the venue's name for the order and by its
    /// time.
    private mutating func forgetOldOrders() {
        while ended.count - endedStart > GatewayEngine.endedOrdersKept {
            if let order = orders.removeValue(forKey: ended[endedStart]) {
                orderByClientID[order.clientOrderID] = nil
                cancelReasons[order.orderID] = nil
                retryAt[order.orderID] = nil
                strays.remove(order.orderID)
            }
            endedStart += 1
        }
        if endedStart > GatewayEngine.endedOrdersKept {
            ended.removeFirst(endedStart)
            endedStart = 0
        }
    }

    /// The facts that rebuild this state: what a snapshot of the gateway's journal holds.
    package var snapshotFacts: [GatewayFact] {
        var facts: [GatewayFact] = []
        if lease > .zero {
            facts.append(
                .leaseGranted(
                    LeaseGranted(
                        lease: lease, highestEpoch: highestEpoch,
                        permitHighWater: permitHighWater, journalSequence: coreJournalSequence,
                        chainHead: .zero, mode: terms.mode, isKilled: Flag(isKilled))))
            if !isLeaseActive {
                facts.append(.leaseRetired(LeaseRetired(lease: lease, reason: .none)))
            }
        }
        if highestOperatorNonce > 0 {
            // Clears nothing: it comes before the halts.
            facts.append(.operatorCommand(command(.resume), reason: []))
        }
        for halt in halts {
            var command = command(.halt)
            command.nonce = halt.number
            command.scope = halt.scope.scope
            command.strategy = halt.scope.strategy
            command.instrument = halt.scope.instrument
            facts.append(.operatorCommand(command, reason: []))
        }
        for note in directives.notes {
            facts.append(
                .directiveNoted(
                    SnapshotDirective(
                        number: note.number, at: note.at, expiresAt: note.expiresAt,
                        isSpent: Flag(note.isSpent))))
        }
        facts += settlements.map(GatewayFact.settled)
        return facts
    }

    private func command(_ action: OperatorAction) -> OperatorCommand {
        OperatorCommand(
            nonce: highestOperatorNonce, action: action, scope: .all, org: .empty, account: .empty,
            strategy: .empty,
            venue: .empty, instrument: .empty, operator: .empty, issuedAt: .zero,
            signature: .zero)
    }

    /// Records a fact: applied to the state, and journalled before anything else goes out.
    mutating func record(_ fact: GatewayFact, into effects: inout [GatewayEffect]) {
        restore(fact)
        effects.append(.record(fact))
    }

    mutating func submit(
        _ call: VenueCall, for purpose: CallPurpose, deadline: MonotonicTime? = nil,
        into effects: inout [GatewayEffect]
    ) {
        lastCall = lastCall.next
        calls[lastCall] = purpose
        effects.append(.submit(call, lastCall, deadline: deadline))
    }

    /// Moves an order to `state`, durably, and tells the core.
    mutating func setFate(
        _ order: GatewayOrder, _ state: OrderState, _ reason: GatewayReason, at now: Timestamp,
        into effects: inout [GatewayEffect]
    ) {
        if order.state != state && !order.state.canBecome(state) { return }
        let fate = PermitFate(
            lease: order.lease, permit: order.permit, orderID: order.orderID, state: state,
            reason: reason, instrument: order.instrument, clientOrderID: order.clientOrderID,
            venueOrderID: order.venueOrderID, filled: order.filled,
            remaining: order.remaining, marketTime: now)
        record(.fate(fate), into: &effects)
        effects.append(.report(.fate(fate)))
    }
}
