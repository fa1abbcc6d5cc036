import Cryptography
import Foundation
import Journal
import Logging
import Portfolio
import Risk
import RiskCore
import Runtime
import Testing
import Trading
import Transport
import Wire

/// A core in a `MemoryNetwork`, with a gateway, an agent and a supervisor that tests play by hand.
/// Its journal is real and lies in a folder of its own.
final class CoreFixture {
    let folder: URL
    let configuration: ClusterConfiguration
    let network = MemoryNetwork()
    let checkpointKey: Ed25519PrivateKey
    let operatorKey: Ed25519PrivateKey
    let coreKey: X25519PrivateKey
    let gatewayKey: X25519PrivateKey
    private var starts: UInt64 = 0
    private var store: JournalStore?

    static let core = ProcessID("core") ?? .empty
    static let gateway = ProcessID("gw-test") ?? .empty
    static let agent = ProcessID("agent-test") ?? .empty
    static let supervisor = ProcessID("supervisor") ?? .empty

    /// Whoever signs a directive.
    var signers: [(String, Ed25519PrivateKey)] { [("local", operatorKey)] }

    /// `limits`: lines of the configuration's `limits:` beside those that every test has.
    /// `sections`: further sections of the configuration.
    init(
        isReplay: Bool = false, checkpointEvery: Int = 16, limits: String = "",
        sections: String = ""
    ) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "core-\(try SecureRandom.word())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let stated = limits.split(separator: "\n").map { "\n  " + $0 }.joined()
        let text =
            CoreFixture.yaml(isReplay: isReplay, checkpointEvery: checkpointEvery) + stated
            + "\n" + sections
        configuration = try ClusterConfiguration(yaml: text, file: "test.yaml")
        checkpointKey = try Ed25519PrivateKey.generate()
        operatorKey = try Ed25519PrivateKey.generate()
        coreKey = try X25519PrivateKey.generate()
        gatewayKey = try X25519PrivateKey.generate()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var journalPath: String { folder.appending(path: "journal.sqlite").path }
    var registryPath: String { folder.appending(path: "registry.yaml").path }
    /// Whether cores that start from now on have a registry to read.
    var hasRegistry = false
    var startsPath: String { folder.appending(path: "starts").path }

    var identity: JournalIdentity {
        JournalIdentity(cluster: "test", owner: "core", schemaVersion: UInt32(WireSchema.version))
    }

    func reader() throws -> JournalReader {
        try JournalReader(opening: journalPath, expected: identity)
    }

    func verify() throws -> JournalReport {
        try reader().verify(
            with: JournalVerifier(identity: identity, checkpointKey: checkpointKey.publicKey))
    }

    // MARK: Processes

    /// Opens the journal and recovers, as the wiring does.
    func openCore() throws -> (JournalStore, RiskEngine) {
        store?.close()
        let store = try JournalStore(
            opening: journalPath,
            options: JournalStore.Options(
                identity: identity, engineVersion: RiskEngine.version,
                checkpointKey: checkpointKey))
        let recovery = try CoreRecovery(
            from: reader(), store: store, cluster: configuration.cluster)
        try store.begin(epoch: store.epoch.next)
        self.store = store
        return (store, recovery.engine)
    }

    /// Ends the core as kill -9 does. The network may hold on to it for a while, as a dying process
    /// would not, so its journal is closed here.
    func crashCore() {
        network.crash(CoreFixture.core)
        store?.close()
    }

    /// Ends the core in order.
    func stopCore() throws {
        try network.stop(CoreFixture.core)
        store?.close()
    }

    /// Starts the core; its first turn comes with the network's next step.
    @discardableResult
    func startCore() throws -> RiskCoreService {
        let (store, engine) = try openCore()
        starts += 1
        return try network.add(CoreFixture.core) { wiring in
            try makeCore(store, engine, wiring)
        }
    }

    private func makeCore(
        _ store: JournalStore, _ engine: RiskEngine, _ wiring: any LoopWiring
    ) throws -> RiskCoreService {
        let identity = linkIdentity(CoreFixture.core)
        let agents = LinkServer(
            try link("core.agents"), identity: identity, allowing: [CoreFixture.agent])
        let admin = LinkServer(
            try link("core.admin"), identity: identity, allowing: [CoreFixture.supervisor],
            isUrgent: true)
        let orders = LinkClient(
            try link("gw-test.orders"), identity: identity, peer: CoreFixture.gateway)
        let market = MarketSubscriber(
            try link("gw-test.market"), publisher: CoreFixture.gateway)
        let ordersAt = try endpoint("gw-test.orders")
        let marketAt = try endpoint("gw-test.market")
        let sealer = PermitSealer(
            try PermitAuthenticator(
                own: coreKey, peer: gatewayKey.publicKey, cluster: "test", gateway: "gw-test"))
        let answers = FollowAnswers()
        let name = try #require(ShortName("local"))
        let start = StartRecord(path: startsPath, now: wiring.clock.wall)
        // Weak, because a node of the network owns its service.
        let connect = { [weak wiring] in
            try wiring?.connect(market, to: marketAt)
            try wiring?.connect(orders, to: ordersAt)
        }
        let parts = CoreParts(
            agents: agents, admin: admin,
            gateways: [
                CoreFixture.gateway: CoreParts.Gateway(
                    orders: orders, market: market, sealer: sealer)
            ],
            operators: [name: operatorKey.publicKey],
            follower: JournalFollower(path: journalPath, identity: self.identity) {
                answers.add($0)
            },
            registry: hasRegistry
                ? RegistryReader(
                    path: registryPath, cluster: configuration.cluster,
                    operators: [name: operatorKey.publicKey]) : nil,
            incarnation: Incarnation(starts), version: "test", start: start,
            connectGateways: connect,
            monotonicNow: { [weak wiring] in wiring?.clock.monotonic ?? .zero })
        let service = RiskCoreService(
            configuration: RiskCoreConfiguration(configuration), parts: parts, engine: engine,
            journal: CoreJournal(
                store: store, owner: CoreFixture.core,
                checkpointEvery: configuration.core.checkpointEvery),
            clock: wiring.clock, log: Logger(label: "core") { _ in SwiftLogNoOpLogHandler() })
        followAnswers = answers
        follower = parts.follower
        service.start()
        try start.note()
        try wiring.bind(admin, at: endpoint("core.admin"))
        try wiring.bind(agents, at: endpoint("core.agents"))
        if !start.isCrashLoop { try connect() }
        return service
    }

    private(set) var followAnswers = FollowAnswers()
    private(set) var follower: JournalFollower?

    /// Hands what the follower's thread has read to the service, as the loop's inbox would.
    func deliverFollowed(to core: RiskCoreService) {
        follower?.drain()
        for answer in followAnswers.takeAll() { core.followed(answer) }
    }

    func startGateway(_ configure: (PlayedGateway) -> Void = { _ in }) throws -> PlayedGateway {
        starts += 1
        return try network.add(CoreFixture.gateway) { wiring in
            let identity = linkIdentity(CoreFixture.gateway)
            let gateway = PlayedGateway(
                orders: LinkServer(
                    try link("gw-test.orders"), identity: identity, allowing: [CoreFixture.core]),
                market: MarketPublisher(
                    try link("gw-test.market"), identity: identity,
                    allowing: [CoreFixture.core, CoreFixture.agent]))
            gateway.authenticator = try PermitAuthenticator(
                own: gatewayKey, peer: coreKey.publicKey, cluster: "test", gateway: "gw-test")
            configure(gateway)
            try wiring.bind(gateway.orders, at: endpoint("gw-test.orders"))
            try wiring.bind(gateway.market, at: endpoint("gw-test.market"))
            return gateway
        }
    }

    func startAgent() throws -> PlayedAgent {
        starts += 1
        return try network.add(CoreFixture.agent) { wiring in
            let agent = PlayedAgent(
                core: LinkClient(
                    try link("core.agents"), identity: linkIdentity(CoreFixture.agent),
                    peer: CoreFixture.core))
            try wiring.connect(agent.core, to: endpoint("core.agents"))
            return agent
        }
    }

    func startSupervisor() throws -> PlayedSupervisor {
        starts += 1
        return try network.add(CoreFixture.supervisor) { wiring in
            let supervisor = PlayedSupervisor(
                core: LinkClient(
                    try link("core.admin"), identity: linkIdentity(CoreFixture.supervisor),
                    peer: CoreFixture.core))
            try wiring.connect(supervisor.core, to: endpoint("core.admin"))
            return supervisor
        }
    }

    private func linkIdentity(_ name: ProcessID) -> LinkIdentity {
        LinkIdentity(
            cluster: configuration.cluster, name: name, incarnation: Incarnation(starts))
    }

    private func link(_ name: String) throws -> LinkName { try #require(LinkName(name)) }
    private func endpoint(_ name: String) throws -> Endpoint { try Endpoint(path: "/" + name) }

    /// Runs until the condition holds; an issue where it does not.
    func run(
        _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
        until condition: () -> Bool
    ) throws {
        let isMet = try network.run(within: .seconds(60), until: condition)
        #expect(isMet, "\(what) did not happen", sourceLocation: sourceLocation)
    }

    static func yaml(isReplay: Bool, checkpointEvery: Int) -> String {
        """
        cluster: test
        mode: paper
        operators: [ { name: local } ]
        core: { name: core, checkpoint-every: \(checkpointEvery) }
        gateways:
          - name: gw-test
            venue: kalshi
            org: demo
            account: main
            url: http://127.0.0.1:1
            key-id: k
            replay: \(isReplay)
            starting-cash: "1000"
            last-line:
              { order-quantity-max: "50", order-notional-max: "50", orders-per-second: 50 }
        agents:
          - { name: agent-test, domain: crypto, org: demo, account: main, strategy: updown, venue: kalshi }
        limits:
          - { level: firm, kind: order-quantity-max, value: "25" }
          - { level: firm, kind: order-notional-max, value: "25" }
          - { level: firm, kind: collar-passive, value: "0.25" }
          - { level: firm, kind: collar-aggressive, value: "0.10" }
          - { level: firm, kind: quote-age-max, value: 5s }
          - { level: firm, kind: messages-per-second, value: 200 }
          - { level: firm, kind: message-burst, value: 400 }
          - { level: firm, kind: orders-per-second, value: 20 }
          - { level: firm, kind: order-burst, value: 40 }
          - { level: firm, kind: open-orders-max, value: 50 }
          - { level: firm, kind: open-notional-max, value: "200" }
          - { level: firm, kind: position-max, value: "100" }
          - { level: firm, kind: event-loss-max, value: "60" }
          - { level: firm, kind: collateral-max, value: "500" }
        """
    }
}
