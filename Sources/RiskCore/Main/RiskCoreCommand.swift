import ArgumentParser
import RiskCore
import Runtime

@main struct RiskCoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "risk-core",
        abstract: "Decides which orders may be sent, and keeps the journal of everything.")

    @OptionGroup var options: ProcessOptions

    func run() throws {
        do {
            try RiskCoreWiring.run(options)
        } catch {
            ProcessFailure(error).exit(name: "risk-core")
        }
    }
}
