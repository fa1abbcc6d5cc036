import Trading

/// The links of one loop, and the parts of a turn that are the same over ZeroMQ and in memory.
final class LoopLinks {
    private(set) var servers: [LinkServer] = []
    private(set) var clients: [LinkClient] = []
    private(set) var publishers: [MarketPublisher] = []
    private(set) var subscribers: [MarketSubscriber] = []

    func add(_ server: LinkServer) { servers.append(server) }
    func add(_ client: LinkClient) { clients.append(client) }
    func add(_ publisher: MarketPublisher) { publishers.append(publisher) }
    func add(_ subscriber: MarketSubscriber) { subscribers.append(subscriber) }

    /// Sets the clock of the turn everywhere.
    func begin(_ clock: TurnClock) {
        for server in servers { server.begin(clock) }
        for client in clients { client.begin(clock) }
        for publisher in publishers { publisher.begin(clock) }
        for subscriber in subscribers { subscriber.begin(clock) }
    }

    /// Ends what has timed out, and goes on connecting.
    func advance() {
        for server in servers { server.advance() }
        for client in clients { client.advance() }
        for subscriber in subscribers { subscriber.advance() }
    }

    /// Ends every session because the process stops.
    func shutDown() {
        for server in servers { server.shutDown() }
        for client in clients { client.shutDown() }
    }

    /// When a link wants its next turn.
    var deadline: MonotonicTime {
        var earliest = MonotonicTime.never
        for server in servers { earliest = min(earliest, server.deadline) }
        for client in clients { earliest = min(earliest, client.deadline) }
        for publisher in publishers { earliest = min(earliest, publisher.deadline) }
        for subscriber in subscribers { earliest = min(earliest, subscriber.deadline) }
        return earliest
    }

    /// Tells the service what has happened, until nothing new happens: a service that is told of
    /// one message may overflow another outbox, which ends that session.
    func deliver(to service: some LoopService) {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for server in servers {
                for event in server.takeEvents() {
                    isQuiet = false
                    deliver(event, on: server.name, to: service)
                }
            }
            for client in clients {
                for event in client.takeEvents() {
                    isQuiet = false
                    deliver(event, on: client.name, to: service)
                }
            }
        }
        for publisher in publishers {
            for event in publisher.takeEvents() { deliver(event, on: publisher.name, to: service) }
        }
        for subscriber in subscribers {
            for event in subscriber.takeEvents() {
                deliver(event, on: subscriber.name, to: service)
            }
        }
    }

    private func deliver(_ event: LinkEvent, on link: LinkName, to service: some LoopService) {
        switch event {
        case .opened(let peer, let incarnation, let resumed):
            service.linkOpened(peer, incarnation: incarnation, resumed: resumed, on: link)
        case .closed(let peer, let reason): service.linkClosed(peer, because: reason, on: link)
        case .refused(let peer, let reason):
            service.linkRefused(by: peer, because: reason, on: link)
        case .received(let peer, let frame): service.received(frame, from: peer, on: link)
        case .heartbeat(let peer, let head):
            service.heartbeatReceived(head, from: peer, on: link)
        case .messageRefused(let peer, let refusal):
            service.messageRefused(refusal, by: peer, on: link)
        }
    }

    private func deliver(_ event: MarketEvent, on link: LinkName, to service: some LoopService) {
        switch event {
        case .subscribed(let topic, let peer): service.subscribed(to: topic, by: peer, on: link)
        case .received(let topic, let frame):
            service.marketReceived(frame, topic: topic, on: link)
        case .gap(let gap): service.marketGap(gap, on: link)
        }
    }
}
