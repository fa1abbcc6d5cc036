package import Trading

/// What a bound socket is for; part of its name and of its authentication domain.
package enum SocketRole: String, Sendable, CaseIterable {
    /// Agents connect here (core).
    case agents
    /// The supervisor connects here (every process).
    case admin
    /// The core connects here (gateways).
    case orders
    /// Subscribers connect here (gateways).
    case market
}

/// How the sockets of a process are reached: UNIX sockets in the state directory, or TCP.
package enum EndpointConfiguration: Sendable, Equatable {
    case ipc
    case tcp([SocketRole: String])

    /// `endpoint: ipc` (the default) or `endpoint: { admin: "tcp://10.0.0.1:7001", ... }` with an
    /// address for every role.
    init(_ owner: ConfigurationSection, roles: [SocketRole]) throws(ConfigurationError) {
        guard let entry = owner.entries.first(where: { $0.key == "endpoint" }) else {
            self = .ipc
            return
        }
        if case .scalar = entry.value {
            self = try owner.choice("endpoint", of: [("ipc", .ipc)])
            return
        }
        let section = try owner.section("endpoint")
        var addresses: [SocketRole: String] = [:]
        for inner in section.entries where !roles.contains(where: { $0.rawValue == inner.key }) {
            throw ConfigurationError(
                file: section.file, line: inner.line, key: section.path,
                expected: "one of \(roles.map(\.rawValue).joined(separator: ", "))",
                found: "`\(inner.key)`")
        }
        for role in roles {
            let address = try section.text(role.rawValue)
            guard address.hasPrefix("tcp://"), address.split(separator: ":").count == 3 else {
                throw section.refusal(role.rawValue, expected: "an address tcp://HOST:PORT")
            }
            addresses[role] = address
        }
        self = .tcp(addresses)
    }
}

extension ClusterConfiguration {
    /// How the sockets of the process are reached.
    package func endpoint(of process: ProcessID) -> EndpointConfiguration {
        if process == core.name { return core.endpoint }
        return gateway(process)?.endpoint ?? agent(process)?.endpoint ?? .ipc
    }

    /// The ZeroMQ address of a bound socket, for those who bind it and those who connect to it.
    package func address(
        of process: ProcessID, _ role: SocketRole, in state: StateDirectory
    ) throws(StateError) -> String {
        switch endpoint(of: process) {
        case .ipc: try state.socketAddress(of: process, role)
        case .tcp(let addresses): addresses[role] ?? ""
        }
    }

    /// The authentication domain of a bound socket: `core.agents`.
    package static func domain(of process: ProcessID, _ role: SocketRole) -> String {
        "\(process).\(role.rawValue)"
    }
}
