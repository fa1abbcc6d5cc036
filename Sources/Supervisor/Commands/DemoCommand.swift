import ArgumentParser
import Runtime
import Trading

/// Shows on a running cluster what it claims.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Shows on a running cluster what it claims.",
        subcommands: [DemoRogueCommand.self])
}

/// Plays the thief.
struct DemoRogueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rogue",
        abstract: "Tries to get an order to the venue past the risk core; every try is refused.",
        discussion: "Takes an agent's own keys, keys of nobody and no keys. Exit code 1 if one try "
            + "gets through. docs/ATTACKS.md lists what the tests try. Example: supervisor demo "
            + "rogue --json")

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform {
            let session = try options.console()
            guard session.configuration.mode == .paper else {
                throw ProcessFailure(.usage, "a demo wants a cluster in paper mode")
            }
            let outcomes = try await RogueTrials(session).run()
            let terminal = Terminal()
            let passed = outcomes.filter { !$0.isRefused }
            if options.json {
                terminal.line(JSONText.encode(outcomes))
            } else {
                let rows = outcomes.map {
                    [$0.who, $0.attempt, $0.isRefused ? "refused" : "LET IN", $0.answer]
                }
                for line in Columns.lines([["WITH", "TRIES TO", "RESULT", "ANSWER"]] + rows) {
                    terminal.line(line)
                }
                terminal.line("\(passed.count) of \(outcomes.count) got through")
            }
            guard passed.isEmpty else {
                throw ProcessFailure(
                    .refused,
                    "\(passed.count) of \(outcomes.count) tries got through: halt the "
                        + "cluster and report it")
            }
        }
    }
}
