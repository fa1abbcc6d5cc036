import CZeroMQ

/// The DEALER socket of a link's connecting side, made anew for every connection, so that nothing
/// of an old connection is ever sent on a new one.
final class ClientConnection {
    private let link: LinkClient
    private let endpoint: Endpoint
    private let serverKey: CurvePublicKey
    private let keys: CurveKeyPair
    private let settings: SocketSettings
    private var socket: Socket?
    private var monitor: ConnectionMonitor?
    private var number: UInt64 = 0
    private var isBlocked = false

    init(
        _ link: LinkClient, to endpoint: Endpoint, key: CurvePublicKey, keys: CurveKeyPair,
        _ settings: SocketSettings
    ) {
        self.link = link
        self.endpoint = endpoint
        serverKey = key
        self.keys = keys
        self.settings = settings
    }

    /// Makes the connection that the link asks for, if that is not the one there is.
    func renew(in context: UnsafeMutableRawPointer) throws(TransportError) {
        guard number != link.connection else { return }
        close()
        number = link.connection
        let fresh = try Socket(context, type: ZMQ_DEALER)
        socket = fresh
        try fresh.configure(settings)
        try fresh.authenticate(as: keys, to: serverKey)
        try fresh.reconnect(settings)
        monitor = try ConnectionMonitor(
            of: fresh, in: context, named: "\(link.name).\(number)")
        try fresh.connect(endpoint.description)
    }

    /// Tells the link what has happened to its connection.
    func noticeChanges(_ message: Message) {
        while let change = monitor?.next(message) {
            switch change {
            case .connected: link.connected()
            case .disconnected: link.disconnected()
            case .handshakeFailed(let detail): link.handshakeFailed(detail)
            }
        }
    }

    /// Hands one frame to the link; false if there is none.
    func receive(_ message: Message) -> Bool {
        guard let socket, case .done = socket.receive(into: message) else { return false }
        let isWhole = !message.hasMore
        let frame = isWhole ? message.bytes : []
        socket.skipRest(of: message)
        link.receive(frame)
        return true
    }

    /// Sends what the link owes; after the commit.
    func flush(head: () -> JournalHead) {
        guard let socket else { return }
        isBlocked = false
        link.flush(head: head) { frame in
            switch socket.send(frame) {
            case .done: return .sent
            case .wouldBlock:
                isBlocked = true
                return .blocked
            case .failed: return .unreachable
            }
        }
    }

    /// Adds what the loop has to wait for.
    func watch(_ items: inout [zmq_pollitem_t]) {
        if let socket {
            let events = isBlocked ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN
            items.append(
                zmq_pollitem_t(socket: socket.pointer, fd: 0, events: Int16(events), revents: 0))
        }
        if let monitor {
            items.append(
                zmq_pollitem_t(
                    socket: monitor.pointer, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
        }
    }

    func close() {
        monitor?.close()
        socket?.close()
        monitor = nil
        socket = nil
    }
}
