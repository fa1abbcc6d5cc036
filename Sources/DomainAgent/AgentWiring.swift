import Cryptography
import Logging
package import Runtime
import Signals
import Trading
package import Transport
import Wire

/// Makes an agent out of its configuration and runs it until it is asked to stop.
package enum AgentWiring {
    /// The domains that this build knows.
    private static let domains = ["crypto"]

    /// Everything that can be refused before a socket is bound is refused here.
    package static func run(domain: String, _ options: ProcessOptions) throws(ProcessFailure) {
        guard domains.contains(domain) else {
            throw ProcessFailure(
                .usage,
                "the domain `\(domain)` is not available; this build knows: "
                    + domains.joined(separator: ", "))
        }
        let context = try ProcessContext(options: options) {
            configuration, name throws(ProcessFailure) in
            if let name { return name }
            let own = configuration.agents.filter { $0.domain.description == domain }
            guard let only = own.first, own.count == 1 else {
                throw ProcessFailure(
                    .usage,
                    "\(configuration.file) has \(own.count) agents of the domain \(domain): "
                        + "give --name")
            }
            return only.name
        }
        let agent = try agent(context, domain: domain)
        let parameters: CryptoParameters
        do { parameters = try CryptoParameters(agent.parameters) } catch {
            throw ProcessFailure(error)
        }
        let folder = options.data ?? context.state.data
        try context.run(try startLoop(agent, parameters, context, reading: folder))
    }

    private static func agent(
        _ context: ProcessContext, domain: String
    ) throws(ProcessFailure) -> AgentConfiguration {
        let file = context.configuration.file
        guard let agent = context.configuration.agent(context.name) else {
            throw ProcessFailure(.usage, "\(file) has no agent named \(context.name)")
        }
        guard agent.domain.description == domain else {
            throw ProcessFailure(
                .usage,
                "\(file): agents.\(agent.name).domain: expected \(domain), found \(agent.domain)")
        }
        return agent
    }

    /// The recorded feed of a folder in replay, else the feed that is being recorded there.
    private static func spot(
        in folder: String, isReplay: Bool
    ) throws(ProcessFailure) -> any ObservationSource<SpotObservation> {
        do throws(RecordingError) {
            return isReplay
                ? try RecordedSpot(SpotRecording(directory: folder))
                : FollowedSpot(try SpotFollower(directory: folder))
        } catch {
            throw ProcessFailure(error.code == .missing ? .unavailable : .usage, "\(error)")
        }
    }

    private static func startLoop(
        _ agent: AgentConfiguration, _ parameters: CryptoParameters, _ context: ProcessContext,
        reading folder: String
    ) throws(ProcessFailure) -> PollLoop<AgentService<CryptoUpDownPolicy>> {
        let configuration = context.configuration
        let core = configuration.core.name
        let supervisor = configuration.supervisor.name
        guard
            let gateway = configuration.gateway(
                org: agent.org, account: agent.account, venue: agent.venue)
        else {
            throw ProcessFailure(.usage, "no gateway serves the account of \(agent.name)")
        }
        let security = try context.security(
            peers: [core, gateway.name] + configuration.adminPeers)
        do {
            return try PollLoop(name: context.name.description, security: security) { wiring in
                let links = try AgentLinks(context, core: core, gateway: gateway.name)
                let source = try spot(in: folder, isReplay: gateway.isReplay)
                let parts = AgentParts(
                    name: agent.name,
                    key: StrategyKey(
                        org: agent.org, account: agent.account, mode: configuration.mode,
                        strategy: agent.strategy),
                    venue: agent.venue, supervisor: supervisor, isReplay: gateway.isReplay,
                    interval: parameters.interval, incarnation: context.incarnation,
                    version: ProcessContext.version)
                let service = AgentService(
                    parts: parts, links: links,
                    engine: AgentEngine(
                        policy: CryptoUpDownPolicy(parameters.model), terms: parameters.trading),
                    source: source, clock: wiring.clock, log: context.log)
                try wiring.bind(links.admin, at: context.endpoint(of: agent.name, .admin))
                try wiring.connect(links.market, to: context.endpoint(of: gateway.name, .market))
                try wiring.connect(links.core, to: context.endpoint(of: core, .agents))
                return service
            }
        } catch let failure as ProcessFailure {
            throw failure
        } catch {
            throw ProcessFailure(.unavailable, "\(context.name) cannot start: \(error)")
        }
    }
}

/// The links of an agent.
package struct AgentLinks {
    package let core: LinkClient
    package let market: MarketSubscriber
    package let admin: LinkServer

    package init(core: LinkClient, market: MarketSubscriber, admin: LinkServer) {
        self.core = core
        self.market = market
        self.admin = admin
    }

    init(_ context: ProcessContext, core: ProcessID, gateway: ProcessID) throws(ProcessFailure) {
        self.core = LinkClient(
            try context.link(core, .agents), identity: context.identity, peer: core,
            settings: context.linkSettings)
        market = MarketSubscriber(
            try context.link(gateway, .market), publisher: gateway,
            settings: context.linkSettings)
        admin = LinkServer(
            try context.link(context.name, .admin), identity: context.identity,
            allowing: context.configuration.adminPeers, settings: context.linkSettings,
            isUrgent: true)
    }
}
