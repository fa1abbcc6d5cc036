import ArgumentParser
import Cryptography
import Journal
import Risk
import Runtime
import Trading
import Wire

/// Decides the core's journal again and compares.
struct JournalReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Decides every entry of the core's journal again and compares the decisions.")

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform { try replay() }
    }

    private func replay() throws {
        let path = options.stateDirectory.journal(of: try options.configuration().core.name)
        let report = ReplayReport(try JournalReplay(options))
        let terminal = Terminal()
        if options.json {
            terminal.line(JSONText.encode(report))
        } else {
            terminal.line(
                "replayed \(report.entries) entries of \(path): \(report.decisions) decisions and "
                    + "\(report.checkpoints) checkpoints agree, ledger cash \(report.cash), "
                    + "state hash \(report.stateHash)")
        }
    }
}

/// What deciding a journal again came to.
struct ReplayReport: Codable, Sendable, Equatable {
    let entries: UInt64
    let decisions: UInt64
    let checkpoints: UInt64
    let head: UInt64
    /// How many fills the ledger booked; what the journal repeats is not booked again.
    let fills: UInt64
    /// The ledger's cash over all accounts.
    let cash: String
    let stateHash: String

    init(_ replay: JournalReplay) {
        entries = replay.checker.entries
        decisions = replay.checker.decisions
        checkpoints = replay.checker.checkpoints
        head = replay.last.rawValue
        fills = replay.engine.counters.fills
        cash = replay.engine.accountViews.reduce(Money.zero) { $0 + $1.cash }.description
        stateHash = replay.stateHash.description
    }
}

/// A journal decided again from its first entry; where that is archived, from the latest snapshot.
struct JournalReplay {
    let checker: ReplayChecker
    /// The last entry that was decided.
    let last: SequenceNumber

    var engine: RiskEngine { checker.engine }
    var stateHash: Digest { JournalReplay.hash(engine.snapshotBytes()) }

    /// - Parameter end: The entry to stop behind; nil for all of them.
    init(
        of reader: JournalReader, cluster: ShortName, through end: SequenceNumber? = nil
    ) throws {
        let (engine, start) = try JournalReplay.beginning(of: reader, cluster: cluster)
        var checker = ReplayChecker(from: engine, hash: JournalReplay.hash)
        var last = start.sequence
        do {
            _ = try reader.replay(after: start) { header, body in
                if let end, header.sequence > end { throw EnoughEntries() }
                guard header.engineVersion == RiskEngine.version else {
                    throw ProcessFailure(
                        .refused,
                        "entry \(header.sequence) was written by engine version "
                            + "\(header.engineVersion) and this build has \(RiskEngine.version): "
                            + "replay it with that build")
                }
                try checker.check(header.sequence, body.withUnsafeBytes { Array($0) })
                last = header.sequence
            }
        } catch is EnoughEntries {
            // Whatever follows was not asked for.
        }
        self.checker = checker
        self.last = last
    }

    /// The core's journal of a cluster, with the reason where it cannot be decided again.
    init(_ options: ConsoleOptions, through end: SequenceNumber? = nil) throws {
        let configuration = try options.configuration()
        let path = options.stateDirectory.journal(of: configuration.core.name)
        guard FileSystem.exists(path) else {
            throw ProcessFailure(.unavailable, "there is no journal at \(path)")
        }
        do {
            let reader = try JournalReader(opening: path)
            // A torn tree may end early without an error.
            try reader.checkStructure()
            try self.init(of: reader, cluster: configuration.cluster, through: end)
        } catch let difference as ReplayDifference {
            throw ProcessFailure(.refused, "\(path): \(difference)")
        } catch let error as JournalError {
            throw ProcessFailure(.refused, "\(path): \(error)")
        }
    }

    private struct EnoughEntries: Error {}

    /// Where a walk over the entries of a journal starts: a new engine, or a snapshot's.
    static func beginning(
        of reader: JournalReader, cluster: ShortName
    ) throws -> (RiskEngine, ChainHead) {
        let start = try reader.start()
        if start.sequence == .zero { return (RiskEngine(cluster: cluster), start) }
        guard let snapshot = try reader.latestSnapshot() else {
            throw ProcessFailure(
                .refused,
                "the journal starts at entry \(start.sequence.next) and holds no snapshot: bring "
                    + "its archived segments back")
        }
        return (try RiskEngine(snapshot: snapshot.bytes), snapshot.head)
    }

    private static let hash: @Sendable ([UInt8]) -> Digest = { bytes in
        Digest(bytes: SHA256.hash(bytes).bytes) ?? .zero
    }
}
