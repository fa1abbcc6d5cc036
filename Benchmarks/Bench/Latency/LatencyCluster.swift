import Foundation
import Runtime
import Trading
import Transport

/// A cluster of the real core with a played gateway and a played agent; every run has a state of
/// its own.
struct LatencyCluster: Sendable {
    private static let gateway = BenchOrders.gateway
    private static let agent = BenchOrders.agent(0)

    private let folder: String
    private let configuration: ClusterConfiguration
    private let files: KeyFiles

    /// Writes the configuration and makes keys, as an operator would.
    init(in folder: String) throws {
        self.folder = folder
        let path = "\(folder)/latency.yaml"
        let text = LatencyCluster.yaml(keys: "\(folder)/keys")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        configuration = try ClusterConfiguration(path: path)
        files = KeyFiles(root: configuration.keys)
        let keys = try SiblingProgram(
            "supervisor", ["keys", "init", files.root, "--config", path], folder: folder)
        try keys.finish()
    }

    /// Starts the core on a new journal, and who talks to it.
    func start(_ run: Int) throws -> LatencySession {
        let state = StateDirectory("\(folder)/latency-\(run)")
        try state.prepare(for: configuration.core.name)
        let board = LatencyBoard()
        let gateway = try startGateway(board, in: state)
        let agent = try startAgent(board, in: state)
        let core = try SiblingProgram(
            "risk-core", ["--config", configuration.file, "--state", state.root],
            folder: state.root)
        return LatencySession(
            board: board, core: core, agent: agent, gateway: gateway,
            journal: state.journal(of: configuration.core.name),
            log: state.log(of: configuration.core.name))
    }

    // MARK: Played processes

    private func startGateway(
        _ board: LatencyBoard, in state: StateDirectory
    ) throws -> PollLoop<LatencyGateway> {
        let (name, core) = (LatencyCluster.gateway, configuration.core.name)
        return try PollLoop(name: "gateway", security: security(of: name, peer: core)) { wiring in
            let identity = identity(of: name, wiring.clock)
            let orders = LinkServer(
                link(name, .orders), identity: identity, allowing: [core], settings: settings)
            let market = MarketPublisher(
                link(name, .market), identity: identity, allowing: [core], settings: settings)
            try wiring.bind(orders, at: endpoint(of: name, .orders, in: state))
            try wiring.bind(market, at: endpoint(of: name, .market, in: state))
            return LatencyGateway(
                orders: orders, market: market, core: core, board: board, clock: wiring.clock)
        }
    }

    private func startAgent(
        _ board: LatencyBoard, in state: StateDirectory
    ) throws -> PollLoop<LatencyAgent> {
        let (name, core) = (LatencyCluster.agent, configuration.core.name)
        return try PollLoop(name: "agent", security: security(of: name, peer: core)) { wiring in
            let client = LinkClient(
                link(core, .agents), identity: identity(of: name, wiring.clock), peer: core,
                settings: settings)
            try wiring.connect(client, to: endpoint(of: core, .agents, in: state))
            return LatencyAgent(core: client, board: board, clock: wiring.clock)
        }
    }

    private var settings: LinkSettings {
        var settings = LinkSettings()
        settings.heartbeat = configuration.core.heartbeat
        settings.timeout = configuration.core.lease
        return settings
    }

    private func identity(of name: ProcessID, _ clock: TurnClock) -> LinkIdentity {
        LinkIdentity(
            cluster: configuration.cluster, name: name,
            incarnation: Incarnation(UInt64(clock.wall.nanoseconds)))
    }

    private func security(of name: ProcessID, peer: ProcessID) throws -> LoopSecurity {
        let keys = KeyRing(process: name, files: files, credentials: nil)
        return LoopSecurity(
            identity: try CurveIdentity(
                name: name, secretKey: CurveSecretKey(z85: keys.curveSecretText())),
            directory: try PeerDirectory([
                peer: CurvePublicKey(z85: keys.publicCurveText(of: peer))
            ]))
    }

    private func link(_ process: ProcessID, _ role: SocketRole) -> LinkName {
        LinkName(ClusterConfiguration.domain(of: process, role)) ?? .empty
    }

    private func endpoint(
        of process: ProcessID, _ role: SocketRole, in state: StateDirectory
    ) throws -> Endpoint {
        try Endpoint(parsing: configuration.address(of: process, role, in: state))
    }

    // MARK: The configuration

    /// The sample, in live time: every control is in place, no limit binds, and a lease outlasts a
    /// disk that stalls.
    private static func yaml(keys: String) -> String {
        """
        cluster: bench
        mode: paper
        keys: \(keys)
        operators: [ { name: local } ]
        core:
          name: core
          checkpoint-every: 4096
          heartbeat: 200ms
          lease: 10s
          permit-validity: 1000ms
          endpoint: ipc
        gateways:
          - name: \(gateway)
            venue: \(BenchOrders.venue)
            org: \(BenchOrders.org(0))
            account: \(BenchOrders.account(0))
            url: http://127.0.0.1:1
            key-id: bench
            replay: false
            starting-cash: "\(LatencyGateway.cash)"
            last-line:
              { order-quantity-max: "50", order-notional-max: "50", orders-per-second: 100000 }
        agents:
          - name: \(agent)
            domain: crypto
            org: \(BenchOrders.org(0))
            account: \(BenchOrders.account(0))
            strategy: \(BenchOrders.strategy(0))
            venue: \(BenchOrders.venue)
            parameters: {}
        limits:
          - { level: firm, kind: order-quantity-min, value: "1" }
          - { level: firm, kind: order-quantity-max, value: "25" }
          - { level: firm, kind: order-notional-max, value: "25" }
          - { level: firm, kind: collar-passive, value: "0.25" }
          - { level: firm, kind: collar-aggressive, value: "0.10" }
          - { level: firm, kind: quote-age-max, value: 5s }
          - { level: firm, kind: messages-per-second, value: 10000000 }
          - { level: firm, kind: message-burst, value: 10000000 }
          - { level: firm, kind: orders-per-second, value: 10000000 }
          - { level: firm, kind: order-burst, value: 10000000 }
          - { level: firm, kind: open-orders-max, value: 50 }
          - { level: firm, kind: open-notional-max, value: "200" }
          - { level: firm, kind: position-max, value: "100" }
          - { level: firm, kind: event-loss-max, value: "60" }
          - { level: firm, kind: collateral-max, value: "500" }
        supervisor: { name: supervisor, restart-delay: 500ms }
        """
    }
}
