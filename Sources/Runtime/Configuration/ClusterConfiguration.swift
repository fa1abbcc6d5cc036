package import Trading
package import Wire

/// A cluster, as its one YAML file states it. Every process reads the same file and takes from it
/// what its name entitles it to.
///
/// Strict: an unknown key, a wrong type or a missing key is an error that names the file, the line,
/// the key and what was expected there. Nothing here opens a socket or reads a key.
package struct ClusterConfiguration: Sendable, Equatable {
    /// The file as it was named, for messages.
    package let file: String
    package let cluster: ShortName
    package let mode: Mode
    /// The folder of the keys: absolute, or relative to the state directory.
    package let keys: String
    /// The builds that gateways and agents may be of, as `supervisor builds` prints them; empty for
    /// any, which only paper may say.
    package let builds: [Digest]
    package let operators: [ShortName]
    /// How many operators must agree before anything is loosened.
    package let quorum: Int
    package let core: CoreConfiguration
    package let gateways: [GatewayConfiguration]
    package let agents: [AgentConfiguration]
    package let limits: [LimitConfiguration]
    package let simVenue: SimVenueConfiguration?
    package let supervisor: SupervisorConfiguration

    /// Reads and checks a configuration file.
    package init(path: String) throws(ProcessFailure) {
        let text = try TextFile.read(path)
        do throws(ConfigurationError) {
            self = try ClusterConfiguration(yaml: text, file: path)
        } catch {
            throw ProcessFailure(.usage, error.description)
        }
    }

    /// Reads and checks the text of a configuration file.
    package init(yaml: String, file: String) throws(ConfigurationError) {
        let value = try ConfigurationValue(yaml: yaml, file: file)
        let root = try ConfigurationSection(value, file: file, path: "")
        try root.allow(
            "cluster", "mode", "keys", "builds", "operators", "quorum", "core", "gateways",
            "agents",
            "limits", "sim-venue", "supervisor")
        self.file = file
        cluster = try root.name("cluster")
        mode = try root.choice("mode", of: Mode.allCases.map { ($0.description, $0) })
        keys = try root.text("keys", default: "keys")
        builds = try ClusterConfiguration.builds(of: root, mode: mode)
        operators = try ClusterConfiguration.operators(of: root)
        quorum = try root.integer(
            "quorum", in: 1...operators.count, default: min(2, operators.count))
        core = try CoreConfiguration(root.section("core"))
        gateways = try ClusterConfiguration.each(root, "gateways", isRequired: true) {
            section throws(ConfigurationError) in try GatewayConfiguration(section)
        }
        agents = try ClusterConfiguration.each(root, "agents", isRequired: false) {
            section throws(ConfigurationError) in try AgentConfiguration(section)
        }
        limits = try ClusterConfiguration.each(root, "limits", isRequired: false) {
            section throws(ConfigurationError) in try LimitConfiguration(section)
        }
        simVenue =
            root.contains("sim-venue") ? try SimVenueConfiguration(root.section("sim-venue")) : nil
        supervisor = try SupervisorConfiguration(root.optionalSection("supervisor"))
        try refuseDuplicates(in: root)
        try refuseOrphans(in: root)
        try refuseReplayOfDemo(in: root)
    }

    private static func builds(
        of root: ConfigurationSection, mode: Mode
    ) throws(ConfigurationError) -> [Digest] {
        let builds = try root.list("builds", expected: "the SHA-256 of a program, 64 hex digits") {
            Digest(hex: $0)
        }
        guard mode == .live, builds.isEmpty else { return builds }
        throw root.refusal(
            "builds", expected: "the builds that may trade, as `supervisor builds` prints them")
    }

    private static func operators(of root: ConfigurationSection)
        throws(ConfigurationError) -> [ShortName]
    {
        var names: [ShortName] = []
        for section in try root.sections("operators", isRequired: true) {
            try section.allow("name")
            let name = try section.name("name")
            if names.contains(name) { throw section.refusal("name", expected: "each name once") }
            names.append(name)
        }
        return names
    }

    private static func each<Element>(
        _ root: ConfigurationSection, _ key: String, isRequired: Bool,
        _ read: (ConfigurationSection) throws(ConfigurationError) -> Element
    ) throws(ConfigurationError) -> [Element] {
        var elements: [Element] = []
        for section in try root.sections(key, isRequired: isRequired) {
            elements.append(try read(section))
        }
        return elements
    }
}

extension ClusterConfiguration {
    /// The names of all processes in the order in which they start.
    package var processNames: [ProcessID] {
        (simVenue.map { [$0.name] } ?? []) + gateways.map(\.name) + [core.name]
            + agents.map(\.name) + [supervisor.name]
    }

    /// Who may connect to admin sockets: the supervisor, and the console that operators' commands
    /// come from, which is a process of its own so that neither ends the other's sessions.
    package var adminPeers: [ProcessID] { [supervisor.name, supervisor.console] }

    /// Where the registry lies; nil where none is configured.
    package var registryPath: String? {
        guard let registry = core.registry, !registry.hasPrefix("/") else { return core.registry }
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return (folder.map(String.init) + [registry]).joined(separator: "/")
    }

    package func gateway(_ name: ProcessID) -> GatewayConfiguration? {
        gateways.first { $0.name == name }
    }

    package func agent(_ name: ProcessID) -> AgentConfiguration? {
        agents.first { $0.name == name }
    }

    /// Whether every order of the cluster goes to its own simulated venue and to nobody else.
    package var isSimulated: Bool {
        guard mode == .paper, let simVenue else { return false }
        let served = [simVenue.kalshi, simVenue.polymarket].compactMap(\.self)
        return gateways.allSatisfy { gateway in
            gateway.isReplay
                || served.contains {
                    gateway.url == "http://\($0)" || gateway.url.hasPrefix("http://\($0)/")
                }
        }
    }

    /// The gateway that serves an account at a venue.
    package func gateway(org: OrgID, account: AccountID, venue: VenueID) -> GatewayConfiguration? {
        gateways.first { $0.org == org && $0.account == account && $0.venue == venue }
    }

    private func refuseDuplicates(in root: ConfigurationSection) throws(ConfigurationError) {
        var seen: Set<ProcessID> = []
        var named: [(ProcessID, ConfigurationSection)] = []
        named.append((core.name, try root.section("core")))
        for (gateway, section) in zip(gateways, try root.sections("gateways", isRequired: true)) {
            named.append((gateway.name, section))
        }
        for (agent, section) in zip(agents, try root.sections("agents", isRequired: false)) {
            named.append((agent.name, section))
        }
        if let simVenue { named.append((simVenue.name, try root.section("sim-venue"))) }
        named.append((supervisor.name, try root.optionalSection("supervisor")))
        named.append((supervisor.console, try root.optionalSection("supervisor")))
        for (name, section) in named where !seen.insert(name).inserted {
            throw section.refusal("name", expected: "a name that no other process has")
        }
        for (index, section) in try root.sections("gateways", isRequired: true).enumerated() {
            let gateway = gateways[index]
            let first = gateways.firstIndex {
                ($0.org, $0.account) == (gateway.org, gateway.account)
            }
            guard first != index else { continue }
            // An account is cash and positions at one venue: the core would refuse the second.
            throw section.refusal(
                "account", expected: "an account that no other gateway serves, at whatever venue")
        }
    }

    private func refuseReplayOfDemo(in root: ConfigurationSection) throws(ConfigurationError) {
        guard simVenue?.markets == .demo else { return }
        for (gateway, section) in zip(gateways, try root.sections("gateways", isRequired: true))
        where gateway.isReplay {
            throw section.refusal(
                "replay", expected: "false: sim-venue's demo markets live by the wall clock")
        }
    }

    private func refuseOrphans(in root: ConfigurationSection) throws(ConfigurationError) {
        for (agent, section) in zip(agents, try root.sections("agents", isRequired: false))
        where gateway(org: agent.org, account: agent.account, venue: agent.venue) == nil {
            throw section.refusal("venue", expected: "a venue whose gateway serves the account")
        }
    }
}
