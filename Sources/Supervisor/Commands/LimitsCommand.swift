import ArgumentParser
import Cryptography
import Risk
import Runtime
import Trading
import Wire

/// Everything about limits.
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "Shows limits, and changes them by signed proposals.",
        discussion: "A proposal is a file. `propose` makes it, each operator adds a signature with "
            + "`sign`, and `apply` gives it to the core. What only tightens acts at once with one "
            + "signature; everything else takes the quorum of operators, and waits.",
        subcommands: [
            LimitsShowCommand.self, LimitsProposeCommand.self, LimitsDiffCommand.self,
            SignCommand.self, ApplyCommand.self,
        ])
}

/// Lists the limits in force.
struct LimitsShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Lists the limits in force: whose, since when, by whom.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var remote: RemoteOptions

    func run() async throws {
        await SupervisorCommand.perform {
            let report =
                remote.isRemote
                ? try ServiceClient.decode(
                    LimitsReport.self, try await ServiceClient(remote, options).get("/v1/limits"))
                : LimitsReport(try await options.limitSheet())
            let terminal = Terminal()
            if options.json { return terminal.line(JSONText.encode(report)) }
            for line in report.lines { terminal.line(line) }
        }
    }
}

/// Writes a proposal that changes what is in force now.
struct LimitsProposeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "propose", abstract: "Writes a proposal to change limits into a file.",
        discussion: "Limits are written as in the configuration: --set "
            + "'{ level: firm, kind: order-quantity-max, value: \"30\" }'.")

    @Argument(help: "The proposal's file; it must not exist.")
    var file: String

    @OptionGroup var options: ConsoleOptions

    @Option(name: .long, help: "A limit to state; may be given several times.")
    var set: [String] = []

    @Option(name: .long, help: "A limit to take out, without its value.")
    var remove: [String] = []

    @Option(name: .long, help: "A YAML file with `limits:` and `remove:` instead.")
    var from: String?

    @Option(name: .long, help: "Why; it is signed with the proposal.")
    var reason: String

    @Option(name: .long, help: "How long from now at least until a loosening counts, such as 1h.")
    var effectiveIn: DurationText?

    @Option(name: .long, help: "How long the proposal can be applied and come into force.")
    var expiresIn: DurationText = DurationText(span: .seconds(86_400))

    func run() async throws {
        await SupervisorCommand.perform { try await propose() }
    }

    private func propose() async throws {
        let wishes = try readWishes()
        let configuration = try options.configuration()
        try write(wishes, configuration, try await options.limitSheet())
    }

    private func write(
        _ wishes: LimitWishes, _ configuration: ClusterConfiguration, _ sheet: LimitSheet
    ) throws {
        var edits = try wishes.limits.map { limit in
            guard let value = limit.kind.engineValue(ofConfigured: limit.value) else {
                throw ProcessFailure(.usage, "the value of \(limit.kind) is too large")
            }
            return try edit(limit, to: value, configuration, sheet)
        }
        edits += try wishes.removed.map { try edit($0, to: nil, configuration, sheet) }
        guard !edits.isEmpty else {
            throw ProcessFailure(.usage, "nothing to change: give --set, --remove or --from")
        }
        let now = WallClock.now()
        let proposal = LimitProposal(
            cluster: configuration.cluster, base: sheet.version, baseHash: sheet.hash,
            proposedAt: now, effectiveAt: effectiveIn.map { now + $0.span } ?? .zero,
            expiresAt: now + expiresIn.span)
        let written = try ProposalFile(
            frame: proposal.frame(
                changes: edits.map(LimitProposal.ChangesEntry.init),
                reason: Array(reason.utf8.prefix(512))))
        try written.write(to: file, isNew: true)
        written.show(file: file, sheet: sheet, asJSON: options.json)
    }

    private func readWishes() throws -> LimitWishes {
        guard let from else {
            let list = { (items: [String]) in "[ \(items.joined(separator: ", ")) ]" }
            return try LimitWishes(
                yaml: "limits: \(list(set))\nremove: \(list(remove))\n", file: "--set")
        }
        guard set.isEmpty, remove.isEmpty else {
            throw ProcessFailure(.usage, "give --from, or --set and --remove")
        }
        return try LimitWishes(yaml: TextFile.read(from), file: from)
    }

    private func edit(
        _ limit: LimitConfiguration, to value: Int64?, _ configuration: ClusterConfiguration,
        _ sheet: LimitSheet
    ) throws(ProcessFailure) -> LimitEdit {
        guard let place = LimitPlace(limit, mode: configuration.mode) else {
            throw ProcessFailure(.usage, "a limit of \(limit.kind) names no scope")
        }
        return LimitEdit(place: place, was: sheet.value(at: place), value: value)
    }
}

/// Shows what a proposal changes.
struct LimitsDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Shows what a proposal changes, and who has signed it.")

    @Argument(help: "The proposal's file.")
    var file: String

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform {
            let proposal = try ProposalFile(path: file)
            let sheet = try await options.limitSheet()
            proposal.show(file: file, sheet: sheet, asJSON: options.json)
        }
    }
}

/// A length of time as an argument.
struct DurationText: ExpressibleByArgument, Sendable {
    let span: Trading.Span

    init(span: Trading.Span) { self.span = span }

    init?(argument: String) {
        guard let span = Trading.Span(configured: argument) else { return nil }
        self.span = span
    }

    var defaultValueDescription: String { "\(span.nanoseconds / 3_600_000_000_000)h" }
}

extension ConsoleOptions {
    /// What the running core has in force.
    fileprivate func limitSheet() async throws -> LimitSheet {
        let session = try console()
        let core = session.configuration.core.name
        let console = try session.links(to: [core])
        defer { console.close() }
        return try await console.limits(of: core, patience: ConsoleSession.patience)
    }
}
