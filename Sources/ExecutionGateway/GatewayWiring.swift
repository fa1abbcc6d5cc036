import Cryptography
import Execution
import Journal
import Logging
package import Runtime
import Trading
import Transport
import Venues
import Wire

/// Makes a gateway out of its configuration and runs it until it is asked to stop.
package enum GatewayWiring {
    /// Everything that can be refused before a socket is bound is refused here.
    package static func run(_ options: ProcessOptions) throws(ProcessFailure) {
        let context = try ProcessContext(options: options) {
            configuration, name throws(ProcessFailure) in
            if let name { return name }
            guard let only = configuration.gateways.first, configuration.gateways.count == 1 else {
                throw ProcessFailure(
                    .usage, "there are several gateways in \(configuration.file): give --name")
            }
            return only.name
        }
        guard let gateway = context.configuration.gateway(context.name) else {
            throw ProcessFailure(
                .usage, "\(context.configuration.file) has no gateway named \(context.name)")
        }
        let queue = VenueEventQueue()
        let adapter = try venueAdapter(of: gateway, context)
        let loop = try startLoop(gateway, context, adapter: adapter, queue: queue)
        adapter.start { event in
            guard queue.append(event) else { return }
            _ = loop.post { $0.drain(queue) }
        }
        defer { adapter.stop() }
        guard loop.post({ $0.venueStarted() }) else {
            throw ProcessFailure(.unavailable, "\(context.name) ended while it started")
        }
        try context.run(loop) { loop in
            if !loop.post({ $0.beginStop() }) { loop.stop() }
        }
    }

    /// sim-venue counts its limits in market time; a throttle in wall time would make a replay
    /// depend on its speed.
    private static let replayBudget = ["read-tokens": "100000", "write-tokens": "100000"]

    static func venueSettings(
        of gateway: GatewayConfiguration, _ context: ProcessContext
    ) -> VenueSettings {
        VenueSettings(
            url: gateway.url, keyID: gateway.keyID, keyFile: context.keys.venueKeyPath,
            isReplay: gateway.isReplay,
            options: gateway.isReplay
                ? gateway.options.merging(GatewayWiring.replayBudget) { $1 } : gateway.options)
    }

    private static func venueAdapter(
        of gateway: GatewayConfiguration, _ context: ProcessContext
    ) throws(ProcessFailure) -> any VenueAdapter {
        do {
            return try VenueRegistry.adapter(
                for: gateway.venue, venueSettings(of: gateway, context), logger: context.log)
        } catch {
            throw ProcessFailure(
                .usage, "\(context.configuration.file): gateways.\(gateway.name).\(error)")
        }
    }

    private static func startLoop(
        _ gateway: GatewayConfiguration, _ context: ProcessContext, adapter: any VenueAdapter,
        queue: VenueEventQueue
    ) throws(ProcessFailure) -> PollLoop<GatewayService> {
        let configuration = context.configuration
        let core = configuration.core.name
        let supervisor = configuration.supervisor.name
        let agents = configuration.agents.map(\.name)
        let security = try context.security(peers: [core] + configuration.adminPeers + agents)
        do {
            return try PollLoop(name: context.name.description, security: security) { wiring in
                let link = { (role: SocketRole) throws(ProcessFailure) in
                    try context.link(context.name, role)
                }
                let orders = LinkServer(
                    try link(.orders), identity: context.identity, allowing: [core],
                    settings: context.linkSettings,
                    admission: try context.admission(of: [core], owner: context.name))
                let admin = LinkServer(
                    try link(.admin), identity: context.identity,
                    allowing: configuration.adminPeers,
                    settings: context.linkSettings, isUrgent: true)
                let market = MarketPublisher(
                    try link(.market), identity: context.identity,
                    allowing: [core, supervisor] + agents, settings: context.linkSettings)
                let service = try makeService(
                    gateway, context, adapter: adapter,
                    links: (orders, admin, market), wiring)
                try wiring.bind(admin, at: context.endpoint(of: context.name, .admin))
                try wiring.bind(orders, at: context.endpoint(of: context.name, .orders))
                try wiring.bind(market, at: context.endpoint(of: context.name, .market))
                return service
            }
        } catch let failure as ProcessFailure {
            throw failure
        } catch let error as JournalError where error.code == .damaged {
            throw ProcessFailure(
                .refused,
                "\(context.name) cannot start: \(context.state.journal(of: context.name)): \(error)"
            )
        } catch {
            throw ProcessFailure(.unavailable, "\(context.name) cannot start: \(error)")
        }
    }

    private static func makeService(
        _ gateway: GatewayConfiguration, _ context: ProcessContext, adapter: any VenueAdapter,
        links: (orders: LinkServer, admin: LinkServer, market: MarketPublisher),
        _ wiring: any LoopWiring
    ) throws -> GatewayService {
        let configuration = context.configuration
        let terms = GatewayTerms(
            cluster: configuration.cluster, gateway: gateway.name, venue: gateway.venue,
            org: gateway.org,
            account: gateway.account, mode: configuration.mode,
            lastLine: LastLineLimits(
                orderQuantityMax: gateway.lastLine.orderQuantityMax,
                orderNotionalMax: gateway.lastLine.orderNotionalMax,
                ordersPerSecondMax: Int64(gateway.lastLine.ordersPerSecond)),
            isReplay: gateway.isReplay, quorum: configuration.quorum)
        var engine = GatewayEngine(terms: terms)
        let journal = try openJournal(context, into: &engine)
        adapter.recall(engine.unansweredTickets)
        var operators: [ShortName: Ed25519PublicKey] = [:]
        for name in configuration.operators {
            operators[name] = try context.keys.publicOperatorKey(name)
        }
        let parts = GatewayService.Parts(
            core: configuration.core.name, supervisor: configuration.supervisor.name,
            terms: terms, isReplay: gateway.isReplay, publishDepth: gateway.publishDepth,
            orders: links.orders, admin: links.admin, market: links.market, adapter: adapter,
            operators: operators, incarnation: context.incarnation,
            version: ProcessContext.version,
            monotonicNow: { SystemClock().read().monotonic },
            endLoop: { [weak wiring] in wiring?.stop() })
        return GatewayService(
            parts: parts, engine: engine, journal: journal,
            authenticator: try PermitAuthenticator(
                own: context.keys.permitKey(),
                peer: context.keys.publicPermitKey(of: configuration.core.name),
                cluster: configuration.cluster.description,
                gateway: gateway.name.description),
            clock: wiring.clock, log: context.log)
    }

    /// Opens the gateway's journal and reads its facts back.
    private static func openJournal(
        _ context: ProcessContext, into engine: inout GatewayEngine
    ) throws -> GatewayJournal {
        let path = context.state.journal(of: context.name)
        let identity = JournalIdentity(
            cluster: context.configuration.cluster.description,
            owner: context.name.description, schemaVersion: UInt32(WireSchema.version))
        let store = try JournalStore(
            opening: path,
            options: JournalStore.Options(
                identity: identity, engineVersion: GatewayJournal.engineVersion,
                checkpointKey: try context.keys.checkpointKey()))
        if !store.isWhollyChecked {
            context.log.warning(
                "journal_checked_in_part",
                metadata: ["path": "\(path)", "then": "supervisor journal verify"])
        }
        let reader = try JournalReader(opening: path, expected: identity)
        try GatewayJournal.restore(from: reader, into: &engine)
        return try GatewayJournal(store: store)
    }
}
