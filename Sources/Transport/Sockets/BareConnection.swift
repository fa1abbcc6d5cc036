import CZeroMQ
package import Trading

/// A connection with no link behind it: what anybody who has libzmq can open. It proves that a
/// socket keeps out whom it should. Stays on the thread that made it.
package final class BareConnection {
    /// What came of the handshake.
    package enum Handshake: Sendable, Equatable {
        case admitted
        case refused(String)
        /// Nothing happened in time: nobody listens there.
        case silence
    }

    private static let milliseconds: Int64 = 1_000_000

    private let context: UnsafeMutableRawPointer
    private let socket: Socket
    private let monitor: ConnectionMonitor
    private let message = Message()

    /// Starts to connect. `keys` nil: without CURVE at all.
    package init(
        to endpoint: Endpoint, server: CurvePublicKey, keys: CurveKeyPair?
    ) throws(TransportError) {
        guard let context = zmq_ctx_new() else {
            throw TransportError(.system, "no ZeroMQ context: \(lastZeroMQError())")
        }
        let socket = try Socket(context, type: ZMQ_DEALER)
        try socket.configure(SocketSettings())
        try socket.set(ZMQ_LINGER, 0)
        try socket.set(ZMQ_IMMEDIATE, 1)
        if let keys { try socket.authenticate(as: keys, to: server) }
        let monitor = try ConnectionMonitor(of: socket, in: context, named: "bare")
        try socket.connect(endpoint.description)
        (self.context, self.socket, self.monitor) = (context, socket, monitor)
    }

    /// Waits for the handshake to end: the first change of the connection decides.
    package func handshake(within patience: Span) -> Handshake {
        guard wait(for: monitor.pointer, patience), let change = monitor.next(message) else {
            return .silence
        }
        switch change {
        case .connected: return .admitted
        case .disconnected: return .refused("the connection was closed")
        case .handshakeFailed(let why): return .refused(why)
        }
    }

    /// Sends a frame as it is; false where the connection takes none.
    package func send(_ frame: [UInt8]) -> Bool {
        guard case .done = socket.send(frame) else { return false }
        return true
    }

    /// The next frame, or nil where none comes in time.
    package func receive(within patience: Span) -> [UInt8]? {
        guard wait(for: socket.pointer, patience), case .done = socket.receive(into: message)
        else { return nil }
        while message.hasMore, case .done = socket.receive(into: message) {}
        return message.bytes
    }

    /// Ends the connection; nothing may be called afterwards.
    package func close() {
        monitor.close()
        socket.close()
        zmq_ctx_term(context)
    }

    private func wait(for pointer: UnsafeMutableRawPointer, _ patience: Span) -> Bool {
        var item = zmq_pollitem_t(socket: pointer, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
        let limit = Int(patience.nanoseconds / BareConnection.milliseconds)
        return zmq_poll(&item, 1, limit) > 0
    }
}
