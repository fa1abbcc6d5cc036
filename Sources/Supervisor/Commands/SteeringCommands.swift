import ArgumentParser
import Runtime
import Trading
import Wire

/// Whom a halt or a resume is for. Without any option: everything.
struct ScopeOptions: ParsableArguments, Sendable {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The scope in one word: all, ORG, ORG/ACCOUNT, ORG/ACCOUNT/STRATEGY, venue:NAME or "
                + "instrument:NAME.",
            valueName: "scope"))
    var scope: ScopeText?

    @Option(name: .long, help: "The org.")
    var org: ScopeName<OrgID>?

    @Option(name: .long, help: "The account; needs --org.")
    var account: ScopeName<AccountID>?

    @Option(name: .long, help: "The strategy; needs --org and --account.")
    var strategy: ScopeName<StrategyID>?

    @Option(name: .long, help: "The venue.")
    var venue: ScopeName<VenueID>?

    @Option(name: .long, help: "The instrument.")
    var instrument: InstrumentName?

    /// The one scope that the options name.
    func named() throws(ProcessFailure) -> OperatorScope {
        let kinds = [scope != nil, org != nil, venue != nil, instrument != nil]
        guard kinds.count(where: { $0 }) <= 1 else {
            throw ProcessFailure(
                .usage,
                "give one of --scope, --org (with --account, --strategy), --venue or --instrument")
        }
        if let scope {
            guard account == nil, strategy == nil else {
                throw ProcessFailure(.usage, "--scope names account and strategy itself")
            }
            return scope.scope
        }
        if strategy != nil, account == nil {
            throw ProcessFailure(.usage, "--strategy needs --org and --account")
        }
        if account != nil, org == nil { throw ProcessFailure(.usage, "--account needs --org") }
        if let instrument { return .instrument(instrument.id) }
        if let venue { return .venue(venue.id) }
        guard let org else { return .all }
        guard let account else { return .org(org.id) }
        guard let strategy else { return .account(org.id, account.id) }
        return .strategy(org.id, account.id, strategy.id)
    }
}

/// A scope in one word.
struct ScopeText: ExpressibleByArgument, Sendable {
    let scope: OperatorScope

    init?(argument: String) {
        let named = argument.split(separator: ":", maxSplits: 1).map(String.init)
        if argument == "all" {
            scope = .all
        } else if named.count == 2 {
            switch named[0] {
            case "venue":
                guard let id = VenueID(named[1]) else { return nil }
                scope = .venue(id)
            case "instrument":
                guard let id = InstrumentID(named[1]) else { return nil }
                scope = .instrument(id)
            default: return nil
            }
        } else {
            let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
                .map(String.init)
            guard (1...3).contains(parts.count), let org = OrgID(parts[0]), !org.isEmpty else {
                return nil
            }
            if parts.count == 1 {
                scope = .org(org)
                return
            }
            guard let account = AccountID(parts[1]), !account.isEmpty else { return nil }
            if parts.count == 2 {
                scope = .account(org, account)
                return
            }
            guard let strategy = StrategyID(parts[2]), !strategy.isEmpty else { return nil }
            scope = .strategy(org, account, strategy)
        }
    }
}

/// Who gives an order, and why.
struct SignatureOptions: ParsableArguments, Sendable {
    @Option(name: .long, help: "Why; it is signed and kept with the command.")
    var reason = ""

    @Option(name: .long, help: "The operator who orders it. Default: the first configured.")
    var `operator`: String?
}

/// For what lets more risk through: where several operators must sign.
struct QuorumOptions: ParsableArguments, Sendable {
    @Option(
        name: .long,
        help: "Writes what operators are to sign into a new file instead; then `sign`, `apply`.")
    var out: String?

    @Option(name: .long, help: "How long it can be applied.")
    var expiresIn: DurationText = DurationText(span: .seconds(86_400))
}

/// A short name of one kind as an argument.
struct ScopeName<ID: ShortIdentifier>: ExpressibleByArgument, Sendable {
    let id: ID

    init?(argument: String) {
        guard let id = ID(argument) else { return nil }
        self.id = id
    }
}

/// An instrument's name as an argument.
struct InstrumentName: ExpressibleByArgument, Sendable {
    let id: InstrumentID

    init?(argument: String) {
        guard let id = InstrumentID(argument) else { return nil }
        self.id = id
    }
}

/// Stops trading, at the core and at every gateway.
struct HaltCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "halt",
        abstract: "Stops trading and cancels what is open, until `resume`.",
        discussion: "Latched and durable at the core and at each gateway, each on its own path: it "
            + "works with the core dead. Without a scope it halts everything.\nFrom afar: "
            + "supervisor halt --scope ORG --reason WHY --url https://desk.example "
            + "--token-file desk.token")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var scope: ScopeOptions
    @OptionGroup var signature: SignatureOptions

    func run() async throws {
        await SupervisorCommand.perform {
            let steering = Steering(options: options, signature: signature)
            if remote.isRemote {
                try await steering.order(.halt, scope.named(), by: remote)
            } else {
                try await steering.order(.halt, scope.named())
            }
        }
    }
}

/// Lets trading go on after a halt.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Clears a halt of the same scope.",
        discussion: "Where the quorum is two operators or more, write a file with --out, let each "
            + "add a signature with `sign`, and give it to every process with `apply`. It clears "
            + "the halt that stands now, and none that comes later.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var scope: ScopeOptions
    @OptionGroup var signature: SignatureOptions
    @OptionGroup var quorum: QuorumOptions

    func run() async throws {
        await SupervisorCommand.perform {
            let steering = Steering(options: options, signature: signature)
            if remote.isRemote {
                guard quorum.out == nil else {
                    throw ProcessFailure(
                        .usage, "--out writes a file for `sign` on this machine: leave out --url")
                }
                try await steering.order(.resume, scope.named(), by: remote)
            } else {
                try await steering.loosen(.resume, scope.named(), quorum)
            }
        }
    }
}

/// Lets the core permit orders: after a start in live mode, or after repeated crashes.
struct ArmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "arm", abstract: "Lets the core permit orders.",
        discussion: "Paper arms by itself; live waits for an operator, and so does a core that "
            + "crashed three times within ten minutes.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var signature: SignatureOptions
    @OptionGroup var quorum: QuorumOptions

    func run() async throws {
        await SupervisorCommand.perform {
            try await Steering(options: options, signature: signature).loosen(
                .arm, .all, quorum)
        }
    }
}

/// Makes the core reject every order, for an upgrade: nothing is latched and nothing cancelled.
struct DisarmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disarm", abstract: "Makes the core reject every new order.",
        discussion: "For an upgrade: disarm, stop, start the new version, arm. What rests stays; "
            + "`halt` cancels it.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var signature: SignatureOptions

    func run() async throws {
        await SupervisorCommand.perform {
            try await Steering(options: options, signature: signature).order(.disarm, .all)
        }
    }
}

/// Gives operators' orders to the core and to every gateway, and shows their answers.
struct Steering {
    let options: ConsoleOptions
    let signature: SignatureOptions?

    init(options: ConsoleOptions, signature: SignatureOptions? = nil) {
        self.options = options
        self.signature = signature
    }

    /// What one operator orders alone.
    func order(_ action: OperatorAction, _ scope: OperatorScope) async throws {
        let session = try options.console()
        let key = try key(in: session)
        let core = session.configuration.core.name
        let targets =
            action == .halt ? [core] + session.configuration.gateways.map(\.name) : [core]
        let console = try session.links(to: targets)
        defer { console.close() }
        let order = OperatorOrder(action: action, scope: scope, reason: signature?.reason ?? "")
        try show(await console.order(order, to: targets, by: key), order.title)
    }

    /// Lets another supervisor order it, with the operator's key that lies there.
    func order(
        _ action: OperatorAction, _ scope: OperatorScope, by remote: RemoteOptions
    ) async throws {
        guard let reason = signature?.reason, !reason.isEmpty else {
            throw ProcessFailure(.usage, "--url wants --reason: it is written into the audit trail")
        }
        guard signature?.operator == nil else {
            throw ProcessFailure(.usage, "--operator is for this machine's keys: leave out --url")
        }
        var fields = scope.fields
        fields["reason"] = reason
        let body = try await ServiceClient(remote, options).post(
            "/v1/\(action.wireName)", fields)
        try show(
            try ServiceClient.decode([SteeringResult].self, body), "\(action.wireName) \(scope)")
    }

    func key(in session: ConsoleSession) throws -> OperatorKey {
        let name = try session.configuration.operator(named: signature?.operator)
        return OperatorKey(name: name, key: try session.party.keys.operatorKey(name))
    }

    private func milliseconds(_ value: Double) -> String {
        "\(Double(Int(value * 10)) / 10) ms"
    }

    func show(_ results: [SteeringResult], _ title: String) throws {
        let terminal = Terminal()
        if options.json {
            terminal.line(JSONText.encode(results))
        } else {
            terminal.line(title)
            let rows = results.map { result in
                [
                    result.process, result.isAccepted ? "done" : "not done", result.state,
                    result.millis.map { "after \(milliseconds($0))" } ?? "",
                    result.cancelled > 0 ? "\(result.cancelled) orders to cancel" : "",
                    result.detail == "done" ? "" : result.detail,
                ]
            }
            for line in Columns.lines(rows) { terminal.line("  " + line) }
            // Whoever has obeyed a halt lets no order pass any more.
            let times = results.compactMap(\.millis)
            if title.hasPrefix(OperatorAction.halt.wireName), times.count == results.count,
                results.allSatisfy(\.isAccepted), let last = times.max()
            {
                terminal.line("no order left later than \(milliseconds(last)) after the command")
            }
        }
        if results.contains(where: { !$0.isAvailable }) {
            throw ProcessFailure(.unavailable, "not every process answered")
        }
        if results.contains(where: { !$0.isAccepted }) {
            throw ProcessFailure(.refused, "not every process obeyed")
        }
    }
}

extension OperatorScope {
    /// The scope as the API names it.
    fileprivate var fields: [String: String] {
        switch self {
        case .all: [:]
        case .org(let org): ["org": "\(org)"]
        case .account(let org, let account): ["org": "\(org)", "account": "\(account)"]
        case .strategy(let org, let account, let strategy):
            ["org": "\(org)", "account": "\(account)", "strategy": "\(strategy)"]
        case .venue(let venue): ["venue": "\(venue)"]
        case .instrument(let instrument): ["instrument": "\(instrument)"]
        }
    }
}

/// What a process did with an order.
struct SteeringResult: Codable, Sendable, Equatable {
    let process: String
    let isAccepted: Bool
    let state: String
    let cancelled: UInt32
    let detail: String
    let isAvailable: Bool
    /// From the command until the process had answered, the opening of a link to it included; nil
    /// for what is no command of the moment.
    var millis: Double?
}

extension SteeringResult {
    init(_ answer: OperatorAnswer) {
        self.init(
            process: answer.process.description, isAccepted: answer.isAccepted,
            state: answer.arming.wireName, cancelled: answer.cancelled, detail: answer.detail,
            isAvailable: true)
    }

    init(_ process: ProcessID, _ error: AdminError) {
        self.init(
            process: process.description, isAccepted: false, state: "unknown", cancelled: 0,
            detail: error.description, isAvailable: false)
    }
}

extension ClusterConfiguration {
    /// The operator with a name; the first one where none is given.
    func `operator`(named text: String?) throws(ProcessFailure) -> ShortName {
        guard let text else {
            guard let first = operators.first else {
                throw ProcessFailure(.usage, "\(file) names no operator")
            }
            return first
        }
        guard let name = ShortName(text), operators.contains(name) else {
            throw ProcessFailure(.usage, "\(text) is not an operator of \(file)")
        }
        return name
    }
}
