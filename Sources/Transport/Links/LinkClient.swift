package import Trading
package import Wire

/// The connecting side of a link: one peer, one session, connections that come and go.
///
/// A client opens a session when its connection stands, resumes it on the next connection, and asks
/// for a new one when the peer has forgotten it. No I/O here: a `PollLoop` or a `MemoryNode` makes
/// the connections. Confined to its loop's thread.
package final class LinkClient {
    /// Where the connecting stands.
    enum Phase: Equatable {
        /// A connection is being made.
        case connecting
        /// The connection stands; the peer has not yet answered SessionOpen.
        case opening(until: MonotonicTime)
        /// The session stands on the connection.
        case open
        /// There is no connection until then.
        case waiting(until: MonotonicTime)
        /// Never again: the peer serves a newer incarnation of this process, unless the settings
        /// say to wait for its end, or cannot serve this one.
        case halted
    }

    /// The link's name at the accepting side, such as `core.agents`.
    package let name: LinkName
    /// The process at the other side.
    package let peer: ProcessID

    private let identity: LinkIdentity
    private let settings: LinkSettings
    private let admission: LinkAdmission
    private var state: LinkPeer
    private var isOpeningOwed = false
    private var farewell: [[UInt8]] = []
    private var delay: Span
    private var complaintDue: MonotonicTime = .zero
    private var events: [LinkEvent] = []
    private var clock = TurnClock(monotonic: .zero, wall: .zero)
    /// Where the connecting stands.
    private(set) var phase = Phase.connecting
    /// Counts connections: when it changes, the loop drops the connection and makes a new one.
    private(set) var connection: UInt64 = 1

    /// Makes a client of a peer's endpoint.
    package init(
        _ name: LinkName, identity: LinkIdentity, peer: ProcessID,
        settings: LinkSettings = LinkSettings(), admission: LinkAdmission = .open
    ) {
        self.name = name
        self.identity = identity
        self.peer = peer
        self.settings = settings
        self.admission = admission
        state = LinkPeer(peer, identity: identity, settings: settings, admission: admission)
        delay = settings.reconnectDelay
    }

    // MARK: For the service

    /// Whether there is a session. It may be waiting for a new connection.
    package var isOpen: Bool { state.session != nil }

    /// Queues a message for the peer; it leaves after the turn's commit. Sender, sequence and time
    /// of the envelope are filled in here. A full outbox closes the session.
    package func send(
        _ frame: [UInt8], lane: Lane = .normal, usingReservation: Bool = false
    ) -> SendOutcome {
        let outcome = state.send(frame, lane, usingReservation: usingReservation, at: clock)
        if outcome == .overflow { end(.notDraining) }
        return outcome
    }

    /// Whether the outbox has room for so many more messages of the normal lane. Asked before a
    /// command is accepted; if not, the command is refused as an overload.
    package func canReserve(_ count: Int) -> Bool { state.canReserve(count) }

    /// Keeps room for consequences that come in later turns; false if there is none. The room is
    /// used by `send(usingReservation:)`, given back by `release`, and lost with the session.
    package func reserve(_ count: Int) -> Bool { state.reserve(count) }

    /// Gives back room that was reserved in this session.
    package func release(_ count: Int) { state.release(count) }

    /// Refuses a message that the service cannot accept: counted, the peer is told, and repeated
    /// often it is disconnected.
    package func refuse(_ frame: [UInt8], _ reason: WireRefusal, _ detail: String) {
        if let closure = state.refuse(frame, reason, detail) { end(closure) }
    }

    /// Ends the session and tells the peer why; the client then opens a new one.
    package func close(because reason: SessionRefusal, _ detail: String = "") {
        guard isOpen else { return }
        if phase == .open { farewell = [sessionRefused(by: identity, reason, detail, at: clock)] }
        state.close(.closed, into: &events)
        reconnect()
    }

    /// What was counted.
    package var counters: LinkCounters { state.counters }
}

// MARK: - For the loop

extension LinkClient {
    /// A turn begins: the clock for everything in it. After a pause that is longer than the peer's
    /// patience the session ends before a stale frame is looked at.
    func begin(_ clock: TurnClock) {
        self.clock = clock
        if clock.pause >= settings.timeout, isOpen { end(.paused) }
    }

    /// The connection stands.
    func connected() {
        guard phase == .connecting else { return }
        phase = .opening(until: clock.monotonic + settings.openTimeout)
        isOpeningOwed = true
    }

    /// The connection broke. The session waits for the next one until it times out.
    func disconnected() {
        switch phase {
        case .opening, .open: reconnect()
        case .connecting: complainOfHandshake()
        case .waiting, .halted: break
        }
    }

    /// The peer's side refused our key, or it is not the peer.
    func handshakeFailed(_ detail: String) {
        events.append(.refused(peer, .handshakeFailed(detail)))
        guard phase != .halted else { return }
        delay = settings.reconnectDelayMax
        reconnect()
    }

    /// Takes a frame of the connection.
    func receive(_ frame: [UInt8]) {
        let envelope: Envelope
        let template: WireTemplate
        do throws(WireError) {
            envelope = try WireFrame.envelope(of: frame)
            template = try WireFrame.template(of: frame)
        } catch {
            return refuse(frame, WireRefusal(error), error.description)
        }
        guard envelope.sender == peer else {
            let detail = "the sender is \(envelope.sender), the key is that of \(peer)"
            return refuse(frame, .wrongSender, detail)
        }
        state.hear(at: clock)
        switch (template, phase) {
        case (.sessionAccepted, .opening): accept(frame)
        case (.sessionRefused, .opening), (.sessionRefused, .open): refused(frame)
        case (_, .open):
            let closure = state.receive(frame, envelope, template, at: clock, into: &events)
            if let closure { end(closure) }
        default: break  // What an ended session still brings is of no use.
        }
    }

    /// Ends what the clock says must end, and goes on connecting.
    func advance() {
        if let closure = state.expiry(at: clock) { end(closure) }
        switch phase {
        case .opening(let until) where clock.monotonic >= until: reconnect()
        case .waiting(let until) where clock.monotonic >= until:
            connection += 1
            phase = .connecting
        default: break
        }
    }

    /// Sends what is owed to the peer. To be called after the commit only.
    func flush(head: () -> JournalHead, transmit: ([UInt8]) -> Transmission) {
        for frame in farewell { _ = transmit(frame) }
        farewell.removeAll()
        if isOpeningOwed, transmit(opening()) == .sent { isOpeningOwed = false }
        guard phase == .open else { return }
        let result = state.flush(at: clock, head: head, transmit: transmit)
        if result == .unreachable { disconnected() }
    }

    /// Ends the session because the process stops.
    func shutDown() {
        close(because: .shuttingDown)
        phase = .halted
    }

    /// When `advance` or `flush` wants to run next.
    var deadline: MonotonicTime {
        let session = state.deadline(isConnected: phase == .open, at: clock)
        switch phase {
        case .opening(let until):
            let retry = isOpeningOwed ? clock.monotonic + settings.blockedRetry : until
            return min(session, until, retry)
        case .waiting(let until): return min(session, until)
        case .connecting, .open, .halted: return session
        }
    }

    /// What has happened since the last call.
    func takeEvents() -> [LinkEvent] {
        guard !events.isEmpty else { return [] }
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    // MARK: Private

    private func opening() -> [UInt8] {
        let envelope = Envelope(
            sender: identity.name, epoch: .zero, sequence: .zero, sentAt: clock.wall, traceID: 0)
        return SessionOpen(
            envelope: envelope, cluster: identity.cluster, incarnation: identity.incarnation,
            sessionID: state.session?.id ?? 0,
            receivedThrough: state.session?.receivedThrough ?? .zero, build: admission.build,
            terms: admission.terms(with: peer)
        ).frame()
    }

    private func accept(_ frame: [UInt8]) {
        let accepted: SessionAccepted
        do throws(WireError) {
            accepted = try SessionAccepted(decoding: frame)
        } catch {
            return refuse(frame, .malformed, error.description)
        }
        let objection = admission.objection(
            to: peer, build: accepted.build, terms: accepted.terms)
        if let objection { return decline(.wrongVersion, objection) }
        let isResuming = accepted.isResumed.isSet && accepted.sessionID == state.session?.id
        // The session ended here while the answer was on its way: ask again, for a new one.
        if accepted.isResumed.isSet, !isResuming { return reconnect() }
        if !isResuming { state.close(.forgotten, into: &events) }
        phase = .open
        delay = settings.reconnectDelay
        if isResuming {
            let isResumed = state.resume(
                peerReceivedThrough: accepted.receivedThrough, at: clock, into: &events)
            guard isResumed else { return end(.sequenceGap) }
        } else {
            let session = LinkSession(
                id: accepted.sessionID, peerIncarnation: accepted.incarnation,
                settings: settings, at: clock.monotonic)
            state.open(session, at: clock, into: &events)
        }
        state.giveCredit(accepted.credit, at: clock)
    }

    private func refused(_ frame: [UInt8]) {
        let reason: SessionRefusal
        let detail: String
        do throws(WireError) {
            reason = try SessionRefused(decoding: frame).reason
            detail = String(decoding: try SessionRefused.detail(in: frame), as: UTF8.self)
        } catch {
            return refuse(frame, .malformed, error.description)
        }
        // The peer does not know this connection; the session may well stand.
        if reason == .unknownPeer, phase == .open { return reconnect() }
        if isOpen {
            state.close(.refused(reason, detail: detail), into: &events)
        } else {
            events.append(.refused(peer, .refused(reason, detail: detail)))
        }
        if reason == .superseded {
            guard settings.returnsWhereSuperseded else {
                phase = .halted
                return
            }
            delay = settings.reconnectDelayMax
        }
        delay = min(delay * 2, settings.reconnectDelayMax)
        reconnect()
    }

    /// Does not take the session that the peer accepted.
    private func decline(_ reason: SessionRefusal, _ detail: String) {
        events.append(.refused(peer, .refused(reason, detail: detail)))
        farewell = [sessionRefused(by: identity, reason, detail, at: clock)]
        state.close(.refused(reason, detail: detail), into: &events)
        delay = settings.reconnectDelayMax
        reconnect()
    }

    private func end(_ closure: LinkClosure) {
        if phase == .open, let told = SessionRefusal(telling: closure) {
            farewell = state.takeRefusals(at: clock)
            farewell.append(sessionRefused(by: identity, told, "\(closure)", at: clock))
        }
        state.close(closure, into: &events)
        reconnect()
    }

    /// libzmq goes on trying by itself; the service hears of it now and then.
    private func complainOfHandshake() {
        guard clock.monotonic >= complaintDue else { return }
        complaintDue = clock.monotonic + settings.reconnectDelayMax
        let detail = "the connection broke off before the handshake: is the peer's key right?"
        events.append(.refused(peer, .handshakeFailed(detail)))
    }

    /// Gives the connection up, and waits before the next one.
    private func reconnect() {
        guard phase != .halted else { return }
        isOpeningOwed = false
        phase = .waiting(until: clock.monotonic + delay)
    }
}
