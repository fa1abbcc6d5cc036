import ArgumentParser
import Foundation
import MarketSim
import Runtime

/// Runs an agent against a recording, with the risk engine and the ledger in the loop.
struct BacktestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest",
        abstract: "Runs an agent's own code against a recording of a market.",
        discussion: "The configuration names the recording (see `research import`), the agent, the "
            + "venue's fees and latencies, and the risk limits. The same configuration gives the "
            + "same result. docs/SIMULATION.md says what is assumed.")

    @Argument(help: "The configuration of the backtest.")
    var configuration: String

    @Option(help: "Where a page with charts goes.")
    var html: String?

    @Option(help: "Where the whole result goes as JSON.")
    var out: String?

    @Flag(help: "Runs the first half again by itself: a decision that differs saw the future.")
    var lookAhead = false

    @Flag(help: "Prints the result as JSON for machines.")
    var json = false

    func run() throws {
        ResearchCommand.perform {
            let runner = try BacktestRunner(BacktestPlan(path: configuration))
            var progress = RunProgress(total: runner.recording.events.count)
            let outcome = try runner.run { progress.show($0) }
            progress.end()
            if lookAhead, let order = try runner.lookAhead(outcome) {
                throw ProcessFailure(
                    .refused, "look-ahead: without what came later there is another order: \(order)"
                )
            }
            if let html {
                let page = BacktestPage(outcome, title: "Backtest of \(configuration)")
                try BacktestCommand.write(page.html, to: html)
            }
            if let out { try BacktestCommand.write(try encode(outcome), to: out) }
            print(json ? try encode(outcome) : outcome.text)
        }
    }

    private func encode(_ outcome: BacktestOutcome) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(outcome), as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ProcessFailure(.unavailable, "\(path): cannot be written: \(error)")
        }
    }
}

/// How far a run is and how long the rest will take, in one line of a terminal.
struct RunProgress {
    private let total: Int
    private let start = ContinuousClock.now
    private let isShown = isatty(STDERR_FILENO) == 1

    init(total: Int) { self.total = total }

    mutating func show(_ done: Int) {
        guard isShown, done > 0 else { return }
        let gone = (ContinuousClock.now - start) / .seconds(1)
        let left = gone * Double(total - done) / Double(done)
        let line = String(
            format: "\r%3d %% · %.1f M events/s · %.0f s left   ", done * 100 / max(1, total),
            Double(done) / max(gone, 1e-9) / 1e6, left)
        FileHandle.standardError.write(Data(line.utf8))
    }

    func end() {
        if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
