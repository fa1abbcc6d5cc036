import Trading
import Wire

/// One peer of a link: its session and what is owed to it. Used by both sides; opening differs and
/// is with `LinkServer` and `LinkClient`. Pure like the session.
struct LinkPeer {
    /// What is sent outside of the session's sequence, before its messages.
    private enum Control {
        case accepted(resumed: Bool)
        case messageRefused(RefusedMessage)
    }

    /// How many control frames are kept for a peer in one turn; more are dropped, since they only
    /// tell what the peer did wrong.
    private static let controlsMax = 64

    let name: ProcessID
    private(set) var session: LinkSession?
    var counters = LinkCounters()

    private let identity: LinkIdentity
    private let settings: LinkSettings
    private let admission: LinkAdmission
    private var controls: [Control] = []
    private var refusedInSession = 0
    private var heardAt: MonotonicTime = .zero
    private var heartbeatDue: MonotonicTime = .never
    private var isBlocked = false

    init(
        _ name: ProcessID, identity: LinkIdentity, settings: LinkSettings,
        admission: LinkAdmission
    ) {
        self.name = name
        self.identity = identity
        self.settings = settings
        self.admission = admission
    }

    // MARK: Opening and closing

    /// A fresh session stands.
    mutating func open(
        _ fresh: LinkSession, at clock: TurnClock, into events: inout [LinkEvent]
    ) {
        precondition(session == nil, "\(name) has a session already")
        session = fresh
        refusedInSession = 0
        controls.removeAll(keepingCapacity: true)
        resumeTiming(at: clock)
        counters.opened += 1
        events.append(.opened(name, fresh.peerIncarnation, resumed: false))
    }

    /// The session continues on a new connection; false if the peer's mark is impossible.
    mutating func resume(
        peerReceivedThrough mark: SequenceNumber, at clock: TurnClock,
        into events: inout [LinkEvent]
    ) -> Bool {
        guard var resumed = session else { return false }
        guard resumed.resume(peerReceivedThrough: mark, at: clock.monotonic) else { return false }
        session = resumed
        resumeTiming(at: clock)
        counters.resumed += 1
        events.append(.opened(name, resumed.peerIncarnation, resumed: true))
        return true
    }

    /// Tells the peer, after the commit, that its SessionOpen was accepted.
    mutating func acceptOpening(resumed: Bool) { controls.append(.accepted(resumed: resumed)) }

    /// The peer allows so many unacknowledged messages.
    mutating func giveCredit(_ credit: UInt32, at clock: TurnClock) {
        session?.giveCredit(credit)
        session?.owesAcknowledgement(at: clock.monotonic)
    }

    /// The session has ended. Its outbox is cleared.
    mutating func close(_ reason: LinkClosure, into events: inout [LinkEvent]) {
        guard session != nil else { return }
        session = nil
        controls.removeAll(keepingCapacity: true)
        heartbeatDue = .never
        isBlocked = false
        counters.closed += 1
        events.append(.closed(name, reason))
    }

    /// The peer was heard of.
    mutating func hear(at clock: TurnClock) { heardAt = clock.monotonic }

    // MARK: Sending

    /// Queues a message; on overflow the caller must close the session.
    mutating func send(
        _ frame: [UInt8], _ lane: Lane, usingReservation: Bool, at clock: TurnClock
    ) -> SendOutcome {
        precondition(
            frame.count <= WireFrame.maximumLength, "a frame of \(frame.count) bytes for \(name)")
        guard session != nil else { return .noSession }
        var stamped = frame
        WireFrame.setEnvelope(in: &stamped, sender: identity.name, sentAt: clock.wall)
        let isQueued = session?.enqueue(
            stamped, lane, usingReservation: usingReservation, at: clock.monotonic)
        guard isQueued == true else { return .overflow }
        counters.queued += 1
        return .queued
    }

    func canReserve(_ count: Int) -> Bool { session?.canReserve(count) ?? false }

    mutating func reserve(_ count: Int) -> Bool { session?.reserve(count) ?? false }

    mutating func release(_ count: Int) { session?.release(count) }

    // MARK: Receiving

    /// Takes a frame of the session, whose envelope has been read and whose sender is the peer.
    /// Returns why the session must end, if it must.
    mutating func receive(
        _ frame: [UInt8], _ envelope: Envelope, _ template: WireTemplate, at clock: TurnClock,
        into events: inout [LinkEvent]
    ) -> LinkClosure? {
        do throws(WireError) {
            switch template {
            case .acknowledge: return try acknowledge(frame, at: clock)
            case .heartbeat: return try heartbeat(frame, at: clock, into: &events)
            case .messageRefused:
                events.append(.messageRefused(name, try RefusedMessage(decoding: frame)))
                return nil
            case .sessionRefused:
                let refused = try SessionRefused(decoding: frame)
                let detail = try SessionRefused.detail(in: frame)
                return .refused(refused.reason, detail: String(decoding: detail, as: UTF8.self))
            case .sessionOpen, .sessionAccepted:
                // A connection opens one session and accepts it once.
                counters.duplicates += 1
                return nil
            default: return deliver(frame, envelope, at: clock, into: &events)
            }
        } catch {
            return refuse(frame, .malformed, error.description)
        }
    }

    /// Counts a message as refused and tells the peer. Returns why the session must end, if it
    /// must.
    mutating func refuse(
        template: UInt16, sequence: SequenceNumber, _ reason: WireRefusal, _ detail: String
    ) -> LinkClosure? {
        counters.refused += 1
        if reason == .wrongSender { counters.wrongSender += 1 }
        guard session != nil else { return nil }
        refusedInSession += 1
        if controls.count < LinkPeer.controlsMax {
            controls.append(
                .messageRefused(
                    RefusedMessage(
                        template: template, sequence: sequence, reason: reason, detail: detail)))
        }
        return refusedInSession >= settings.refusedMax ? .tooManyRefused : nil
    }

    /// Refuses a frame, as far as it can be read. If it is the next one of the session it is used
    /// up, so that what follows it is no gap.
    mutating func refuse(
        _ frame: [UInt8], _ reason: WireRefusal, _ detail: String
    ) -> LinkClosure? {
        let header = try? WireHeader(peeking: frame)  // Unreadable: refused as template zero.
        let envelope = try? WireFrame.envelope(of: frame)  // Unreadable: refused as sequence zero.
        if let sequence = envelope?.sequence { session?.useUp(sequence) }
        return refuse(
            template: header?.templateID ?? 0, sequence: envelope?.sequence ?? .zero, reason, detail
        )
    }

    /// The refusals that the peer has not yet been told, for a session that is about to end.
    mutating func takeRefusals(at clock: TurnClock) -> [[UInt8]] {
        defer { controls.removeAll(keepingCapacity: true) }
        return controls.compactMap { control in
            switch control {
            case .messageRefused: frame(of: control, at: clock)
            case .accepted: nil
            }
        }
    }

    // MARK: Time

    /// Why the session must end by the clock, if it must.
    func expiry(at clock: TurnClock) -> LinkClosure? {
        guard let session else { return nil }
        if clock.monotonic >= heardAt + settings.timeout { return .timedOut }
        return session.isStuck(at: clock.monotonic) ? .notDraining : nil
    }

    /// When `expiry` or `flush` wants to run next. Without a connection there is nothing to flush.
    func deadline(isConnected: Bool, at clock: TurnClock) -> MonotonicTime {
        guard let session else { return .never }
        let expiry = min(heardAt + settings.timeout, session.stuckDeadline)
        if !isConnected { return expiry }
        if isBlocked { return min(expiry, clock.monotonic + settings.blockedRetry) }
        return min(expiry, heartbeatDue, session.acknowledgementDeadline)
    }

    // MARK: Flushing

    /// Sends what is owed, after the commit: control frames, messages, an acknowledgement, a
    /// heartbeat. Stops where the connection takes no more.
    mutating func flush(
        at clock: TurnClock, head: () -> JournalHead, transmit: ([UInt8]) -> Transmission
    ) -> Transmission {
        guard session != nil else { return .sent }
        session?.commit()
        let result = transmitAll(at: clock, head: head, transmit: transmit)
        isBlocked = result == .blocked
        return result
    }

    private mutating func transmitAll(
        at clock: TurnClock, head: () -> JournalHead, transmit: ([UInt8]) -> Transmission
    ) -> Transmission {
        while let control = controls.first {
            let result = transmit(frame(of: control, at: clock))
            guard result == .sent else { return result }
            controls.removeFirst()
        }
        while let frame = session?.nextTransmission {
            let result = transmit(frame)
            guard result == .sent else { return result }
            if session?.markTransmitted() == true { counters.resent += 1 }
        }
        if let session, session.isAcknowledgementDue(at: clock.monotonic) {
            let result = transmit(acknowledgement(of: session, at: clock))
            guard result == .sent else { return result }
            self.session?.markReported()
        }
        if clock.monotonic >= heartbeatDue, let session {
            let result = transmit(heartbeatFrame(of: session, head(), at: clock))
            guard result == .sent else { return result }
            heartbeatDue = clock.monotonic + settings.heartbeat
        }
        return .sent
    }
}

// MARK: - Messages of the session itself

extension LinkPeer {
    private mutating func resumeTiming(at clock: TurnClock) {
        heardAt = clock.monotonic
        heartbeatDue = clock.monotonic
        isBlocked = false
    }

    private mutating func deliver(
        _ frame: [UInt8], _ envelope: Envelope, at clock: TurnClock,
        into events: inout [LinkEvent]
    ) -> LinkClosure? {
        switch session?.arrive(envelope.sequence, at: clock.monotonic) {
        case nil: return nil
        case .gap: return .sequenceGap
        case .duplicate:
            // Sequence zero marks frames outside of sessions, which this one is not.
            guard envelope.sequence != .zero else {
                return refuse(frame, .malformed, "sequence 0")
            }
            counters.duplicates += 1
            return nil
        case .next: break
        }
        do throws(WireError) {
            try validate(frame: frame.span.bytes)
        } catch {
            return refuse(frame, .malformed, error.description)
        }
        counters.received += 1
        events.append(.received(name, frame))
        return nil
    }

    private mutating func acknowledge(
        _ frame: [UInt8], at clock: TurnClock
    ) throws(WireError) -> LinkClosure? {
        let message = try Acknowledge(decoding: frame)
        guard message.sessionID == session?.id else { return nil }
        let isValid = session?.acknowledge(
            through: message.receivedThrough, credit: message.credit, at: clock.monotonic)
        return isValid == false ? .sequenceGap : nil
    }

    private mutating func heartbeat(
        _ frame: [UInt8], at clock: TurnClock, into events: inout [LinkEvent]
    ) throws(WireError) -> LinkClosure? {
        let message = try Heartbeat(decoding: frame)
        guard message.sessionID == session?.id else { return nil }
        let isValid = session?.acknowledge(
            through: message.receivedThrough, credit: nil, at: clock.monotonic)
        guard isValid == true else { return .sequenceGap }
        let head = JournalHead(
            sequence: message.journalSequence, chainHead: message.chainHead,
            marketTime: message.marketTime)
        events.append(.heartbeat(name, head))
        return nil
    }

    private func envelope(at clock: TurnClock) -> Envelope {
        Envelope(
            sender: identity.name, epoch: .zero, sequence: .zero, sentAt: clock.wall, traceID: 0)
    }

    private func frame(of control: Control, at clock: TurnClock) -> [UInt8] {
        switch control {
        case .accepted(let isResumed):
            return SessionAccepted(
                envelope: envelope(at: clock), sessionID: session?.id ?? 0,
                incarnation: identity.incarnation,
                receivedThrough: session?.receivedThrough ?? .zero, credit: settings.credit,
                isResumed: Flag(isResumed), build: admission.build,
                terms: admission.terms(with: name)
            ).frame()
        case .messageRefused(let refusal):
            return MessageRefused(
                envelope: envelope(at: clock), refusedTemplate: refusal.template,
                refusedSequence: refusal.sequence, reason: refusal.reason
            ).frame(detail: Array(refusal.detail.utf8.prefix(256)))
        }
    }

    private func acknowledgement(of session: LinkSession, at clock: TurnClock) -> [UInt8] {
        Acknowledge(
            envelope: envelope(at: clock), sessionID: session.id,
            receivedThrough: session.receivedThrough, credit: settings.credit
        ).frame()
    }

    private func heartbeatFrame(
        of session: LinkSession, _ head: JournalHead, at clock: TurnClock
    ) -> [UInt8] {
        Heartbeat(
            envelope: envelope(at: clock), sessionID: session.id,
            receivedThrough: session.receivedThrough, journalSequence: head.sequence,
            chainHead: head.chainHead, marketTime: head.marketTime
        ).frame()
    }
}

extension RefusedMessage {
    init(decoding frame: [UInt8]) throws(WireError) {
        let message = try MessageRefused(decoding: frame)
        self.init(
            template: message.refusedTemplate, sequence: message.refusedSequence,
            reason: message.reason,
            detail: String(decoding: try MessageRefused.detail(in: frame), as: UTF8.self))
    }
}
