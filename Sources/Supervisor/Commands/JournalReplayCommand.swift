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
        let configuration = try options.configuration()
        let path = options.stateDirectory.journal(of: configuration.core.name)
        guard FileSystem.exists(path) else {
            throw ProcessFailure(.unavailable, "there is no journal at \(path)")
        }
        let report: ReplayReport
        do {
            let reader = try JournalReader(opening: path)
            // A torn tree may end early without an error.
            try reader.checkStructure()
            report = try ReplayReport(replaying: reader, cluster: configuration.cluster)
        } catch let difference as ReplayDifference {
            throw ProcessFailure(.refused, "\(path): \(difference)")
        } catch let error as JournalError {
            throw ProcessFailure(.refused, "\(path): \(error)")
        }
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

    /// Replays from the first entry; where that is archived, from the latest snapshot.
    init(replaying reader: JournalReader, cluster: ShortName) throws {
        let (engine, start) = try ReplayReport.beginning(of: reader, cluster: cluster)
        var checker = ReplayChecker(from: engine, hash: ReplayReport.hash)
        let end = try reader.replay(after: start) { header, body in
            guard header.engineVersion == RiskEngine.version else {
                throw ProcessFailure(
                    .refused,
                    "entry \(header.sequence) was written by engine version "
                        + "\(header.engineVersion) and this build has \(RiskEngine.version): "
                        + "replay it with that build")
            }
            try checker.check(header.sequence, body.withUnsafeBytes { Array($0) })
        }
        entries = checker.entries
        decisions = checker.decisions
        checkpoints = checker.checkpoints
        head = end.sequence.rawValue
        fills = checker.engine.counters.fills
        cash = checker.engine.accountViews.reduce(Money.zero) { $0 + $1.cash }.description
        stateHash = ReplayReport.hash(checker.engine.snapshotBytes()).description
    }

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
