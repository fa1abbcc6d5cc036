import ArgumentParser
import DomainAgent
import Runtime

@main struct DomainAgentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain-agent",
        abstract: "Looks for mispriced outcomes of one domain and asks the risk core for orders.")

    @Option(
        name: .long,
        help: """
            What the agent knows: crypto, macro, politics, sports, touch or weather. Default: what \
            the configuration says of --name.
            """)
    var domain: String?

    @OptionGroup var options: ProcessOptions

    func run() throws {
        do {
            try AgentWiring.run(domain: domain, options)
        } catch {
            ProcessFailure(error).exit(name: "domain-agent")
        }
    }
}
