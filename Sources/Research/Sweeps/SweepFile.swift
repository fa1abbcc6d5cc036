import Foundation
import Runtime
import Signals

/// One run of a sweep as a line of JSON.
package struct SweepResult: Codable, Sendable, Equatable {
    /// The plan that it is a run of.
    package let plan: String
    package let run: Int
    package let settings: [String: String]
    package let profit: Double
    package let drawdownMax: Double
    package let fees: Double
    package let permitted: Int
    package let rejected: Int
    package let fills: Int
    /// Of what all orders would have cost at their decisions.
    package let shortfallBasisPoints: Double
    package let passiveFillRatio: Double?
    /// Of the equity's changes from point to point of its series; nil where it never changed, and
    /// in files from before it was kept.
    package let sharpe: Double?
    package let skew: Double?
    package let kurtosis: Double?
    package let periods: Int?

    init(_ plan: SweepPlan, run: Int, _ outcome: BacktestOutcome) {
        self.plan = plan.hash
        self.run = run
        settings = Dictionary(uniqueKeysWithValues: plan.settings(of: run))
        let summary = outcome.summary
        profit = summary.profit
        drawdownMax = summary.drawdownMax
        fees = summary.fees
        permitted = summary.permitted
        rejected = summary.rejected
        fills = summary.fills
        let row = outcome.costs.rows.first
        shortfallBasisPoints = row?.shortfall.basisPoints ?? 0
        passiveFillRatio = row?.passiveFillRatio
        let equity = outcome.series.map(\.equity)
        let ratio = SharpeRatio(zip(equity, equity.dropFirst()).map { $1 - $0 })
        (sharpe, skew) = (ratio?.ratio, ratio?.skew)
        (kurtosis, periods) = (ratio?.kurtosis, ratio?.periods)
    }
}

/// The file that a sweep's results go to, a line each as they come: a sweep that was stopped goes
/// on where it was.
package struct SweepFile {
    package let path: String
    /// What was there when it was opened, by run.
    package let known: [Int: SweepResult]
    private let handle: FileHandle

    /// Opens or makes the file. A last line that was cut off is dropped; results of another plan
    /// are never mixed with this one's.
    package init(_ path: String, for plan: SweepPlan) throws {
        self.path = path
        var known: [Int: SweepResult] = [:]
        var whole = 0
        if FileSystem.exists(path) {
            let bytes = try Data(contentsOf: URL(filePath: path))
            var line = 1
            for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            where part.endIndex < bytes.endIndex {
                guard let result = try? JSONDecoder().decode(SweepResult.self, from: part) else {
                    throw ProcessFailure(
                        .refused, "\(path):\(line): not a result of a sweep; choose another --out")
                }
                guard result.plan == plan.hash, (0..<plan.count).contains(result.run) else {
                    throw ProcessFailure(
                        .refused,
                        "\(path):\(line): a result of another sweep, or of one that was changed; "
                            + "choose another --out")
                }
                known[result.run] = result
                whole = part.endIndex + 1 - bytes.startIndex
                line += 1
            }
        } else {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw ProcessFailure(.unavailable, "\(path): cannot be made")
            }
        }
        self.known = known
        do {
            handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.truncate(atOffset: UInt64(whole))
            try handle.seekToEnd()
        } catch {
            throw ProcessFailure(.unavailable, "\(path): cannot be written: \(error)")
        }
    }

    package func add(_ result: SweepResult) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            try handle.write(contentsOf: try encoder.encode(result) + [UInt8(ascii: "\n")])
        } catch {
            throw ProcessFailure(.unavailable, "\(path): cannot be written: \(error)")
        }
    }
}
