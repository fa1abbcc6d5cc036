import ArgumentParser
import Cryptography
import Glibc
import Runtime
import Trading
import Wire

/// Everything about the file that says what may be traded.
struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry",
        abstract: "Signs, verifies and shows the registry of what may be traded.",
        discussion: "The core reads the file that `core: registry:` names, and again whenever it "
            + "and its signature change; one that does not hold leaves the old one as it is.",
        subcommands: [
            RegistrySignCommand.self, RegistryVerifyCommand.self, RegistryShowCommand.self,
        ])
}

/// Which registry file a command is about, and whose keys it needs.
struct RegistryChoice: ParsableArguments, Sendable {
    @Argument(help: "The registry file. Default: the one that the configuration names.")
    var file: String?

    func path(_ configuration: ClusterConfiguration) throws(ProcessFailure) -> String {
        if let path = file ?? configuration.registryPath { return path }
        throw ProcessFailure(.usage, "\(configuration.file) names no registry: name the file")
    }

    func keys(_ configuration: ClusterConfiguration, _ options: ConsoleOptions) -> KeyRing {
        KeyRing(
            process: configuration.supervisor.console,
            files: KeyFiles(root: options.stateDirectory.keys(configuration.keys)),
            credentials: nil)
    }

    /// The file with a signature that holds.
    func verified(_ options: ConsoleOptions) throws(ProcessFailure)
        -> (path: String, registry: SignedRegistry)
    {
        let configuration = try options.configuration()
        let keys = keys(configuration, options)
        var operators: [ShortName: Ed25519PublicKey] = [:]
        for name in configuration.operators { operators[name] = try keys.publicOperatorKey(name) }
        let path = try path(configuration)
        return (
            path,
            try SignedRegistry(
                path: path, cluster: configuration.cluster, operators: operators)
        )
    }
}

/// Signs a registry file as it is.
struct RegistrySignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Checks a registry file and writes FILE.sig beside it.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var choice: RegistryChoice

    @Option(name: .long, help: "The operator who signs. Default: the first configured.")
    var `operator`: String?

    func run() async throws {
        await SupervisorCommand.perform { try sign() }
    }

    private func sign() throws {
        let configuration = try options.configuration()
        let path = try choice.path(configuration)
        let text = try TextFile.read(path, sizeMax: 4 << 20)
        let file = try RegistryFile(yaml: text, file: path)
        guard file.cluster == configuration.cluster else {
            throw file.wrongCluster(expected: configuration.cluster)
        }
        let name = try configuration.operator(named: self.operator)
        let key = try choice.keys(configuration, options).operatorKey(name)
        let target = SignedRegistry.signaturePath(of: path)
        unlink(target)
        try SecretFile.writePublic(SignedRegistry.seal(of: text, by: name, with: key), to: target)
        Terminal().line("signed version \(file.version) of \(path) as \(name)")
    }
}

/// Checks a registry file and its signature, as the core does.
struct RegistryVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Checks a registry file and its signature.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var choice: RegistryChoice

    func run() async throws {
        await SupervisorCommand.perform {
            let (path, registry) = try choice.verified(options)
            Terminal().line(
                "verified version \(registry.file.version) of \(path): \(registry.file.sets.count)"
                    + " sets, signed by \(registry.signer)")
        }
    }
}

/// Shows what a registry file states.
struct RegistryShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows what a signed registry file states.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var choice: RegistryChoice

    func run() async throws {
        await SupervisorCommand.perform { try show() }
    }

    private func show() throws {
        let (_, registry) = try choice.verified(options)
        let terminal = Terminal()
        let shown = registry.file.sets.map(ShownSet.init)
        if options.json {
            terminal.line(JSONText.encode(shown))
            return
        }
        terminal.line("version \(registry.file.version), signed by \(registry.signer)")
        let rows = shown.map { set in
            [
                set.venue, set.set, set.state, set.isExclusive ? "exclusive" : "",
                set.resolution, set.source, set.linked.joined(separator: " "),
                set.rules.isEmpty ? "" : "\(set.rules.count) rules",
            ]
        }
        for line in Columns.lines(rows) { terminal.line("  " + line) }
    }
}

/// A set as it is shown.
private struct ShownSet: Codable, Sendable {
    let venue: String
    let set: String
    let state: String
    let isExclusive: Bool
    let isExhaustive: Bool
    let resolution: String
    let resolvesAt: String?
    let windowSeconds: Double
    let source: String
    let linked: [String]
    let rules: [String]

    init(_ entry: RegistryEntry) {
        let statement = entry.statement
        venue = statement.venue.description
        set = statement.eventSet.description + (statement.isPattern.isSet ? "*" : "")
        state = statement.state.wireName
        isExclusive = statement.isExclusive.isSet
        isExhaustive = statement.isExhaustive.isSet
        resolution = statement.resolution.wireName
        resolvesAt = statement.resolvesAt > .zero ? statement.resolvesAt.description : nil
        windowSeconds = Double(statement.window.nanoseconds) / 1e9
        source = statement.source.description
        linked = entry.links.map(\.description)
        rules = entry.rules.map(\.description)
    }
}
