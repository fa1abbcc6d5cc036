package import Trading

/// One process of a `MemoryNetwork`: its links and its turns.
package final class MemoryNode: LoopWiring {
    /// The process.
    package let name: ProcessID
    package private(set) var clock: TurnClock

    private(set) var serverLinks: [(LinkServer, Endpoint)] = []
    private(set) var clientLinks: [(LinkClient, Endpoint)] = []
    private(set) var publisherLinks: [(MarketPublisher, Endpoint)] = []
    private(set) var subscriberLinks: [(MarketSubscriber, Endpoint)] = []
    private var followers: [(channel: LinkName, node: MemoryNode, link: MarketSubscriber)] = []
    private let links = LoopLinks()
    private var pausedAt: MonotonicTime?
    /// Takes no turn before then.
    var pausedUntil: MonotonicTime = .zero {
        didSet { pausedAt = clock.monotonic }
    }
    /// The process wants to end.
    private(set) var wantsStop = false
    /// What the process does; set when it is wired.
    var service: (any LoopService)?

    init(_ name: ProcessID, clock: TurnClock) {
        self.name = name
        self.clock = clock
    }

    // MARK: Wiring

    package func bind(_ server: LinkServer, at endpoint: Endpoint) throws(TransportError) {
        serverLinks.append((server, endpoint))
        links.add(server)
        server.begin(clock)
    }

    package func connect(_ client: LinkClient, to endpoint: Endpoint) throws(TransportError) {
        clientLinks.append((client, endpoint))
        links.add(client)
        client.begin(clock)
    }

    package func bind(_ publisher: MarketPublisher, at endpoint: Endpoint) throws(TransportError) {
        publisherLinks.append((publisher, endpoint))
        links.add(publisher)
        publisher.begin(clock)
    }

    package func connect(
        _ subscriber: MarketSubscriber, to endpoint: Endpoint
    ) throws(TransportError) {
        subscriberLinks.append((subscriber, endpoint))
        links.add(subscriber)
        subscriber.begin(clock)
    }

    package func mailbox<Item: Sendable>(of type: Item.Type, capacity: Int) -> Mailbox<Item> {
        Mailbox(capacity: capacity, wake: {})
    }

    package func stop() { wantsStop = true }

    // MARK: Turns

    /// One turn, as `LoopRunner` takes it.
    func turn(
        at clock: TurnClock, _ arrivals: [MemoryArrival], _ sending: MemorySending
    ) throws {
        guard let service else { return }
        self.clock = clock
        links.begin(clock)
        service.turnBegan(clock)
        links.deliver(to: service)
        service.drainMailboxes()
        for arrival in arrivals {
            arrival.handOver()
            links.deliver(to: service)
        }
        links.advance()
        if let deadline = service.nextDeadline, deadline <= clock.monotonic {
            service.timersDue(at: clock)
        }
        links.deliver(to: service)
        try service.endOfBatch()
        flush(service, sending)
    }

    /// The turn in which the service says goodbye.
    func lastTurn(at clock: TurnClock, _ sending: MemorySending) throws {
        guard let service else { return }
        self.clock = clock
        links.begin(clock)
        service.turnBegan(clock)
        service.stopping()
        links.deliver(to: service)
        try service.endOfBatch()
        flush(service, sending)
        links.shutDown()
        flush(service, sending)
    }

    /// When the process wants its next turn.
    var deadline: MonotonicTime { min(links.deadline, service?.nextDeadline ?? .never) }

    /// How long the process has just been paused, once.
    func takePause(at now: MonotonicTime) -> Span {
        guard let start = pausedAt else { return .zero }
        pausedAt = nil
        return now - start
    }

    private func flush(_ service: some LoopService, _ sending: MemorySending) {
        let head = { service.journalHead }
        for (link, _) in serverLinks { link.flush(head: head, transmit: sending.toClient) }
        for (link, _) in clientLinks {
            link.flush(head: head) { sending.toServer(link, $0) }
        }
        for (link, _) in publisherLinks {
            link.flush(head: head) { sending.toFollowers(link, $0, $1) }
        }
        for (link, _) in subscriberLinks {
            for topic in link.takeSnapshotRequests() { sending.requestSnapshot(link, topic) }
        }
    }

    // MARK: Followers

    func isFollowed(_ channel: LinkName, by node: MemoryNode) -> Bool {
        followers.contains { $0.channel == channel && $0.node === node }
    }

    func addFollower(_ node: MemoryNode, _ link: MarketSubscriber, of channel: LinkName) {
        followers.append((channel, node, link))
    }

    func followers(of channel: LinkName) -> [(MemoryNode, MarketSubscriber)] {
        followers.filter { $0.channel == channel }.map { ($0.node, $0.link) }
    }
}

/// A connection between a client and a server in memory.
final class MemoryConnection {
    let client: MemoryNode
    let link: LinkClient
    let number: UInt64
    let server: MemoryNode
    let serverLink: LinkServer
    let route: Route
    var isBroken = false
    /// Ends when what is on its way has arrived.
    var isClosing = false

    init(
        client: MemoryNode, link: LinkClient, number: UInt64, server: MemoryNode,
        serverLink: LinkServer, route: Route
    ) {
        self.client = client
        self.link = link
        self.number = number
        self.server = server
        self.serverLink = serverLink
        self.route = route
    }

    func joins(_ name: ProcessID) -> Bool { client.name == name || server.name == name }
}

/// Where a packet goes.
enum MemoryArrival {
    case toClient(MemoryConnection, [UInt8])
    case toServer(MemoryConnection, [UInt8])
    case market(MarketSubscriber, MarketTopic, [UInt8])
    case subscription(MarketPublisher, ProcessID, MarketTopic)

    /// Gives the frame to its link.
    func handOver() {
        switch self {
        case .toClient(let connection, let frame):
            // A client has closed the socket of an earlier connection.
            guard connection.number == connection.link.connection else { return }
            connection.link.receive(frame)
        case .toServer(let connection, let frame):
            connection.serverLink.receive(
                frame, from: connection.client.name, on: connection.route)
        case .market(let link, let topic, let frame): link.receive(frame, topic: topic)
        case .subscription(let link, let follower, let topic):
            _ = link.subscribe(follower, to: topic)
        }
    }

    func isOn(_ connection: MemoryConnection) -> Bool {
        switch self {
        case .toClient(let other, _), .toServer(let other, _): other === connection
        case .market, .subscription: false
        }
    }

    /// Whether the order between the two must be kept.
    func isSameWay(as other: MemoryArrival) -> Bool {
        switch (self, other) {
        case (.toClient(let one, _), .toClient(let two, _)): one === two
        case (.toServer(let one, _), .toServer(let two, _)): one === two
        case (.market(let one, _, _), .market(let two, _, _)): one === two
        default: false
        }
    }
}

/// How a node's links send.
struct MemorySending {
    let toClient: (Route, [UInt8]) -> Transmission
    let toServer: (LinkClient, [UInt8]) -> Transmission
    let toFollowers: (MarketPublisher, MarketTopic, [UInt8]) -> Void
    let requestSnapshot: (MarketSubscriber, MarketTopic) -> Void
}
