import CZeroMQ
import Runtime
import Trading
import Wire

@testable import Transport

/// A ZeroMQ socket without our links: a peer that does what no process of ours does.
final class RoguePeer {
    private let context: UnsafeMutableRawPointer
    // Raw, because a test's task moves from thread to thread, which ZeroMQ allows where each move
    // is a synchronisation, and our `Socket` does not.
    private let socket: UnsafeMutableRawPointer
    private let monitor: UnsafeMutableRawPointer
    private let name: ProcessID
    private let terms: Digest
    private var sequence: UInt64 = 0
    private var sessionID: UInt64 = 0

    /// Connects to a socket of the cluster. `keys` nil: without CURVE at all.
    init(
        as name: ProcessID, keys: CurveKeyPair?, to endpoint: Endpoint, server: CurvePublicKey,
        routingID: [UInt8]? = nil, terms: Digest
    ) throws {
        guard let context = zmq_ctx_new() else { throw ClusterFailure("no ZeroMQ context") }
        self.context = context
        self.name = name
        self.terms = terms
        guard let socket = zmq_socket(context, ZMQ_DEALER),
            let monitor = zmq_socket(context, ZMQ_PAIR)
        else { throw ClusterFailure("no ZeroMQ socket") }
        self.socket = socket
        self.monitor = monitor
        try set(ZMQ_LINGER, number: 0)
        try set(ZMQ_IMMEDIATE, number: 1)
        if let keys {
            try set(ZMQ_CURVE_SERVERKEY, bytes: server.bytes)
            try set(ZMQ_CURVE_PUBLICKEY, bytes: keys.publicKey.bytes)
            try set(ZMQ_CURVE_SECRETKEY, bytes: Array(keys.secretKey.reveal().utf8) + [0])
        }
        if let routingID { try set(ZMQ_ROUTING_ID, bytes: routingID) }
        let events =
            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED
            | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
        guard zmq_socket_monitor(socket, "inproc://rogue", events) == 0,
            zmq_connect(monitor, "inproc://rogue") == 0,
            zmq_connect(socket, endpoint.description) == 0
        else { throw ClusterFailure("cannot connect to \(endpoint)") }
    }

    private func set(_ option: Int32, number: Int32) throws {
        var number = number
        guard zmq_setsockopt(socket, option, &number, MemoryLayout<Int32>.size) == 0 else {
            throw ClusterFailure("ZeroMQ option \(option)")
        }
    }

    private func set(_ option: Int32, bytes: [UInt8]) throws {
        guard zmq_setsockopt(socket, option, bytes, bytes.count) == 0 else {
            throw ClusterFailure("ZeroMQ option \(option)")
        }
    }

    func close() {
        zmq_socket_monitor(socket, nil, 0)
        zmq_close(monitor)
        zmq_close(socket)
        zmq_ctx_term(context)
    }

    /// Whether the handshake succeeds. The first change of the connection decides.
    func isAdmitted() async throws -> Bool {
        var event: Int32?
        try await waitUntil("the handshake ends", within: .seconds(20)) {
            if let bytes = receive(on: monitor, first: true), bytes.count == 6 {
                event = Int32(bytes[0]) | Int32(bytes[1]) << 8
            }
            return event != nil
        }
        return event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED
    }

    /// Sends bytes as they are.
    func send(_ frame: [UInt8]) async throws {
        try await waitUntil("the peer takes a frame", within: .seconds(20)) {
            zmq_send(socket, frame, frame.count, ZMQ_DONTWAIT) >= 0
        }
    }

    /// Sends a message of the session, numbered as the next one.
    func post(_ frame: [UInt8], as sender: ProcessID? = nil) async throws {
        sequence += 1
        var frame = frame
        WireFrame.setEnvelope(
            in: &frame, sender: sender ?? name, sequence: SequenceNumber(sequence))
        try await send(frame)
    }

    /// The next frame that has come, or nil.
    func receive() -> [UInt8]? { receive(on: socket, first: false) }

    /// A whole message: its first part or its last.
    private func receive(on socket: UnsafeMutableRawPointer, first: Bool) -> [UInt8]? {
        var parts: [[UInt8]] = []
        repeat {
            var buffer = [UInt8](repeating: 0, count: 1 << 17)
            let count = zmq_recv(socket, &buffer, buffer.count, ZMQ_DONTWAIT)
            guard count >= 0 else { return nil }
            parts.append(Array(buffer.prefix(Int(count))))
        } while hasMore(socket)
        return first ? parts.first : parts.last
    }

    private func hasMore(_ socket: UnsafeMutableRawPointer) -> Bool {
        var more: Int32 = 0
        var size = MemoryLayout<Int32>.size
        return zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) == 0 && more != 0
    }

    /// Waits for a message of a kind that satisfies the condition; others are dropped.
    func next<Kind: WireMessage>(
        _ kind: Kind.Type, within patience: Duration = .seconds(20),
        where isWanted: (Kind) -> Bool = { _ in true }
    ) async throws -> Kind {
        var found: Kind?
        try await waitUntil("a \(kind)", within: patience) {
            while let frame = receive() {
                // Other messages are not what is waited for.
                guard let message = try? Kind(decoding: frame), isWanted(message) else { continue }
                found = message
                return true
            }
            return false
        }
        guard let found else { throw ClusterFailure("no \(kind)") }
        return found
    }

    /// Asks for a session, as `sender` if that is not the peer's own name.
    func askForSession(cluster: String, as sender: ProcessID? = nil) async throws {
        let open = SessionOpen(
            cluster: ShortName(cluster) ?? .empty, incarnation: Incarnation(1), sessionID: 0,
            receivedThrough: .zero, build: .zero, terms: terms)
        var frame = open.frame()
        WireFrame.setEnvelope(in: &frame, sender: sender ?? name)
        try await send(frame)
    }

    /// Opens a session as a link would.
    func openSession(cluster: String) async throws {
        try await askForSession(cluster: cluster)
        sessionID = try await next(SessionAccepted.self).sessionID
    }

    /// Says that the peer lives, acknowledging nothing.
    func beat() async throws {
        let heartbeat = Heartbeat(
            sessionID: sessionID, receivedThrough: .zero, journalSequence: .zero,
            chainHead: .zero, marketTime: .zero)
        var frame = heartbeat.frame()
        WireFrame.setEnvelope(in: &frame, sender: name)
        try await send(frame)
    }
}

/// The places and keys of a cluster, for peers that hold a key that they should or should not hold.
extension LocalClusterHarness {
    /// The cluster's name in the sample configuration.
    static let cluster = "chaos"

    func keyRing(of process: String) -> KeyRing {
        KeyRing(
            process: processID(process), files: KeyFiles(root: state + "/keys"), credentials: nil)
    }

    /// The CURVE pair of a process, as someone who stole it holds it.
    func curveKeys(of process: String) throws -> CurveKeyPair {
        try CurveIdentity(
            name: processID(process),
            secretKey: CurveSecretKey(z85: keyRing(of: process).curveSecretText())
        ).keys
    }

    /// Connects to a bound socket, such as `core.agents`.
    func roguePeer(
        as name: String, keys: CurveKeyPair?, to server: String, _ role: String,
        routingID: [UInt8]? = nil
    ) throws -> RoguePeer {
        try RoguePeer(
            as: processID(name), keys: keys, to: try socket(of: server, role),
            server: try curveKeys(of: server).publicKey, routingID: routingID,
            terms: terms(of: role == "orders" ? server : name) ?? .zero)
    }

    /// What the core and a gateway or agent must have read alike, as a thief reads it.
    func terms(of process: String) throws -> Digest? {
        try ClusterConfiguration(path: configurationPath).terms(of: processID(process))
    }

    /// What a peer says of itself that has read the cluster's configuration.
    func admission(of peer: ProcessID, owner: String) throws -> LinkAdmission {
        try LinkAdmission(
            build: .zero, terms: terms(of: owner).map { [peer: $0] } ?? [:], builds: [])
    }

    private func socket(of process: String, _ role: String) throws -> Endpoint {
        try Endpoint(path: "\(state)/run/\(process).\(role).sock")
    }
}

/// A name of a process in a test.
func processID(_ name: String) -> ProcessID { ProcessID(name) ?? .empty }
