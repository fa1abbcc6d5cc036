import ArgumentParser
import Federation
import Runtime
import Wire

/// Everything about the versions of the model.
struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Shows the versions that the federation has agreed on.",
        subcommands: [ModelLogCommand.self, ModelShowCommand.self, ModelDiffCommand.self])
}

/// The lineage of a peer, from its journal.
struct Lineage {
    let invitation: Invitation
    let record: PeerRecord

    init(_ folder: FedSyncFolder) throws(ProcessFailure) {
        invitation = try folder.joined()
        record = try folder.record(invitation)
    }

    /// The model at a height; nil for the newest.
    func model(_ height: UInt64?) throws(ProcessFailure) -> (height: UInt64, model: ModelState) {
        let height = height ?? record.head.height
        if height == 0 { return (0, invitation.initial) }
        guard let version = record.versions[height] else {
            throw ProcessFailure(
                .refused, "there is no version \(height): the newest is \(record.head.height)")
        }
        return (height, version.candidate.model)
    }
}

struct ModelLogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Lists the versions, newest first.")

    @OptionGroup var options: FedSyncOptions

    private struct Row: Encodable {
        let height: UInt64
        let attempt: UInt32
        let model: String
        let parent: String
    }

    func run() throws {
        FedSyncCommand.perform {
            let lineage = try Lineage(options.folder)
            let rows = lineage.record.versions.sorted { $0.key > $1.key }.map { height, version in
                Row(
                    height: height, attempt: version.candidate.round.attempt,
                    model: version.candidate.model.digest.description,
                    parent: version.candidate.parent.model.description)
            }
            if options.json { return try FedSyncCommand.printJSON(rows) }
            for row in rows { print("\(row.height)  attempt \(row.attempt)  \(row.model)") }
            print("0  initial  \(lineage.invitation.initial.digest)")
        }
    }
}

struct ModelShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Prints the parameters of a version.")

    @Argument(help: "The version. Default: the newest.")
    var height: UInt64?
    @OptionGroup var options: FedSyncOptions

    func run() throws {
        FedSyncCommand.perform {
            let lineage = try Lineage(options.folder)
            let (height, model) = try lineage.model(height)
            let pairs = zip(lineage.invitation.parameters.map(\.name), model.parameters)
            if options.json {
                return try FedSyncCommand.printJSON(
                    Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
            }
            print("version \(height)  \(model.digest)")
            for (name, value) in pairs { print("\(name) \(value)") }
        }
    }
}

struct ModelDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Prints what changed from one version to another.")

    @Argument(help: "The older version.")
    var from: UInt64
    @Argument(help: "The newer version. Default: the newest.")
    var to: UInt64?
    @OptionGroup var options: FedSyncOptions

    func run() throws {
        FedSyncCommand.perform {
            let lineage = try Lineage(options.folder)
            let (older, before) = try lineage.model(from)
            let (newer, after) = try lineage.model(to)
            print("version \(older) to \(newer)")
            for (index, parameter) in lineage.invitation.parameters.enumerated() {
                let (old, new) = (before.parameters[index], after.parameters[index])
                guard old != new else { continue }
                print("\(parameter.name) \(old) -> \(new)  (\(new >= old ? "+" : "")\(new - old))")
            }
        }
    }
}
