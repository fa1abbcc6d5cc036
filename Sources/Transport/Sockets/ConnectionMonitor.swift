import CZeroMQ

/// Watches the connection of a connecting socket, by libzmq's monitor.
final class ConnectionMonitor {
    /// What happens to a connection.
    enum Change {
        case connected
        case disconnected
        case handshakeFailed(String)
    }

    private let watched: Socket
    private let socket: Socket

    /// Starts watching; before the watched socket connects.
    init(
        of watched: Socket, in context: UnsafeMutableRawPointer, named name: String
    ) throws(TransportError) {
        let address = "inproc://monitor.\(name)"
        let events =
            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED
            | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
        guard zmq_socket_monitor(watched.pointer, address, events) == 0 else {
            throw TransportError(.system, "cannot monitor a socket: \(lastZeroMQError())")
        }
        self.watched = watched
        socket = try Socket(context, type: ZMQ_PAIR)
        do throws(TransportError) {
            try socket.set(ZMQ_LINGER, 0)
            try socket.connect(address)
        } catch {
            close()
            throw error
        }
    }

    /// The pointer for `zmq_poll`.
    var pointer: UnsafeMutableRawPointer { socket.pointer }

    /// The next change, without waiting; nil when there is none.
    func next(_ message: Message) -> Change? {
        while case .done = socket.receive(into: message) {
            let bytes = message.bytes
            socket.skipRest(of: message)
            guard bytes.count == 6 else { continue }
            let event = Int32(bytes[0]) | Int32(bytes[1]) << 8
            let value = bytes.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: 2, as: UInt32.self)
            }
            switch event {
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .connected
            case ZMQ_EVENT_DISCONNECTED: return .disconnected
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
                return .handshakeFailed("the peer does not admit our key (status \(value))")
            case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
                return .handshakeFailed(
                    "the handshake broke off (code \(value)): is the peer's public key right?")
            default: continue
            }
        }
        return nil
    }

    /// Stops watching; before the watched socket is closed.
    func close() {
        zmq_socket_monitor(watched.pointer, nil, 0)
        socket.close()
    }
}
