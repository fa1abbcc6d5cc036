import ArgumentParser
import Runtime
import Trading
import Wire

/// Which account a command about money concerns.
struct AccountOptions: ParsableArguments, Sendable {
    @Option(name: .long, help: "The org.")
    var org: ScopeName<OrgID>

    @Option(name: .long, help: "The account.")
    var account: ScopeName<AccountID>
}

/// Posts money that moved at the venue beside trades.
struct PostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "post",
        abstract: "Posts a deposit, withdrawal, interest or correction to the ledger.",
        discussion: "The core never guesses why the venue's cash differs: it halts the account. A "
            + "posting says why. What was posted wrongly is posted back with the other sign.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var account: AccountOptions
    @OptionGroup var signature: SignatureOptions
    @OptionGroup var quorum: QuorumOptions

    @Option(name: .long, help: "transfer, funding or correction.")
    var why: PostingName

    @Option(
        name: .long, help: "What the account's cash gains; --amount=-5 for what it loses.")
    var amount: MoneyArgument

    func run() async throws {
        await SupervisorCommand.perform {
            let mode = try options.configuration().mode
            try await Steering(options: options, signature: signature).post(
                amount.money, as: why.reason, account, mode, quorum)
        }
    }
}

/// Says that the difference between an account and its venue has been looked at.
struct ResolveBreakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve-break",
        abstract: "Lets an account trade again that was found different from its venue.",
        discussion: "It trades once a reconciliation finds no difference: post what explains the "
            + "difference first.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var account: AccountOptions
    @OptionGroup var signature: SignatureOptions
    @OptionGroup var quorum: QuorumOptions

    func validate() throws {
        guard !signature.reason.isEmpty else {
            throw ValidationError("--reason: say what explains the difference")
        }
    }

    func run() async throws {
        await SupervisorCommand.perform {
            try await Steering(options: options, signature: signature).loosen(
                .resolveBreak, .account(account.org.id, account.account.id), quorum)
        }
    }
}

/// Why money moved, as an argument.
struct PostingName: ExpressibleByArgument, Sendable {
    let reason: PostingReason

    init?(argument: String) {
        guard let reason = PostingReason.allCases.first(where: { $0.wireName == argument }) else {
            return nil
        }
        self.reason = reason
    }
}

/// An exact decimal as an argument.
struct MoneyArgument: ExpressibleByArgument, Sendable {
    let money: Money

    init?(argument: String) {
        guard let money = Money(decimal: argument) else { return nil }
        self.money = money
    }
}
