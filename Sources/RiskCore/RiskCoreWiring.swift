import Cryptography
import Journal
import Logging
import Risk
package import Runtime
import Synchronization
import Trading
import Transport
import Wire

/// Makes the risk core out of its configuration and runs it until it is asked to stop.
package enum RiskCoreWiring {
    package static func run(_ options: ProcessOptions) throws(ProcessFailure) {
        let context = try ProcessContext(options: options) {
            configuration, name throws(ProcessFailure) in
            let core = configuration.core.name
            guard name == nil || name == core else {
                throw ProcessFailure(
                    .usage, "the core of \(configuration.file) is named \(core)")
            }
            return core
        }
        let start = StartRecord(
            path: context.state.folder(of: context.name) + "/starts", now: WallClock.now())
        if start.isCrashLoop {
            context.log.critical(
                "crash_loop", metadata: ["crashes": "\(start.crashes)", "then": "arm"])
        }
        let handle = LoopHandle()
        let loop = try startLoop(context, start, handle)
        handle.set(loop)
        try context.run(loop)
        start.clear()
    }

    private static func startLoop(
        _ context: ProcessContext, _ start: StartRecord, _ handle: LoopHandle
    ) throws(ProcessFailure) -> PollLoop<RiskCoreService> {
        let configuration = context.configuration
        let peers =
            configuration.gateways.map(\.name) + configuration.agents.map(\.name)
            + configuration.adminPeers
        let security = try context.security(peers: peers)
        do {
            return try PollLoop(name: context.name.description, security: security) { wiring in
                let journal = try OpenedCore(context)
                let service = try makeService(context, start, handle, journal, wiring)
                try start.note()
                return service
            }
        } catch let failure as ProcessFailure {
            throw failure
        } catch let error as RecoveryError {
            throw context.refusal(of: error)
        } catch let error as JournalError where error.code == .damaged {
            throw context.refusal(of: error)
        } catch {
            throw ProcessFailure(.unavailable, "\(context.name) cannot start: \(error)")
        }
    }

    private static func makeService(
        _ context: ProcessContext, _ start: StartRecord, _ handle: LoopHandle,
        _ opened: OpenedCore, _ wiring: any LoopWiring
    ) throws -> RiskCoreService {
        let configuration = RiskCoreConfiguration(context.configuration)
        let links = try CoreLinks(context, configuration)
        let operators = try operators(context)
        let parts = CoreParts(
            agents: links.agents, admin: links.admin, gateways: links.gateways,
            operators: operators,
            follower: JournalFollower(path: opened.path, identity: opened.identity) { answer in
                handle.post { $0.followed(answer) }
            },
            registry: try registry(context, operators, opened.engine),
            incarnation: context.incarnation, version: ProcessContext.version, start: start,
            connectGateways: { try links.connectGateways(context, wiring) },
            monotonicNow: { SystemClock().read().monotonic })
        let service = RiskCoreService(
            configuration: configuration, parts: parts, engine: opened.engine,
            journal: CoreJournal(
                store: opened.store, owner: context.name,
                checkpointEvery: configuration.checkpointEvery),
            clock: wiring.clock, log: context.log)
        service.start()
        try wiring.bind(links.admin, at: context.endpoint(of: context.name, .admin))
        try wiring.bind(links.agents, at: context.endpoint(of: context.name, .agents))
        if !start.isCrashLoop { try links.connectGateways(context, wiring) }
        return service
    }

    /// Where the registry lies. The first one must hold, or the core has nothing to go by; a later
    /// one that does not is refused while it runs.
    private static func registry(
        _ context: ProcessContext, _ operators: [ShortName: Ed25519PublicKey],
        _ engine: RiskEngine
    ) throws(ProcessFailure) -> RegistryReader? {
        guard let path = context.configuration.registryPath else { return nil }
        let cluster = context.configuration.cluster
        if engine.registryView.version == 0 {
            _ = try SignedRegistry(path: path, cluster: cluster, operators: operators)
        }
        return RegistryReader(path: path, cluster: cluster, operators: operators)
    }

    private static func operators(
        _ context: ProcessContext
    ) throws(ProcessFailure) -> [ShortName: Ed25519PublicKey] {
        var keys: [ShortName: Ed25519PublicKey] = [:]
        for name in context.configuration.operators {
            keys[name] = try context.keys.publicOperatorKey(name)
        }
        return keys
    }
}

extension ProcessContext {
    /// The journal here is not taken up.
    fileprivate func refusal(of error: any Error) -> ProcessFailure {
        ProcessFailure(.refused, "\(name) cannot start: \(state.journal(of: name)): \(error)")
    }
}

/// The journal, taken up: recovered, verified along the way, and one epoch further.
private struct OpenedCore {
    let path: String
    let identity: JournalIdentity
    let store: JournalStore
    let engine: RiskEngine

    init(_ context: ProcessContext) throws {
        path = context.state.journal(of: context.name)
        identity = JournalIdentity(
            cluster: context.configuration.cluster.description, owner: context.name.description,
            schemaVersion: UInt32(WireSchema.version))
        store = try JournalStore(
            opening: path,
            options: JournalStore.Options(
                identity: identity, engineVersion: RiskEngine.version,
                checkpointKey: context.keys.checkpointKey()))
        let recovered = try CoreRecovery(
            from: JournalReader(opening: path, expected: identity), store: store,
            cluster: context.configuration.cluster)
        engine = recovered.engine
        if !store.isWhollyChecked {
            context.log.warning(
                "journal_checked_in_part",
                metadata: ["path": "\(path)", "then": "supervisor journal verify"])
        }
        try store.begin(epoch: store.epoch.next)
        context.log.notice(
            "recovered",
            metadata: [
                "entry": "\(recovered.head.sequence)", "tail": "\(recovered.entries)",
                "checkpoints": "\(recovered.checkpoints)", "epoch": "\(store.epoch)",
                "state_hash": "\(Digest(SHA256.hash(engine.snapshotBytes())))",
            ])
    }
}

/// The core's links. Outboxes are smaller than the credit that peers give, so that a message of the
/// normal lane never waits for credit and a cancel never overtakes the permit that it cancels.
private struct CoreLinks {
    static let agentOutboxMax = 2_048
    static let gatewayOutboxMax = 1_024

    let agents: LinkServer
    let admin: LinkServer
    let gateways: [ProcessID: CoreParts.Gateway]

    init(_ context: ProcessContext, _ configuration: RiskCoreConfiguration) throws {
        let admission = try context.admission(
            of: configuration.agents.map(\.name) + configuration.gateways.map(\.name))
        var agentSettings = context.linkSettings
        agentSettings.outboxMax = CoreLinks.agentOutboxMax
        agents = LinkServer(
            try context.link(context.name, .agents), identity: context.identity,
            allowing: configuration.agents.map(\.name), settings: agentSettings,
            admission: admission)
        admin = LinkServer(
            try context.link(context.name, .admin), identity: context.identity,
            allowing: configuration.adminPeers, settings: context.linkSettings, isUrgent: true)
        var gatewaySettings = context.linkSettings
        gatewaySettings.outboxMax = CoreLinks.gatewayOutboxMax
        // A copy of this core that was started later takes the session and gets no lease. When it
        // is gone the gateway's rule of epoch and journal says whether this one may have it.
        gatewaySettings.returnsWhereSuperseded = true
        var gateways: [ProcessID: CoreParts.Gateway] = [:]
        for gateway in configuration.gateways {
            let authenticator = try PermitAuthenticator(
                own: context.keys.permitKey(),
                peer: context.keys.publicPermitKey(of: gateway.name),
                cluster: configuration.cluster.description, gateway: gateway.name.description)
            gateways[gateway.name] = CoreParts.Gateway(
                orders: LinkClient(
                    try context.link(gateway.name, .orders), identity: context.identity,
                    peer: gateway.name, settings: gatewaySettings, admission: admission),
                market: MarketSubscriber(
                    try context.link(gateway.name, .market), publisher: gateway.name,
                    settings: context.linkSettings),
                sealer: PermitSealer(authenticator))
        }
        self.gateways = gateways
    }

    func connectGateways(_ context: ProcessContext, _ wiring: any LoopWiring) throws {
        for (name, gateway) in gateways.sorted(by: { $0.key < $1.key }) {
            try wiring.connect(gateway.market, to: context.endpoint(of: name, .market))
            try wiring.connect(gateway.orders, to: context.endpoint(of: name, .orders))
        }
    }
}

/// The way back from other threads to the loop, which exists only after the service does.
private final class LoopHandle: Sendable {
    private let loop = Mutex<PollLoop<RiskCoreService>?>(nil)

    func set(_ loop: PollLoop<RiskCoreService>) { self.loop.withLock { $0 = loop } }

    /// Drops the work when there is no loop: nobody waits for an answer then.
    func post(_ work: @escaping @Sendable (RiskCoreService) -> Void) {
        _ = loop.withLock { $0 }?.post(work)
    }
}
