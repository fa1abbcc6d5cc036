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
    private static let domains = ["crypto", "macro", "politics", "sports", "touch", "weather"]

    /// Everything that can be refused before a socket is bound is refused here.
    ///
    /// - Parameter domain: nil for that of the agent that the options name.
    package static func run(
        domain: String?, _ options: ProcessOptions
    ) throws(ProcessFailure) {
        if let domain { try checkKnown(domain) }
        let context = try ProcessContext(options: options) {
            configuration, name throws(ProcessFailure) in
            if let name { return name }
            guard let domain else {
                throw ProcessFailure(.usage, "which agent? give --name or --domain")
            }
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
        let known = agent.domain.description
        try checkKnown(known)
        let folder = options.data ?? context.state.data
        switch known {
        case "crypto": try runCrypto(agent, context, reading: folder)
        case "macro": try runFacts(MacroBelief(), agent, context, reading: folder)
        case "politics": try runFacts(PoliticsBelief(), agent, context, reading: folder)
        case "sports": try runFacts(SportsBelief(), agent, context, reading: folder)
        case "touch": try runTouch(agent, context)
        default: try runFacts(WeatherBelief(), agent, context, reading: folder)
        }
    }

    private static func checkKnown(_ domain: String) throws(ProcessFailure) {
        guard !domains.contains(domain) else { return }
        throw ProcessFailure(
            .usage,
            "the domain `\(domain)` is not available; this build knows: "
                + domains.joined(separator: ", "))
    }

    private static func runCrypto(
        _ agent: AgentConfiguration, _ context: ProcessContext, reading folder: String
    ) throws(ProcessFailure) {
        let parameters: CryptoParameters
        do { parameters = try CryptoParameters(agent.parameters) } catch {
            throw ProcessFailure(error)
        }
        let own = context.state.folder(of: agent.name)
        let root = context.state.root
        let log = context.log
        var rollout = UpDownRollout()
        if let learning = parameters.learning {
            rollout = UpDownRollout(learning.rollout, saved: try CryptoLearning.saved(in: own))
        }
        let policy = CryptoUpDownPolicy(parameters.model, rollout: rollout)
        let loop = try startLoop(
            agent, context, interval: parameters.interval,
            engine: AgentEngine(policy: policy, terms: parameters.trading),
            learning: {
                parameters.learning.map {
                    CryptoLearning($0, folder: own, state: root, policy: policy, log: log)
                }
            }
        ) { isReplay throws(ProcessFailure) in
            try spot(in: folder, isReplay: isReplay)
        }
        try context.run(loop)
    }

    /// An agent that knows the books alone.
    private static func runTouch(
        _ agent: AgentConfiguration, _ context: ProcessContext
    ) throws(ProcessFailure) {
        let parameters: TouchParameters
        do { parameters = try TouchParameters(agent.parameters) } catch {
            throw ProcessFailure(error)
        }
        let loop = try startLoop(
            agent, context, interval: parameters.interval,
            engine: AgentEngine(policy: TouchPolicy(parameters.model), terms: parameters.trading)
        ) { _ throws(ProcessFailure) in NoObservations() }
        try context.run(loop)
    }

    private static func runFacts<Domain: DomainBelief>(
        _ domain: Domain, _ agent: AgentConfiguration, _ context: ProcessContext,
        reading folder: String
    ) throws(ProcessFailure) {
        let parameters: FactParameters
        do { parameters = try FactParameters(agent.parameters, rules: Domain.rules) } catch {
            throw ProcessFailure(error)
        }
        let state = context.state.folder(of: agent.name)
        let domainName = agent.domain.description
        let log = context.log
        let loop = try startLoop(
            agent, context, interval: parameters.interval,
            engine: AgentEngine(
                policy: FactPolicy(domain, parameters.belief, rules: parameters.rules),
                terms: parameters.trading),
            quarantine: { QuarantineFile(path: "\(state)/quarantine.jsonl") }
        ) { isReplay throws(ProcessFailure) in
            guard isReplay || parameters.feeds.isEmpty else {
                return try PolledFacts(parameters.feeds, log: log)
            }
            let history = isReplay ? parameters.history : HistoryParameters()
            return try facts(of: domainName, in: folder, history, log)
        }
        try context.run(loop)
    }

    /// The recorded facts of a folder, and what its other files tell. Where the folder has nothing
    /// of the domain, the agent runs and leaves every market alone, since nothing is known.
    private static func facts(
        of domain: String, in folder: String, _ history: HistoryParameters, _ log: Logger
    ) throws(ProcessFailure) -> any ObservationSource<FeedFact> {
        do throws(RecordingError) {
            let told = try RecordedHistory(history, in: folder)
            for note in told.notes { log.info("history_missing", metadata: ["reason": "\(note)"]) }
            let stored = StoredFacts(told.facts)
            do throws(RecordingError) {
                return JoinedFacts(
                    stored, try RecordedFacts(FeedRecording(directory: folder, domain: domain)))
            } catch {
                guard error.code == .missing else { throw error }
                if told.facts.isEmpty {
                    log.warning("feed_missing", metadata: ["reason": "\(error)"])
                } else {
                    log.info("history", metadata: ["facts": "\(told.facts.count)"])
                }
                return stored
            }
        } catch {
            throw ProcessFailure(.usage, "\(error)")
        }
    }

    private static func agent(
        _ context: ProcessContext, domain: String?
    ) throws(ProcessFailure) -> AgentConfiguration {
        let file = context.configuration.file
        guard let agent = context.configuration.agent(context.name) else {
            throw ProcessFailure(.usage, "\(file) has no agent named \(context.name)")
        }
        guard let domain else { return agent }
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

    /// `source` makes the agent's feed; it is told whether a venue owns market time.
    private static func startLoop<Policy: DomainPolicy>(
        _ agent: AgentConfiguration, _ context: ProcessContext, interval: Span,
        engine: AgentEngine<Policy>,
        quarantine: @escaping @Sendable () -> (any ObservationQuarantine<Policy.Observation>)? = {
            nil
        },
        learning: @escaping @Sendable () -> (any PolicyLearning<Policy>)? = { nil },
        source:
            @escaping @Sendable (Bool) throws(ProcessFailure) -> any ObservationSource<
                Policy.Observation
            >
    ) throws(ProcessFailure) -> PollLoop<AgentService<Policy>> {
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
                let source = try source(gateway.isReplay)
                let parts = AgentParts(
                    name: agent.name,
                    key: StrategyKey(
                        org: agent.org, account: agent.account, mode: configuration.mode,
                        strategy: agent.strategy),
                    venue: agent.venue, supervisor: supervisor, isReplay: gateway.isReplay,
                    interval: interval, incarnation: context.incarnation,
                    version: ProcessContext.version)
                let service = AgentService(
                    parts: parts, links: links, engine: engine, source: source,
                    clock: wiring.clock, log: context.log, quarantine: quarantine(),
                    learning: learning())
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
            settings: context.linkSettings,
            admission: try context.admission(of: [core], owner: context.name))
        market = MarketSubscriber(
            try context.link(gateway, .market), publisher: gateway,
            settings: context.linkSettings)
        admin = LinkServer(
            try context.link(context.name, .admin), identity: context.identity,
            allowing: context.configuration.adminPeers, settings: context.linkSettings,
            isUrgent: true)
    }
}
