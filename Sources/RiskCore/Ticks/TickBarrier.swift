package import Trading

/// Keeps a replay in step: says which frames belong to a tick of market time, and when the next
/// step of the tick may be taken.
///
/// Pure. A tick goes through three steps. *Reports*: every gateway has begun the tick; what they
/// sent before is applied, gateway after gateway. *Begin*: the books of every gateway have reached
/// the tick too, so agents are told. *Requests*: every agent is done; what they sent is applied,
/// agent after agent, and the gateways are told. Order is that of names, never that of arrival, so
/// a replayed day gives the same journal at any speed.
package struct TickBarrier: Sendable {
    /// A frame and who sent it.
    package struct HeldFrame: Sendable, Equatable {
        package let peer: ProcessID
        package let bytes: [UInt8]

        package init(peer: ProcessID, bytes: [UInt8]) {
            self.peer = peer
            self.bytes = bytes
        }
    }

    /// What the shell does next.
    package enum Step: Sendable, Equatable {
        /// Market time is `at`: apply these frames of gateways and tell agents.
        case applyReports(TickNumber, at: Timestamp, [HeldFrame])
        /// Tell agents that the tick has begun.
        case beginTick(TickNumber, at: Timestamp)
        /// Apply these frames of agents, then tell gateways that the tick is done.
        case applyRequests(TickNumber, [HeldFrame])
    }

    /// What the barrier waits for.
    package enum Phase: Sendable, Equatable {
        case gateways
        case market
        case agents
    }

    package private(set) var phase = Phase.gateways
    /// The tick that is under way, or the last one.
    package private(set) var tick = TickNumber.zero
    package private(set) var at = Timestamp.zero

    private var gateways: [ProcessID: GatewayProgress] = [:]
    private var agents: [ProcessID: AgentProgress] = [:]
    /// The last tick that each gateway's market channel has reached, joined or not.
    private var market: [ProcessID: TickNumber] = [:]
    /// Gateways whose market channel nobody waits for in this tick.
    private var marketLost: Set<ProcessID> = []
    /// Processes that the first tick waits for.
    private var expected: Set<ProcessID>

    /// More reports than this of one gateway are not held.
    package static let reportsMax = 65_536
    /// More requests than this of one agent are not held.
    package static let requestsMax = 4_096
    /// An agent that has missed so many ticks in a row is not waited for until it has caught up.
    package static let missesMax = 3

    /// The first tick waits until all of `expected` have joined.
    package init(expecting expected: some Sequence<ProcessID>) {
        self.expected = Set(expected)
    }

    /// Processes that the first tick still waits for, in order of their names.
    package var missing: [ProcessID] { expected.sorted() }

    /// The first tick waits no longer for who is missing.
    package mutating func stopExpecting() { expected.removeAll() }

    /// Whether a gateway has begun a tick that has not been taken yet.
    package var isTickWaiting: Bool { gateways.values.contains { $0.mark != nil } }

    /// Peers that the current step waits for, in order of their names.
    package var awaited: [ProcessID] {
        switch phase {
        case .gateways: gateways.filter { $0.value.mark == nil }.keys.sorted()
        case .market: gateways.keys.filter { !hasMarketReached($0) }.sorted()
        case .agents: agents.filter { $0.value.isAwaited }.keys.sorted()
        }
    }

    // MARK: Gateways

    /// A gateway takes part from now on: it holds a lease and is reconciled.
    package mutating func join(gateway: ProcessID) {
        if gateways[gateway] == nil { gateways[gateway] = GatewayProgress() }
        expected.remove(gateway)
    }

    /// A gateway is gone. What it had sent is still fact, and is handed back.
    package mutating func leave(gateway: ProcessID) -> [HeldFrame] {
        guard let progress = gateways.removeValue(forKey: gateway) else { return [] }
        return progress.frames.map { HeldFrame(peer: gateway, bytes: $0) }
    }

    package func has(gateway: ProcessID) -> Bool { gateways[gateway] != nil }

    /// Holds a report until its tick. False when the gateway has too many waiting.
    package mutating func hold(report: [UInt8], from gateway: ProcessID) -> Bool {
        gateways[gateway]?.hold(report) ?? false
    }

    /// A gateway has sent everything of a tick.
    package mutating func began(_ number: TickNumber, at time: Timestamp, by gateway: ProcessID) {
        gateways[gateway]?.begin(number, at: time)
    }

    /// The market channel of a gateway has reached a tick.
    package mutating func marketReached(_ number: TickNumber, of gateway: ProcessID) {
        market[gateway] = number
    }

    /// The market channel of a gateway lost messages: its books are stale, and nobody waits for it
    /// in this tick.
    package mutating func marketLost(of gateway: ProcessID) { marketLost.insert(gateway) }

    private func hasMarketReached(_ gateway: ProcessID) -> Bool {
        market[gateway] == tick || marketLost.contains(gateway)
    }

    // MARK: Agents

    /// An agent takes part from the next tick on.
    package mutating func join(agent: ProcessID) {
        agents[agent] = AgentProgress()
        expected.remove(agent)
    }

    /// An agent is gone, with what it had asked for: it starts again from a snapshot.
    package mutating func leave(agent: ProcessID) { agents[agent] = nil }

    /// Holds a request until its tick is done. False when the agent has too many waiting.
    package mutating func hold(request: [UInt8], from agent: ProcessID) -> Bool {
        agents[agent]?.hold(request) ?? false
    }

    /// An agent has sent everything of a tick. True where that takes it back: it was not waited for
    /// and has caught up, which is to be at the last tick or the one before, since time did not
    /// stand still for it.
    package mutating func done(_ number: TickNumber, by agent: ProcessID) -> Bool {
        if number == tick { agents[agent]?.finish() }
        let isThere = number <= tick && number.next >= tick
        return isThere && agents[agent]?.takeBack() == true
    }

    /// Nobody waits in this step for who is late. What a late peer sends is held for the next tick.
    /// Agents that have now been late too often are handed back: later ticks do not wait for them.
    package mutating func stopWaiting() -> [ProcessID] {
        switch phase {
        case .gateways: return []
        case .market:
            marketLost.formUnion(gateways.keys)
            return []
        case .agents: return awaited.filter { agents[$0]?.miss() == true }
        }
    }

    /// Agents that are there and that no tick waits for, in order of their names.
    package var unawaited: [ProcessID] { agents.filter { $0.value.isOut }.keys.sorted() }

    // MARK: Steps

    /// The next step, when it may be taken; the shell calls this until there is none.
    package mutating func next() -> Step? {
        switch phase {
        case .gateways: nextReports()
        case .market: nextBegin()
        case .agents: nextRequests()
        }
    }

    private mutating func nextReports() -> Step? {
        guard expected.isEmpty, !gateways.isEmpty,
            gateways.values.allSatisfy({ $0.mark != nil })
        else { return nil }
        var frames: [HeldFrame] = []
        var latest = TickNumber.zero
        for name in gateways.keys.sorted() {
            guard let taken = gateways[name]?.takeTick() else { continue }
            latest = max(latest, taken.number)
            at = max(at, taken.at)
            frames += taken.frames.map { HeldFrame(peer: name, bytes: $0) }
        }
        tick = latest
        phase = .market
        return .applyReports(tick, at: at, frames)
    }

    private mutating func nextBegin() -> Step? {
        guard gateways.keys.allSatisfy({ hasMarketReached($0) }) else { return nil }
        marketLost.removeAll()
        for name in agents.keys { agents[name]?.begin() }
        phase = .agents
        return .beginTick(tick, at: at)
    }

    private mutating func nextRequests() -> Step? {
        guard agents.values.allSatisfy({ !$0.isAwaited }) else { return nil }
        var frames: [HeldFrame] = []
        for name in agents.keys.sorted() {
            for bytes in agents[name]?.takeDone() ?? [] {
                frames.append(HeldFrame(peer: name, bytes: bytes))
            }
        }
        phase = .gateways
        return .applyRequests(tick, frames)
    }
}

/// How far a gateway is.
private struct GatewayProgress: Sendable {
    /// A tick that the gateway has begun, and how many of the held frames belong to it.
    struct Mark: Sendable {
        let number: TickNumber
        let at: Timestamp
        let count: Int
    }

    private(set) var frames: [[UInt8]] = []
    private(set) var mark: Mark?

    mutating func hold(_ frame: [UInt8]) -> Bool {
        guard frames.count < TickBarrier.reportsMax else { return false }
        frames.append(frame)
        return true
    }

    mutating func begin(_ number: TickNumber, at time: Timestamp) {
        mark = Mark(number: number, at: time, count: frames.count)
    }

    mutating func takeTick() -> (number: TickNumber, at: Timestamp, frames: [[UInt8]])? {
        guard let mark else { return nil }
        self.mark = nil
        let taken = Array(frames.prefix(mark.count))
        frames.removeFirst(mark.count)
        return (mark.number, mark.at, taken)
    }
}

/// How far an agent is.
private struct AgentProgress: Sendable {
    private var frames: [[UInt8]] = []
    /// How many of the held frames belong to the tick that the agent has finished.
    private var doneCount: Int?
    private(set) var isAwaited = false
    /// Ticks in a row that it did not finish in time.
    private var misses = 0

    /// It was late too often, and ticks do not wait for it.
    var isOut: Bool { misses >= TickBarrier.missesMax }

    mutating func begin() { isAwaited = !isOut }

    mutating func hold(_ frame: [UInt8]) -> Bool {
        guard frames.count < TickBarrier.requestsMax else { return false }
        frames.append(frame)
        return true
    }

    mutating func finish() {
        guard isAwaited else { return }
        isAwaited = false
        misses = 0
        doneCount = frames.count
    }

    /// It is late; true where it is so for once too often.
    mutating func miss() -> Bool {
        isAwaited = false
        misses += 1
        return misses == TickBarrier.missesMax
    }

    /// The next tick waits for it again, though not for long: one more miss and it is out.
    mutating func takeBack() -> Bool {
        guard isOut else { return false }
        misses = TickBarrier.missesMax - 1
        return true
    }

    /// An agent that was not waited for has nothing in this tick.
    mutating func takeDone() -> [[UInt8]] {
        guard let count = doneCount else { return [] }
        doneCount = nil
        let taken = Array(frames.prefix(count))
        frames.removeFirst(count)
        return taken
    }
}
