import ArgumentParser
import Runtime
import Signals

/// Fits the parameters that a study keeps in its source.
struct FitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit",
        abstract: "Fits a study's parameters on the data before its test.",
        discussion: "The same data, seed and steps give the same parameters. The other studies fit "
            + "what they fit within `research score`, walk-forward.")

    @OptionGroup var source: DataOptions

    @Option(help: "The study: nfl.")
    var study = "nfl"
    @Option(help: "What the starting point follows from.")
    var seed: UInt64 = 1
    @Option(help: "The most steps of the search.")
    var steps = 150
    @Option(name: .customLong("as-of"), help: "The day that data may not be after. Default: today.")
    var asOf: String?
    @Flag(help: "Prints JSON for machines.")
    var json = false

    func run() throws {
        ResearchCommand.perform {
            guard study == "nfl" else {
                throw ProcessFailure(.usage, "--study: expected nfl, found `\(study)`")
            }
            guard (1...10_000).contains(steps) else {
                throw ProcessFailure(.usage, "--steps: expected 1 to 10000, found \(steps)")
            }
            let input = Study.Input(folder: try source.folder(), asOf: try AsOf(configured: asOf))
            let result = try FootballStudy.fit(input, seed: seed, steps: steps)
            if json { return try ResearchCommand.printJSON(Printed(result)) }
            print("data \(result.dataset.name) \(result.dataset.hash)")
            print("parameters \(result.parametersHash)")
            print("seed \(result.seed), \(result.steps) steps, log score \(result.score)")
            for parameter in result.parameters.parameters {
                print("\(parameter.label) \(Printed.text(parameter.value))")
            }
        }
    }

    /// The result for machines.
    private struct Printed: Encodable {
        let dataset: String
        let datasetHash: String
        let parameters: [String: String]
        let parametersHash: String
        let seed: UInt64
        let steps: Int
        let logScore: Double

        init(_ result: FitResult) {
            dataset = result.dataset.name
            datasetHash = "\(result.dataset.hash)"
            parameters = Dictionary(
                result.parameters.parameters.map { ($0.label, Printed.text($0.value)) },
                uniquingKeysWith: { first, _ in first })
            parametersHash = result.parametersHash
            seed = result.seed
            steps = result.steps
            logScore = result.score
        }

        static func text(_ value: ParameterSet.Value) -> String {
            switch value {
            case .number(let number): "\(number)"
            case .count(let count): "\(count)"
            case .flag(let flag): "\(flag)"
            case .text(let text): text
            }
        }
    }
}
