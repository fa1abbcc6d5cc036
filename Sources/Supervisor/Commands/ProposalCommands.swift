import ArgumentParser
import Cryptography
import Risk
import Runtime
import Trading
import Wire

/// Adds a signature to a file. Needs the operator's key and no running cluster.
struct SignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Adds an operator's signature to a proposal of limits or to a directive.",
        discussion: "Works without the cluster, on the device where the operator's key lies. Shows "
            + "what was signed.")

    @Argument(help: "The file.")
    var file: String

    @OptionGroup var options: ConsoleOptions

    @Option(name: .long, help: "The operator who signs. Default: the first configured.")
    var `operator`: String?

    func run() async throws {
        await SupervisorCommand.perform { try sign() }
    }

    private func sign() throws {
        let configuration = try options.configuration()
        let name = try configuration.operator(named: self.operator)
        let keys = KeyRing(
            process: configuration.supervisor.console,
            files: KeyFiles(root: options.stateDirectory.keys(configuration.keys)),
            credentials: nil)
        var proposal = try ProposalFile(path: file)
        guard proposal.terms.cluster == configuration.cluster else {
            throw ProcessFailure(
                .refused, "\(file) is for the cluster \(proposal.terms.cluster)")
        }
        try proposal.sign(by: OperatorKey(name: name, key: keys.operatorKey(name)))
        try proposal.write(to: file, isNew: false)
        proposal.show(file: file, asJSON: options.json)
    }
}

/// Gives a file to the processes that it concerns.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Gives a signed proposal to the core, or a signed directive to all it names.",
        discussion: "Each process looks at every signature itself.")

    @Argument(help: "The file.")
    var file: String

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform { try await apply() }
    }

    private func apply() async throws {
        let proposal = try ProposalFile(path: file)
        switch proposal.terms {
        case .limits: try await applyLimits(proposal)
        case .directive(let terms):
            try await Steering(options: options).give(proposal, terms, to: options.console())
        }
    }

    private func applyLimits(_ proposal: ProposalFile) async throws {
        let session = try options.console()
        let core = session.configuration.core.name
        let console = try session.links(to: [core])
        defer { console.close() }
        let answer = try await console.give(
            proposal, to: core, patience: ConsoleSession.patience)
        guard answer.isAccepted else {
            throw ProcessFailure(.refused, "\(file): \(answer.detail)")
        }
        let terminal = Terminal()
        if options.json {
            terminal.line(JSONText.encode(["result": answer.detail]))
        } else {
            terminal.line("the limits: \(answer.detail)")
        }
    }
}
