package import Trading

/// A cluster's links in one thread, without sockets: the same services, links and turns as over
/// ZeroMQ, on a clock that only the test moves. Everything happens in a fixed order, so a run with
/// the same services and faults is the same run.
package final class MemoryNetwork {
    /// A frame on its way.
    package struct Packet: Sendable {
        /// The process that sent it.
        package let source: ProcessID
        /// The process that it is for.
        package let target: ProcessID
        /// The link or channel.
        package let link: LinkName
        /// The bytes.
        package let frame: [UInt8]
    }

    /// What happens to a packet.
    package enum Fate: Sendable {
        /// It arrives after so long, but never before an earlier packet of its connection.
        case deliver(after: Span)
        /// It is lost. No connection of ours loses frames: this is for testing gaps.
        case drop
        /// It arrives twice.
        case duplicate(after: Span)
    }

    /// Decides what happens to each packet.
    package var fate: (Packet) -> Fate = { _ in .deliver(after: .microseconds(50)) }

    /// How far the clocks have come.
    package private(set) var now = MonotonicTime(nanoseconds: 1)
    private let wallOffset: Int64

    private var nodes: [MemoryNode] = []
    private var connections: [MemoryConnection] = []
    private var packets: [Flight] = []
    private var flights: UInt64 = 0
    private var routes: UInt32 = 0
    private var partitions: [(ProcessID, ProcessID)] = []

    private struct Flight {
        let due: MonotonicTime
        let number: UInt64
        let target: MemoryNode
        let arrival: MemoryArrival
    }

    /// Makes an empty network whose wall clock starts at a moment.
    package init(startingAt wall: Timestamp = Timestamp(seconds: 1_780_000_000)) {
        wallOffset = wall.nanoseconds
    }

    // MARK: Processes

    /// Adds a process. Its service takes its first turn in the next step.
    package func add<Service: LoopService>(
        _ name: ProcessID, wire: (any LoopWiring) throws -> Service
    ) rethrows -> Service {
        precondition(!nodes.contains { $0.name == name }, "\(name) runs already")
        let node = MemoryNode(name, clock: clock(pause: .zero))
        let service = try wire(node)
        node.service = service
        nodes.append(node)
        return service
    }

    /// Ends a process as kill -9 does: no goodbye, its connections break.
    package func crash(_ name: ProcessID) {
        nodes.removeAll { $0.name == name }
        for connection in connections where connection.joins(name) { sever(connection) }
    }

    /// Ends a process in order: it takes its last turn.
    package func stop(_ name: ProcessID) throws {
        guard let node = nodes.first(where: { $0.name == name }) else { return }
        try node.lastTurn(at: clock(pause: .zero), send(from: node))
        nodes.removeAll { $0.name == name }
        for connection in connections where connection.joins(name) { connection.isClosing = true }
    }

    /// A process takes no turn for so long, as under SIGSTOP.
    package func pause(_ name: ProcessID, for span: Span) {
        for node in nodes where node.name == name { node.pausedUntil = now + span }
    }

    // MARK: Faults

    /// Breaks the connection of a link between a client and its server; both notice. What is on its
    /// way is lost, or still arrives, as from the buffers of a dying connection.
    package func disconnect(_ client: ProcessID, _ link: LinkName, losingPackets: Bool = true) {
        for connection in connections
        where connection.client.name == client && connection.link.name == link {
            sever(connection)
            if losingPackets { packets.removeAll { $0.arrival.isOn(connection) } }
        }
    }

    /// Loses everything between two processes, silently, until `heal`.
    package func partition(_ one: ProcessID, _ other: ProcessID) {
        partitions.append((one, other))
    }

    /// Ends all partitions.
    package func heal() { partitions.removeAll() }

    // MARK: Time

    /// Moves the clocks forward by a span, taking every turn in between that is due.
    package func run(for span: Span) throws {
        try run(until: now + span) { false }
    }

    /// Moves the clocks forward until the condition holds; false if it does not within the limit.
    package func run(within limit: Span, until condition: () -> Bool) throws -> Bool {
        try run(until: now + limit, condition)
        return condition()
    }

    private func run(until end: MonotonicTime, _ condition: () -> Bool) throws {
        try step()
        while !condition() {
            let soonest = now + .microseconds(1)
            let next = establishConnections() ? soonest : max(nextEvent, soonest)
            guard next <= end else { break }
            now = next
            try step()
        }
        if !condition() { now = max(now, end) }
    }

    private var nextEvent: MonotonicTime {
        var earliest = packets.map { max($0.due, $0.target.pausedUntil) }.min() ?? .never
        for node in nodes { earliest = min(earliest, max(node.deadline, node.pausedUntil)) }
        return earliest
    }

    /// One turn of every process that is not paused, in the order in which they were added.
    private func step() throws {
        let due = packets.filter { $0.due <= now && $0.target.pausedUntil <= now }
        if !due.isEmpty {
            packets.removeAll { $0.due <= now && $0.target.pausedUntil <= now }
        }
        for node in nodes where node.pausedUntil <= now {
            let arrivals =
                due.filter { $0.target === node }.sorted { $0.number < $1.number }
                .map(\.arrival)
            let pause = node.takePause(at: now)
            try node.turn(at: clock(pause: pause), arrivals, send(from: node))
        }
        for node in nodes where node.wantsStop { try stop(node.name) }
        dropClosedConnections()
    }

    private func clock(pause: Span) -> TurnClock {
        TurnClock(
            monotonic: now, wall: Timestamp(nanoseconds: wallOffset + now.nanoseconds),
            pause: pause)
    }

    // MARK: Connections

    /// Makes the connections that clients ask for and whose servers are there; true if there were
    /// any.
    private func establishConnections() -> Bool {
        var hasChanged = false
        for node in nodes {
            for (link, endpoint) in node.clientLinks where link.phase == .connecting {
                guard let (server, served) = listener(at: endpoint, reachableBy: node) else {
                    continue
                }
                hasChanged = true
                guard served.allowedPeers.contains(node.name) else {
                    link.handshakeFailed("the peer does not admit our key")
                    continue
                }
                routes += 1
                connections.append(
                    MemoryConnection(
                        client: node, link: link, number: link.connection, server: server,
                        serverLink: served, route: Route(number: routes)))
                link.connected()
            }
            for (link, endpoint) in node.subscriberLinks where follow(node, link, endpoint) {
                hasChanged = true
            }
        }
        return hasChanged
    }

    private func follow(
        _ node: MemoryNode, _ link: MarketSubscriber, _ endpoint: Endpoint
    ) -> Bool {
        var hasChanged = false
        for publisherNode in nodes where !isPartitioned(node.name, publisherNode.name) {
            for (publisher, place) in publisherNode.publisherLinks where place == endpoint {
                guard !publisherNode.isFollowed(publisher.name, by: node) else { continue }
                publisherNode.addFollower(node, link, of: publisher.name)
                hasChanged = publisher.subscribe(node.name, to: .all)
            }
        }
        return hasChanged
    }

    private func listener(
        at endpoint: Endpoint, reachableBy node: MemoryNode
    ) -> (MemoryNode, LinkServer)? {
        for server in nodes where !isPartitioned(node.name, server.name) {
            for (link, place) in server.serverLinks where place == endpoint {
                return (server, link)
            }
        }
        return nil
    }

    private func isPartitioned(_ one: ProcessID, _ other: ProcessID) -> Bool {
        partitions.contains { $0 == (one, other) || $0 == (other, one) }
    }

    private func sever(_ connection: MemoryConnection) {
        connection.isBroken = true
        connection.link.disconnected()
    }

    private func dropClosedConnections() {
        for connection in connections where connection.isClosing && !connection.isBroken {
            let isDrained = !packets.contains { $0.arrival.isOn(connection) }
            if isDrained { sever(connection) }
        }
        connections.removeAll { $0.isBroken || $0.number != $0.link.connection }
    }

    // MARK: Sending

    private func send(from node: MemoryNode) -> MemorySending {
        MemorySending(
            toClient: { [unowned self] route, frame in
                guard let connection = connections.first(where: { $0.route == route }),
                    connection.server === node, !connection.isBroken,
                    connection.number == connection.link.connection
                else { return .unreachable }
                fly(
                    .toClient(connection, frame), from: node, to: connection.client,
                    connection.link.name, frame)
                return .sent
            },
            toServer: { [unowned self] link, frame in
                guard
                    let connection = connections.first(where: {
                        $0.link === link && !$0.isBroken && $0.number == link.connection
                    })
                else { return .unreachable }
                fly(
                    .toServer(connection, frame), from: node, to: connection.server, link.name,
                    frame)
                return .sent
            },
            toFollowers: { [unowned self] publisher, topic, frame in
                for (follower, link) in node.followers(of: publisher.name) {
                    guard nodes.contains(where: { $0 === follower }) else { continue }
                    fly(
                        .market(link, topic, frame), from: node, to: follower, publisher.name,
                        frame)
                }
            },
            requestSnapshot: { [unowned self] link, topic in
                for publisherNode in nodes {
                    for (publisher, _) in publisherNode.publisherLinks
                    where publisherNode.isFollowed(publisher.name, by: node)
                        && publisher.name == link.name
                    {
                        enqueue(
                            .subscription(publisher, node.name, topic), to: publisherNode,
                            .microseconds(50))
                    }
                }
            })
    }

    private func fly(
        _ arrival: MemoryArrival, from source: MemoryNode, to target: MemoryNode,
        _ link: LinkName, _ frame: [UInt8]
    ) {
        guard !isPartitioned(source.name, target.name) else { return }
        let packet = Packet(source: source.name, target: target.name, link: link, frame: frame)
        switch fate(packet) {
        case .drop: break
        case .deliver(let delay): enqueue(arrival, to: target, delay)
        case .duplicate(let delay):
            enqueue(arrival, to: target, delay)
            enqueue(arrival, to: target, delay)
        }
    }

    private func enqueue(_ arrival: MemoryArrival, to target: MemoryNode, _ delay: Span) {
        let earlier = packets.last { $0.target === target && $0.arrival.isSameWay(as: arrival) }
        flights += 1
        packets.append(
            Flight(
                due: max(now + delay, earlier?.due ?? .zero), number: flights, target: target,
                arrival: arrival))
    }
}
