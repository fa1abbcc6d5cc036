import CZeroMQ
import Trading

/// One ZeroMQ socket, confined to the thread that made it.
final class Socket {
    /// What an operation on a socket came to.
    enum Outcome {
        case done
        /// Nothing to receive, or no room to send.
        case wouldBlock
        /// No such peer, or the socket can no longer be used.
        case failed(Int32)
    }

    private let raw: UnsafeMutableRawPointer
    private let owner: pthread_t
    private var isClosed = false

    init(_ context: UnsafeMutableRawPointer, type: Int32) throws(TransportError) {
        guard let raw = zmq_socket(context, type) else {
            throw TransportError(.system, "cannot make a ZeroMQ socket: \(lastZeroMQError())")
        }
        self.raw = raw
        owner = pthread_self()
    }

    deinit { close() }

    /// The pointer for `zmq_poll` and the monitor.
    var pointer: UnsafeMutableRawPointer {
        checkThread()
        return raw
    }

    /// Sets an option that is a number.
    func set(_ option: Int32, _ value: Int32) throws(TransportError) {
        checkThread()
        var value = value
        guard zmq_setsockopt(raw, option, &value, MemoryLayout<Int32>.size) == 0 else {
            throw TransportError(.system, "ZeroMQ option \(option): \(lastZeroMQError())")
        }
    }

    /// Sets an option that is a 64-bit number.
    func set(_ option: Int32, wide value: Int64) throws(TransportError) {
        checkThread()
        var value = value
        guard zmq_setsockopt(raw, option, &value, MemoryLayout<Int64>.size) == 0 else {
            throw TransportError(.system, "ZeroMQ option \(option): \(lastZeroMQError())")
        }
    }

    /// Sets an option that is bytes.
    func set(_ option: Int32, bytes: [UInt8]) throws(TransportError) {
        checkThread()
        guard zmq_setsockopt(raw, option, bytes, bytes.count) == 0 else {
            throw TransportError(.system, "ZeroMQ option \(option): \(lastZeroMQError())")
        }
    }

    /// Sets an option that is a secret key.
    func set(_ option: Int32, secret: CurveSecretKey) throws(TransportError) {
        checkThread()
        try secret.withCString { characters throws(TransportError) in
            guard zmq_setsockopt(raw, option, characters, 41) == 0 else {
                throw TransportError(.system, "ZeroMQ option \(option): \(lastZeroMQError())")
            }
        }
    }

    /// Binds the socket.
    func bind(_ address: String) throws(TransportError) {
        checkThread()
        guard zmq_bind(raw, address) != 0 else { return }
        let code: TransportError.Code = zmq_errno() == EADDRINUSE ? .addressInUse : .unavailable
        throw TransportError(code, "cannot bind \(address): \(lastZeroMQError())")
    }

    /// Connects the socket; the connection is made later and again.
    func connect(_ address: String) throws(TransportError) {
        checkThread()
        guard zmq_connect(raw, address) != 0 else { return }
        throw TransportError(.unavailable, "cannot connect \(address): \(lastZeroMQError())")
    }

    /// Receives one part of a message, without waiting.
    func receive(into message: Message) -> Outcome {
        checkThread()
        while true {
            if zmq_msg_recv(message.pointer, raw, ZMQ_DONTWAIT) >= 0 { return .done }
            let error = zmq_errno()
            if error == EAGAIN { return .wouldBlock }
            if error != EINTR { return .failed(error) }
        }
    }

    /// Receives and drops what is left of a message.
    func skipRest(of message: Message) {
        while message.hasMore, case .done = receive(into: message) {}
    }

    /// Sends one part of a message, without waiting.
    func send(_ bytes: UnsafeRawBufferPointer, more: Bool = false) -> Outcome {
        checkThread()
        let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
        while true {
            if zmq_send(raw, bytes.baseAddress, bytes.count, flags) >= 0 { return .done }
            let error = zmq_errno()
            if error == EAGAIN { return .wouldBlock }
            if error != EINTR { return .failed(error) }
        }
    }

    /// Sends one part of a message, without waiting.
    func send(_ bytes: [UInt8], more: Bool = false) -> Outcome {
        bytes.withUnsafeBytes { send($0, more: more) }
    }

    /// Closes the socket. What was sent lingers for as long as the option says.
    func close() {
        guard !isClosed else { return }
        checkThread()
        isClosed = true
        zmq_close(raw)
    }

    private func checkThread() {
        precondition(pthread_equal(owner, pthread_self()) != 0, "a socket left its thread")
    }
}

/// Memory for one part of a received message, used again and again.
///
/// A `zmq_msg_t` holds short payloads inside itself and so must never move while its bytes are
/// looked at: it lives on the heap, and its pointer does not leave these methods.
final class Message {
    let pointer: UnsafeMutablePointer<zmq_msg_t>

    init() {
        pointer = .allocate(capacity: 1)
        zmq_msg_init(pointer)
    }

    deinit {
        zmq_msg_close(pointer)
        pointer.deallocate()
    }

    /// Whether another part follows.
    var hasMore: Bool { zmq_msg_more(pointer) != 0 }

    /// A copy of the bytes.
    var bytes: [UInt8] {
        guard let start = zmq_msg_data(pointer) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: zmq_msg_size(pointer)))
    }

    /// The process that the connection authenticated as; nil on sockets without authentication.
    var user: ProcessID? {
        guard let text = zmq_msg_gets(pointer, "User-Id") else { return nil }
        return ProcessID(String(cString: text))
    }

    /// The connection that a ROUTER names in a message's first part. Ids that the socket chose are
    /// a zero byte and four others; anything else was claimed by the peer.
    var route: Route? {
        guard zmq_msg_size(pointer) == 5, let start = zmq_msg_data(pointer) else { return nil }
        let bytes = UnsafeRawBufferPointer(start: start, count: 5)
        guard bytes[0] == 0 else { return nil }
        return Route(number: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
    }
}

extension Route {
    /// The routing id as a ROUTER wants it.
    func withRoutingID<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeTemporaryAllocation(byteCount: 5, alignment: 1) { buffer in
            buffer[0] = 0
            buffer.storeBytes(of: number, toByteOffset: 1, as: UInt32.self)
            return body(UnsafeRawBufferPointer(buffer))
        }
    }
}

/// libzmq's words for the last error of this thread.
func lastZeroMQError() -> String { String(cString: zmq_strerror(zmq_errno())) }
