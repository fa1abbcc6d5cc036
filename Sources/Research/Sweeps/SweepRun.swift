import Foundation
import Runtime
import Signals
import Synchronization

/// Runs what is left of a sweep on several cores.
package struct SweepRun: Sendable {
    private struct State {
        var left: [Int]
        var results: [Int: SweepResult]
        var failure: (any Error)?
    }

    package let plan: SweepPlan
    package let jobs: Int

    package init(_ plan: SweepPlan, jobs: Int) {
        precondition(jobs > 0, "\(jobs) jobs")
        self.plan = plan
        self.jobs = jobs
    }

    /// All results in the order of their runs. Each is in the file as soon as it is known; `told`
    /// hears how many there are.
    package func run(
        into file: SweepFile, told: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws -> [SweepResult] {
        let left = (0..<plan.count).filter { file.known[$0] == nil }
        let state = Mutex(State(left: left.reversed(), results: file.known))
        DispatchQueue.concurrentPerform(iterations: min(jobs, max(1, left.count))) { _ in
            while let run = state.withLock({ $0.failure == nil ? $0.left.popLast() : nil }) {
                do {
                    let outcome = try BacktestRunner(plan.plan(of: run)).run()
                    let result = SweepResult(plan, run: run, outcome)
                    let count = try state.withLock { state in
                        try file.add(result)
                        state.results[run] = result
                        return state.results.count
                    }
                    told(count)
                } catch {
                    let failure = ProcessFailure(error)
                    state.withLock {
                        $0.failure = ProcessFailure(
                            failure.code, "run \(run): \(failure.description)")
                    }
                }
            }
        }
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.results.sorted { $0.key < $1.key }.map(\.value)
        }
    }
}

/// The best runs as a table for a terminal.
package enum SweepTable {
    /// What the best run is worth after so many tries: the probability that its Sharpe ratio is
    /// above what as many runs without skill would find (Bailey and López de Prado 2014). Nil where
    /// the best never changed its equity, or nothing else was tried.
    package static func deflated(_ results: [SweepResult]) -> Double? {
        let best = results.max { ($0.profit, $1.run) < ($1.profit, $0.run) }
        guard let best, let ratio = best.sharpe, let skew = best.skew,
            let kurtosis = best.kurtosis, let periods = best.periods
        else { return nil }
        // A run that never traded is a try all the same.
        let ratios = results.map { $0.sharpe ?? 0 }
        guard ratios.count > 1, periods > 1 else { return nil }
        let mean = ratios.reduce(0, +) / Double(ratios.count)
        let variance =
            ratios.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(ratios.count - 1)
        return SharpeRatio(ratio: ratio, periods: periods, skew: skew, kurtosis: kurtosis)
            .probability(
                above: SharpeRatio.expectedMaximum(trials: ratios.count, variance: variance))
    }

    package static func lines(_ results: [SweepResult], of plan: SweepPlan, most: Int) -> [String] {
        let best = results.sorted { ($1.profit, $0.run) < ($0.profit, $1.run) }.prefix(most)
        let titles =
            ["run"] + plan.axes.map(\.key)
            + ["profit", "drawdown", "fees", "orders", "fills", "refused", "IS bp"]
        let rows = best.map { result in
            ["\(result.run)"] + plan.axes.map { result.settings[$0.key] ?? "" }
                + [
                    String(format: "%.2f", result.profit),
                    String(format: "%.2f", result.drawdownMax), String(format: "%.2f", result.fees),
                    "\(result.permitted)", "\(result.fills)", "\(result.rejected)",
                    String(format: "%.1f", result.shortfallBasisPoints),
                ]
        }
        let table = [titles] + rows
        let widths = titles.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { row in
            row.enumerated().map { column, text in
                String(repeating: " ", count: widths[column] - text.count) + text
            }.joined(separator: "  ")
        }
    }
}
