import ArgumentParser
import Foundation
import Runtime
import Signals

/// What clusters learn apart, and what that is worth together.
struct FederatedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "federated",
        abstract: "Fits the crypto set on a cluster's slice of a day, and scores sets on the "
            + "markets that were held out.",
        subcommands: [FederatedFitCommand.self, FederatedScoreCommand.self])
}

/// Which day.
struct DayOptions: ParsableArguments {
    @Option(help: "The folder of recorded data. Without it, a day is generated from --seed.")
    var data: String?
    @Option(help: "What the generated day follows from.")
    var seed: UInt64 = 1

    func study() throws -> FederatedStudy {
        guard let data else { return FederatedStudy(seed: seed) }
        return try FederatedStudy(folder: DataFolder(data))
    }
}

struct FederatedFitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit",
        abstract: "Prints what one of several clusters learns from its own markets, as `fed-sync "
            + "offer` takes it.")

    @OptionGroup var day: DayOptions
    @Option(help: "How many clusters share the day.")
    var peers = 3
    @Option(help: "Which of them, from 1.")
    var peer: Int

    private struct Offer: Encodable {
        let weight: Double
        let parameters: [String: Double]
    }

    func run() throws {
        ResearchCommand.perform {
            guard (1...1_000).contains(peers), (1...peers).contains(peer) else {
                throw ProcessFailure(.usage, "--peer: expected 1 to --peers, found \(peer)")
            }
            let study = try day.study()
            let slice = study.slice(peer - 1, of: peers)
            guard !slice.isEmpty else {
                throw ProcessFailure(.refused, "cluster \(peer) of \(peers) has no market")
            }
            let largest = (0..<peers).map { study.slice($0, of: peers).count }.max() ?? 1
            try ResearchCommand.printJSON(
                Offer(
                    weight: Double(slice.count) / Double(largest),
                    parameters: Dictionary(
                        zip(UpDownLearned.names, FederatedStudy.fit(slice).values),
                        uniquingKeysWith: { first, _ in first })))
        }
    }
}

struct FederatedScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Scores sets of parameters on the markets that no cluster has learned from.",
        discussion: "Each FILE is JSON: a value for each parameter, or an offer that has them "
            + "under `parameters`. Each is compared with the "
            + "last one, with the standard error over markets.")

    @OptionGroup var day: DayOptions
    @Argument(help: "The sets, as NAME=FILE.")
    var sets: [String]

    func run() throws {
        ResearchCommand.perform {
            let study = try day.study()
            let held = study.heldOut
            guard !held.isEmpty else { throw ProcessFailure(.refused, "no market is held out") }
            let read = [("initial", UpDownLearned.neutral)] + (try sets.map(Self.read))
            guard let last = read.last else { return }
            let markets = Set(held.map(\.market)).count
            print("\(markets) markets held out, \(held.count) forecasts; log score, less is better")
            for (name, parameters) in read {
                let (mean, difference, error) = FederatedStudy.compare(
                    held, parameters, to: last.1)
                let values = zip(UpDownLearned.names, parameters.values)
                    .map { "\($0) \(Self.text($1))" }.joined(separator: "  ")
                let compared =
                    name == last.0
                    ? "" : "  \(last.0) is better by \(Self.text(difference)) ± \(Self.text(error))"
                print("\(name): \(Self.text(mean))  (\(values))\(compared)")
            }
        }
    }

    private static func read(_ set: String) throws -> (String, UpDownLearned) {
        let parts = set.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw ProcessFailure(.usage, "expected NAME=FILE, found `\(set)`")
        }
        let text = try TextFile.read(parts[1])
        let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let values = object?["parameters"] as? [String: Any] ?? object
        var parameters: [Double] = []
        for name in UpDownLearned.names {
            guard let value = values?[name] as? Double, value.isFinite else {
                throw ProcessFailure(.usage, "\(parts[1]): expected a number for `\(name)`")
            }
            parameters.append(value)
        }
        guard let learned = UpDownLearned(parameters) else {
            throw ProcessFailure(
                .usage,
                "\(parts[1]): a parameter is out of its bounds: "
                    + zip(UpDownLearned.names, UpDownLearned.bounds).map { name, bound in
                        "\(name) \(bound.lowerBound) to \(bound.upperBound)"
                    }.joined(separator: ", "))
        }
        return (parts[0], learned)
    }

    private static func text(_ value: Double) -> String { String(format: "%.5f", value) }
}
