package import Trading

/// The shell of a process, as its loop calls it. One thread, no suspension: every call runs to its
/// end, and all calls of a turn share the clock given by `turnBegan`.
///
/// A turn: `turnBegan`, `drainMailboxes`, what was received, `timersDue`, `endOfBatch`. Only after
/// `endOfBatch` has returned does anything leave the process: messages given to links or publishers
/// in the turn, acknowledgements of what was received in it, and heartbeats.
///
/// Forbidden in a service: blocking, reading clocks, touching it from another thread (use a
/// `Mailbox`).
package protocol LoopService: AnyObject, SendableMetatype {
    /// A turn begins.
    func turnBegan(_ clock: TurnClock)
    /// Takes what other threads have put into the service's mailboxes.
    func drainMailboxes()

    /// A session with the peer stands. Not resumed: nothing of an earlier session will arrive or be
    /// resent, and both sides start from snapshots.
    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName)
    /// The session has ended; what its outbox held is gone.
    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName)
    /// A session could not be opened; the link tries again.
    func linkRefused(by peer: ProcessID, because reason: LinkClosure, on link: LinkName)
    /// A message of the peer, well formed, in order, exactly once in a session. Its envelope's
    /// sender is the peer.
    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName)
    /// The peer's heartbeat.
    func heartbeatReceived(_ head: JournalHead, from peer: ProcessID, on link: LinkName)
    /// The peer refused a message of ours.
    func messageRefused(_ refusal: RefusedMessage, by peer: ProcessID, on link: LinkName)

    /// A message of a market channel, in order; messages may be missing, see `marketGap`.
    func marketReceived(_ frame: [UInt8], topic: MarketTopic, on link: LinkName)
    /// Messages of a market channel are missing, or its publisher is new: every book that came from
    /// it is stale until its next snapshot. The subscriber has already asked for snapshots of all.
    func marketGap(_ gap: MarketGap, on link: LinkName)
    /// A follower of a market channel subscribed: republish a snapshot of the topic (all topics for
    /// `MarketTopic.all`).
    func subscribed(to topic: MarketTopic, by peer: ProcessID, on link: LinkName)

    /// When `timersDue` wants to be called next; nil for never.
    var nextDeadline: MonotonicTime? { get }
    /// The service's next deadline has come.
    func timersDue(at clock: TurnClock)

    /// Makes everything of this turn durable. A throw stops the process: nothing of the turn is
    /// sent, and the commit is not tried again.
    func endOfBatch() throws
    /// Where the journal stands after `endOfBatch`; carried by heartbeats.
    var journalHead: JournalHead { get }
    /// The loop is about to stop: the last turn, in which messages can still be sent.
    func stopping()
}

/// What most services do not need.
extension LoopService {
    package func drainMailboxes() {}
    package func linkRefused(by peer: ProcessID, because reason: LinkClosure, on link: LinkName) {}
    package func heartbeatReceived(
        _ head: JournalHead, from peer: ProcessID, on link: LinkName
    ) {}
    package func messageRefused(
        _ refusal: RefusedMessage, by peer: ProcessID, on link: LinkName
    ) {}
    package func marketReceived(_ frame: [UInt8], topic: MarketTopic, on link: LinkName) {}
    package func marketGap(_ gap: MarketGap, on link: LinkName) {}
    package func subscribed(to topic: MarketTopic, by peer: ProcessID, on link: LinkName) {}
    package var nextDeadline: MonotonicTime? { nil }
    package func timersDue(at clock: TurnClock) {}
    package var journalHead: JournalHead { .none }
    package func stopping() {}
}

/// Where a service's links meet the world: a `PollLoop` (ZeroMQ) or a `MemoryNode` (tests and
/// simulation). Used while a process is wired; the two give a service the same turns.
package protocol LoopWiring: AnyObject {
    /// The clocks at the time of wiring.
    var clock: TurnClock { get }
    /// Serves a link at an endpoint. The link's name is the ZAP domain.
    func bind(_ server: LinkServer, at endpoint: Endpoint) throws(TransportError)
    /// Connects a link; succeeds at once and keeps trying.
    func connect(_ client: LinkClient, to endpoint: Endpoint) throws(TransportError)
    /// Serves a market channel at an endpoint.
    func bind(_ publisher: MarketPublisher, at endpoint: Endpoint) throws(TransportError)
    /// Follows a market channel; succeeds at once and keeps trying.
    func connect(_ subscriber: MarketSubscriber, to endpoint: Endpoint) throws(TransportError)
    /// Makes a box by which other threads (venue streams, signal handlers) reach the service.
    func mailbox<Item: Sendable>(of type: Item.Type, capacity: Int) -> Mailbox<Item>
    /// Ends the loop after this turn.
    func stop()
}
