import ArgumentParser
import MarketSim
import Runtime

/// Analyses what trading cost.
struct CostsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tca",
        abstract: "Analyses what orders cost, from a core's journal or a backtest.",
        discussion: "Implementation shortfall and its parts, effective spread, markouts, fill and "
            + "rejection rates, by strategy, venue, spread regime and algorithm. docs/EXECUTION.md "
            + "says how each is counted.\n"
            + "Examples: research tca --journal .state/core/journal.sqlite\n"
            + "          research tca --backtest deploy/config/backtest.yaml --json")

    @Option(help: "The journal of a risk core, which may be running.")
    var journal: String?

    @Option(help: "The configuration of a backtest, which is run for it.")
    var backtest: String?

    @Flag(help: "Prints the result as JSON for machines.")
    var json = false

    func validate() throws {
        guard (journal == nil) != (backtest == nil) else {
            throw ValidationError("name one of --journal and --backtest")
        }
    }

    func run() throws {
        ResearchCommand.perform {
            let costs = try costs()
            if json { return try ResearchCommand.printJSON(costs) }
            for line in costs.lines + [""] + costs.shortfallLines { print(line) }
            guard !costs.rejections.isEmpty else { return }
            print("\nrefused by the risk engine")
            for count in costs.rejections { print("  \(count.count)  \(count.name)") }
        }
    }

    private func costs() throws -> CostReport {
        if let journal { return CostReport(try JournalCosts.book(of: journal)) }
        let runner = try BacktestRunner(BacktestPlan(path: backtest ?? ""))
        var progress = RunProgress(total: runner.recording.events.count)
        let outcome = try runner.run { progress.show($0) }
        progress.end()
        return outcome.costs
    }
}
