package import Cryptography
package import Execution
import Journal
package import Logging
import Runtime
package import Trading
package import Transport
import Wire

/// The shell of an execution gateway: it turns messages into calls of `GatewayEngine`, makes its
/// facts durable, and only then lets anything out, to the venue or to the core.
///
/// In replay the venue owns market time. What its stream brings is kept until the tick that ends
/// it; answers to calls are taken as they come. A tick is acknowledged when the core is done with
/// it and no call is in flight. Newcomers start at `received` and `receive`.
package final class GatewayService: LoopService {
    /// What the service is made of.
    package struct Parts {
        package let core: ProcessID
        package let supervisor: ProcessID
        package let terms: GatewayTerms
        package let isReplay: Bool
        package let publishDepth: Int
        package let orders: LinkServer
        package let admin: LinkServer
        package let market: MarketPublisher
        package let adapter: any VenueAdapter
        package let operators: [ShortName: Ed25519PublicKey]
        package let incarnation: Incarnation
        package let version: String
        /// Reads the monotonic clock after a commit: a permit may have run out meanwhile.
        package let monotonicNow: () -> MonotonicTime
        /// Ends the loop after this turn.
        package let endLoop: () -> Void

        package init(
            core: ProcessID, supervisor: ProcessID, terms: GatewayTerms, isReplay: Bool,
            publishDepth: Int, orders: LinkServer, admin: LinkServer, market: MarketPublisher,
            adapter: any VenueAdapter, operators: [ShortName: Ed25519PublicKey],
            incarnation: Incarnation, version: String,
            monotonicNow: @escaping () -> MonotonicTime, endLoop: @escaping () -> Void
        ) {
            self.core = core
            self.supervisor = supervisor
            self.terms = terms
            self.isReplay = isReplay
            self.publishDepth = publishDepth
            self.orders = orders
            self.admin = admin
            self.market = market
            self.adapter = adapter
            self.operators = operators
            self.incarnation = incarnation
            self.version = version
            self.monotonicNow = monotonicNow
            self.endLoop = endLoop
        }
    }

    let parts: Parts
    let log: Logger
    var engine: GatewayEngine
    var journal: GatewayJournal
    var authenticator: PermitAuthenticator
    var board: MarketBoard
    var counters = GatewayCounters()
    var marketTime: Timestamp = .zero
    var clock = TurnClock(monotonic: .zero, wall: .zero)
    var tick = TickProgress()
    /// Stream events of the tick that has not come yet (replay).
    var stream: [VenueEvent] = []
    /// A reconciliation that waits for the end of the tick (replay).
    var deferredReconciliation: Reconcile?
    /// Whether a reconciliation has ended under this lease.
    var hasReconciled = false
    private var submissions: [(call: VenueCall, id: VenueCallID, deadline: MonotonicTime?)] = []
    private var effects: [GatewayEffect] = []
    private var failure: (any Error)?
    private var timerDue: MonotonicTime = .zero
    private static let timerInterval = Span.milliseconds(100)
    /// What is to be asked of the venue is kept until the adapter can take it.
    private var hasVenue = false
    /// Set by an orderly stop: when to end although the venue has not shown that nothing rests.
    private var stopDeadline: MonotonicTime?
    private static let stopPatience = Span.seconds(5)
    private let liveClock: MarketClock?

    /// How far the current tick of replay is.
    struct TickProgress {
        var number: TickNumber = .zero
        var isOpen = false
        var isAnnounced = false
        var isCoreDone = false
    }

    package init(
        parts: Parts, engine: GatewayEngine, journal: GatewayJournal,
        authenticator: consuming PermitAuthenticator, clock: TurnClock, log: Logger
    ) {
        self.parts = parts
        self.engine = engine
        self.journal = journal
        self.authenticator = authenticator
        self.log = log
        board = MarketBoard(depth: parts.publishDepth)
        liveClock =
            parts.isReplay
            ? nil
            : .live(
                wall: clock.wall, monotonic: Span(nanoseconds: clock.monotonic.nanoseconds))
    }

    /// Whether the core may permit.
    package var isLeaseActive: Bool { engine.isLeaseActive }
    /// Whether an operator has latched the kill.
    package var isKilled: Bool { engine.isKilled }

    // MARK: The turn

    package func turnBegan(_ clock: TurnClock) {
        self.clock = clock
        if var live = liveClock {
            marketTime = live.now(Span(nanoseconds: clock.monotonic.nanoseconds))
        }
    }

    package var nextDeadline: MonotonicTime? { timerDue }

    package func timersDue(at clock: TurnClock) {
        timerDue = clock.monotonic + GatewayService.timerInterval
        perform { engine, now, effects in engine.timerFired(at: now, into: &effects) }
        endIfQuiesced()
    }

    /// The adapter takes calls from now on. First of all, what rests from an earlier life goes.
    package func venueStarted() {
        hasVenue = true
        perform { engine, _, effects in engine.recover(into: &effects) }
    }

    /// Begins an orderly stop: the lease is retired, every order is cancelled, and the loop ends
    /// when the venue shows none, or after `stopPatience`. No core gets a lease meanwhile.
    package func beginStop() {
        guard stopDeadline == nil else { return }
        stopDeadline = clock.monotonic + GatewayService.stopPatience
        perform { engine, _, effects in engine.coreLost(into: &effects) }
        endIfQuiesced()
    }

    /// Whether the process is about to end.
    var isStopping: Bool { stopDeadline != nil }

    private func endIfQuiesced() {
        guard let deadline = stopDeadline else { return }
        let isQuiesced = !engine.isQuiescing && engine.isDrained
        guard isQuiesced || clock.monotonic >= deadline else { return }
        if !isQuiesced { log.error("stopped_unquiesced") }
        parts.endLoop()
    }

    package var journalHead: JournalHead {
        JournalHead(
            sequence: journal.committed.sequence,
            chainHead: Digest(bytes: journal.committed.hash.bytes) ?? .zero,
            marketTime: marketTime)
    }

    /// Commits the facts of the turn; then hands the calls to the venue, and in replay lets the
    /// venue go on once everything of the tick is done.
    package func endOfBatch() throws {
        if let failure { throw failure }
        reconcileWhereDeferred()
        try journal.compact(engine)
        try journal.commit()
        guard hasVenue else { return }
        let now = parts.monotonicNow()
        var late: [VenueCallID] = []
        for submission in submissions {
            if let deadline = submission.deadline, deadline < now {
                late.append(submission.id)
            } else {
                parts.adapter.submit(submission.call, id: submission.id)
            }
        }
        submissions.removeAll(keepingCapacity: true)
        if !late.isEmpty {
            counters.expired += Int64(late.count)
            for id in late {
                perform { engine, now, effects in
                    engine.expired(id, at: now.market, into: &effects)
                }
            }
            try journal.commit()
            if let failure { throw failure }
        }
        acknowledgeTick()
    }

    package func stopping() {
        perform { engine, _, effects in engine.coreLost(into: &effects) }
    }

    /// Calls the engine and carries its effects out, facts first.
    func perform(
        _ body: (inout GatewayEngine, GatewayInstant, inout [GatewayEffect]) -> Void
    ) {
        let now = GatewayInstant(market: marketTime, monotonic: clock.monotonic)
        var effects = self.effects
        self.effects = []
        body(&engine, now, &effects)
        for effect in effects { carryOut(effect) }
        effects.removeAll(keepingCapacity: true)
        self.effects = effects
    }

    private func carryOut(_ effect: GatewayEffect) {
        switch effect {
        case .record(let fact):
            do {
                try journal.append(fact, at: marketTime)
            } catch {
                failure = failure ?? error
            }
        case .submit(let call, let id, let deadline):
            submissions.append((call, id, deadline))
        case .report(let report): tellCore(report)
        case .alarm(let name, let detail):
            counters.alarms += 1
            log.error("\(name)", metadata: ["detail": "\(detail)"])
        }
    }

    // MARK: Replay

    /// Asks for venue truth when nothing of the tick moves any more: in the middle of it the
    /// answers would belong to different moments.
    private func reconcileWhereDeferred() {
        guard let request = deferredReconciliation, isTickOver else { return }
        deferredReconciliation = nil
        perform { engine, _, effects in engine.reconcile(request, into: &effects) }
    }

    /// The core is done with the tick, if one is open, and nothing is in flight.
    private var isTickOver: Bool {
        !tick.isOpen || tick.isCoreDone && engine.isDrained && submissions.isEmpty
    }

    /// Ends the wait for the current tick when it is over.
    private func acknowledgeTick() {
        guard tick.isOpen, isTickOver else { return }
        tick.isOpen = false
        parts.adapter.acknowledge(tick: tick.number)
    }

    /// Tells the core of the open tick once it holds a lease.
    func announceTick() {
        guard tick.isOpen, !tick.isAnnounced, engine.isLeaseActive,
            parts.orders.isOpen(parts.core)
        else { return }
        tick.isAnnounced = true
        send(TickBegan(tick: tick.number, at: marketTime).frame(), lane: .normal)
    }

    func send(_ frame: [UInt8], lane: Lane) {
        if parts.orders.send(frame, to: parts.core, lane: lane) == .overflow {
            counters.overflows += 1
        }
    }

    /// A fault that no retry heals: the turn is not committed and the process stops.
    func fail(_ error: any Error) { failure = failure ?? error }
}

/// What the gateway counts, for its status.
struct GatewayCounters {
    var permits: Int64 = 0
    var forged: Int64 = 0
    var fills: Int64 = 0
    var expired: Int64 = 0
    var alarms: Int64 = 0
    var ticks: Int64 = 0
    var lateTicks: Int64 = 0
    var refusedPayloads: Int64 = 0
    var malformed: Int64 = 0
    var overflows: Int64 = 0
    var disconnects: Int64 = 0
    var staleBooks: Int64 = 0
}
