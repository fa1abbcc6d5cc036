import ArgumentParser
import Risk
import Runtime
import Trading
import Wire

/// Everything about who may lock how much.
struct CapitalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capital",
        abstract: "Shows and moves what orgs, accounts, strategies and venues may lock.",
        discussion: "A scope's capital is its `collateral-max`: the most that all its positions "
            + "and open orders together can lose. The core checks every change: nothing below "
            + "what is at risk, nothing above a limit.",
        subcommands: [
            CapitalShowCommand.self, CapitalMoveCommand.self, CapitalSetCommand.self,
            CapitalProposeCommand.self, CapitalConflictsCommand.self,
            CapitalHistoryCommand.self,
        ])
}

/// Lists the capital of every scope that states one.
struct CapitalShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Lists capital, what is at risk of it and what it earned.",
        discussion: "Read from the core's journal, running or stopped.")

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform {
            let report = CapitalReport(try JournalledState(options).engine)
            let terminal = Terminal()
            if options.json { return terminal.line(JSONText.encode(report)) }
            for line in report.lines { terminal.line(line) }
        }
    }
}

/// Moves capital from one scope to another.
struct CapitalMoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Moves capital between two scopes of one level.",
        discussion: "Whole or not at all, at once, with one operator's signature: the sum stays "
            + "and a limit above bounds it. The same --key never moves anything twice. To undo a "
            + "move, move it back.\n"
            + "Scopes: an agent's name, ORG, ORG/ACCOUNT, ORG/ACCOUNT/STRATEGY or venue:NAME.\n"
            + "Example: supervisor capital move agent-crypto agent-sports 50 --reason \"finals\"")

    @Argument(help: "The scope that gives.")
    var from: String

    @Argument(help: "The scope that gets.")
    var to: String

    @Argument(help: "How much, in dollars.")
    var amount: MoneyText

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var signature: SignatureOptions
    @OptionGroup var quorum: QuorumOptions

    @Option(name: .long, help: "What the move is known by, up to 32 characters.")
    var key: String?

    func validate() throws {
        guard !signature.reason.isEmpty else {
            throw ValidationError("--reason: say why it should move")
        }
    }

    func run() async throws {
        await SupervisorCommand.perform { try await move() }
    }

    private func move() async throws {
        let configuration = try options.configuration()
        let name = try key.map { text throws(ProcessFailure) in
            guard let name = LongName(text), !name.isEmpty else {
                throw ProcessFailure(
                    .usage, "--key: expected 1 to 32 letters, digits, dashes, found \(text)")
            }
            return name
        }
        let wish = try CapitalWish(
            from: CapitalScope(from, in: configuration), to: CapitalScope(to, in: configuration),
            amount: amount.money, key: name)
        try await Steering(options: options, signature: signature).move(
            wish, configuration.mode, quorum)
    }
}

/// States the capital of one scope.
struct CapitalSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "States the capital of one scope.",
        discussion: "A change of limits: less acts at once with one signature, more takes the "
            + "quorum of operators and waits (see `limits`). With --out it becomes a proposal "
            + "that others sign.")

    @Argument(help: "An agent's name, ORG, ORG/ACCOUNT, ORG/ACCOUNT/STRATEGY or venue:NAME.")
    var scope: String

    @Argument(help: "How much, in dollars.")
    var amount: MoneyText

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var signature: SignatureOptions
    @OptionGroup var quorum: QuorumOptions

    func validate() throws {
        guard !signature.reason.isEmpty else {
            throw ValidationError("--reason: say why it should be so")
        }
    }

    func run() async throws {
        await SupervisorCommand.perform {
            let scope = try CapitalScope(scope, in: options.configuration())
            try await Steering(options: options, signature: signature).setCapital(
                [(scope.scope, amount.money)], quorum)
        }
    }
}

/// Lists the moves that are in force.
struct CapitalHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Lists the last 256 moves of capital.",
        discussion: "Read from the core's journal, running or stopped.")

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform {
            let moves = try JournalledState(options).engine.capitalMoves.map(MoveReport.init)
            let terminal = Terminal()
            if options.json { return terminal.line(JSONText.encode(moves)) }
            if moves.isEmpty { return terminal.note("no capital was moved") }
            let rows = [["KEY", "FROM", "TO", "AMOUNT", "VERSION", "AT", "BY", "WHY"]]
            for line in Columns.lines(rows + moves.map(\.row), right: [3, 4]) {
                terminal.line(line)
            }
        }
    }
}

/// An amount of dollars as an argument.
struct MoneyText: ExpressibleByArgument, Sendable {
    let money: Money

    init?(argument: String) {
        guard let money = Money(decimal: argument) else { return nil }
        self.money = money
    }
}
