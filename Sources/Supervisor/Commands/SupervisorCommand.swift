package import ArgumentParser
import Runtime

/// The operator's face of a cluster: starts it, watches it, steers it and explains it.
///
/// Nothing here is a way past the risk core: every change is a signed command that the core may
/// refuse. Start reading at `UpCommand` and `ClusterRun`.
package struct SupervisorCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "supervisor",
        abstract: "Starts, watches, steers and explains a Bellwether cluster.",
        discussion: "Exit codes: 0 success, 1 a check failed or was refused, 2 wrong usage or "
            + "configuration, 3 a process or service is not available.",
        version: "0.1.0",
        subcommands: [
            UpCommand.self, RunCommand.self, StatusCommand.self, HaltCommand.self,
            ResumeCommand.self, ArmCommand.self, DisarmCommand.self, SignCommand.self,
            ApplyCommand.self, LimitsCommand.self, OverrideCommand.self,
            CapitalCommand.self,
            OrdersCommand.self, ExplainCommand.self, StatementCommand.self, PostCommand.self,
            ResolveBreakCommand.self, JournalCommand.self, TracesCommand.self, TokenCommand.self,
            RegistryCommand.self, KeysCommand.self, AlertsCommand.self, KPICommand.self,
            MarketsCommand.self, PositionsCommand.self, FillsCommand.self, DemoCommand.self,
            DoctorCommand.self,
            BuildsCommand.self,
        ])

    package init() {}

    /// Runs a command's body and turns every failure into one line and its exit code.
    static func perform(_ body: () async throws -> Void) async {
        do {
            try await body()
        } catch let exit as ArgumentParser.ExitCode {
            SupervisorCommand.exit(withError: exit)
        } catch let error as AdminError {
            error.failure.exit(name: "supervisor")
        } catch {
            ProcessFailure(error).exit(name: "supervisor")
        }
    }
}

/// The entry point: wrong usage is exit code 2, as for every other command here.
package enum SupervisorProcess {
    package static func main(_ arguments: [String]) async {
        do {
            var command = try SupervisorCommand.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            let code = SupervisorCommand.exitCode(for: error)
            if code == .validationFailure {
                ProcessFailure(.usage, SupervisorCommand.message(for: error))
                    .exit(name: "supervisor")
            }
            SupervisorCommand.exit(withError: error)
        }
    }
}
