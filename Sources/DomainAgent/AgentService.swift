import Cryptography
package import Logging
import Runtime
package import Signals
package import Trading
package import Transport
import Wire

/// Who an agent is and how it is driven.
package struct AgentParts: Sendable {
    package let name: ProcessID
    /// What it trades for.
    package let key: StrategyKey
    package let venue: VenueID
    package let supervisor: ProcessID
    /// Whether the venue owns market time.
    package let isReplay: Bool
    /// How often it acts when the venue does not.
    package let interval: Span
    package let incarnation: Incarnation
    package let version: String

    package init(
        name: ProcessID, key: StrategyKey, venue: VenueID, supervisor: ProcessID, isReplay: Bool,
        interval: Span, incarnation: Incarnation, version: String
    ) {
        self.name = name
        self.key = key
        self.venue = venue
        self.supervisor = supervisor
        self.isReplay = isReplay
        self.interval = interval
        self.incarnation = incarnation
        self.version = version
    }
}

/// The shell of a domain agent: it turns messages into commands of `AgentEngine`, feeds the policy
/// with what was received by then, and turns effects into messages for the core.
///
/// In replay the agent acts on a tick when it has both the core's TickBegan and the market
/// channel's MarketTick; what the channel brings is kept until then, so that the order of two links
/// does not change a decision. An agent has no route to a venue and no say in its limits. Newcomers
/// start at `received` and `act`.
package final class AgentService<Policy: DomainPolicy>: LoopService {
    let parts: AgentParts
    let links: AgentLinks
    let log: Logger
    var engine: AgentEngine<Policy>
    var counters = AgentCounters()
    var session = CoreSession()
    var tick = TickProgress()
    /// Market messages of the tick that has not been acted on.
    var heldMarket: [MarketItem] = []
    /// Rejections of the core by reason.
    var rejections: [RejectReason: Int64] = [:]
    var marketTime: Timestamp = .zero
    var clock: TurnClock

    let source: any ObservationSource<Policy.Observation>
    /// Where observations go that were not believed.
    private let quarantine: (any ObservationQuarantine<Policy.Observation>)?
    /// Nil where nothing is learned with others.
    let learning: (any PolicyLearning<Policy>)?
    private var modelHash: Digest
    private var effects = AgentEffects()
    private var failure: (any Error)?
    private var liveClock: MarketClock?
    private var nextAct: MonotonicTime

    /// How long a tick waits for its mark on the market channel. Then the agent acts on books that
    /// it does not trust, which is to cancel what stands.
    static var marketPatience: Span { .seconds(1) }
    static var heldMarketMax: Int { 65_536 }

    package init(
        parts: AgentParts, links: AgentLinks, engine: AgentEngine<Policy>,
        source: any ObservationSource<Policy.Observation>, clock: TurnClock, log: Logger,
        quarantine: (any ObservationQuarantine<Policy.Observation>)? = nil,
        learning: (any PolicyLearning<Policy>)? = nil
    ) {
        self.parts = parts
        self.links = links
        self.engine = engine
        self.source = source
        self.quarantine = quarantine
        self.learning = learning
        self.clock = clock
        self.log = log
        modelHash = Self.modelHash(of: engine, parts.version)
        liveClock =
            parts.isReplay
            ? nil
            : .live(wall: clock.wall, monotonic: Span(nanoseconds: clock.monotonic.nanoseconds))
        nextAct = clock.monotonic
    }

    private static func modelHash(of engine: AgentEngine<Policy>, _ version: String) -> Digest {
        let text = engine.policy.canonicalText + "\n" + engine.terms.canonicalText
        return Digest(bytes: SHA256.hash(Array("\(text)\n\(version)".utf8)).bytes) ?? .zero
    }

    // MARK: The turn

    package func turnBegan(_ clock: TurnClock) {
        self.clock = clock
        if liveClock != nil {
            let monotonic = Span(nanoseconds: clock.monotonic.nanoseconds)
            marketTime = liveClock?.now(monotonic) ?? marketTime
        }
    }

    package var nextDeadline: MonotonicTime? {
        if !parts.isReplay { return nextAct }
        return tick.isOpen ? tick.openedAt + Self.marketPatience : nil
    }

    package func timersDue(at clock: TurnClock) {
        if parts.isReplay {
            actIfReady()
        } else if clock.monotonic >= nextAct {
            nextAct = clock.monotonic + parts.interval
            tick.number = tick.number.next
            act()
        }
    }

    /// An agent keeps no state of its own: after a crash it starts from the core's snapshot.
    package func endOfBatch() throws {
        if let failure { throw failure }
    }

    package func stopping() {
        log.info("stopping", metadata: ["requested": "\(engine.counts.requested)"])
    }

    // MARK: Acting

    /// Acts on the open tick once everything that belongs to it is there.
    func actIfReady() {
        guard tick.isOpen, session.isReady else { return }
        let isMarked = tick.marked >= tick.number
        guard isMarked || clock.monotonic >= tick.openedAt + Self.marketPatience else { return }
        tick.isOpen = false
        applyHeldMarket()
        if !isMarked {
            counters.ticksUnmarked += 1
            tell(.distrustBooks)
        }
        let requested = act()
        send(TickDone(tick: tick.number, requested: UInt32(requested)).frame())
    }

    /// Feeds what was received by now, lets the engine act, and sends what it wants.
    @discardableResult
    private func act() -> Int {
        observe()
        learn()
        effects.clear()
        engine.apply(.act(tick.number), at: marketTime, into: &effects)
        counters.ticks += 1
        for effect in effects.list { carryOut(effect) }
        return effects.requestCount
    }

    private func observe() {
        do {
            while let observation = try source.next(through: marketTime) {
                counters.rows += 1
                guard let refusal = engine.observe(observation) else { continue }
                counters.rowsDoubted += 1
                quarantine?.keep(observation, because: refusal)
            }
            counters.rowsRefused = Int64(source.refusedRows)
        } catch {
            // Without its feed the agent is blind; a restart reads the recording again.
            failure = failure ?? error
        }
    }

    private func learn() {
        guard let learning else { return }
        var isOther = false
        engine.learn { isOther = learning.turn(&$0, at: clock.monotonic) }
        if isOther { modelHash = Self.modelHash(of: engine, parts.version) }
    }

    /// Tells the engine something that has no effects of its own.
    func tell(_ command: AgentCommand) { tell(command, at: marketTime) }

    func tell(_ command: AgentCommand, at now: Timestamp) {
        effects.clear()
        engine.apply(command, at: now, into: &effects)
        precondition(effects.list.isEmpty, "only acting has effects")
    }

    private func carryOut(_ effect: AgentEffects.Effect) {
        switch effect {
        case .declare(let intent):
            send(intent.message(for: parts.key, engine.incarnation).frame())
        case .request(let child):
            let hash = SHA256.hash(child.explanation.features.canonicalBytes)
            send(
                child.frame(
                    for: parts.key, engine.incarnation, modelHash: modelHash,
                    featureHash: Digest(bytes: hash.bytes) ?? .zero))
        case .cancel(let request, let order):
            // Cancels never wait for credit.
            send(
                CancelRequest(
                    incarnation: engine.incarnation, requestID: request, orderID: order
                ).frame(), lane: .priority)
        }
    }

    func send(_ frame: [UInt8], lane: Lane = .normal) {
        switch links.core.send(frame, lane: lane) {
        case .queued: break
        case .noSession: counters.unsent += 1
        case .overflow: counters.overflows += 1
        }
    }
}

/// How far the current tick of replay is.
struct TickProgress {
    var number: TickNumber = .zero
    /// The core has begun the tick and we have not acted on it.
    var isOpen = false
    var openedAt: MonotonicTime = .zero
    /// The last tick whose mark came on the market channel.
    var marked: TickNumber = .zero
}

/// The snapshot that the core opens a session with.
struct CoreSession {
    var isGranted = false
    var isReady = false
    var ordersLeft: Int64 = 0
    var positionsLeft: Int64 = 0
}

/// What the shell counts, for its status.
struct AgentCounters {
    var ticks: Int64 = 0
    var ticksUnmarked: Int64 = 0
    var rows: Int64 = 0
    /// Rows that could not be read, and rows that were read and not believed.
    var rowsRefused: Int64 = 0
    var rowsDoubted: Int64 = 0
    var malformed: Int64 = 0
    var gaps: Int64 = 0
    var unsent: Int64 = 0
    var overflows: Int64 = 0
    var sessions: Int64 = 0
    var grantsRefused: Int64 = 0
}
