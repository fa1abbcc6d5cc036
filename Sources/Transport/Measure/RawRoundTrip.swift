import CZeroMQ
import Dispatch
import Synchronization
package import Trading
import Wire

/// Measures what libzmq alone takes for a message there and back between two threads, with our
/// socket options and CURVE but without links: what the links are compared with.
///
/// - Parameters:
///   - count: How many round trips are measured, one at a time, after a tenth as many to warm up.
///   - bytes: The size of the message.
///   - endpoint: Where the two meet.
/// - Returns: The time of every round trip, in the order in which they were made.
package func rawRoundTrip(
    count: Int, bytes: Int, over endpoint: Endpoint, encrypted: Bool = true
) throws(TransportError) -> [Span] {
    precondition(count > 0 && bytes >= 0, "\(count) round trips of \(bytes) bytes")
    let keys = try CurveKeyPair.generate()
    let warmUp = count / 10 + 1
    let isReady = DispatchSemaphore(value: 0)
    let echo = try LoopThread(name: "raw-echo") { isWired in
        let pair = try RawPair(server: keys, at: endpoint, encrypted: encrypted)
        defer { pair.close() }
        isWired()
        isReady.signal()
        pair.echo(warmUp + count)
    }
    try waitWired(echo)
    isReady.wait()
    let pair = try RawPair(client: keys, to: endpoint, encrypted: encrypted)
    defer { pair.close() }
    let payload = [UInt8](repeating: 0x5A, count: bytes)
    var spans: [Span] = []
    spans.reserveCapacity(count)
    for turn in 0..<(warmUp + count) {
        let start = bellwether_monotonic()
        pair.roundTrip(payload)
        if turn >= warmUp { spans.append(Span(nanoseconds: bellwether_monotonic() - start)) }
    }
    return spans
}

private func waitWired(_ thread: LoopThread) throws(TransportError) {
    do {
        try thread.waitUntilWired()
    } catch {
        throw error as? TransportError ?? TransportError(.system, "\(error)")
    }
}

/// One end of the measured pair: a ROUTER that answers or a DEALER that asks.
private struct RawPair {
    let context: UnsafeMutableRawPointer
    let socket: Socket
    let message = Message()

    init(
        server keys: CurveKeyPair, at endpoint: Endpoint, encrypted: Bool
    ) throws(TransportError) {
        (context, socket) = try RawPair.open(ZMQ_ROUTER)
        do throws(TransportError) {
            try socket.configure(SocketSettings())
            // No handler and no domain: anybody may be measured.
            if encrypted {
                try socket.set(ZMQ_CURVE_SERVER, 1)
                try socket.set(ZMQ_CURVE_SECRETKEY, secret: keys.secretKey)
            }
            try socket.bind(endpoint.description)
        } catch {
            close()
            throw error
        }
    }

    init(
        client serverKeys: CurveKeyPair, to endpoint: Endpoint, encrypted: Bool
    ) throws(TransportError) {
        (context, socket) = try RawPair.open(ZMQ_DEALER)
        do throws(TransportError) {
            try socket.configure(SocketSettings())
            if encrypted {
                try socket.authenticate(
                    as: try CurveKeyPair.generate(), to: serverKeys.publicKey)
            }
            try socket.connect(endpoint.description)
        } catch {
            close()
            throw error
        }
    }

    private static func open(
        _ type: Int32
    ) throws(TransportError) -> (UnsafeMutableRawPointer, Socket) {
        guard let context = zmq_ctx_new() else {
            throw TransportError(.system, "cannot make a ZeroMQ context: \(lastZeroMQError())")
        }
        return (context, try Socket(context, type: type))
    }

    func close() {
        socket.close()
        while zmq_ctx_term(context) != 0, zmq_errno() == EINTR {}
    }

    func echo(_ count: Int) {
        for _ in 0..<count {
            waitForMessage()
            let route = message.bytes
            _ = socket.receive(into: message)
            let payload = message.bytes
            _ = socket.send(route, more: true)
            _ = socket.send(payload)
        }
    }

    func roundTrip(_ payload: [UInt8]) {
        _ = socket.send(payload)
        waitForMessage()
    }

    private func waitForMessage() {
        while true {
            if case .done = socket.receive(into: message) { return }
            var item = zmq_pollitem_t(
                socket: socket.pointer, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
            zmq_poll(&item, 1, 1_000)
        }
    }
}
