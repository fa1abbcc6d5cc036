import Cryptography
import Execution
import ExecutionGateway
import Foundation
import Journal
import Logging
import Synchronization
import Trading
import Transport
import Wire

/// A venue that records what it is asked and answers nothing by itself.
final class RecordingVenue: VenueAdapter {
    private let state = Mutex<(calls: [(VenueCall, VenueCallID)], ticks: [TickNumber])>(([], []))

    func start(_ sink: @escaping @Sendable (VenueEvent) -> Void) {}
    func submit(_ call: VenueCall, id: VenueCallID) {
        state.withLock { $0.calls.append((call, id)) }
    }
    func acknowledge(tick: TickNumber) { state.withLock { $0.ticks.append(tick) } }
    func stop() {}

    var calls: [(VenueCall, VenueCallID)] { state.withLock { $0.calls } }
    var ticks: [TickNumber] { state.withLock { $0.ticks } }
    var placements: [VenueTicket] {
        calls.compactMap { if case .place(let ticket) = $0.0 { ticket } else { nil } }
    }
}

/// The core's end of the link: keeps what it hears.
final class CoreStub: LoopService {
    let link: LinkClient
    private(set) var heard: [[UInt8]] = []
    private(set) var isLinked = false

    init(link: LinkClient) { self.link = link }

    func turnBegan(_ clock: TurnClock) {}
    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) { isLinked = true }
    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {
        isLinked = false
    }
    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        heard.append(frame)
    }
    func endOfBatch() throws {}

    func messages<Message: WireMessage>(_ type: Message.Type) -> [Message] {
        heard.compactMap { frame in
            guard let header = try? WireHeader(peeking: frame.span.bytes),
                header.templateID == Message.templateID
            else { return nil }
            return try? Message(decoding: frame)
        }
    }
}

/// A gateway service and a core stub on a network in memory, with a journal in a folder of its own.
final class GatewayHarness {
    static let gatewayName = process("gw-kalshi")
    static let coreName = process("core")
    static let supervisorName = process("supervisor")
    static let instrument = InstrumentID(name: LongName("KXTEST-1") ?? .empty)

    let folder: String
    /// The wall clock when the network begins.
    static let started = Timestamp(seconds: 1_780_000_000)
    let network = MemoryNetwork(startingAt: GatewayHarness.started)
    let venue = RecordingVenue()
    let gatewaySecret: X25519PrivateKey
    let coreSecret: X25519PrivateKey
    let operatorKey: Ed25519PrivateKey
    let otherKey: Ed25519PrivateKey
    let checkpointKey: Ed25519PrivateKey
    private let isReplay: Bool
    private(set) var service: GatewayService?
    private(set) var core: CoreStub?
    /// Whether the gateway has ended its own loop.
    private(set) var hasEnded = false

    static func process(_ name: String) -> ProcessID {
        ProcessID(name: ShortName(name) ?? .empty)
    }

    init(isReplay: Bool = true) throws {
        self.isReplay = isReplay
        folder = NSTemporaryDirectory() + "bw-gateway-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        gatewaySecret = try X25519PrivateKey.generate()
        coreSecret = try X25519PrivateKey.generate()
        operatorKey = try Ed25519PrivateKey.generate()
        otherKey = try Ed25519PrivateKey.generate()
        checkpointKey = try Ed25519PrivateKey.generate()
        try startGateway()
        try startCore(incarnation: 1)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }  // A leftover is harmless.

    private func identity(_ name: ProcessID, _ incarnation: UInt64) -> LinkIdentity {
        LinkIdentity(
            cluster: ShortName("test") ?? .empty, name: name,
            incarnation: Incarnation(incarnation))
    }

    private func endpoint(_ name: String) throws -> Endpoint { try Endpoint(path: "/t/" + name) }

    /// Ends the gateway as kill -9 does and starts it again on the same journal.
    func restartGateway(incarnation: UInt64) throws {
        network.crash(GatewayHarness.gatewayName)
        service = nil
        try run(1)
        try startGateway(incarnation: incarnation)
    }

    private func startGateway(incarnation: UInt64 = 1) throws {
        let me = identity(GatewayHarness.gatewayName, incarnation)
        service = try network.add(GatewayHarness.gatewayName) { wiring in
            let orders = LinkServer(
                LinkName("gw-kalshi.orders") ?? .empty, identity: me,
                allowing: [GatewayHarness.coreName])
            let admin = LinkServer(
                LinkName("gw-kalshi.admin") ?? .empty, identity: me,
                allowing: [GatewayHarness.supervisorName])
            let market = MarketPublisher(
                LinkName("gw-kalshi.market") ?? .empty, identity: me,
                allowing: [GatewayHarness.coreName])
            try wiring.bind(orders, at: self.endpoint("orders"))
            try wiring.bind(admin, at: self.endpoint("admin"))
            try wiring.bind(market, at: self.endpoint("market"))
            return try self.makeService(orders, admin, market, me, wiring)
        }
        service?.venueStarted()
    }

    /// Whoever may clear a halt together.
    var bothKeys: [(String, Ed25519PrivateKey)] { [("local", operatorKey), ("other", otherKey)] }

    private func makeService(
        _ orders: LinkServer, _ admin: LinkServer, _ market: MarketPublisher,
        _ identity: LinkIdentity, _ wiring: any LoopWiring
    ) throws -> GatewayService {
        let terms = GatewayTerms(
            cluster: ShortName("test") ?? .empty, gateway: GatewayHarness.gatewayName,
            venue: VenueID("kalshi") ?? .empty,
            org: OrgID("demo") ?? .empty, account: AccountID("main") ?? .empty, mode: .paper,
            lastLine: LastLineLimits(
                orderQuantityMax: Quantity(10), orderNotionalMax: Money(8),
                ordersPerSecondMax: 50), isReplay: isReplay, quorum: 2)
        var engine = GatewayEngine(terms: terms)
        let path = folder + "/journal.sqlite"
        let journalIdentity = JournalIdentity(
            cluster: "test", owner: "gw-kalshi", schemaVersion: 1)
        let store = try JournalStore(
            opening: path,
            options: JournalStore.Options(
                identity: journalIdentity, engineVersion: GatewayJournal.engineVersion,
                checkpointKey: checkpointKey))
        try GatewayJournal.restore(
            from: JournalReader(opening: path, expected: journalIdentity), into: &engine)
        let network = network
        return GatewayService(
            parts: GatewayService.Parts(
                core: GatewayHarness.coreName, supervisor: GatewayHarness.supervisorName,
                terms: terms, isReplay: isReplay, publishDepth: 5, orders: orders, admin: admin,
                market: market, adapter: venue,
                operators: [
                    ShortName("local") ?? .empty: operatorKey.publicKey,
                    ShortName("other") ?? .empty: otherKey.publicKey,
                ],
                incarnation: identity.incarnation, version: "test",
                monotonicNow: { network.now },
                endLoop: { [weak self, weak wiring] in
                    self?.hasEnded = true
                    wiring?.stop()
                }),
            engine: engine, journal: try GatewayJournal(store: store),
            authenticator: try PermitAuthenticator(
                own: gatewaySecret, peer: coreSecret.publicKey, cluster: "test",
                gateway: "gw-kalshi"),
            clock: wiring.clock, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func startCore(incarnation: UInt64) throws {
        core = try network.add(GatewayHarness.coreName) { wiring in
            let link = LinkClient(
                LinkName("gw-kalshi.orders") ?? .empty,
                identity: self.identity(GatewayHarness.coreName, incarnation),
                peer: GatewayHarness.gatewayName)
            try wiring.connect(link, to: self.endpoint("orders"))
            return CoreStub(link: link)
        }
    }

    func run(_ milliseconds: Int64 = 50) throws {
        try network.run(for: .milliseconds(milliseconds))
    }

    /// Lists the instrument, grants a lease of the epoch and in replay opens tick 1.
    func begin(epoch: UInt64 = 1) throws {
        _ = try network.run(within: .seconds(5)) { core?.isLinked == true }
        service?.receive(.instrumentChanged(GatewayHarness.listing(.open)))
        if isReplay { service?.receive(.tick(TickNumber(1), at: Timestamp(seconds: 1_000))) }
        _ = core?.link.send(
            RequestLease(
                coreEpoch: Epoch(epoch), journalSequence: .zero, chainHead: .zero
            ).frame())
        try run()
        try answerQuiescing()
    }

    static func listing(_ status: InstrumentStatus) -> VenueInstrument {
        VenueInstrument(
            instrument: Instrument(
                id: instrument, venue: VenueID("kalshi") ?? .empty,
                eventSet: EventSetID("KXTEST-1") ?? .empty, tick: Price(units: 10_000_000),
                lot: Quantity(units: 10_000_000), openAt: .zero,
                closeAt: Timestamp(seconds: 2_000), title: "t", ruleHash: ""),
            status: status, isExclusive: true, isExhaustive: false)
    }

    /// Answers that the order works at the venue.
    func acceptLastPlacement() throws {
        guard let (call, id) = venue.calls.last, case .place(let ticket) = call else { return }
        service?.receive(
            .placed(
                id,
                VenueOrderState(
                    clientOrderID: ticket.clientOrderID,
                    venueOrderID: VenueReference("v-1") ?? .empty,
                    instrument: ticket.instrument, side: ticket.side, price: ticket.price,
                    filled: .zero, remaining: ticket.quantity, state: .working)))
        try run()
    }

    func answerQuiescing() throws {
        for _ in 0..<2 {
            guard let (call, id) = venue.calls.last else { continue }
            if case .cancelAll = call { service?.receive(.cancelledAll(id, count: 0)) }
            if case .openOrders = call { service?.receive(.openOrders(id, [])) }
            try run()
        }
    }

    /// A permit that the core has sealed, as a frame.
    func sealedPermit(_ number: UInt64, lease: LeaseID = LeaseID(1)) throws -> [UInt8] {
        var permit = OrderPermit(
            permitEpoch: Epoch(1), lease: lease, permit: PermitSequence(number),
            gateway: GatewayHarness.gatewayName, agent: GatewayHarness.process("agent"),
            orderID: OrderID(number), org: OrgID("demo") ?? .empty,
            account: AccountID("main") ?? .empty, mode: .paper,
            strategy: StrategyID("updown") ?? .empty, venue: VenueID("kalshi") ?? .empty,
            instrument: GatewayHarness.instrument, side: .buy, timeInForce: .goodTillTime,
            isPostOnly: .yes, price: Price(units: 500_000_000), quantity: Quantity(2),
            expiresAt: Timestamp(seconds: 1_100), validity: .seconds(1), intentID: IntentID(1),
            parentQuantity: Quantity(10), parentCumulative: Quantity(2), limitSnapshot: 1,
            clientOrderID: VenueReference("bw-\(number)") ?? .empty, mac: .zero)
        var authenticator = try PermitAuthenticator(
            own: coreSecret, peer: gatewaySecret.publicKey, cluster: "test",
            gateway: "gw-kalshi")
        let code = authenticator.seal(permit.frame(), range: OrderPermit.authenticatedRange)
        permit.mac = Digest(bytes: code.bytes) ?? .zero
        return permit.frame()
    }

    func send(_ frame: [UInt8]) throws {
        _ = core?.link.send(frame)
        try run()
    }
}
