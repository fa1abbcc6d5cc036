package import Trading
package import Wire

/// The accepting side of a link: one endpoint, many peers, each with a session of its own.
///
/// A peer is the User-Id that its key authenticated as. What is sent to a peer goes to the
/// connection on which that User-Id last opened its session and nowhere else. No I/O here: a
/// `PollLoop` or a `MemoryNode` brings frames and takes them away. Confined to its loop's thread.
package final class LinkServer {
    /// The link's name, also its ZAP domain.
    package let name: LinkName
    /// The processes that may connect, in order of their names.
    package let allowedPeers: [ProcessID]
    /// Whether this link's frames are received before those of other links in every turn.
    package let isUrgent: Bool

    private static let repliesMax = 1_024

    private let identity: LinkIdentity
    private let settings: LinkSettings
    private let admission: LinkAdmission
    private let index: [ProcessID: Int]
    private var peers: [LinkPeer]
    private var routes: [Route?]
    private var objections: [String?]
    private var replies: [(route: Route, frame: [UInt8])] = []
    private var events: [LinkEvent] = []
    private var openings: UInt64 = 0
    private var strays = LinkCounters()
    private var clock = TurnClock(monotonic: .zero, wall: .zero)

    /// Makes a server that admits the given processes.
    package init(
        _ name: LinkName, identity: LinkIdentity, allowing peers: some Sequence<ProcessID>,
        settings: LinkSettings = LinkSettings(), admission: LinkAdmission = .open,
        isUrgent: Bool = false
    ) {
        self.name = name
        self.identity = identity
        self.settings = settings
        self.admission = admission
        self.isUrgent = isUrgent
        let allowed = Set(peers).sorted()
        allowedPeers = allowed
        index = Dictionary(uniqueKeysWithValues: allowed.enumerated().map { ($1, $0) })
        self.peers = allowed.map {
            LinkPeer($0, identity: identity, settings: settings, admission: admission)
        }
        routes = Array(repeating: nil, count: allowed.count)
        objections = Array(repeating: nil, count: allowed.count)
    }

    // MARK: For the service

    /// The peers with a session, in order of their names.
    package var openPeers: [ProcessID] { peers.filter { $0.session != nil }.map(\.name) }

    /// Whether there is a session with the peer.
    package func isOpen(_ peer: ProcessID) -> Bool {
        index[peer].map { peers[$0].session != nil } ?? false
    }

    /// Queues a message for a peer; it leaves after the turn's commit. Sender, sequence and time of
    /// the envelope are filled in here. A full outbox closes the session.
    package func send(
        _ frame: [UInt8], to peer: ProcessID, lane: Lane = .normal, usingReservation: Bool = false
    ) -> SendOutcome {
        guard let place = index[peer] else { return .noSession }
        let outcome = peers[place].send(
            frame, lane, usingReservation: usingReservation, at: clock)
        if outcome == .overflow { end(place, .notDraining) }
        return outcome
    }

    /// Whether the peer's outbox has room for so many more messages of the normal lane. Asked
    /// before a command is accepted; if not, the command is refused as an overload.
    package func canReserve(_ count: Int, for peer: ProcessID) -> Bool {
        index[peer].map { peers[$0].canReserve(count) } ?? false
    }

    /// Keeps room for consequences that come in later turns; false if there is none. The room is
    /// used by `send(usingReservation:)`, given back by `release`, and lost with the session.
    package func reserve(_ count: Int, for peer: ProcessID) -> Bool {
        index[peer].map { peers[$0].reserve(count) } ?? false
    }

    /// Gives back room that was reserved in this session.
    package func release(_ count: Int, for peer: ProcessID) {
        if let place = index[peer] { peers[place].release(count) }
    }

    /// Refuses a message that the service cannot accept: counted, the peer is told, and repeated
    /// often it is disconnected.
    package func refuse(
        _ frame: [UInt8], from peer: ProcessID, _ reason: WireRefusal, _ detail: String
    ) {
        guard let place = index[peer] else { return }
        if let closure = peers[place].refuse(frame, reason, detail) { end(place, closure) }
    }

    /// Ends a peer's session and tells it why.
    package func close(_ peer: ProcessID, because reason: SessionRefusal, _ detail: String = "") {
        guard let place = index[peer], peers[place].session != nil else { return }
        if let route = routes[place] { reply(route, reason, detail) }
        routes[place] = nil
        peers[place].close(.closed, into: &events)
    }

    /// What was counted with a peer.
    package func counters(of peer: ProcessID) -> LinkCounters {
        index[peer].map { peers[$0].counters } ?? LinkCounters()
    }

    /// What was counted of connections that are no peer's.
    package var strayCounters: LinkCounters { strays }
}

// MARK: - For the loop

extension LinkServer {
    /// A turn begins: the clock for everything in it. After a pause that is longer than the peers'
    /// patience every session ends before a stale frame is looked at.
    func begin(_ clock: TurnClock) {
        self.clock = clock
        guard clock.pause >= settings.timeout else { return }
        for place in peers.indices { end(place, .paused) }
    }

    /// Takes a frame that arrived on a connection of an authenticated process.
    func receive(_ frame: [UInt8], from user: ProcessID, on route: Route) {
        guard let place = index[user] else {
            strays.unbound += 1
            return reply(route, .unknownPeer, "\(user) is not allowed on \(name)")
        }
        let envelope: Envelope
        let template: WireTemplate
        do throws(WireError) {
            envelope = try WireFrame.envelope(of: frame)
            template = try WireFrame.template(of: frame)
        } catch {
            return refuseUnread(frame, place, route, WireRefusal(error), error.description)
        }
        guard envelope.sender == user else {
            let detail = "the sender is \(envelope.sender), the key is that of \(user)"
            return refuseUnread(frame, place, route, .wrongSender, detail)
        }
        if template == .sessionOpen, routes[place] != route { return open(frame, place, route) }
        guard routes[place] == route else {
            strays.unbound += 1
            return reply(route, .unknownPeer, "no session on this connection; open one")
        }
        peers[place].hear(at: clock)
        let closure = peers[place].receive(
            frame, envelope, template, at: clock, into: &events)
        if let closure { end(place, closure) }
    }

    /// A connection claimed a routing id, which no process of ours does.
    func receivedFromClaimedRoute() { strays.unbound += 1 }

    /// Ends what the clock says must end.
    func advance() {
        for place in peers.indices {
            if let closure = peers[place].expiry(at: clock) { end(place, closure) }
        }
    }

    /// Sends what is owed to every peer. To be called after the commit only.
    func flush(head: () -> JournalHead, transmit: (Route, [UInt8]) -> Transmission) {
        for reply in replies { _ = transmit(reply.route, reply.frame) }
        replies.removeAll(keepingCapacity: true)
        for place in peers.indices {
            guard let route = routes[place] else { continue }
            let result = peers[place].flush(at: clock, head: head) { transmit(route, $0) }
            // The session waits without a connection until the peer resumes it or it times out.
            if result == .unreachable { routes[place] = nil }
        }
    }

    /// Ends every session because the process stops.
    func shutDown() {
        for peer in openPeers { close(peer, because: .shuttingDown) }
    }

    /// The connection that a peer's messages go to.
    func route(of peer: ProcessID) -> Route? { index[peer].flatMap { routes[$0] } }

    /// When `advance` or `flush` wants to run next.
    var deadline: MonotonicTime {
        var earliest = MonotonicTime.never
        for place in peers.indices {
            let isConnected = routes[place] != nil
            earliest = min(earliest, peers[place].deadline(isConnected: isConnected, at: clock))
        }
        return earliest
    }

    /// What has happened since the last call.
    func takeEvents() -> [LinkEvent] {
        guard !events.isEmpty else { return [] }
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    // MARK: Private

    private func open(_ frame: [UInt8], _ place: Int, _ route: Route) {
        let request: SessionOpen
        do throws(WireError) {
            request = try SessionOpen(decoding: frame)
        } catch {
            return refuseUnread(frame, place, route, .malformed, error.description)
        }
        guard request.cluster == identity.cluster else {
            let detail = "this is cluster \(identity.cluster), not \(request.cluster)"
            return reply(route, .wrongCluster, detail)
        }
        let objection = admission.objection(
            to: peers[place].name, build: request.build, terms: request.terms)
        if let objection {
            object(to: place, objection)
            return reply(route, .wrongVersion, objection)
        }
        objections[place] = nil
        if let session = peers[place].session {
            if session.peerIncarnation == request.incarnation, session.id == request.sessionID {
                return resume(request, place, route)
            }
            // An older process of the same name that woke up does not displace a living newer one.
            if request.incarnation < session.peerIncarnation, routes[place] != nil {
                return reply(route, .superseded, "a newer incarnation of this process is here")
            }
            end(place, .superseded)
        }
        openings += 1
        let session = LinkSession(
            id: sessionID(openings), peerIncarnation: request.incarnation, settings: settings,
            at: clock.monotonic)
        routes[place] = route
        peers[place].open(session, at: clock, into: &events)
        peers[place].acceptOpening(resumed: false)
    }

    /// The service hears once of a peer that asks again and again.
    private func object(to place: Int, _ objection: String) {
        guard objections[place] != objection else { return }
        objections[place] = objection
        let closure = LinkClosure.refused(.wrongVersion, detail: objection)
        events.append(.refused(peers[place].name, closure))
    }

    private func resume(_ request: SessionOpen, _ place: Int, _ route: Route) {
        let isResumed = peers[place].resume(
            peerReceivedThrough: request.receivedThrough, at: clock, into: &events)
        guard isResumed else {
            routes[place] = route
            return end(place, .sequenceGap)
        }
        routes[place] = route
        peers[place].acceptOpening(resumed: true)
    }

    /// Ends a session and tells the peer on the connection it has.
    private func end(_ place: Int, _ closure: LinkClosure) {
        if let route = routes[place], let told = SessionRefusal(telling: closure) {
            for frame in peers[place].takeRefusals(at: clock) { replies.append((route, frame)) }
            reply(route, told, "\(closure)")
        }
        routes[place] = nil
        peers[place].close(closure, into: &events)
    }

    private func refuseUnread(
        _ frame: [UInt8], _ place: Int, _ route: Route, _ reason: WireRefusal, _ detail: String
    ) {
        guard routes[place] == route else {
            strays.refused += 1
            if reason == .wrongSender { strays.wrongSender += 1 }
            return reply(route, reason == .wrongSender ? .wrongSender : .unknownPeer, detail)
        }
        if let closure = peers[place].refuse(frame, reason, detail) { end(place, closure) }
    }

    private func reply(_ route: Route, _ reason: SessionRefusal, _ detail: String) {
        guard replies.count < LinkServer.repliesMax else { return }
        replies.append((route, sessionRefused(by: identity, reason, detail, at: clock)))
    }

    /// Different for every session of every incarnation (the finalizer of SplitMix64), so that a
    /// restarted server does not take a stranger's session for one of its own.
    private func sessionID(_ opening: UInt64) -> UInt64 {
        var mixed = identity.incarnation.rawValue &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        let id = (mixed ^ (mixed >> 31)) &+ opening
        return id == 0 ? 1 : id
    }
}

/// The frame that ends or refuses a session.
func sessionRefused(
    by identity: LinkIdentity, _ reason: SessionRefusal, _ detail: String, at clock: TurnClock
) -> [UInt8] {
    let envelope = Envelope(
        sender: identity.name, epoch: .zero, sequence: .zero, sentAt: clock.wall, traceID: 0)
    return SessionRefused(envelope: envelope, reason: reason)
        .frame(detail: Array(detail.utf8.prefix(256)))
}

extension SessionRefusal {
    /// What the peer is told when a session ends; nil when there is nothing to tell or nobody.
    init?(telling closure: LinkClosure) {
        switch closure {
        case .superseded: self = .superseded
        case .notDraining, .timedOut, .paused: self = .notDraining
        case .sequenceGap: self = .sequenceGap
        case .tooManyRefused: self = .tooManyErrors
        case .closed: self = .shuttingDown
        case .refused, .forgotten, .handshakeFailed: return nil
        }
    }
}

extension WireRefusal {
    /// The refusal of a frame that cannot be read.
    init(_ error: WireError) {
        switch error {
        case .unknownTemplate: self = .unknownTemplate
        case .unknownVersion, .unknownSchema: self = .unknownVersion
        default: self = .malformed
        }
    }
}
