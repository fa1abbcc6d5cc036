package import Trading
import Wire

/// The publishing side of a market channel: one endpoint, any number of followers.
///
/// A channel may lose messages, so every message has the next number of *one* sequence over all
/// topics, in the envelope, with the publisher's incarnation as its epoch; and a heartbeat carries
/// the last number. Followers subscribe to the whole channel: if they filtered here, the lost last
/// message of a quiet book would stay unseen until that book changes again, whereas so any message
/// of any topic, or the next heartbeat, shows the loss. Which instruments a follower wants it
/// decides on receipt; who may follow what is decided here.
///
/// Published messages leave after the turn's commit. Confined to its loop's thread.
package final class MarketPublisher {
    /// The channel's name, also its ZAP domain.
    package let name: LinkName
    /// The processes that may follow, in order of their names.
    package let allowedFollowers: [ProcessID]

    /// Followers that are confined to some topics; others may follow all.
    private let confined: [ProcessID: Set<MarketTopic>]
    private let identity: LinkIdentity
    private let settings: LinkSettings
    private var sequence = SequenceNumber.zero
    private var flushedThrough = SequenceNumber.zero
    private var isGreetingOwed = false
    private var pending: [(topic: MarketTopic, frame: [UInt8])] = []
    private var heartbeatDue: MonotonicTime = .zero
    private var events: [MarketEvent] = []
    private var clock = TurnClock(monotonic: .zero, wall: .zero)
    /// Messages dropped because a turn published more than fits.
    package private(set) var dropped: UInt64 = 0
    /// Subscriptions that were refused.
    package private(set) var refusedSubscriptions: UInt64 = 0

    /// Makes a publisher. `confining` limits followers to topics; `MarketTopic.all` among them
    /// allows everything.
    package init(
        _ name: LinkName, identity: LinkIdentity, allowing followers: some Sequence<ProcessID>,
        confining: [ProcessID: Set<MarketTopic>] = [:], settings: LinkSettings = LinkSettings()
    ) {
        self.name = name
        self.identity = identity
        self.settings = settings
        allowedFollowers = Set(followers).sorted()
        confined = confining
    }

    /// Publishes a message. Sender, epoch, sequence and time of the envelope are filled in here.
    package func publish(_ frame: [UInt8], topic: MarketTopic) {
        sequence = sequence.next
        guard pending.count < settings.outboxMax else {
            dropped += 1
            return
        }
        var stamped = frame
        WireFrame.setEnvelope(
            in: &stamped, sender: identity.name, epoch: Epoch(identity.incarnation.rawValue),
            sequence: sequence, sentAt: clock.wall)
        pending.append((topic, stamped))
    }
}

// MARK: - For the loop

extension MarketPublisher {
    func begin(_ clock: TurnClock) { self.clock = clock }

    /// Whether a follower's subscription takes effect; if so the service hears of it.
    func subscribe(_ user: ProcessID, to topic: MarketTopic) -> Bool {
        let isAllowed =
            allowedFollowers.contains(user)
            && confined[user].map { $0.contains(topic) || $0.contains(.all) } ?? true
        guard isAllowed else {
            refusedSubscriptions += 1
            return false
        }
        events.append(.subscribed(topic, user))
        isGreetingOwed = true
        return true
    }

    /// Sends what was published, and a heartbeat when it is due. To be called after the commit.
    ///
    /// After a subscription a heartbeat goes first, so that a new follower knows the number from
    /// which on it may miss nothing, the snapshots that answer its subscription included.
    func flush(head: () -> JournalHead, transmit: (MarketTopic, [UInt8]) -> Void) {
        if isGreetingOwed {
            transmit(.channel, heartbeat(head(), through: flushedThrough))
            isGreetingOwed = false
        }
        flushedThrough = sequence
        for message in pending { transmit(message.topic, message.frame) }
        pending.removeAll(keepingCapacity: true)
        guard clock.monotonic >= heartbeatDue else { return }
        heartbeatDue = clock.monotonic + settings.heartbeat
        transmit(.channel, heartbeat(head(), through: sequence))
    }

    var deadline: MonotonicTime { heartbeatDue }

    func takeEvents() -> [MarketEvent] {
        guard !events.isEmpty else { return [] }
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    private func heartbeat(_ head: JournalHead, through sequence: SequenceNumber) -> [UInt8] {
        Heartbeat(
            envelope: Envelope(
                sender: identity.name, epoch: Epoch(identity.incarnation.rawValue),
                sequence: sequence, sentAt: clock.wall, traceID: 0),
            sessionID: 0, receivedThrough: .zero, journalSequence: head.sequence,
            chainHead: head.chainHead, marketTime: head.marketTime
        ).frame()
    }
}

/// What a market channel has for its service.
enum MarketEvent {
    case subscribed(MarketTopic, ProcessID)
    case received(MarketTopic, [UInt8])
    case gap(MarketGap)
}
