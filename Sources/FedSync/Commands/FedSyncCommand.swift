package import ArgumentParser
import Foundation
import Runtime

/// A cluster's part in a federation, and what its operator sees and does.
///
/// One file in this folder for each group of subcommands; `run` is the process itself.
package struct FedSyncCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "fed-sync",
        abstract: "Learns with other clusters without showing them what this one has learned.",
        discussion: "Start with `keys init` and `keys show`; read an invitation with `roster show` "
            + "before `join`. Exit codes: 0 success, 1 a check failed or was refused, 2 wrong "
            + "usage or configuration, 3 a peer or a port is not there.",
        version: "0.1.0",
        subcommands: [
            RunCommand.self, KeysCommand.self, RosterCommand.self, JoinCommand.self,
            LeaveCommand.self, OfferCommand.self, StatusCommand.self, PeersCommand.self,
            ModelCommand.self, AuditCommand.self,
        ])

    package init() {}

    /// Runs a command's body and turns every failure into one line and its exit code.
    static func perform(_ body: () throws -> Void) {
        do {
            try body()
        } catch let exit as ArgumentParser.ExitCode {
            FedSyncCommand.exit(withError: exit)
        } catch {
            ProcessFailure(error).exit(name: "fed-sync")
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
package enum FedSyncProcess {
    package static func main(_ arguments: [String]) {
        do {
            var command = try FedSyncCommand.parseAsRoot(arguments)
            try command.run()
        } catch {
            if FedSyncCommand.exitCode(for: error) == .validationFailure {
                ProcessFailure(.usage, FedSyncCommand.message(for: error)).exit(name: "fed-sync")
            }
            FedSyncCommand.exit(withError: error)
        }
    }
}

/// Where the state is, and how to answer.
struct FedSyncOptions: ParsableArguments {
    @Option(
        help: "The directory of all state. Default: $XDG_STATE_HOME/bellwether or its fallbacks.")
    var state: String?

    @Flag(help: "Prints JSON for machines.")
    var json = false

    var directory: StateDirectory {
        state.map { StateDirectory($0) }
            ?? StateDirectory.standard(environment: Variables.current())
    }

    var folder: FedSyncFolder { FedSyncFolder(state: directory) }
}

/// The process.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Takes part in the federation that was joined.")

    @OptionGroup var options: FedSyncOptions

    @Option(help: "Where to listen, tcp://HOST:PORT. Default: the address that the roster names.")
    var listen: String?

    @Option(
        help: """
            The folder that is shared with this cluster's agents: versions for them, their offers \
            from them.
            """)
    var exchange: String?

    func run() throws {
        FedSyncCommand.perform {
            try FedSyncWiring.run(
                state: options.directory, listen: listen,
                exchange: exchange.map { ExchangeFolder($0) })
        }
    }
}
