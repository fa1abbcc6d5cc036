import ArgumentParser
import Cryptography
import Journal
import Runtime
import Trading
import Wire

/// Everything about journals.
struct JournalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "Verifies, replays and shows journals.",
        subcommands: [
            JournalVerifyCommand.self, JournalReplayCommand.self, JournalStateCommand.self,
            JournalShowCommand.self, JournalExportCommand.self,
        ])
}

/// Which journal a command is about.
struct JournalChoice: ParsableArguments, Sendable {
    @Option(name: .long, help: "Whose journal: the core's by default, or a gateway's.")
    var of: ScopeName<ProcessID>?

    /// The journal's owner and file.
    func journal(_ options: ConsoleOptions) throws(ProcessFailure)
        -> (configuration: ClusterConfiguration, owner: ProcessID, path: String)
    {
        let configuration = try options.configuration()
        let owner = of?.id ?? configuration.core.name
        guard owner == configuration.core.name || configuration.gateway(owner) != nil else {
            throw ProcessFailure(.usage, "\(owner) keeps no journal: the core and gateways do")
        }
        let path = options.stateDirectory.journal(of: owner)
        guard FileSystem.exists(path) else {
            throw ProcessFailure(.unavailable, "there is no journal at \(path)")
        }
        return (configuration, owner, path)
    }
}

/// Walks the chain and the signed checkpoints.
struct JournalVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks that a journal is what its owner wrote, entry by entry.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var choice: JournalChoice

    @Option(name: .long, help: "A file of `journal export` instead; it needs no cluster.")
    var export: String?

    @Option(
        name: .long, help: "The owner's public checkpoint key, which must have signed --export.")
    var key: String?

    func validate() throws {
        guard key == nil || export != nil else { throw ValidationError("--key needs --export") }
    }

    func run() async throws {
        await SupervisorCommand.perform {
            guard let export else { return try verify() }
            try ExportReport.verifying(export, key: key).show(options.json)
        }
    }

    private func verify() throws {
        let (configuration, owner, path) = try choice.journal(options)
        let keys = KeyRing(
            process: configuration.supervisor.console,
            files: KeyFiles(root: options.stateDirectory.keys(configuration.keys)),
            credentials: nil)
        let identity = JournalIdentity(
            cluster: configuration.cluster.description, owner: owner.description,
            schemaVersion: UInt32(WireSchema.version))
        let verifier = JournalVerifier(
            identity: identity, checkpointKey: try keys.publicCheckpointKey(of: owner))
        let reports: [JournalReport]
        do throws(JournalError) {
            reports = try verifier.verify(archives: [], journal: path)
        } catch {
            throw ProcessFailure(.refused, "\(path): \(error)")
        }
        guard let report = reports.last else {
            throw ProcessFailure(.refused, "\(path): nothing was verified")
        }
        let terminal = Terminal()
        if options.json {
            terminal.line(JSONText.encode(VerifyReport(report, path: path)))
        } else {
            terminal.line(
                "verified \(report.entries) entries of \(path): chain \(report.head), epoch "
                    + "\(report.epoch), \(report.checkpoints) signed checkpoints")
        }
    }
}

/// The result of a verification for programs.
struct VerifyReport: Codable, Sendable, Equatable {
    let path: String
    let entries: UInt64
    let head: String
    let epoch: UInt64
    let checkpoints: Int
    let snapshots: Int

    init(_ report: JournalReport, path: String) {
        self.path = path
        entries = report.entries
        head = report.head.description
        epoch = report.epoch.rawValue
        checkpoints = report.checkpoints
        snapshots = report.snapshots
    }
}

/// Lists entries.
struct JournalShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Lists the entries of a journal.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var choice: JournalChoice

    @Option(name: .long, help: "The first entry.")
    var from: UInt64 = 1

    @Option(name: .long, help: "How many.")
    var limit = 50

    func validate() throws {
        guard (1...1_000_000).contains(limit) else {
            throw ValidationError("--limit: expected a number from 1 to 1000000, found \(limit)")
        }
    }

    func run() async throws {
        await SupervisorCommand.perform { try show() }
    }

    private func show() throws {
        let (_, _, path) = try choice.journal(options)
        do throws(JournalError) {
            let reader = try JournalReader(opening: path)
            var next = SequenceNumber(max(from, 1))
            var left = limit
            while left > 0 {
                // A page is bounded in bytes, so the limit may take several.
                let page = try reader.read(from: next, limit: left)
                guard let last = page.last else { return }
                for entry in page { show(EntryLine(entry)) }
                left -= page.count
                next = last.header.sequence.next
            }
        } catch {
            throw ProcessFailure(.refused, "\(path): \(error)")
        }
    }

    private func show(_ line: EntryLine) {
        Terminal().line(options.json ? JSONText.encode(line) : line.text)
    }
}

/// An entry in one line.
struct EntryLine: Codable, Sendable, Equatable {
    let entry: UInt64
    let epoch: UInt64
    let at: String
    let command: String
    let decision: String
    let bytes: Int

    init(_ entry: StoredEntry) {
        self.entry = entry.header.sequence.rawValue
        epoch = entry.header.epoch.rawValue
        at = entry.header.at.description
        command =
            WireTemplate(rawValue: entry.header.template).map { "\($0)" }
            ?? "template \(entry.header.template)"
        bytes = entry.body.count
        do throws(WireError) {
            decision = try EntryLine.decision(of: RecordedEntry(entry))
        } catch {
            decision = "cannot be read: \(error)"
        }
    }

    var text: String { "\(entry)  epoch \(epoch)  \(at)  \(command)  \(decision)" }

    private static func decision(of entry: RecordedEntry) throws(WireError) -> String {
        guard let judged = entry.judged else { return "" }
        let subject =
            judged.orderID == .zero ? "" : " order \(judged.orderID)"
        let reason = judged.reason == .none ? "" : " \(judged.reason.code)"
        return "\(judged.verdict.wireName)\(subject)\(reason)"
    }
}
