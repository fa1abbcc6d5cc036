package import Trading
package import Wire

/// Names an endpoint of the cluster, such as `core.agents`; also its ZAP domain.
package struct LinkName: LongIdentifier {
    package let name: LongName
    package init(name: LongName) { self.name = name }
}

/// Who a process is on its links.
package struct LinkIdentity: Sendable, Hashable {
    /// The cluster; a peer of another cluster is refused.
    package let cluster: ShortName
    /// The process, equal to the User-Id that its key authenticates as.
    package let name: ProcessID
    /// Different for every start of the process and normally growing: the start's UTC nanoseconds,
    /// or a counter that is durable.
    package let incarnation: Incarnation

    /// Makes an identity.
    package init(cluster: ShortName, name: ProcessID, incarnation: Incarnation) {
        self.cluster = cluster
        self.name = name
        self.incarnation = incarnation
    }
}

/// Bounds and times of a link. Both sides of a link should agree on `heartbeat` and `timeout`.
package struct LinkSettings: Sendable, Hashable {
    /// How often a heartbeat is sent.
    package var heartbeat = Span.milliseconds(200)
    /// A peer that was silent for this long is gone: its session ends.
    package var timeout = Span.milliseconds(1_500)
    /// How many messages of the normal lane the peer may have unacknowledged towards us.
    package var credit: UInt32 = 4_096
    /// How many messages of the normal lane an outbox holds, reservations included.
    package var outboxMax = 8_192
    /// How many messages of the priority lane an outbox holds.
    package var priorityMax = 65_536
    /// How many bytes each lane of an outbox holds.
    package var outboxBytesMax = 32 << 20
    /// A peer that acknowledges nothing for this long, while something waits, is disconnected.
    package var drainTimeout = Span.seconds(10)
    /// Received messages are acknowledged at the latest when there are this many,
    package var acknowledgeEvery: UInt64 = 64
    /// or when the first of them was received this long ago.
    package var acknowledgeDelay = Span.milliseconds(5)
    /// A peer with this many refused messages in a session is disconnected.
    package var refusedMax = 16
    /// How long the connecting side waits for an answer to its SessionOpen.
    package var openTimeout = Span.seconds(2)
    /// How long the connecting side waits before it connects again,
    package var reconnectDelay = Span.milliseconds(50)
    /// and what that wait grows to while the peer refuses.
    package var reconnectDelayMax = Span.seconds(1)
    /// Whether the connecting side, while a newer incarnation of its process has the session, asks
    /// every `reconnectDelayMax` whether that one is gone. Else it never comes back: it may only
    /// where the peer can tell who of the two is the right one.
    package var returnsWhereSuperseded = false
    /// How soon a peer whose socket was full is tried again.
    package var blockedRetry = Span.milliseconds(2)

    /// The defaults.
    package init() {}
}

/// Which queue of an outbox a message takes.
package enum Lane: Sendable, Hashable {
    /// Waits while as many of this lane as the peer gave credit for are unacknowledged. Bounded by
    /// `LinkSettings.outboxMax`: where that is not above the peer's credit, nothing ever waits.
    case normal
    /// Fills, cancels, kill: never waits for credit, and so may overtake normal messages that do.
    /// Among themselves they keep their order.
    case priority
}

/// What became of a message that was given to a link.
package enum SendOutcome: Sendable, Hashable {
    /// It is in the outbox and will arrive exactly once, unless the session ends.
    case queued
    /// There is no session with the peer.
    case noSession
    /// There was no room: the session has been closed, because a session may lose nothing.
    case overflow
}

/// Why a session ended.
package enum LinkClosure: Sendable, Hashable {
    /// The peer was silent for `LinkSettings.timeout`.
    case timedOut
    /// This process itself stood still for longer than `LinkSettings.timeout`: what lies in its
    /// sockets is stale, and the peer has given it up.
    case paused
    /// A new incarnation of the peer opened a session, or this one opened a new session.
    case superseded
    /// The peer acknowledged nothing for `LinkSettings.drainTimeout`, or its outbox was full.
    case notDraining
    /// A message was missing.
    case sequenceGap
    /// `LinkSettings.refusedMax` messages of the peer were refused.
    case tooManyRefused
    /// The peer no longer holds the session that this side tried to resume.
    case forgotten
    /// The peer ended or refused the session.
    case refused(SessionRefusal, detail: String)
    /// The handshake failed: the server does not admit our key, or is not who we expect.
    case handshakeFailed(String)
    /// This process closed the session.
    case closed
}

/// A peer's word that it refused a message of ours.
package struct RefusedMessage: Sendable, Hashable {
    /// The template of the refused message; zero if it could not be read.
    package let template: UInt16
    /// Its sequence; zero if it could not be read.
    package let sequence: SequenceNumber
    /// Why.
    package let reason: WireRefusal
    /// In words.
    package let detail: String

    /// Makes a refusal.
    package init(template: UInt16, sequence: SequenceNumber, reason: WireRefusal, detail: String) {
        self.template = template
        self.sequence = sequence
        self.reason = reason
        self.detail = detail
    }
}

/// Where a process stands: what its heartbeats carry.
package struct JournalHead: Sendable, Hashable {
    /// The last entry of its journal; zero without a journal.
    package let sequence: SequenceNumber
    /// The hash chain's head at that entry.
    package let chainHead: Digest
    /// Its market time.
    package let marketTime: Timestamp

    /// A process without a journal and without market time.
    package static let none = JournalHead(sequence: .zero, chainHead: .zero, marketTime: .zero)

    /// Makes a head.
    package init(sequence: SequenceNumber, chainHead: Digest, marketTime: Timestamp) {
        self.sequence = sequence
        self.chainHead = chainHead
        self.marketTime = marketTime
    }
}

/// What a link counted since it was made.
package struct LinkCounters: Sendable, Hashable {
    /// Messages handed to the service.
    package var received: UInt64 = 0
    /// Messages that had arrived before and were dropped.
    package var duplicates: UInt64 = 0
    /// Messages that were refused.
    package var refused: UInt64 = 0
    /// Of these: messages whose sender was not the authenticated process.
    package var wrongSender: UInt64 = 0
    /// Frames from a connection that has no session, or that claimed a routing id.
    package var unbound: UInt64 = 0
    /// Messages given to the outbox.
    package var queued: UInt64 = 0
    /// Messages sent again after a reconnect.
    package var resent: UInt64 = 0
    /// Sessions opened.
    package var opened: UInt64 = 0
    /// Sessions resumed.
    package var resumed: UInt64 = 0
    /// Sessions that ended.
    package var closed: UInt64 = 0

    /// All zero.
    package init() {}
}
