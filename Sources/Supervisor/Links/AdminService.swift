import Runtime
import Trading
import Transport
import Wire

/// The supervisor's end of the admin links: sends requests, matches answers by their nonce, and
/// gives up on those that are late. Decides nothing.
///
/// Confined to its loop's thread; `AdminConsole` is its face towards `async` code.
final class AdminService: LoopService {
    /// Called with the answer's frame; true when no further frame is expected.
    typealias Receive = (Result<[UInt8], AdminError>) -> Bool

    private struct Pending {
        let process: ProcessID
        let nonce: UInt64
        let frame: [UInt8]
        let receive: Receive
        var isSent: Bool
        var deadline: MonotonicTime
        let patience: Trading.Span
    }

    /// Requests under way; a request beyond them is refused at once.
    private static let pendingMax = 256

    private var clients: [ProcessID: LinkClient] = [:]
    private var pending: [Pending] = []
    private var refusals: [ProcessID: String] = [:]
    private var clock: TurnClock

    init(clock: TurnClock) { self.clock = clock }

    /// Adds a link at wiring.
    func add(_ client: LinkClient) { clients[client.peer] = client }

    /// Sends a request as soon as the link stands, and waits `patience` for each answer.
    func request(
        _ frame: [UInt8], nonce: UInt64, to process: ProcessID, patience: Trading.Span,
        _ receive: @escaping Receive
    ) {
        guard clients[process] != nil else {
            _ = receive(.failure(.unknownProcess(process)))
            return
        }
        guard pending.count < AdminService.pendingMax else {
            _ = receive(.failure(.tooManyRequests))
            return
        }
        pending.append(
            Pending(
                process: process, nonce: nonce, frame: frame, receive: receive, isSent: false,
                deadline: clock.monotonic + patience, patience: patience))
        sendWaiting(to: process)
    }

    /// Sends what has no answer, if the link stands.
    func tell(_ frame: [UInt8], to process: ProcessID) {
        guard let client = clients[process], client.isOpen else { return }
        _ = client.send(frame, lane: .priority)
    }

    func turnBegan(_ clock: TurnClock) { self.clock = clock }

    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {
        refusals[peer] = nil
        sendWaiting(to: peer)
    }

    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {
        // What was sent may have been acted on: the asker decides whether to ask again.
        for index in pending.indices.reversed()
        where pending[index].process == peer && pending[index].isSent {
            let request = pending.remove(at: index)
            _ = request.receive(.failure(.disconnected(peer, "\(reason)")))
        }
    }

    func linkRefused(by peer: ProcessID, because reason: LinkClosure, on link: LinkName) {
        refusals[peer] = "\(reason)"
    }

    func messageRefused(_ refusal: RefusedMessage, by peer: ProcessID, on link: LinkName) {
        for index in pending.indices.reversed()
        where pending[index].process == peer && pending[index].isSent {
            let request = pending.remove(at: index)
            _ = request.receive(.failure(.refused(peer, refusal.detail)))
        }
    }

    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        guard let nonce = AdminService.nonce(of: frame) else {
            clients[peer]?.refuse(frame, .notAllowed, "not an answer to an admin request")
            return
        }
        let index = pending.firstIndex { $0.process == peer && $0.nonce == nonce }
        // An answer after its asker gave up is dropped.
        guard let index else { return }
        if pending[index].receive(.success(frame)) {
            pending.remove(at: index)
        } else {
            pending[index].deadline = clock.monotonic + pending[index].patience
        }
    }

    var nextDeadline: MonotonicTime? { pending.map(\.deadline).min() }

    func timersDue(at clock: TurnClock) {
        for index in pending.indices.reversed() where pending[index].deadline <= clock.monotonic {
            let request = pending.remove(at: index)
            let reason = refusals[request.process] ?? "no answer"
            _ = request.receive(.failure(.unavailable(request.process, reason)))
        }
    }

    func endOfBatch() {}

    func stopping() {
        for request in pending {
            _ = request.receive(.failure(.unavailable(request.process, "this command is ending")))
        }
        pending.removeAll()
    }

    private func sendWaiting(to process: ProcessID) {
        guard let client = clients[process], client.isOpen else { return }
        for index in pending.indices
        where pending[index].process == process && !pending[index].isSent {
            if client.send(pending[index].frame, lane: .priority) == .queued {
                pending[index].isSent = true
            }
        }
    }

    /// The nonce that an answer repeats; nil for what is no answer to us.
    private static func nonce(of frame: [UInt8]) -> UInt64? {
        do throws(WireError) {
            switch try WireFrame.template(of: frame) {
            case .statusReply: return try StatusReply(decoding: frame).nonce
            case .operatorReply: return try OperatorReply(decoding: frame).nonce
            case .haltReply: return try HaltReply(decoding: frame).nonce
            case .looksReply: return try LooksReply(decoding: frame).nonce
            case .limitsReply: return try LimitsReply(decoding: frame).nonce
            case .journalRecord: return try JournalRecord(decoding: frame).nonce
            case .followEnd: return try FollowEnd(decoding: frame).nonce
            default: return nil
            }
        } catch {
            return nil
        }
    }
}

/// Why a process did not answer.
enum AdminError: Error, Equatable, CustomStringConvertible {
    case unknownProcess(ProcessID)
    case tooManyRequests
    case disconnected(ProcessID, String)
    case refused(ProcessID, String)
    case unavailable(ProcessID, String)
    case malformed(ProcessID, String)

    var description: String {
        switch self {
        case .unknownProcess(let process): "the configuration has no process named \(process)"
        case .tooManyRequests: "too many requests are under way"
        case .disconnected(let process, let why): "\(process) closed the link: \(why)"
        case .refused(let process, let why): "\(process) refused the request: \(why)"
        case .unavailable(let process, let why): "\(process) is not available: \(why)"
        case .malformed(let process, let why): "the answer of \(process) cannot be read: \(why)"
        }
    }

    /// The exit code of a command that ends with it.
    var failure: ProcessFailure {
        switch self {
        case .unknownProcess: ProcessFailure(.usage, description)
        case .refused, .tooManyRequests: ProcessFailure(.refused, description)
        case .disconnected, .unavailable, .malformed: ProcessFailure(.unavailable, description)
        }
    }
}
