import Trading

/// What runs on a loop's thread: the sockets, the links and the turn.
final class LoopRunner<Service: LoopService>: LoopWiring {
    private let sockets: SocketSet
    private let links = LoopLinks()
    private let clockSource: any LoopClock
    private let control: LoopControl
    private let inbox: Mailbox<@Sendable (Service) -> Void>
    private var mayHaveMore = false
    private var closeMailboxes: [() -> Void] = []

    /// The clocks of this turn.
    private(set) var clock: TurnClock
    /// When the turn was to begin at the latest.
    private var expected: MonotonicTime

    init(
        security: LoopSecurity, settings: SocketSettings, clock: any LoopClock,
        control: LoopControl, inbox: Mailbox<@Sendable (Service) -> Void>
    ) throws(TransportError) {
        sockets = try SocketSet(security, settings)
        clockSource = clock
        self.control = control
        self.inbox = inbox
        let reading = clock.read()
        self.clock = TurnClock(monotonic: reading.monotonic, wall: reading.wall)
        expected = reading.monotonic
        links.begin(self.clock)
    }

    /// Closes the sockets. To be called once, on the loop's thread.
    func close() {
        inbox.close()
        for close in closeMailboxes { close() }
        sockets.close()
    }

    /// Runs turns until the loop is stopped or a turn fails.
    func run(_ service: Service) throws {
        let reading = clockSource.read()
        expected = reading.monotonic
        while !control.isStopping {
            try turn(service)
            wait(service)
        }
        try lastTurn(service)
    }

    /// One turn. Nothing leaves the process before `endOfBatch` has returned.
    private func turn(_ service: Service) throws {
        readClock()
        links.begin(clock)
        service.turnBegan(clock)
        links.deliver(to: service)
        for work in inbox.takeAll() { work(service) }
        service.drainMailboxes()
        mayHaveMore = sockets.receiveBatch { links.deliver(to: service) }
        links.advance()
        if let deadline = service.nextDeadline, deadline <= clock.monotonic {
            service.timersDue(at: clock)
        }
        links.deliver(to: service)
        try service.endOfBatch()
        sockets.flush { service.journalHead }
        try sockets.renewConnections()
    }

    /// The turn in which the service says goodbye.
    private func lastTurn(_ service: Service) throws {
        readClock()
        links.begin(clock)
        service.turnBegan(clock)
        service.stopping()
        links.deliver(to: service)
        try service.endOfBatch()
        sockets.flush { service.journalHead }
        links.shutDown()
        sockets.flush { service.journalHead }
    }

    private func readClock() {
        let reading = clockSource.read()
        let late = reading.monotonic - expected
        clock = TurnClock(
            monotonic: reading.monotonic, wall: reading.wall, pause: max(late, .zero))
    }

    /// Waits for frames, posted work, or the next deadline.
    private func wait(_ service: Service) {
        let deadline = min(links.deadline, service.nextDeadline ?? .never)
        let milliseconds = mayHaveMore ? 0 : pollMilliseconds(until: deadline)
        expected =
            clock.monotonic + .milliseconds(milliseconds < 0 ? 0 : Int64(milliseconds))
        sockets.wait(control.descriptor, milliseconds: milliseconds)
        control.hush()
    }

    /// Rounded up, so that the deadline has come when the wait ends; at most a second, so that a
    /// deadline far away costs nothing to get wrong.
    private func pollMilliseconds(until deadline: MonotonicTime) -> Int {
        guard deadline > clock.monotonic else { return 0 }
        let wait = min((deadline - clock.monotonic).nanoseconds, 1_000_000_000)
        return Int((wait + 999_999) / 1_000_000)
    }
}

extension LoopRunner {
    func bind(_ server: LinkServer, at endpoint: Endpoint) throws(TransportError) {
        try sockets.bind(server, at: endpoint)
        links.add(server)
        server.begin(clock)
    }

    func connect(_ client: LinkClient, to endpoint: Endpoint) throws(TransportError) {
        client.begin(clock)
        try sockets.connect(client, to: endpoint)
        links.add(client)
    }

    func bind(_ publisher: MarketPublisher, at endpoint: Endpoint) throws(TransportError) {
        try sockets.bind(publisher, at: endpoint)
        links.add(publisher)
        publisher.begin(clock)
    }

    func connect(_ subscriber: MarketSubscriber, to endpoint: Endpoint) throws(TransportError) {
        try sockets.connect(subscriber, to: endpoint)
        links.add(subscriber)
        subscriber.begin(clock)
    }

    func mailbox<Item: Sendable>(of type: Item.Type, capacity: Int) -> Mailbox<Item> {
        let mailbox = Mailbox<Item>(capacity: capacity, wake: control.wake)
        closeMailboxes.append(mailbox.close)
        return mailbox
    }

    func stop() { control.stop() }
}
