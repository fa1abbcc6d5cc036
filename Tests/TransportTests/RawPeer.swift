import CZeroMQ
import Dispatch
import Glibc
import Testing
import Trading
import Wire

@testable import Transport

/// A ZeroMQ socket without our links, in a context of its own: a peer that does what it should not.
final class RawPeer {
    let context: UnsafeMutableRawPointer
    let socket: Socket
    let message = Message()
    private var monitor: ConnectionMonitor?
    private(set) var changes: [ConnectionMonitor.Change] = []

    init(_ type: Int32) throws {
        context = try #require(zmq_ctx_new())
        socket = try Socket(context, type: type)
        try socket.set(ZMQ_LINGER, 0)
        try socket.set(ZMQ_IMMEDIATE, 1)
    }

    func watch() throws {
        monitor = try ConnectionMonitor(of: socket, in: context, named: "raw")
    }

    func close() {
        monitor?.close()
        socket.close()
        zmq_ctx_term(context)
    }

    /// Connects as a process that the server may know.
    static func dealer(
        _ keys: CurveKeyPair?, to endpoint: Endpoint, server: CurvePublicKey,
        routingID: [UInt8]? = nil
    ) throws -> RawPeer {
        let peer = try RawPeer(ZMQ_DEALER)
        if let keys { try peer.socket.authenticate(as: keys, to: server) }
        if let routingID { try peer.socket.set(ZMQ_ROUTING_ID, bytes: routingID) }
        try peer.watch()
        try peer.socket.connect(endpoint.description)
        return peer
    }

    /// Waits until the connection changes for the first time after the last call.
    func nextChange() throws -> ConnectionMonitor.Change {
        let deadline = testDeadline()
        while DispatchTime.now() < deadline {
            if let change = monitor?.next(message) {
                changes.append(change)
                return change
            }
            usleep(1_000)
        }
        throw Cluster.TimedOut(what: "a change of the connection")
    }

    func waitUntilConnected() throws {
        guard case .connected = try nextChange() else {
            throw Cluster.TimedOut(what: "a connection, which was refused")
        }
    }

    /// Whether the server turned the connection away before it stood.
    func isTurnedAway() throws -> Bool {
        if case .connected = try nextChange() { return false }
        return true
    }

    func send(_ frame: [UInt8]) throws {
        let deadline = testDeadline()
        while DispatchTime.now() < deadline {
            switch socket.send(frame) {
            case .done: return
            case .wouldBlock: usleep(1_000)
            case .failed(let error): throw Cluster.TimedOut(what: "a send that failed: \(error)")
            }
        }
        throw Cluster.TimedOut(what: "a connection to send on")
    }

    /// The next whole message, by its parts.
    func receiveParts() throws -> [[UInt8]] {
        let deadline = testDeadline()
        while DispatchTime.now() < deadline {
            guard case .done = socket.receive(into: message) else {
                usleep(1_000)
                continue
            }
            var parts = [message.bytes]
            while message.hasMore, case .done = socket.receive(into: message) {
                parts.append(message.bytes)
            }
            return parts
        }
        throw Cluster.TimedOut(what: "a message")
    }

    /// The next message of a kind; others are skipped.
    func receive<Kind: WireMessage>(_ kind: Kind.Type) throws -> Kind {
        while true {
            let frame = try receiveParts().last ?? []
            if let found = try? Kind(decoding: frame) { return found }
        }
    }

    /// Opens a session as a link would.
    func open(
        as sender: ProcessID, incarnation: UInt64 = 1, sessionID: UInt64 = 0
    ) throws -> SessionAccepted {
        try send(opening(sender, incarnation: incarnation, sessionID: sessionID))
        return try receive(SessionAccepted.self)
    }

    func opening(_ sender: ProcessID, incarnation: UInt64, sessionID: UInt64) -> [UInt8] {
        SessionOpen(
            envelope: envelope(sender), cluster: identity("x").cluster,
            incarnation: Incarnation(incarnation), sessionID: sessionID, receivedThrough: .zero,
            build: .zero, terms: .zero
        ).frame()
    }

    func envelope(_ sender: ProcessID, _ sequence: UInt64 = 0) -> Envelope {
        Envelope(
            sender: sender, epoch: .zero, sequence: SequenceNumber(sequence), sentAt: .zero,
            traceID: 0)
    }

    func numbered(_ nonce: UInt64, as sender: ProcessID, sequence: UInt64) -> [UInt8] {
        StatusRequest(envelope: envelope(sender, sequence), nonce: nonce).frame()
    }
}
