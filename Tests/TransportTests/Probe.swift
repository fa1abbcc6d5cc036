import Dispatch
import Glibc
import Synchronization
import Testing
import Trading
import Wire

@testable import Transport

/// A service that writes down what it is told and does what the test says.
final class Probe: LoopService {
    struct Opening: Equatable {
        let peer: ProcessID
        let incarnation: Incarnation
        let resumed: Bool
    }

    struct Closing: Equatable {
        let peer: ProcessID
        let reason: LinkClosure
    }

    /// The links as wired; a test uses what it made.
    var servers: [LinkServer] = []
    var clients: [LinkClient] = []
    var publishers: [MarketPublisher] = []
    var subscribers: [MarketSubscriber] = []

    private(set) var opened: [Opening] = []
    private(set) var closed: [Closing] = []
    private(set) var refusals: [Closing] = []
    private(set) var received: [(peer: ProcessID, nonce: UInt64)] = []
    private(set) var heads: [JournalHead] = []
    private(set) var refusedMessages: [RefusedMessage] = []
    private(set) var market: [(topic: MarketTopic, tick: UInt64)] = []
    private(set) var gaps: [MarketGap] = []
    private(set) var subscriptions: [(topic: MarketTopic, peer: ProcessID)] = []
    private(set) var turns = 0
    private(set) var clock = TurnClock(monotonic: .zero, wall: .zero)

    var journalHead: JournalHead = .none
    var failure: (any Error)?
    var deadline: MonotonicTime?
    var onTurn: (Probe) -> Void = { _ in }
    var onTimer: (Probe) -> Void = { _ in }
    var onReceived: (Probe, [UInt8], ProcessID) -> Void = { _, _, _ in }
    var onOpened: (Probe, ProcessID) -> Void = { _, _ in }

    func turnBegan(_ clock: TurnClock) {
        turns += 1
        self.clock = clock
        onTurn(self)
    }

    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {
        opened.append(Opening(peer: peer, incarnation: incarnation, resumed: resumed))
        onOpened(self, peer)
    }

    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {
        closed.append(Closing(peer: peer, reason: reason))
    }

    func linkRefused(by peer: ProcessID, because reason: LinkClosure, on link: LinkName) {
        refusals.append(Closing(peer: peer, reason: reason))
    }

    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        if let request = try? StatusRequest(decoding: frame) {
            received.append((peer, request.nonce))
        }
        onReceived(self, frame, peer)
    }

    func heartbeatReceived(_ head: JournalHead, from peer: ProcessID, on link: LinkName) {
        heads.append(head)
    }

    func messageRefused(_ refusal: RefusedMessage, by peer: ProcessID, on link: LinkName) {
        refusedMessages.append(refusal)
    }

    func marketReceived(_ frame: [UInt8], topic: MarketTopic, on link: LinkName) {
        if let tick = try? MarketTick(decoding: frame) {
            market.append((topic, tick.tick.rawValue))
        }
    }

    func marketGap(_ gap: MarketGap, on link: LinkName) { gaps.append(gap) }

    func subscribed(to topic: MarketTopic, by peer: ProcessID, on link: LinkName) {
        subscriptions.append((topic, peer))
    }

    var nextDeadline: MonotonicTime? { deadline }

    func timersDue(at clock: TurnClock) {
        deadline = nil
        onTimer(self)
    }

    func endOfBatch() throws { if let failure { throw failure } }

    /// The numbers received from a peer, in order.
    func nonces(from peer: ProcessID) -> [UInt64] {
        received.filter { $0.peer == peer }.map(\.nonce)
    }
}

/// A message with a number.
func numbered(_ nonce: UInt64) -> [UInt8] { StatusRequest(nonce: nonce).frame() }

/// A market message with a number.
func ticked(_ tick: UInt64) -> [UInt8] {
    MarketTick(tick: TickNumber(tick), at: Timestamp(seconds: Int64(tick))).frame()
}

func process(_ name: String) -> ProcessID { ProcessID(name) ?? .empty }

func identity(_ name: String, _ incarnation: UInt64 = 1, cluster: String = "test") -> LinkIdentity {
    LinkIdentity(
        cluster: ShortName(cluster) ?? .empty, name: process(name),
        incarnation: Incarnation(incarnation))
}

let orders = LinkName("core.agents") ?? .empty
let channel = LinkName("gw.market") ?? .empty
let core = process("core")
let agent = process("agent-a")
let rival = process("agent-b")
let gateway = process("gw")

/// `#expect` for calls that change a local value, which the macro cannot capture.
func check(_ condition: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(condition, sourceLocation: sourceLocation)
}
