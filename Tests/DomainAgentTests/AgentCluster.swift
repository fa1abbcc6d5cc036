import DomainAgent
import Logging
import Runtime
import Signals
import Trading
import Transport
import Wire

/// An agent with a core, a gateway and a supervisor that do what the test says, in memory.
final class AgentCluster {
    static let core = ProcessID("core") ?? .empty
    static let gateway = ProcessID("gw-kalshi") ?? .empty
    static let agent = ProcessID("agent-crypto") ?? .empty
    static let supervisor = ProcessID("supervisor") ?? .empty
    static let start = Timestamp(seconds: 1_784_851_500)
    static let instrument = InstrumentID("KXBTCUD5M-1784851500") ?? .empty

    let network = MemoryNetwork()
    let core: FakePeer
    let gateway: FakePeer
    let supervisor: FakePeer
    let service: AgentService<CryptoUpDownPolicy>
    let source: ListedSpot

    init(_ change: (inout UpDownTerms, inout TradingTerms) -> Void = { _, _ in }) throws {
        var model = UpDownTerms()
        var trading = TradingTerms()
        change(&model, &trading)
        let source = ListedSpot()
        self.source = source
        core = try AgentCluster.serve(network, AgentCluster.core, "core.agents")
        gateway = try AgentCluster.publish(network)
        service = try AgentCluster.addAgent(network, source, model, trading)
        supervisor = try AgentCluster.connectSupervisor(network)
    }

    private static let cluster = ShortName("test") ?? .empty

    private static func identity(_ name: ProcessID) -> LinkIdentity {
        LinkIdentity(cluster: cluster, name: name, incarnation: Incarnation(1))
    }

    private static func link(_ name: String) -> LinkName { LinkName(name) ?? .empty }

    private static func endpoint(_ name: String) throws -> Endpoint {
        try Endpoint(parsing: "ipc:///tmp/\(name)")
    }

    private static func serve(
        _ network: MemoryNetwork, _ name: ProcessID, _ socket: String
    ) throws -> FakePeer {
        try network.add(name) { wiring in
            let server = LinkServer(link(socket), identity: identity(name), allowing: [agent])
            try wiring.bind(server, at: endpoint(socket))
            return FakePeer(server: server)
        }
    }

    private static func publish(_ network: MemoryNetwork) throws -> FakePeer {
        try network.add(gateway) { wiring in
            let publisher = MarketPublisher(
                link("gw-kalshi.market"), identity: identity(gateway), allowing: [agent])
            try wiring.bind(publisher, at: endpoint("market"))
            return FakePeer(publisher: publisher)
        }
    }

    private static func connectSupervisor(_ network: MemoryNetwork) throws -> FakePeer {
        try network.add(supervisor) { wiring in
            let client = LinkClient(
                link("agent-crypto.admin"), identity: identity(supervisor), peer: agent)
            try wiring.connect(client, to: endpoint("admin"))
            return FakePeer(client: client)
        }
    }

    private static func addAgent(
        _ network: MemoryNetwork, _ source: ListedSpot, _ model: UpDownTerms,
        _ trading: TradingTerms
    ) throws -> AgentService<CryptoUpDownPolicy> {
        try network.add(agent) { wiring in
            let links = AgentLinks(
                core: LinkClient(link("core.agents"), identity: identity(agent), peer: core),
                market: MarketSubscriber(link("gw-kalshi.market"), publisher: gateway),
                admin: LinkServer(
                    link("agent-crypto.admin"), identity: identity(agent),
                    allowing: [supervisor]))
            try wiring.bind(links.admin, at: endpoint("admin"))
            try wiring.connect(links.market, to: endpoint("market"))
            try wiring.connect(links.core, to: endpoint("core.agents"))
            return AgentService(
                parts: parts, links: links,
                engine: AgentEngine(policy: CryptoUpDownPolicy(model), terms: trading),
                source: source, clock: wiring.clock, log: Logger(label: "test"))
        }
    }

    private static var parts: AgentParts {
        AgentParts(
            name: agent, key: key, venue: VenueID("kalshi") ?? .empty, supervisor: supervisor,
            isReplay: true, interval: .milliseconds(250), incarnation: Incarnation(1),
            version: "test")
    }

    static let key = StrategyKey(
        org: OrgID("demo") ?? .empty, account: AccountID("main") ?? .empty, mode: .paper,
        strategy: StrategyID("updown") ?? .empty)

    // MARK: The core's and the gateway's messages

    func settle() throws { try network.run(for: .milliseconds(20)) }

    func grant(
        orders: [AgentOrder] = [], statedOrders: Int? = nil, strategy: String = "updown"
    ) throws {
        let key = AgentCluster.key
        core.say(
            AgentGranted(
                incarnation: Incarnation(7), org: key.org, account: key.account, mode: key.mode,
                strategy: StrategyID(strategy) ?? .empty, cash: Money(1_000),
                orders: UInt32(statedOrders ?? orders.count), positions: 0,
                marketTime: AgentCluster.start
            ).frame())
        for order in orders { core.say(order.frame()) }
        core.say(
            AgentReady(
                incarnation: Incarnation(7), tick: .zero, marketTime: AgentCluster.start
            ).frame())
        try settle()
    }

    func list() {
        gateway.publish(
            InstrumentDefined(
                instrument: AgentCluster.instrument, venue: VenueID("kalshi") ?? .empty,
                eventSet: EventSetID("KXBTCUD5M-1784851500") ?? .empty,
                tick: Price(units: 10_000_000), lot: Quantity(1),
                openAt: AgentCluster.start - .seconds(3_600),
                closeAt: AgentCluster.start + .seconds(300), status: .open, isExclusive: .yes,
                isExhaustive: .no, ruleHash: .zero, marketTime: AgentCluster.start
            ).frame(title: Array("Up or down".utf8)))
    }

    func book(bid: Int64, ask: Int64, at time: Timestamp) {
        let cent: Int64 = 10_000_000
        gateway.publish(
            BookSnapshot(
                instrument: AgentCluster.instrument, bookSequence: SequenceNumber(5),
                receivedAt: time, marketTime: time, isStale: .no
            ).frame(
                bids: [.init(price: Price(units: bid * cent), quantity: Quantity(100))],
                asks: [.init(price: Price(units: ask * cent), quantity: Quantity(100))]))
    }

    func mark(_ tick: UInt64, at time: Timestamp) {
        gateway.publish(MarketTick(tick: TickNumber(tick), at: time).frame(), topic: "tick")
    }

    func begin(_ tick: UInt64, at time: Timestamp) {
        core.say(TickBegan(tick: TickNumber(tick), at: time).frame())
    }

    /// A market with a strong move, two minutes after its start: the model says up.
    func makeOpportunity() -> Timestamp {
        let now = AgentCluster.start + .seconds(120)
        for second in Int64(-400)...118 {
            source.add(second, second % 2 == 0 ? 64_999 : 65_001)
        }
        source.add(119, 65_060)
        list()
        book(bid: 49, ask: 51, at: now)
        return now
    }
}

/// Prices that a test made up; all but the last 1.5 s of what is asked for.
final class ListedSpot: ObservationSource {
    private(set) var waiting: [SpotObservation] = []
    let refusedRows = 0

    func add(_ second: Int64, _ price: Int64) {
        let feedAt = AgentCluster.start + .seconds(second)
        waiting.append(
            SpotObservation(
                feedAt: feedAt, receivedAt: feedAt + .milliseconds(500), price: Price(price)))
    }

    func next(through now: Timestamp) -> SpotObservation? {
        guard let first = waiting.first, first.receivedAt <= now else { return nil }
        return waiting.removeFirst()
    }
}

/// A process that says what it is told to and keeps what it hears.
final class FakePeer: LoopService {
    private let server: LinkServer?
    private let client: LinkClient?
    private let publisher: MarketPublisher?
    private var owed: [[UInt8]] = []
    private(set) var heard: [[UInt8]] = []
    private(set) var sessions = 0

    init(
        server: LinkServer? = nil, client: LinkClient? = nil, publisher: MarketPublisher? = nil
    ) {
        self.server = server
        self.client = client
        self.publisher = publisher
    }

    func say(_ frame: [UInt8]) { owed.append(frame) }

    func publish(_ frame: [UInt8], topic: String = "KXBTCUD5M-1784851500") {
        publisher?.publish(frame, topic: MarketTopic(topic) ?? .all)
    }

    func hear<Message>(_ read: ([UInt8]) throws -> Message, _ template: WireTemplate) -> [Message] {
        heard.filter { (try? WireFrame.template(of: $0)) == template }
            .compactMap { try? read($0) }
    }

    func forget() { heard.removeAll() }

    func turnBegan(_ clock: TurnClock) {}
    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) { sessions += 1 }
    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {}
    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        heard.append(frame)
    }
    func endOfBatch() throws {
        for frame in owed {
            if let server { _ = server.send(frame, to: AgentCluster.agent) }
            if let client { _ = client.send(frame) }
        }
        owed.removeAll()
    }
}
