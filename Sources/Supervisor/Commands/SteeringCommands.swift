import ArgumentParser
import Runtime
import Trading
import Wire

/// Whom a halt or a resume is for. Without any option: everything.
struct ScopeOptions: ParsableArguments, Sendable {
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
    func scope() throws(ProcessFailure) -> OperatorScope {
        let kinds = [org != nil, venue != nil, instrument != nil].filter { $0 }.count
        guard kinds <= 1 else {
            throw ProcessFailure(
                .usage, "give one of --org (with --account, --strategy), --venue or --instrument")
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

/// Who gives an order, and why.
struct SignatureOptions: ParsableArguments, Sendable {
    @Option(name: .long, help: "Why; it is kept with the command.")
    var reason = ""

    @Option(name: .long, help: "The operator who orders it. Default: the first configured.")
    var `operator`: String?
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
            + "works with the core dead. Without a scope it halts everything.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var scope: ScopeOptions
    @OptionGroup var signature: SignatureOptions

    func run() async throws {
        await SupervisorCommand.perform {
            try await Steering(options: options, signature: signature).order(.halt, scope.scope())
        }
    }
}

/// Lets trading go on after a halt.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Clears a halt of the same scope.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var scope: ScopeOptions
    @OptionGroup var signature: SignatureOptions

    func run() async throws {
        await SupervisorCommand.perform {
            try await Steering(options: options, signature: signature).order(.resume, scope.scope())
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

    func run() async throws {
        await SupervisorCommand.perform {
            try await Steering(options: options, signature: signature).order(.arm, .all)
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

/// Gives an operator's order to the core and to every gateway, and shows their answers.
struct Steering {
    let options: ConsoleOptions
    let signature: SignatureOptions

    func order(_ action: OperatorAction, _ scope: OperatorScope) async throws {
        let session = try options.console()
        let configuration = session.configuration
        let key = try key(in: session)
        // A resume reaches the gateways first, so that the core never permits what they refuse.
        let gateways = configuration.gateways.map(\.name)
        let core = configuration.core.name
        let targets =
            switch action {
            case .resume: gateways + [core]
            case .halt: [core] + gateways
            case .arm, .disarm, .reduceOnly, .stop, .resolveBreak: [core]
            }
        let console = try session.links(to: targets)
        defer { console.close() }
        let order = OperatorOrder(action: action, scope: scope, reason: signature.reason)
        var results: [SteeringResult] = []
        if action == .halt {
            results = await atOnce(order, targets, console, key)
        } else {
            for target in targets { results.append(await give(order, target, console, key)) }
        }
        try show(results, order)
    }

    /// Gives the core an order that concerns it alone.
    func order(_ order: some SignedOrder) async throws {
        let session = try options.console()
        let key = try key(in: session)
        let core = session.configuration.core.name
        let console = try session.links(to: [core])
        defer { console.close() }
        try show([await give(order, core, console, key)], order)
    }

    private func key(in session: ConsoleSession) throws -> OperatorKey {
        let name = try session.configuration.operator(named: signature.operator)
        return OperatorKey(name: name, key: try session.party.keys.operatorKey(name))
    }

    /// A halt goes everywhere at once: a dead process must not delay the others.
    private func atOnce(
        _ order: OperatorOrder, _ targets: [ProcessID], _ console: AdminConsole, _ key: OperatorKey
    ) async -> [SteeringResult] {
        await withTaskGroup { group in
            for target in targets {
                group.addTask { await give(order, target, console, key) }
            }
            var results: [SteeringResult] = []
            for await result in group { results.append(result) }
            return targets.compactMap { target in
                results.first { $0.process == target.description }
            }
        }
    }

    private func give(
        _ order: some SignedOrder, _ target: ProcessID, _ console: AdminConsole, _ key: OperatorKey
    ) async -> SteeringResult {
        do throws(AdminError) {
            let answer = try await console.command(
                order, to: target, by: key, patience: ConsoleSession.patience)
            return SteeringResult(
                process: target.description, isAccepted: answer.isAccepted,
                state: answer.arming.wireName, cancelled: answer.cancelled,
                detail: answer.detail, isAvailable: true)
        } catch {
            return SteeringResult(
                process: target.description, isAccepted: false, state: "unknown", cancelled: 0,
                detail: error.description, isAvailable: false)
        }
    }

    private func show(_ results: [SteeringResult], _ order: some SignedOrder) throws {
        let terminal = Terminal()
        if options.json {
            terminal.line(JSONText.encode(results))
        } else {
            terminal.line(order.title)
            let rows = results.map { result in
                [
                    result.process, result.isAccepted ? "done" : "not done", result.state,
                    result.cancelled > 0 ? "\(result.cancelled) orders to cancel" : "",
                    result.detail,
                ]
            }
            for line in Columns.lines(rows) { terminal.line("  " + line) }
        }
        if results.contains(where: { !$0.isAvailable }) {
            throw ProcessFailure(.unavailable, "not every process answered")
        }
        if results.contains(where: { !$0.isAccepted }) {
            throw ProcessFailure(.refused, "not every process obeyed")
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
