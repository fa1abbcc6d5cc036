import Runtime
import Trading

/// What a child is in the cluster; also the order in which children start.
enum ChildKind: Int, Sendable, Comparable, CaseIterable {
    case venue
    case gateway
    case core
    case agent

    /// The binary that runs it.
    var executable: String {
        switch self {
        case .venue: "sim-venue"
        case .gateway: "execution-gateway"
        case .core: "risk-core"
        case .agent: "domain-agent"
        }
    }

    static func < (lhs: ChildKind, rhs: ChildKind) -> Bool { lhs.rawValue < rhs.rawValue }

    /// Agents first, so that nothing new is asked for; then gateways, which cancel and quiesce
    /// while the core still books; then the core; the venue last.
    static let stopOrder: [ChildKind] = [.agent, .gateway, .core, .venue]
}

/// One process to start: what, and with which arguments.
struct ChildPlan: Sendable, Equatable {
    let name: ProcessID
    let kind: ChildKind
    let executable: String
    let arguments: [String]
}

/// What `up` was asked for.
struct UpOptions: Sendable, Equatable {
    /// The configuration as the children are to open it.
    let configurationPath: String
    let state: StateDirectory
    /// Where the binaries lie.
    let binaries: String
    /// Recorded data; nil for a generated day.
    let data: String?
    let speed: ReplaySpeed
    /// How long to run; nil until the end of the replay or a signal.
    let limit: Trading.Span?
    let isJSON: Bool
}

extension ClusterConfiguration {
    /// The children in the order in which they start. `data` is where the venue replays from.
    func children(_ options: UpOptions, data: String?) -> [ChildPlan] {
        let common = [
            "--config", options.configurationPath, "--state", options.state.root,
        ]
        func plan(_ name: ProcessID, _ kind: ChildKind, _ more: [String] = []) -> ChildPlan {
            ChildPlan(
                name: name, kind: kind, executable: "\(options.binaries)/\(kind.executable)",
                arguments: common + ["--name", name.description] + more)
        }
        var children: [ChildPlan] = []
        if let simVenue {
            var replay = ["--speed", options.speed.description]
            if let data { replay += ["--data", data] }
            children.append(plan(simVenue.name, .venue, replay))
        }
        children += gateways.map { plan($0.name, .gateway) }
        children.append(plan(core.name, .core))
        children += agents.map { agent in
            plan(
                agent.name, .agent,
                ["--domain", agent.domain.description] + (data.map { ["--data", $0] } ?? []))
        }
        return children
    }
}
