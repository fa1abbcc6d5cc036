import ArgumentParser
import Logging
import Runtime
import Trading
import Wire

/// Watches a cluster that others start, such as systemd: the supervisor as a daemon.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Watches the cluster as a daemon: starts nothing, logs every change of state.")

    @OptionGroup var options: ProcessOptions

    func run() async throws {
        await SupervisorCommand.perform { try await watch() }
    }

    private func watch() async throws {
        let context = try ProcessContext(options: options) {
            configuration, _ in configuration.supervisor.name
        }
        let party = ClusterParty(
            configuration: context.configuration, state: context.state, name: context.name)
        let processes =
            context.configuration.gateways.map(\.name) + [context.configuration.core.name]
            + context.configuration.agents.map(\.name)
        let console = try AdminConsole(party, to: processes)
        defer { console.close() }
        let board = StatusBoard()
        let log = context.log
        let web = web(context, party, console, board)
        let serving = Task { await web?.run() }
        defer { serving.cancel() }
        var watch = ClusterWatch(log: log)
        context.notifier.ready(status: "watching \(processes.count) processes")
        while !context.stop.isRequested {
            var rows: [LiveTable.Row] = []
            for process in processes {
                let result = await Self.look(at: process, console)
                watch.note(result, of: process)
                rows.append(LiveTable.Row(process, result))
            }
            board.post(rows, at: MonotonicClock.now())
            context.notifier.watchdog()
            context.notifier.status(watch.summary)
            await pause(.seconds(1))
        }
        board.end()
        context.notifier.stopping()
    }

    /// The traces, the API and the dashboard; the watch goes on without them where they cannot.
    private func web(
        _ context: ProcessContext, _ party: ClusterParty, _ console: AdminConsole,
        _ board: StatusBoard
    ) -> WebService? {
        let (configuration, log) = (context.configuration, context.log)
        do {
            return try WebService(
                configuration, party, console: console, board: board,
                source: LinkTraces(console: console, core: configuration.core.name), log: log
            ) { announcement in
                // A token is nothing for a log.
                switch announcement {
                case .listening(let address, _): log.notice("web", metadata: ["at": "\(address)"])
                case .failed(let why): log.error("web", metadata: ["why": "\(why)"])
                }
            }
        } catch {
            log.error("no dashboard", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private static func look(at process: ProcessID, _ console: AdminConsole) async
        -> Result<ProcessStatus, AdminError>
    {
        do throws(AdminError) {
            return .success(try await console.status(of: process, patience: .seconds(1)))
        } catch {
            return .failure(error)
        }
    }
}

extension LiveTable.Row {
    /// A process that others start: all that is known of it is what it answers.
    fileprivate init(_ process: ProcessID, _ result: Result<ProcessStatus, AdminError>) {
        let status = try? result.get()
        self.init(
            name: process.description, pid: nil, state: status == nil ? "unavailable" : "ready",
            restarts: 0, status: status)
    }
}

/// What the daemon saw of each process last, so that it logs changes and not repetitions.
struct ClusterWatch {
    /// What is worth a line when it changes.
    enum Condition: Equatable, CustomStringConvertible {
        case unavailable
        case ready(ArmingState)
        case notReady(ArmingState)
        case halted

        init(_ status: ProcessStatus) {
            if status.isKilled || status.arming == .halted {
                self = .halted
            } else {
                self = status.isReady ? .ready(status.arming) : .notReady(status.arming)
            }
        }

        var description: String {
            switch self {
            case .unavailable: "unavailable"
            case .ready(let arming): "ready, \(arming.wireName)"
            case .notReady(let arming): "not ready, \(arming.wireName)"
            case .halted: "halted"
            }
        }
    }

    private let log: Logger
    private var conditions: [ProcessID: Condition] = [:]
    /// The furthest journal position that each process has stated.
    private var heads: [ProcessID: SequenceNumber] = [:]

    init(log: Logger) { self.log = log }

    mutating func note(_ result: Result<ProcessStatus, AdminError>, of process: ProcessID) {
        var condition = Condition.unavailable
        var why = ""
        switch result {
        case .success(let status):
            condition = Condition(status)
            checkHead(status)
        case .failure(let error): why = error.description
        }
        guard conditions[process] != condition else { return }
        conditions[process] = condition
        let level: Logger.Level =
            condition == .unavailable || condition == .halted ? .warning : .info
        log.log(
            level: level, "process changed",
            metadata: ["process": "\(process)", "state": "\(condition)", "why": "\(why)"])
    }

    var summary: String {
        let bad = conditions.values.filter { $0 == .unavailable || $0 == .halted }.count
        return bad == 0
            ? "\(conditions.count) processes answer"
            : "\(bad) of \(conditions.count) processes are unavailable or halted"
    }

    /// A journal that is shorter than it was has lost entries: somebody restored an old one.
    private mutating func checkHead(_ status: ProcessStatus) {
        let known = heads[status.process] ?? .zero
        if status.journalSequence < known {
            log.critical(
                "journal went back",
                metadata: [
                    "process": "\(status.process)", "known": "\(known)",
                    "stated": "\(status.journalSequence)",
                ])
        }
        heads[status.process] = status.journalSequence
    }
}
