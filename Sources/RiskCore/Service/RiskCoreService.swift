import Cryptography
import Journal
package import Logging
package import Risk
import Runtime
package import Trading
package import Transport
import Wire

/// The shell of the risk core: it turns frames into commands of `RiskEngine`, journals each with
/// its reference and decision, and lets nothing out before the journal is durable.
///
/// One thread, one turn at a time: apply, append one entry, hand effects to links; `endOfBatch`
/// commits, and only then do links send. A failed commit stops the process. Newcomers start at
/// `received`, then `decide` and `perform`.
package final class RiskCoreService: LoopService {
    let configuration: RiskCoreConfiguration
    let parts: CoreParts
    let log: Logger

    package internal(set) var engine: RiskEngine
    var journal: CoreJournal
    var market = MarketView()
    var barrier: TickBarrier
    var standings: [ProcessID: GatewayStanding] = [:]
    var counters = CoreCounters()
    var latency = DecisionLatency()
    var clock: TurnClock
    /// When the barrier's current step began.
    var stepBeganAt: MonotonicTime
    /// When late peers and marks are looked after again.
    private var timersDueAt: MonotonicTime
    /// When the registry's file is looked at again.
    private var registryDueAt: MonotonicTime
    /// When alerts count as heard by nobody, unless the supervisor says otherwise before.
    var alertsDeadAt: MonotonicTime?
    /// When the marks of held instruments are looked at again (live).
    var marksDue: MonotonicTime
    /// The operator's link whose command is being applied.
    var operatorPeer: ProcessID?
    /// Whether links to gateways are kept closed after too many crashes.
    var areLinksClosed: Bool

    private var marketClock: MarketClock
    private var time: Timestamp = .zero
    private var effects = RiskEffects()
    private var spareEffects = RiskEffects()
    private var failure: (any Error)?

    /// Takes up the journal where recovery left it. `start` must follow.
    package init(
        configuration: RiskCoreConfiguration, parts: CoreParts, engine: RiskEngine,
        journal: consuming CoreJournal, clock: TurnClock, log: Logger
    ) {
        self.configuration = configuration
        self.parts = parts
        self.engine = engine
        self.journal = journal
        self.clock = clock
        self.log = log
        stepBeganAt = clock.monotonic
        timersDueAt = clock.monotonic
        marksDue = clock.monotonic
        registryDueAt = clock.monotonic + RiskCoreService.registryInterval
        alertsDeadAt = configuration.alertsDegradeAfter.map { clock.monotonic + $0 }
        areLinksClosed = parts.start.isCrashLoop
        barrier = TickBarrier(
            expecting: configuration.gateways.filter(\.isReplay).map(\.name)
                + configuration.agents.map(\.name))
        marketClock =
            configuration.isReplay
            ? .replay()
            : .live(wall: clock.wall, monotonic: Span(nanoseconds: clock.monotonic.nanoseconds))
    }

    /// Takes the next epoch and journals what the configuration says and the journal does not know.
    package func start() {
        turnBegan(clock)
        apply(
            own: CoreStarted(
                startedEpoch: journal.epoch, engineVersion: RiskEngine.version,
                mode: configuration.mode, isCrashLoop: Flag(parts.start.isCrashLoop)))
        applyConfiguration()
        watchAlerts()
        takeRegistryWhereChanged()
        if parts.registry != nil, engine.registryView.version == 0 {
            fail(ProcessFailure(.refused, "there is no registry to go by"))
        }
    }

    // MARK: The turn

    package func turnBegan(_ clock: TurnClock) {
        self.clock = clock
        if !configuration.isReplay {
            time = marketClock.now(Span(nanoseconds: clock.monotonic.nanoseconds))
        }
    }

    /// Market time of this turn; never before the last entry.
    var now: Timestamp { max(time, engine.now) }

    /// In replay the venue moves market time, tick by tick.
    func advance(to tickTime: Timestamp) {
        marketClock.advance(to: tickTime)
        time = max(time, tickTime)
    }

    package var nextDeadline: MonotonicTime? { timersDueAt }

    package func timersDue(at clock: TurnClock) {
        timersDueAt = clock.monotonic + .milliseconds(100)
        stopWaitingWhereLate()
        if !configuration.isReplay { reconcileWhereDue() }
        applyDueLimits()
        watchAlerts()
        if clock.monotonic >= registryDueAt {
            registryDueAt = clock.monotonic + RiskCoreService.registryInterval
            takeRegistryWhereChanged()
        }
        if !configuration.isReplay, clock.monotonic >= marksDue {
            marksDue = clock.monotonic + .milliseconds(250)
            recordMarks()
        }
    }

    /// Takes the steps of a tick that may be taken, checkpoints when it is time, and commits.
    package func endOfBatch() throws {
        if configuration.isReplay { takeTickSteps() }
        if failure == nil, journal.isCheckpointDue { checkpoint(savingSnapshot: false) }
        if let failure { throw failure }
        try journal.commit()
        latency.committed(at: parts.monotonicNow())
    }

    package var journalHead: JournalHead {
        JournalHead(
            sequence: journal.committed.sequence, chainHead: Digest(journal.committed.hash),
            marketTime: now)
    }

    /// A clean stop leaves a snapshot, so that the next start, of whatever version, has no tail.
    package func stopping() {
        guard failure == nil else { return }
        for (name, standing) in standings.sorted(by: { $0.key < $1.key })
        where standing.lease != nil {
            gatewayLost(name)
        }
        checkpoint(savingSnapshot: true)
    }

    private func checkpoint(savingSnapshot: Bool) {
        let snapshot = engine.snapshotBytes()
        do throws(JournalError) {
            try journal.checkpoint(stateHash: SHA256.hash(snapshot), at: now)
            if savingSnapshot || journal.isSnapshotDue { try journal.saveSnapshot(snapshot) }
        } catch {
            fail(error)
        }
    }

    /// A fault that no retry heals: nothing more is applied, the turn is not committed, and the
    /// process stops.
    func fail(_ error: any Error) {
        if failure == nil { failure = error }
    }

    // MARK: Commands

    /// Applies a command that needs no decision, journals it and hands its effects to links.
    func apply(_ template: WireTemplate, _ frame: [UInt8]) throws(WireError) {
        guard failure == nil else { return }
        let now = now
        effects.removeAll()
        let isCommand = try engine.apply(template, frame, at: now, into: &effects)
        precondition(isCommand, "\(template) is no command")
        do throws(JournalError) {
            try journal.append(template, frame, at: now)
        } catch {
            return fail(error)
        }
        performEffects()
    }

    /// Applies a command of the core's own.
    func apply<Message: FixedWireMessage>(own message: Message) {
        var signed = message
        signed.envelope = journal.envelope
        guard let template = WireTemplate(rawValue: Message.templateID) else {
            preconditionFailure("template \(Message.templateID) is not in the schema")
        }
        applyOwn(template, signed.frame())
    }

    /// Applies a command of the core's own from its frame.
    func applyOwn(_ template: WireTemplate, _ frame: [UInt8]) {
        do throws(WireError) {
            try apply(template, frame)
        } catch {
            preconditionFailure("our own \(template) cannot be read: \(error)")
        }
    }

    /// Decides an agent's request, journals it with what it was judged by, and answers.
    func decide(
        _ template: WireTemplate, _ frame: [UInt8], from agent: ProcessID
    ) throws(WireError) {
        guard failure == nil else { return }
        let began = parts.monotonicNow()
        let now = now
        effects.removeAll()
        var reference: ReferenceUpdated?
        let judgement: Judgement
        switch template {
        case .orderRequest:
            let request = try OrderRequest(decoding: frame)
            let facts = try RequestFacts(orderRequest: frame.span.bytes)
            reference = market.reference(for: request.instrument)
            judgement = engine.apply(
                request, facts, from: agent, reference: reference, at: now, into: &effects)
        case .declareIntent:
            judgement = engine.apply(
                try DeclareIntent(decoding: frame), RequestFacts(declareIntent: frame.span.bytes),
                from: agent, at: now, into: &effects)
        case .cancelRequest:
            judgement = engine.apply(
                try CancelRequest(decoding: frame), from: agent, at: now, into: &effects)
        default: preconditionFailure("\(template) is no request")
        }
        do throws(JournalError) {
            try journal.append(
                template, frame, reference: reference, judgement: judgement, at: now)
        } catch {
            return fail(error)
        }
        latency.decided(receivedAt: began)
        performEffects()
    }

    // MARK: Effects

    private func performEffects() {
        swap(&effects, &spareEffects)
        for effect in spareEffects.items { perform(effect) }
        spareEffects.removeAll()
    }

    private func perform(_ effect: RiskEffect) {
        switch effect {
        case .permit(let permit): send(permit)
        case .decide(let decision, let agent): send(decision.frame(), to: agent, .normal)
        case .update(let update, let agent): send(update.frame(), to: agent, .priority)
        case .settle(let settled, let agent): send(settled.frame(), to: agent, .priority)
        case .cancel(let cancel, let gateway):
            counters.cancelsSent += 1
            _ = parts.gateways[gateway]?.orders.send(cancel.frame(), lane: .priority)
        case .queryFate(let query, let gateway):
            _ = parts.gateways[gateway]?.orders.send(query.frame(), lane: .priority)
        case .arm(let state):
            log.notice("arming", metadata: ["state": "\(state)"])
            if state == .armed, areLinksClosed { openLinks() }
        case .reply(let nonce, let isAccepted, let cancelled, let outcome):
            reply(nonce: nonce, isAccepted: isAccepted, cancelled: cancelled, "\(outcome)")
        case .alarm(.brake(let change)): log.warning("brake", metadata: change.metadata)
        case .limits(let notice): note(notice)
        case .alarm(let alarm): log.error("alarm", metadata: ["what": "\(alarm)"])
        }
    }

    /// Completes a permit with what only the shell has: how long it may be used, and the code that
    /// proves its origin.
    private func send(_ permit: OrderPermit) {
        guard let gateway = parts.gateways[permit.gateway] else {
            preconditionFailure("a permit for \(permit.gateway), which is not configured")
        }
        var completed = permit
        completed.validity = configuration.permitValidity
        completed.envelope = journal.envelope
        var frame = completed.frame()
        gateway.sealer.seal(&frame)
        counters.permitsSent += 1
        _ = gateway.orders.send(frame, lane: .normal)
    }

    func send(_ frame: [UInt8], to agent: ProcessID, _ lane: Lane) {
        if parts.agents.send(frame, to: agent, lane: lane) == .overflow {
            counters.agentOverflows += 1
        }
    }

    func reply(nonce: UInt64, isAccepted: Bool, cancelled: UInt32, _ detail: String) {
        guard let peer = operatorPeer else { return }
        let reply = OperatorReply(
            nonce: nonce, isAccepted: Flag(isAccepted), arming: engine.arming,
            cancelled: cancelled)
        _ = parts.admin.send(
            reply.frame(detail: Array(detail.utf8)), to: peer, lane: .priority)
    }
}

extension BrakeChange {
    /// The change as an event of the log.
    fileprivate var metadata: Logger.Metadata {
        [
            "scope": "\(scope)", "mode": "\(mode)", "phase": "\(face.phase)",
            "cause": "\(face.cause)", "daily": "\(face.daily)", "weekly": "\(face.weekly)",
            "total": "\(face.total)", "earned": "\(earned)",
            "until": "\(until.map(\.description) ?? "-")",
        ]
    }
}

/// What the shell itself counts, beside the engine.
struct CoreCounters {
    var permitsSent: Int64 = 0
    var cancelsSent: Int64 = 0
    var staleWork: Int64 = 0
    var overload: Int64 = 0
    var malformed: Int64 = 0
    var agentOverflows: Int64 = 0
    var gatewayOverflows: Int64 = 0
    var ticks: Int64 = 0
    var lateSteps: Int64 = 0
    var marketGaps: Int64 = 0
    var commandsRefused: Int64 = 0
    var followsRefused: Int64 = 0
    var registriesRefused: Int64 = 0
}
