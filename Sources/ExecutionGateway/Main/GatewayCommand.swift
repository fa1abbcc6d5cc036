import ArgumentParser
import ExecutionGateway
import Runtime
import Trading

@main struct GatewayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "execution-gateway",
        abstract: "Serves one venue account: sends what the risk core permits, and nothing else.",
        subcommands: [RunCommand.self, DoctorCommand.self], defaultSubcommand: RunCommand.self)
}

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Serves the account until it is asked to stop.")

    @OptionGroup var options: ProcessOptions

    func run() throws {
        do {
            try GatewayWiring.run(options)
        } catch {
            ProcessFailure(error).exit(name: "execution-gateway")
        }
    }
}

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks at the account: key, clock, permissions, cash, allowances, ticks, limits.",
        discussion: "It only reads, and may run beside the gateway. Exit codes: 0 all is well, "
            + "1 something is wrong, 2 wrong usage or configuration, 3 the venue does not answer.")

    @OptionGroup var options: ProcessOptions

    @Option(name: .long, help: "The gateway of this venue, where there is one only.")
    var venue: String?

    func run() throws {
        do {
            let report = try GatewayDoctor.run(options, venue: try venueID())
            print(options.json ? try report.json() : report.lines.joined(separator: "\n"))
            guard report.exitCode == .success else { throw ExitCode(report.exitCode.rawValue) }
        } catch let code as ArgumentParser.ExitCode {
            throw code
        } catch {
            ProcessFailure(error).exit(name: "execution-gateway")
        }
    }

    private func venueID() throws -> VenueID? {
        guard let venue else { return nil }
        guard let id = VenueID(venue) else {
            throw ProcessFailure(.usage, "--venue \(venue) is no name of a venue")
        }
        return id
    }
}
