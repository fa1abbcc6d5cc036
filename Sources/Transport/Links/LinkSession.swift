package import Trading
import Wire

/// One session between two incarnations: what was sent and not yet acknowledged, and what was
/// received. Pure: no clock, no I/O; time comes as an argument.
///
/// Outgoing, a message gets its sequence when it enters the *window*; messages of the normal lane
/// that lack credit wait in front of it without one, so that a message of the priority lane can
/// take the next sequence. The window keeps every message until the peer acknowledges it, and is
/// sent again from the peer's mark when the session is resumed on a new connection. Incoming, the
/// next sequence is accepted, an earlier one is a duplicate, a later one is a gap, which a session
/// never survives.
package struct LinkSession {
    /// What an incoming message is.
    package enum Arrival: Sendable, Hashable {
        case next
        case duplicate
        case gap(expected: SequenceNumber)
    }

    /// The session's number, chosen by the accepting side.
    package let id: UInt64
    /// The peer's incarnation that the session is with.
    package let peerIncarnation: Incarnation

    private let settings: LinkSettings

    // Outgoing. Invariant: acknowledged <= transmitted <= assigned, and the window holds exactly
    // the sequences after `acknowledged` up to `assigned`.
    private var window = FrameQueue()
    private var waiting = FrameQueue()
    private var normalInWindow = 0
    private var normalBytes = 0
    private var reserved = 0
    private var acknowledged: UInt64 = 0
    private var transmitted: UInt64 = 0
    private var assigned: UInt64 = 0
    /// The highest sequence that any connection of the session took.
    private var highest: UInt64 = 0
    private var credit = 0
    private var progressedAt: MonotonicTime

    // Incoming. Invariant: reported <= committed <= received.
    private var received: UInt64 = 0
    private var committed: UInt64 = 0
    private var reported: UInt64 = 0
    private var reportDue: MonotonicTime = .never

    /// Makes a fresh session. Credit is zero until the peer gives some.
    package init(
        id: UInt64, peerIncarnation: Incarnation, settings: LinkSettings, at now: MonotonicTime
    ) {
        self.id = id
        self.peerIncarnation = peerIncarnation
        self.settings = settings
        progressedAt = now
    }

    // MARK: Outgoing

    /// Whether the normal lane has room for so many more messages.
    package func canReserve(_ count: Int) -> Bool {
        normalCount + reserved + count <= settings.outboxMax
            && normalBytes < settings.outboxBytesMax
    }

    /// Keeps room for so many messages of the normal lane, until they are sent with
    /// `usingReservation` or released. False, and nothing kept, if there is no room.
    package mutating func reserve(_ count: Int) -> Bool {
        guard canReserve(count) else { return false }
        reserved += count
        return true
    }

    /// Gives back room that was kept. Room that was kept in an earlier session is gone already.
    package mutating func release(_ count: Int) {
        precondition(count >= 0, "released \(count)")
        reserved = max(0, reserved - count)
    }

    /// Queues a message. False if its lane is full: then the session must end.
    package mutating func enqueue(
        _ frame: [UInt8], _ lane: Lane, usingReservation: Bool = false, at now: MonotonicTime
    ) -> Bool {
        if usingReservation { release(1) }
        guard hasRoom(for: frame, lane) else { return false }
        if window.isEmpty && waiting.isEmpty { progressedAt = now }
        let entry = FrameQueue.Entry(frame: frame, lane: lane)
        if lane == .normal { normalBytes += frame.count }
        if lane == .normal && (!waiting.isEmpty || normalInWindow >= credit) {
            waiting.append(entry)
        } else {
            assign(entry)
        }
        return true
    }

    /// The next frame for the connection; nil when all has been sent. It stays the next one until
    /// `markTransmitted`.
    package var nextTransmission: [UInt8]? {
        transmitted == assigned ? nil : window.frame(at: Int(transmitted - acknowledged))
    }

    /// The connection took the next frame. True if it was sent before.
    package mutating func markTransmitted() -> Bool {
        precondition(transmitted < assigned, "nothing to transmit after \(assigned)")
        transmitted += 1
        defer { highest = max(highest, transmitted) }
        return transmitted <= highest
    }

    /// The peer has made everything up to `through` durable and gives credit beyond it. False if
    /// that was never sent.
    package mutating func acknowledge(
        through: SequenceNumber, credit: UInt32?, at now: MonotonicTime
    ) -> Bool {
        guard through.rawValue <= highest else { return false }
        transmitted = max(transmitted, through.rawValue)
        if through.rawValue > acknowledged { progressedAt = now }
        while acknowledged < through.rawValue, let entry = window.popFirst() {
            if entry.lane == .normal {
                normalInWindow -= 1
                normalBytes -= entry.frame.count
            }
            acknowledged += 1
        }
        if let credit, through.rawValue == acknowledged { self.credit = Int(credit) }
        admitWaiting()
        checkInvariants()
        return true
    }

    /// The peer allows so many unacknowledged messages of the normal lane.
    package mutating func giveCredit(_ credit: UInt32) {
        self.credit = Int(credit)
        admitWaiting()
    }

    /// Continues on a new connection from the peer's mark: everything after it is sent again. False
    /// if the mark is not one that this session can have reached.
    package mutating func resume(
        peerReceivedThrough mark: SequenceNumber, at now: MonotonicTime
    ) -> Bool {
        guard mark.rawValue >= acknowledged,
            acknowledge(through: mark, credit: nil, at: now)
        else { return false }
        transmitted = mark.rawValue
        progressedAt = now
        reported = min(reported, committed)
        reportDue = now
        return true
    }

    /// Whether the peer has acknowledged nothing for too long although it had something to.
    package func isStuck(at now: MonotonicTime) -> Bool {
        (!window.isEmpty || !waiting.isEmpty) && now >= progressedAt + settings.drainTimeout
    }

    /// When `isStuck` may become true.
    package var stuckDeadline: MonotonicTime {
        window.isEmpty && waiting.isEmpty ? .never : progressedAt + settings.drainTimeout
    }

    /// How many messages are queued or unacknowledged.
    package var outboxCount: Int { window.count + waiting.count }

    // MARK: Incoming

    /// Takes note of an incoming message.
    package mutating func arrive(_ sequence: SequenceNumber, at now: MonotonicTime) -> Arrival {
        let expected = received + 1
        if sequence.rawValue < expected { return .duplicate }
        if sequence.rawValue > expected { return .gap(expected: SequenceNumber(expected)) }
        if received == reported { reportDue = min(reportDue, now + settings.acknowledgeDelay) }
        received = expected
        return .next
    }

    /// Counts a message that is refused as received, if it is the next one: so what follows it is
    /// no gap.
    package mutating func useUp(_ sequence: SequenceNumber) {
        if sequence.rawValue == received + 1 { received += 1 }
    }

    /// An acknowledgement is owed at once although nothing was received: it gives credit.
    package mutating func owesAcknowledgement(at now: MonotonicTime) { reportDue = now }

    /// What has been received is durable.
    package mutating func commit() { committed = received }

    /// Everything up to here has been received and is durable.
    package var receivedThrough: SequenceNumber { SequenceNumber(committed) }

    /// Whether an acknowledgement should be sent now.
    package func isAcknowledgementDue(at now: MonotonicTime) -> Bool {
        committed - reported >= settings.acknowledgeEvery || now >= reportDue
    }

    /// When an acknowledgement will be due; never without something to acknowledge.
    package var acknowledgementDeadline: MonotonicTime { reportDue }

    /// The peer has been told `receivedThrough`.
    package mutating func markReported() {
        reported = committed
        reportDue = .never
    }

    // MARK: Private

    private var normalCount: Int { waiting.count + normalInWindow }

    private func hasRoom(for frame: [UInt8], _ lane: Lane) -> Bool {
        switch lane {
        case .normal:
            return normalCount + reserved < settings.outboxMax
                && normalBytes + frame.count <= settings.outboxBytesMax
        case .priority:
            let bytes = window.bytes + waiting.bytes - normalBytes
            return window.count - normalInWindow < settings.priorityMax
                && bytes + frame.count <= settings.outboxBytesMax
        }
    }

    private mutating func admitWaiting() {
        while normalInWindow < credit, let entry = waiting.popFirst() { assign(entry) }
    }

    private mutating func assign(_ entry: FrameQueue.Entry) {
        var entry = entry
        assigned += 1
        WireFrame.setEnvelope(in: &entry.frame, sequence: SequenceNumber(assigned))
        if entry.lane == .normal { normalInWindow += 1 }
        window.append(entry)
    }

    private func checkInvariants() {
        precondition(acknowledged <= transmitted, "\(acknowledged) > \(transmitted)")
        precondition(transmitted <= assigned, "\(transmitted) > \(assigned)")
        precondition(window.count == Int(assigned - acknowledged), "window \(window.count)")
        precondition(normalInWindow >= 0 && normalInWindow <= window.count, "\(normalInWindow)")
        precondition(normalBytes >= 0, "\(normalBytes) bytes in the normal lane")
    }
}
