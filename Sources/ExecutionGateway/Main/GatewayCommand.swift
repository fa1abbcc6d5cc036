import ArgumentParser
import ExecutionGateway
import Runtime

@main struct GatewayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "execution-gateway",
        abstract: "Serves one venue account: sends what the risk core permits, and nothing else.")

    @OptionGroup var options: ProcessOptions

    func run() throws {
        do {
            try GatewayWiring.run(options)
        } catch {
            ProcessFailure(error).exit(name: "execution-gateway")
        }
    }
}
