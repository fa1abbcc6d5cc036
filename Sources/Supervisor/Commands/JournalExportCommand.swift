import ArgumentParser
import Cryptography
import Foundation
import Journal
import Runtime
import Trading
import Wire

/// Hands an org its part of the core's journal.
struct JournalExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes an org's entries of the core's journal, provable without the others'.",
        discussion: "The org's entries are in clear; all others are hashes, so that the chain and "
            + "the signed checkpoints still verify: `journal verify --export FILE`. It ends at the "
            + "last signed checkpoint.")

    @OptionGroup var options: ConsoleOptions

    @Option(name: .long, help: "The org.")
    var org: ScopeName<OrgID>

    @Option(name: .long, help: "The file to write; it must not exist.")
    var out: String

    func run() async throws {
        await SupervisorCommand.perform { try export() }
    }

    private func export() throws {
        let configuration = try options.configuration()
        let path = options.stateDirectory.journal(of: configuration.core.name)
        guard FileSystem.exists(path) else {
            throw ProcessFailure(.unavailable, "there is no journal at \(path)")
        }
        guard !FileSystem.exists(out) else { throw ProcessFailure(.usage, "\(out) exists") }
        let keys = KeyRing(
            process: configuration.supervisor.console,
            files: KeyFiles(root: options.stateDirectory.keys(configuration.keys)),
            credentials: nil)
        let bytes: [UInt8]
        do {
            let reader = try JournalReader(opening: path)
            try reader.checkStructure()
            bytes = try JournalExportCommand.bytes(
                of: reader, for: org.id,
                key: try keys.publicCheckpointKey(of: configuration.core.name))
            try Data(bytes).write(to: URL(filePath: out), options: .withoutOverwriting)
        } catch let error as JournalError {
            throw ProcessFailure(.refused, "\(path): \(error)")
        } catch let error as CocoaError {
            throw ProcessFailure(.refused, "\(out) cannot be written: \(error)")
        }
        ExportReport(try AuditExport.verify(bytes), path: out).show(options.json)
    }

    /// The export of an org.
    static func bytes(
        of reader: JournalReader, for org: OrgID, key: Ed25519PublicKey
    ) throws -> [UInt8] {
        var owners = EntryOwners()
        return try AuditExport.write(reader, subject: org.description, key: key) { entry in
            try owners.org(of: RecordedEntry(entry)) == org
        }
    }
}

/// What an export holds, for people and for programs.
struct ExportReport: Codable, Sendable, Equatable {
    let path: String
    let cluster: String
    let org: String
    let entries: UInt64
    let clear: Int
    let checkpoints: Int
    let head: String
    let key: String

    init(_ report: AuditExport.Report, path: String) {
        self.path = path
        cluster = report.identity.cluster
        org = report.subject
        entries = report.entries
        clear = report.clear.count
        checkpoints = report.checkpoints
        head = report.head.description
        key = Hex.encode(report.key.bytes)
    }

    func show(_ isJSON: Bool) {
        let terminal = Terminal()
        if isJSON { return terminal.line(JSONText.encode(self)) }
        terminal.line(
            "\(path): \(clear) of \(entries) entries of cluster \(cluster) for org \(org), chain "
                + "\(head), \(checkpoints) checkpoints signed by \(key)")
    }

    /// Checks an export file; with a key, that this key has signed it.
    static func verifying(_ path: String, key: String?) throws -> ExportReport {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ProcessFailure(.unavailable, "\(path) cannot be read")
        }
        do throws(JournalError) {
            let report = ExportReport(try AuditExport.verify(Array(bytes)), path: path)
            guard key == nil || key?.lowercased() == report.key else {
                throw JournalError(.damaged, "it is signed by \(report.key)")
            }
            return report
        } catch {
            throw ProcessFailure(.refused, "\(path): \(error)")
        }
    }
}
