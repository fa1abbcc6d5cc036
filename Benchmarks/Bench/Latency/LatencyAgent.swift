import Trading
import Transport
import Wire

/// An agent that declares one wide intent and asks for one order after another, each when the
/// order before it is over: the core then has nothing else to do.
final class LatencyAgent: LoopService {
    private static let retry = Span.milliseconds(20)

    private let core: LinkClient
    private let board: LatencyBoard

    private var clock: TurnClock
    private var incarnation = Incarnation.zero
    private var isDeclared = false
    private var intents: UInt64 = 0
    private var asked: UInt64 = 0
    private var permitted = 0
    private var left = 0
    private var retryDue = MonotonicTime.never

    init(core: LinkClient, board: LatencyBoard, clock: TurnClock) {
        self.core = core
        self.board = board
        self.clock = clock
    }

    /// Asks for so many orders; those asked for before are over.
    func ask(for count: Int) {
        precondition(left == 0, "\(left) orders are not over")
        left = count
        if isDeclared { ask() }
    }

    func turnBegan(_ clock: TurnClock) { self.clock = clock }

    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {}

    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {
        board.fail("the agent lost the core: \(reason)")
    }

    func messageRefused(_ refusal: RefusedMessage, by peer: ProcessID, on link: LinkName) {
        board.fail("the core refused a message of the agent: \(refusal)")
    }

    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        let now = SystemClock().read().monotonic
        do throws(WireError) {
            switch try WireFrame.template(of: frame) {
            case .agentGranted: incarnation = try AgentGranted(decoding: frame).incarnation
            case .agentReady: declare()
            case .decision: take(try Decision(decoding: frame), at: now)
            case .orderUpdate: take(try OrderUpdate(decoding: frame))
            default: break
            }
        } catch {
            board.fail("the agent cannot read a message of the core: \(error)")
        }
    }

    func endOfBatch() {}

    var nextDeadline: MonotonicTime? { retryDue }

    func timersDue(at clock: TurnClock) {
        retryDue = .never
        if isDeclared { ask() } else { declare() }
    }

    private func take(_ decision: Decision, at now: MonotonicTime) {
        switch decision.verdict {
        case .accepted:
            isDeclared = true
            if left > 0 { ask() }
        case .permitted:
            permitted += 1
            board.decided(at: now)
        case .rejected, .duplicate: refused(decision)
        }
    }

    /// The core refuses until it has a lease and a book; after that nothing may be refused.
    private func refused(_ decision: Decision) {
        let reason =
            "the core refused the \(decision.kind) with \(decision.reason) at level "
            + "\(decision.level): limit \(decision.limit), value \(decision.value)"
        guard permitted == 0 else { return board.fail(reason) }
        board.refused(reason, isRequest: decision.kind == .order)
        retryDue = clock.monotonic + LatencyAgent.retry
    }

    private func take(_ update: OrderUpdate) {
        guard update.state.isTerminal else { return }
        left -= 1
        if left == 0 { board.finish() } else { ask() }
    }

    private func declare() {
        intents += 1
        var intent = BenchOrders.intent(number: intents, instrument: 0, strategy: 0)
        intent.incarnation = incarnation
        intent.deadline = clock.wall + .seconds(3_600)
        send(intent.frame())
    }

    private func ask() {
        asked += 1
        var request = BenchOrders.request(number: asked, intent: 1, instrument: 0, strategy: 0)
        request.incarnation = incarnation
        request.intentID = IntentID(intents)
        request.expiresAt = clock.wall + .seconds(60)
        request.quotedAt = clock.wall
        let frame = BenchOrders.frame(of: request)
        board.sent(frame.count, at: SystemClock().read().monotonic)
        send(frame)
    }

    private func send(_ frame: [UInt8]) {
        let outcome = core.send(frame)
        if outcome != .queued { board.fail("the agent cannot send to the core: \(outcome)") }
    }
}
