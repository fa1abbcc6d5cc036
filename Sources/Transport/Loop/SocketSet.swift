import CZeroMQ
import Trading

/// Every ZeroMQ socket of a loop: binds and connects links, moves frames between sockets and links,
/// and waits. Lives on the loop's thread.
final class SocketSet {
    private let context: UnsafeMutableRawPointer
    private let security: LoopSecurity
    private let settings: SocketSettings
    private let message = Message()
    private var authenticator = Authenticator()
    private let authentication: Socket

    private var servers: [(link: LinkServer, socket: Socket)] = []
    private var clients: [ClientConnection] = []
    private var publishers: [(link: MarketPublisher, socket: Socket)] = []
    private var subscribers: [(link: MarketSubscriber, socket: Socket)] = []
    private var pollItems: [zmq_pollitem_t] = []

    init(_ security: LoopSecurity, _ settings: SocketSettings) throws(TransportError) {
        guard let context = zmq_ctx_new() else {
            throw TransportError(.system, "cannot make a ZeroMQ context: \(lastZeroMQError())")
        }
        self.context = context
        self.security = security
        self.settings = settings
        // The handler stands before anything is bound; see `Socket.authenticate`.
        authentication = try Socket(context, type: ZMQ_REP)
        try authentication.set(ZMQ_LINGER, 0)
        try authentication.bind(Authenticator.endpoint)
    }

    /// Closes every socket and ends the context. Takes at most as long as the sockets linger.
    func close() {
        for entry in servers { entry.socket.close() }
        for client in clients { client.close() }
        for entry in publishers { entry.socket.close() }
        for entry in subscribers { entry.socket.close() }
        authentication.close()
        zmq_ctx_shutdown(context)
        while zmq_ctx_term(context) != 0, zmq_errno() == EINTR {}
    }

    // MARK: Wiring

    func bind(_ link: LinkServer, at endpoint: Endpoint) throws(TransportError) {
        let socket = try serverSocket(
            ZMQ_ROUTER, link.name, link.allowedPeers)
        servers.append((link, socket))
        // Urgent links first: that is the order in which they are received.
        servers.sort { $0.link.isUrgent && !$1.link.isUrgent }
        try socket.set(ZMQ_ROUTER_MANDATORY, 1)
        try bind(socket, link.name, at: endpoint)
    }

    func bind(_ link: MarketPublisher, at endpoint: Endpoint) throws(TransportError) {
        let socket = try serverSocket(ZMQ_XPUB, link.name, link.allowedFollowers)
        publishers.append((link, socket))
        // Subscriptions take effect only when we apply them, and every one of them is shown to us.
        try socket.set(ZMQ_XPUB_MANUAL, 1)
        try bind(socket, link.name, at: endpoint)
    }

    func connect(_ link: LinkClient, to endpoint: Endpoint) throws(TransportError) {
        let client = ClientConnection(
            link, to: endpoint, key: try security.directory.key(of: link.peer),
            keys: security.identity.keys, settings)
        clients.append(client)
        try client.renew(in: context)
    }

    func connect(_ link: MarketSubscriber, to endpoint: Endpoint) throws(TransportError) {
        let key = try security.directory.key(of: link.publisher)
        let socket = try Socket(context, type: ZMQ_SUB)
        subscribers.append((link, socket))
        try socket.configure(settings, isMarket: true)
        try socket.authenticate(as: security.identity.keys, to: key)
        try socket.set(ZMQ_RECONNECT_IVL, settings.reconnectMilliseconds)
        try socket.set(ZMQ_RECONNECT_IVL_MAX, settings.reconnectMillisecondsMax)
        try socket.set(ZMQ_SUBSCRIBE, bytes: [])
        try socket.connect(endpoint.description)
    }

    private func serverSocket(
        _ type: Int32, _ name: LinkName, _ allowed: [ProcessID]
    ) throws(TransportError) -> Socket {
        var keys: [(ProcessID, CurvePublicKey)] = []
        for process in allowed { keys.append((process, try security.directory.key(of: process))) }
        authenticator.admit(keys, to: name.description)
        let socket = try Socket(context, type: type)
        do throws(TransportError) {
            try socket.configure(settings, isMarket: type == ZMQ_XPUB)
            try socket.authenticate(as: security.identity.keys, domain: name.description)
        } catch {
            socket.close()
            throw error
        }
        return socket
    }

    private func bind(
        _ socket: Socket, _ name: LinkName, at endpoint: Endpoint
    ) throws(TransportError) {
        if case .ipc(let path) = endpoint.address, bellwether_unix_is_served(path) != 0 {
            throw TransportError(
                .addressInUse,
                "cannot bind \(name) at \(endpoint): another process serves it; stop that one or "
                    + "use another state directory")
        }
        do throws(TransportError) {
            try socket.bind(endpoint.description)
        } catch {
            throw TransportError(error.code, "\(name): \(error.message)")
        }
    }

    // MARK: Receiving

    /// Hands up to `framesPerTurn` frames to their links, urgent links first, then in turns; calls
    /// `deliver` after each. Returns whether there may be more.
    func receiveBatch(_ deliver: () -> Void) -> Bool {
        answerAuthentication()
        for client in clients { client.noticeChanges(message) }
        deliver()
        var left = settings.framesPerTurn
        for entry in servers where entry.link.isUrgent {
            while left > 0, receive(entry.link, entry.socket) {
                left -= 1
                deliver()
            }
        }
        var isMoving = true
        while isMoving, left > 0 {
            isMoving = false
            for entry in servers where left > 0 && receive(entry.link, entry.socket) {
                (isMoving, left) = (true, left - 1)
                deliver()
            }
            for client in clients where left > 0 && client.receive(message) {
                (isMoving, left) = (true, left - 1)
                deliver()
            }
            for entry in publishers where left > 0 && receive(entry.link, entry.socket) {
                (isMoving, left) = (true, left - 1)
                deliver()
            }
            for entry in subscribers where left > 0 && receive(entry.link, entry.socket) {
                (isMoving, left) = (true, left - 1)
                deliver()
            }
        }
        return left == 0
    }

    private func answerAuthentication() {
        while case .done = authentication.receive(into: message) {
            var request = [message.bytes]
            while message.hasMore, case .done = authentication.receive(into: message) {
                if request.count < 8 { request.append(message.bytes) }
            }
            // A REP socket must answer before it can receive again; what is no request at all gets
            // an empty answer, which libzmq takes as a refusal.
            let reply = authenticator.reply(to: request) ?? [[]]
            for (place, part) in reply.enumerated() {
                _ = authentication.send(part, more: place + 1 < reply.count)
            }
        }
    }

    private func receive(_ link: LinkServer, _ socket: Socket) -> Bool {
        guard case .done = socket.receive(into: message) else { return false }
        let route = message.route
        guard message.hasMore, case .done = socket.receive(into: message) else { return true }
        let user = message.user
        let isWhole = !message.hasMore
        let frame = isWhole ? message.bytes : []
        socket.skipRest(of: message)
        guard let route, let user else {
            link.receivedFromClaimedRoute()
            return true
        }
        link.receive(frame, from: user, on: route)
        return true
    }

    private func receive(_ link: MarketPublisher, _ socket: Socket) -> Bool {
        guard case .done = socket.receive(into: message) else { return false }
        let bytes = message.bytes
        let user = message.user
        socket.skipRest(of: message)
        guard let kind = bytes.first, kind <= 1 else { return true }
        let topicBytes = Array(bytes.dropFirst())
        if kind == 0 {
            // Ends a subscription that may never have taken effect.
            try? socket.set(ZMQ_UNSUBSCRIBE, bytes: topicBytes)
            return true
        }
        guard let user, let topic = MarketTopic(bytes: topicBytes) else { return true }
        guard link.subscribe(user, to: topic) else { return true }
        // Fails only when the follower has already gone.
        try? socket.set(ZMQ_SUBSCRIBE, bytes: topicBytes)
        return true
    }

    private func receive(_ link: MarketSubscriber, _ socket: Socket) -> Bool {
        guard case .done = socket.receive(into: message) else { return false }
        let topic = MarketTopic(bytes: message.bytes)
        guard message.hasMore, case .done = socket.receive(into: message) else { return true }
        let isWhole = !message.hasMore
        let frame = isWhole ? message.bytes : []
        socket.skipRest(of: message)
        if let topic { link.receive(frame, topic: topic) }
        return true
    }

    // MARK: Flushing

    /// Sends what the links owe; after the commit.
    func flush(head: () -> JournalHead) {
        for entry in servers {
            entry.link.flush(head: head) { route, frame in
                transmit(frame, to: route, on: entry.socket)
            }
        }
        for client in clients { client.flush(head: head) }
        for entry in publishers {
            entry.link.flush(head: head) { topic, frame in
                guard case .done = entry.socket.send(topic.bytes, more: true) else { return }
                _ = entry.socket.send(frame)
            }
        }
        for entry in subscribers {
            for topic in entry.link.takeSnapshotRequests() {
                // The publisher sees every subscription, also a repeated one; the standing
                // subscription to everything is not touched by taking this one back.
                try? entry.socket.set(ZMQ_SUBSCRIBE, bytes: topic.bytes)
                try? entry.socket.set(ZMQ_UNSUBSCRIBE, bytes: topic.bytes)
            }
        }
    }

    /// Makes new connections where links ask for them.
    func renewConnections() throws(TransportError) {
        for client in clients { try client.renew(in: context) }
    }

    private func transmit(_ frame: [UInt8], to route: Route, on socket: Socket) -> Transmission {
        // With ROUTER_MANDATORY the first part alone tells whether the peer takes the message.
        switch route.withRoutingID({ socket.send($0, more: true) }) {
        case .done: break
        case .wouldBlock: return .blocked
        case .failed: return .unreachable
        }
        guard case .done = socket.send(frame) else { return .unreachable }
        return .sent
    }

    // MARK: Waiting

    /// Waits until a socket or the wake descriptor has something, or the time is over.
    func wait(_ wake: Int32, milliseconds: Int) {
        pollItems.removeAll(keepingCapacity: true)
        pollItems.append(
            zmq_pollitem_t(socket: nil, fd: wake, events: Int16(ZMQ_POLLIN), revents: 0))
        watch(authentication.pointer)
        for entry in servers { watch(entry.socket.pointer) }
        for client in clients { client.watch(&pollItems) }
        for entry in publishers { watch(entry.socket.pointer) }
        for entry in subscribers { watch(entry.socket.pointer) }
        // A signal ends the wait early, which is harmless: the next turn finds nothing to do.
        _ = zmq_poll(&pollItems, Int32(pollItems.count), milliseconds)
    }

    private func watch(_ socket: UnsafeMutableRawPointer) {
        pollItems.append(
            zmq_pollitem_t(socket: socket, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
    }
}

extension MarketTopic {
    /// Reads a topic as it stands in a message; no bytes are every topic.
    init?(bytes: [UInt8]) {
        guard !bytes.isEmpty else {
            self = .all
            return
        }
        guard bytes.count <= LongName.capacity else { return nil }
        self.init(String(decoding: bytes, as: UTF8.self))
    }

    /// The topic as it stands in a message.
    var bytes: [UInt8] { Array(description.utf8) }
}
