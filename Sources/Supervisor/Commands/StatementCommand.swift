import ArgumentParser
import Journal
import Risk
import Runtime
import Trading

/// Says what every org, account and strategy had, did and has, day by day.
struct StatementCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statement",
        abstract: "Shows the books of each day: cash, fills, fees, gains, positions.",
        discussion: "Made from the core's journal, running or stopped. A day is a UTC day of "
            + "market time. Where opening and flows do not make the closing, it says so and fails.")

    @OptionGroup var options: ConsoleOptions

    @Option(name: .long, help: "One day, as 2026-07-24. Default: every day.")
    var day: String?

    @Option(name: .long, help: "One org.")
    var org: ScopeName<OrgID>?

    @Option(name: .long, help: "One account.")
    var account: ScopeName<AccountID>?

    @Option(name: .long, help: "One strategy.")
    var strategy: ScopeName<StrategyID>?

    func validate() throws {
        guard let day else { return }
        let parts = day.split(separator: "-", omittingEmptySubsequences: false)
        let isDay =
            parts.map(\.count) == [4, 2, 2]
            && parts.allSatisfy { $0.utf8.allSatisfy { (48...57).contains($0) } }
        guard isDay else {
            throw ValidationError("--day: expected a day such as 2026-07-24, found \(day)")
        }
    }

    func run() async throws {
        await SupervisorCommand.perform { try show() }
    }

    private func show() throws {
        let configuration = try options.configuration()
        let path = options.stateDirectory.journal(of: configuration.core.name)
        guard FileSystem.exists(path) else {
            throw ProcessFailure(.unavailable, "there is no journal at \(path)")
        }
        let statements: [Statement]
        do {
            statements = try read(JournalReader(opening: path), configuration.cluster)
        } catch let error as JournalError {
            throw ProcessFailure(.refused, "\(path): \(error)")
        }
        let reports = statements.map(StatementReport.init)
        let terminal = Terminal()
        if options.json {
            terminal.line(JSONText.encode(reports))
        } else {
            for report in reports {
                for line in report.lines { terminal.line(line) }
            }
        }
        let broken = reports.filter { !$0.isBalanced }.count
        if broken > 0 {
            throw ProcessFailure(.refused, "\(broken) statements do not balance")
        }
        if reports.isEmpty { terminal.note("no statement is of that day and scope") }
    }

    private func read(_ reader: JournalReader, _ cluster: ShortName) throws -> [Statement] {
        // A torn tree may end early without an error.
        try reader.checkStructure()
        let (engine, start) = try JournalReplay.beginning(of: reader, cluster: cluster)
        var book = StatementBook(
            from: engine,
            filter: StatementFilter(
                day: day, org: org?.id, account: account?.id, strategy: strategy?.id))
        _ = try reader.replay(after: start) { header, body in
            try book.take(header, body.withUnsafeBytes { Array($0) })
        }
        book.finish()
        return book.statements
    }
}
