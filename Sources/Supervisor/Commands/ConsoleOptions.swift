package import ArgumentParser
import Runtime
import Trading

/// The options of the commands that look at a cluster or steer it.
package struct ConsoleOptions: ParsableArguments, Sendable {
    @Option(
        name: .long,
        help: "The cluster's configuration. Default: the one that the state was started with.")
    package var config: String?

    @Option(
        name: .long,
        help: "The directory of all state. Default: $XDG_STATE_HOME/bellwether or its fallbacks.")
    package var state: String?

    @Flag(name: .long, help: "Prints JSON for machines.")
    package var json = false

    package init() {}

    var stateDirectory: StateDirectory {
        state.map { StateDirectory($0) }
            ?? StateDirectory.standard(environment: Variables.current())
    }

    /// The configuration that was named, or the copy that a start leaves in the state.
    func configuration() throws(ProcessFailure) -> ClusterConfiguration {
        let state = stateDirectory
        let path = config ?? state.configurationCopy
        guard config != nil || FileSystem.exists(path) else {
            throw ProcessFailure(
                .usage, "no cluster was started on \(state.root): name its --config or --state")
        }
        return try ClusterConfiguration(path: path)
    }

    /// Who the command is on the links: the console, one command at a time.
    func console() throws(ProcessFailure) -> ConsoleSession {
        try ConsoleSession(configuration: configuration(), state: stateDirectory)
    }
}

extension StateDirectory {
    /// The configuration that the cluster was last started with.
    var configurationCopy: String { root + "/cluster.yaml" }
}

/// One command's place as the console of a cluster.
struct ConsoleSession {
    let configuration: ClusterConfiguration
    let state: StateDirectory
    let party: ClusterParty

    /// How long a command waits for a process.
    static let patience = Span.seconds(3)

    init(configuration: ClusterConfiguration, state: StateDirectory) throws(ProcessFailure) {
        self.configuration = configuration
        self.state = state
        // Two commands at once would end each other's sessions: the second waits for the first.
        try ConsoleSession.takeTurn(in: state)
        party = ClusterParty(
            configuration: configuration, state: state, name: configuration.supervisor.console)
    }

    /// Links to the named processes.
    func links(to processes: [ProcessID]) throws(ProcessFailure) -> AdminConsole {
        try AdminConsole(party, to: processes)
    }

    /// The processes that answer on admin links, in the order in which they start.
    var speakers: [ProcessID] {
        configuration.gateways.map(\.name) + [configuration.core.name]
            + configuration.agents.map(\.name)
    }

    private static func takeTurn(in state: StateDirectory) throws(ProcessFailure) {
        guard FileSystem.exists(state.run) else { return }
        guard FileLock.take(state.run + "/console.lock", patience: .seconds(10)) else {
            throw ProcessFailure(
                .unavailable, "another command of the console has been running for 10 s; try again")
        }
    }
}
