import ArgumentParser
import Journal
import Risk
import Runtime
import Trading
import Wire

/// Shows what the core's state was after an entry, item by item.
struct JournalStateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract: "Shows what the core's journal comes to: brakes, buckets, reservations, orders.")

    @OptionGroup var options: ConsoleOptions

    @Option(name: .long, help: "The entry after which to look; the last one by default.")
    var at: UInt64?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Only items of these kinds.",
            discussion: StateItem.Kind.allCases.map(\.rawValue).joined(separator: ", ")))
    var kind: [StateItem.Kind] = []

    func run() async throws {
        await SupervisorCommand.perform { try show() }
    }

    private func show() throws {
        let replay = try JournalReplay(options, through: at.map { SequenceNumber($0) })
        if let at, replay.last.rawValue != at {
            throw ProcessFailure(
                .usage, "--at \(at): the journal's entries end at \(replay.last)")
        }
        let report = StateReport(replay, kinds: kind.isEmpty ? StateItem.Kind.allCases : kind)
        let terminal = Terminal()
        if options.json {
            terminal.line(JSONText.encode(report))
        } else {
            for item in report.items { terminal.line(item) }
            terminal.line("entry \(report.entry) state hash \(report.stateHash)")
        }
    }
}

extension StateItem.Kind: ExpressibleByArgument {}

/// The state after an entry of the core's journal.
struct StateReport: Codable, Sendable, Equatable {
    let entry: UInt64
    /// Of all of the state, whatever kinds are listed.
    let stateHash: String
    /// A line for each item.
    let items: [String]

    init(_ replay: JournalReplay, kinds: [StateItem.Kind]) {
        entry = replay.last.rawValue
        stateHash = replay.stateHash.description
        items = replay.engine.stateItems.filter { kinds.contains($0.kind) }.map(\.text)
    }
}
