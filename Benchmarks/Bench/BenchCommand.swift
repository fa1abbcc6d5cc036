import ArgumentParser
import Foundation

/// Measures what docs/BENCHMARKS.md states: each figure is the median of several runs, beside its
/// peer in the same run. Prints a table, and appends one JSON object a line to `bench.jsonl`.
@main struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures the core's paths beside their physical limits.",
        subcommands: [MeasureCommand.self, WriteJournalCommand.self],
        defaultSubcommand: MeasureCommand.self)
}

/// The measurements in process and over links.
struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Measures everything, or what --only names.")

    @Option(help: "Only the measurements whose name starts with this.")
    var only: String?

    @Option(help: "Where one JSON object a line is appended.")
    var output = "bench.jsonl"

    func run() throws {
        let folder = NSTemporaryDirectory() + "bw-bench-\(getpid())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }  // A leftover is harmless.
        let measurements: [(name: String, measure: () throws -> [Figure])] = [
            ("wire", WireBench.measure),
            ("risk", RiskBench.measure),
            ("replay", { try ReplayBench.measure(in: folder) }),
            ("journal", { try JournalBench.measure(in: folder) }),
            ("transport", { try TransportBench.measure(in: folder) }),
            ("simulation", { try SimulationBench.measure(in: folder) }),
            ("latency", { try LatencyBench.measure(in: folder) }),
        ]
        let chosen = measurements.filter { only.map($0.name.hasPrefix) ?? true }
        guard !chosen.isEmpty else {
            let names = measurements.map(\.name).joined(separator: ", ")
            throw ValidationError("--only: expected one of \(names)")
        }
        let sheet = FigureSheet(output: output)
        for measurement in chosen {
            for figure in try measurement.measure() { try sheet.add(figure) }
        }
    }
}
