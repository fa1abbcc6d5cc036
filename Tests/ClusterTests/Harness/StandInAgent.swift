import Runtime
import Synchronization
import Trading
import Transport
import Wire

/// An agent that the test writes: it holds a legitimate key, keeps step with the core's ticks, and
/// asks for whatever it was told to ask for.
final class StandInAgent: LoopService {
    /// What the test sees from its own thread.
    struct Record: Sendable {
        var granted: AgentGranted?
        var isReady = false
        var decisions: [Decision] = []
        var refusals: [RefusedMessage] = []
        var closures: [LinkClosure] = []
        var ticks = 0
        /// Everything that came, as far as it is kept.
        var heard: [[UInt8]] = []
    }

    /// Shared between the loop's thread and the test's.
    final class Board: Sendable {
        private let record = Mutex(Record())
        private let plans = Mutex<[Plan]>([])

        /// Makes the frames of a tick from its market time.
        typealias Plan = @Sendable (Timestamp) -> [[UInt8]]

        var seen: Record { record.withLock { $0 } }

        /// Has frames sent in the next tick.
        func ask(_ plan: @escaping Plan) { plans.withLock { $0.append(plan) } }

        fileprivate func note(_ change: (inout Record) -> Void) { record.withLock { change(&$0) } }

        fileprivate func takeFrames(at now: Timestamp) -> [[UInt8]] {
            plans.withLock { plans in
                defer { plans.removeAll() }
                return plans.flatMap { $0(now) }
            }
        }
    }

    private let board: Board
    private let client: LinkClient

    init(board: Board, client: LinkClient) {
        self.board = board
        self.client = client
    }

    func turnBegan(_ clock: TurnClock) {}

    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {}

    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {
        board.note { $0.closures.append(reason) }
    }

    func linkRefused(by peer: ProcessID, because reason: LinkClosure, on link: LinkName) {
        board.note { $0.closures.append(reason) }
    }

    func messageRefused(_ refusal: RefusedMessage, by peer: ProcessID, on link: LinkName) {
        board.note { $0.refusals.append(refusal) }
    }

    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        board.note { if $0.heard.count < 10_000 { $0.heard.append(frame) } }
        do throws(WireError) {
            switch try WireFrame.template(of: frame) {
            case .agentGranted:
                let granted = try AgentGranted(decoding: frame)
                board.note { $0.granted = granted }
            case .agentReady: board.note { $0.isReady = true }
            case .decision:
                let decision = try Decision(decoding: frame)
                board.note { $0.decisions.append(decision) }
            case .tickBegan: act(on: try TickBegan(decoding: frame))
            default: break
            }
        } catch {
            client.refuse(frame, .malformed, error.description)
        }
    }

    func endOfBatch() {}

    private func act(on tick: TickBegan) {
        board.note { $0.ticks += 1 }
        let frames = board.takeFrames(at: tick.at)
        for frame in frames { _ = client.send(frame) }
        _ = client.send(TickDone(tick: tick.tick, requested: UInt32(frames.count)).frame())
    }
}

extension LocalClusterHarness {
    /// Starts an agent with the key of `name`, whose own process must not be running.
    func standIn(
        for name: String, board: StandInAgent.Board
    ) throws -> PollLoop<StandInAgent> {
        let (process, core) = (processID(name), processID("core"))
        let security = LoopSecurity(
            identity: CurveIdentity(name: process, keys: try curveKeys(of: name)),
            directory: try PeerDirectory([core: try curveKeys(of: "core").publicKey]))
        let endpoint = try Endpoint(path: "\(state)/run/core.agents.sock")
        let identity = LinkIdentity(
            cluster: ShortName(Self.cluster) ?? .empty, name: process,
            incarnation: Incarnation(UInt64(WallClock.now().nanoseconds)))
        let link = LinkName("core.agents") ?? .empty
        let admission = try admission(of: core, owner: name)
        return try PollLoop(name: "stand-in", security: security) { wiring in
            let client = LinkClient(link, identity: identity, peer: core, admission: admission)
            try wiring.connect(client, to: endpoint)
            return StandInAgent(board: board, client: client)
        }
    }
}
