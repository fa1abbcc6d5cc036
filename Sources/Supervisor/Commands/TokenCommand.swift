import ArgumentParser
import Runtime
import Trading

/// Who may use the API.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "The tokens of the HTTP API.",
        subcommands: [
            TokenAddCommand.self, TokenListCommand.self, TokenRevokeCommand.self,
            TokenShowCommand.self,
        ])
}

extension ConsoleOptions {
    fileprivate func tokens() throws(ProcessFailure) -> AccessTokens {
        try AccessTokens(stateDirectory)
    }
}

/// Makes a token.
struct TokenAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Makes a token and prints it once.",
        discussion: "Example: supervisor token add --name grafana --scope read --expires-in 30d")

    @OptionGroup var options: ConsoleOptions

    @Option(name: .long, help: "What it is called in the audit trail.")
    var name: String

    @Option(name: .long, help: "What it may do: read or operate. Give each.")
    var scope: [String]

    @Option(name: .long, help: "The only org that it concerns. Default: the whole cluster.")
    var org: ScopeName<OrgID>?

    @Option(name: .long, help: "How long it holds, such as 24h. Default: until it is revoked.")
    var expiresIn: DurationText?

    func validate() throws {
        guard !name.isEmpty, name.utf8.count <= 40 else {
            throw ValidationError("--name: expected at most 40 bytes")
        }
        guard !scope.isEmpty, scope.allSatisfy({ AccessTokens.Scope(rawValue: $0) != nil }) else {
            throw ValidationError("--scope: expected read or operate")
        }
    }

    func run() async throws {
        await SupervisorCommand.perform {
            let end = expiresIn.map { (WallClock.now() + $0.span).nanoseconds / 1_000_000_000 }
            let token = try options.tokens().add(
                name: name, scopes: scope.compactMap { AccessTokens.Scope(rawValue: $0) },
                org: org?.id.description, expiresAt: end)
            Terminal().line(options.json ? JSONText.encode(["token": token]) : token)
        }
    }
}

/// Lists who has a token.
struct TokenListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the tokens by name; none can be read back.")

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform {
            let grants = try options.tokens().grants()
            let terminal = Terminal()
            if options.json { return terminal.line(JSONText.encode(grants)) }
            let rows = grants.map { grant in
                [
                    grant.name, grant.scopes.map(\.rawValue).joined(separator: ","),
                    grant.org ?? "every org",
                    grant.expiresAt.map { Timestamp(seconds: $0).description } ?? "until revoked",
                ]
            }
            for line in Columns.lines([["NAME", "MAY", "ORG", "UNTIL"]] + rows) {
                terminal.line(line)
            }
        }
    }
}

/// Ends a token.
struct TokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Ends a token at once, streams included.")

    @OptionGroup var options: ConsoleOptions

    @Argument(help: "Its name.")
    var name: String

    func run() async throws {
        await SupervisorCommand.perform {
            guard try options.tokens().revoke(name) else {
                throw ProcessFailure(.refused, "there is no token \(name): see `token list`")
            }
            Terminal().line(options.json ? JSONText.encode(["revoked": name]) : "revoked \(name)")
        }
    }
}

/// Prints the token of this machine's dashboard.
struct TokenShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Prints the token of this machine's own dashboard.")

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform {
            let token = try options.tokens().local()
            Terminal().line(options.json ? JSONText.encode(["token": token]) : token)
        }
    }
}
