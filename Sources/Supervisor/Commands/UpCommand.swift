import ArgumentParser
import Logging
import Runtime
import Subprocess
import Trading

/// Starts a whole cluster on this machine and stays until it ends.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Starts the whole cluster of a configuration on this machine.",
        discussion: "Ends by itself when the replay ends or after --for; Ctrl-C stops cleanly. "
            + "The last line on standard output is `summary` and a JSON object.")

    @Option(name: .long, help: "The configuration file of the cluster.")
    var config: String

    @Option(
        name: .long,
        help: "The directory of all state. Default: $XDG_STATE_HOME/bellwether or its fallbacks.")
    var state: String?

    @Option(name: .long, help: "A folder of recorded data. Default: a generated day.")
    var data: String?

    @Option(name: .long, help: "The speed of the replay: 1, a factor such as 60, or max.")
    var speed: ReplaySpeed = .factor(1)

    @Option(name: .customLong("for"), help: "How long to run, such as 60s or 10m.")
    var limit: RunLimit?

    @Flag(name: .long, help: "Sets the state of an earlier run aside instead of going on with it.")
    var fresh = false

    @Flag(name: .long, help: "Prints JSON for machines.")
    var json = false

    func run() async throws {
        await SupervisorCommand.perform { try await up() }
    }

    private func up() async throws {
        let environment = Variables.current()
        let stop = try StopSignal.install(environment: environment)
        try Hardening.apply()
        let configuration = try ClusterConfiguration(path: config)
        let state =
            self.state.map { StateDirectory($0) }
            ?? StateDirectory.standard(environment: environment)
        let preparation = ClusterPreparation(
            configuration: configuration, configurationPath: config, state: state,
            binaries: FileSystem.executableFolder(), isFresh: fresh, terminal: Terminal())
        try preparation.checkBinaries()
        try preparation.prepareState()
        LogBootstrap.install(
            sink: LogSink(path: state.log(of: configuration.supervisor.name), isEchoed: false),
            level: .info)
        let log = Logger(label: configuration.supervisor.name.description)
        let recorded = try await preparation.data(named: data)
        let options = UpOptions(
            configurationPath: state.configurationCopy, state: state,
            binaries: preparation.binaries, data: recorded, speed: speed, limit: limit?.span,
            isJSON: json)
        preparation.announce()
        let run = ClusterRun(
            configuration: configuration, options: options, data: recorded, stop: stop, log: log)
        let summary = try await run.run()
        preparation.announce()
        Terminal().line(summary.line)
    }
}

/// A length of time as an argument.
struct RunLimit: ExpressibleByArgument, Sendable, Equatable {
    let span: Trading.Span

    init?(argument: String) {
        guard let span = Trading.Span(configured: argument) else { return nil }
        self.span = span
    }
}
