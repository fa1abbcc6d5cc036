import ArgumentParser
import Runtime
import Trading

/// What the cluster has told people, and what they have to tell it.
struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "The alerts of a cluster.",
        subcommands: [
            AlertsListCommand.self, AlertsAcknowledgeCommand.self, AlertsTestCommand.self,
        ])
}

extension ConsoleOptions {
    /// The alerts that the supervisor has kept.
    fileprivate func alerts() throws(ProcessFailure) -> AlertStore {
        let path = AlertStore.path(in: stateDirectory, of: try configuration())
        guard FileSystem.exists(path) else {
            throw ProcessFailure(
                .unavailable,
                "there are no alerts at \(path): give the configuration `supervisor: alerts:` and "
                    + "start the cluster")
        }
        return try AlertStore(path: path)
    }
}

/// Lists alerts.
struct AlertsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the alerts that stand.",
        discussion: "Example: supervisor alerts list --all --json")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var remote: RemoteOptions

    @Flag(name: .long, help: "Also those that are over; the newest 200.")
    var all = false

    private func alerts() async throws -> [AlertSummary] {
        guard remote.isRemote else {
            let store = try options.alerts()
            return try (all ? store.newest(200) : store.standing()).map(AlertSummary.init)
        }
        let body = try await ServiceClient(remote, options).get("/v1/alerts")
        let alerts = try ServiceClient.decode([AlertSummary].self, body)
        return all ? alerts : alerts.filter { $0.clearedAt == nil }
    }

    func run() async throws {
        await SupervisorCommand.perform {
            let alerts = try await alerts()
            let terminal = Terminal()
            if options.json { return terminal.line(JSONText.encode(alerts)) }
            if alerts.isEmpty { return terminal.line(all ? "no alerts yet" : "no alert stands") }
            let header = ["ALERT", "SEVERITY", "SINCE", "STATE", "RULE", "WHAT"]
            let rows = alerts.map {
                ["\($0.alert)", $0.severity, $0.raisedAt, $0.state, $0.rule, $0.text]
            }
            for line in Columns.lines([header] + rows, right: [0]) { terminal.line(line) }
        }
    }
}

/// Takes an alert on.
struct AlertsAcknowledgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack",
        abstract: "Says that you look after an alert, so that it stops calling.",
        discussion: "Example: supervisor alerts ack 12 --by anna")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var remote: RemoteOptions

    @Argument(help: "The alert's number, as `alerts list` shows it.")
    var alert: Int64

    @Option(name: .long, help: "Who you are. Default: $USER.")
    var by: String?

    func validate() throws {
        if let by, by.isEmpty || by.utf8.count > 40 {
            throw ValidationError("--by: expected a name of at most 40 bytes")
        }
    }

    func run() async throws {
        await SupervisorCommand.perform {
            let name = by ?? Variables.current()["USER"] ?? "operator"
            if remote.isRemote {
                _ = try await ServiceClient(remote, options).post(
                    "/v1/alerts/\(alert)/acknowledge", ["by": name])
            } else if try !options.alerts().acknowledge(alert, by: name, at: WallClock.now()) {
                throw ProcessFailure(
                    .refused, "no alert \(alert) stands: see `supervisor alerts list`")
            }
            Terminal().line(
                options.json
                    ? JSONText.encode(["acknowledged": alert])
                    : "alert \(alert) is acknowledged by \(name)")
        }
    }
}

/// Tries every channel, and the heartbeat.
struct AlertsTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Sends a test through every channel, and says what came of it.",
        discussion: "Needs no running cluster. Exit code 3 where a channel did not take it.")

    @OptionGroup var options: ConsoleOptions

    /// How one channel took it.
    struct Outcome: Codable, Sendable {
        let channel: String
        let isTaken: Bool
        let milliseconds: Int64
        let detail: String
    }

    func run() async throws {
        await SupervisorCommand.perform {
            let configuration = try options.configuration()
            guard let alerts = configuration.supervisor.alerts else {
                throw ProcessFailure(
                    .usage, "the configuration tells nobody: give it `supervisor: alerts:`")
            }
            let outcomes = await AlertsTestCommand.attempt(
                alerts, ClusterFacts(configuration), at: WallClock.now())
            let terminal = Terminal()
            if options.json {
                terminal.line(JSONText.encode(outcomes))
            } else {
                let rows = outcomes.map {
                    [
                        $0.channel, $0.isTaken ? "taken" : "failed", "\($0.milliseconds) ms",
                        $0.detail,
                    ]
                }
                for line in Columns.lines([["CHANNEL", "RESULT", "TOOK", ""]] + rows, right: [2]) {
                    terminal.line(line)
                }
            }
            let failed = outcomes.filter { !$0.isTaken }.map(\.channel)
            guard failed.isEmpty else {
                throw ProcessFailure(
                    .unavailable, "alerts do not get through: \(failed.joined(separator: ", "))")
            }
        }
    }

    /// Tells every channel, one after the other, then beats once.
    static func attempt(
        _ alerts: AlertConfiguration, _ facts: ClusterFacts, at now: Timestamp,
        courier: AlertCourier = AlertCourier()
    ) async -> [Outcome] {
        let notice = AlertNotice.test(facts, at: now)
        var outcomes: [Outcome] = []
        for channel in alerts.channels {
            outcomes.append(
                await outcome(channel.name) { try await courier.tell(channel, notice) })
        }
        if let heartbeat = alerts.heartbeat {
            outcomes.append(
                await outcome("heartbeat") { try await courier.beat(at: heartbeat.url) })
        }
        await courier.close()
        return outcomes
    }

    private static func outcome(_ name: String, _ body: () async throws -> Void) async -> Outcome {
        let start = MonotonicClock.now()
        var problem: String?
        do {
            try await body()
        } catch {
            problem = "\(error)"
        }
        let took = (MonotonicClock.now().nanoseconds - start.nanoseconds) / 1_000_000
        return Outcome(
            channel: name, isTaken: problem == nil, milliseconds: took, detail: problem ?? "")
    }
}

/// An alert for people and for programs.
struct AlertSummary: Codable, Sendable, Equatable {
    let alert: Int64
    let rule: String
    let severity: String
    let subject: String
    /// `standing`, `acknowledged by NAME` or `over`.
    let state: String
    let text: String
    let raisedAt: String
    let clearedAt: String?
    let escalations: Int
    let isAcknowledged: Bool

    init(_ record: AlertRecord) {
        alert = record.id
        rule = record.rule
        severity = record.severity.rawValue
        subject = record.subject
        state =
            record.clearedAt != nil
            ? "over"
            : record.acknowledgedAt != nil
                ? "acknowledged by \(record.acknowledgedBy)" : "standing"
        text = record.text
        raisedAt = record.raisedAt.description
        clearedAt = record.clearedAt?.description
        escalations = record.escalations
        isAcknowledged = record.acknowledgedAt != nil
    }
}
