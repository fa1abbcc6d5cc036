import ArgumentParser
import Foundation
import Runtime

/// Runs a backtest with many values of its parameters.
struct SweepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Runs a backtest with every combination of some values, on all cores.",
        discussion: "The plan names a backtest and, under `vary`, keys of it with their values "
            + "(deploy/config/sweep.yaml). Results go to --out as they come; the same command "
            + "again goes on where it was stopped.")

    @Argument(help: "The plan of the sweep.")
    var plan: String

    @Option(help: "Where results go, a line of JSON each.")
    var out: String

    @Option(help: "How many runs at once. Default: one for each core.")
    var jobs: Int?

    @Option(help: "How many of the best runs are shown.")
    var top = 20

    @Flag(help: "Prints all results as JSON for machines.")
    var json = false

    func validate() throws {
        if let jobs, !(1...1_024).contains(jobs) {
            throw ValidationError("--jobs: expected 1...1024, found \(jobs)")
        }
        if top < 1 { throw ValidationError("--top: expected at least 1, found \(top)") }
    }

    func run() throws {
        ResearchCommand.perform {
            let plan = try SweepPlan(path: plan)
            let file = try SweepFile(out, for: plan)
            let sweep = SweepRun(
                plan, jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount)
            let progress = SweepProgress(total: plan.count, known: file.known.count)
            let results = try sweep.run(into: file) { progress.show($0) }
            progress.end()
            if json { return try ResearchCommand.printJSON(results) }
            for line in SweepTable.lines(results, of: plan, most: top) { print(line) }
            print(
                "\n\(results.count) runs, \(file.known.count) of them from before. The best of "
                    + "many is also the luckiest: try it on a recording that it has not seen.")
            guard let deflated = SweepTable.deflated(results) else { return }
            print(
                String(
                    format: "deflated Sharpe ratio of the best: %.3f; from 0.95 on it is more than "
                        + "luck among %d tries would be", deflated, results.count))
        }
    }
}

/// How far a sweep is, in one line of a terminal.
private struct SweepProgress: Sendable {
    let total: Int
    let known: Int
    private let start = ContinuousClock.now
    private let isShown = isatty(STDERR_FILENO) == 1

    init(total: Int, known: Int) {
        self.total = total
        self.known = known
    }

    func show(_ done: Int) {
        guard isShown, done > known else { return }
        let gone = (ContinuousClock.now - start) / .seconds(1)
        let left = gone * Double(total - done) / Double(done - known)
        let line = String(format: "\r%d of %d runs · %.0f s left   ", done, total, left)
        FileHandle.standardError.write(Data(line.utf8))
    }

    func end() {
        if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
