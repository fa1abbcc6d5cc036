package import ArgumentParser
import Foundation
import Runtime

/// The researcher's face of the project: what models and policies are worth on recorded data.
///
/// Nothing here trades. Every command reads files, computes, and prints; the same files, seed and
/// parameters give the same lines. One file in this folder for each subcommand.
package struct ResearchCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "research",
        abstract: "Scores models and policies on recorded data, without look-ahead.",
        discussion: "Exit codes: 0 success, 1 a check failed or was refused, 2 wrong usage or "
            + "configuration, 3 the data are not there.",
        version: "0.1.0",
        subcommands: [
            DatasetsCommand.self, ImportCommand.self, BacktestCommand.self, SweepCommand.self,
            CostsCommand.self,
            ScoreCommand.self,
            FitCommand.self, FederatedCommand.self,
        ])

    package init() {}

    /// Runs a command's body and turns every failure into one line and its exit code.
    static func perform(_ body: () throws -> Void) {
        do {
            try body()
        } catch let exit as ArgumentParser.ExitCode {
            ResearchCommand.exit(withError: exit)
        } catch {
            ProcessFailure(error).exit(name: "research")
        }
    }

    /// Prints a value as JSON with its keys in order.
    static func printJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}

/// The entry point: wrong usage is exit code 2, as for every other command here.
package enum ResearchProcess {
    package static func main(_ arguments: [String]) {
        do {
            var command = try ResearchCommand.parseAsRoot(arguments)
            try command.run()
        } catch {
            if ResearchCommand.exitCode(for: error) == .validationFailure {
                ProcessFailure(.usage, ResearchCommand.message(for: error)).exit(name: "research")
            }
            ResearchCommand.exit(withError: error)
        }
    }
}
