import ArgumentParser
import Federation
import Runtime
import Trading
import Wire

/// Recomputes a published sum.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Recomputes the sum of a round from its transcript and compares it with what "
            + "was published.",
        discussion: "The coordinator of the round has the transcript; others ask it for the file "
            + "and give it with --transcript. It is checked against this peer's own roster and "
            + "journal. Exit code 1: something does not hold, and what is named.")

    @Argument(help: "The round: the height of the version that it made.")
    var round: UInt64
    @Option(help: "The file of the transcript. Default: this peer's own.")
    var transcript: String?
    @OptionGroup var options: FedSyncOptions

    func run() throws {
        FedSyncCommand.perform {
            let folder = options.folder
            let invitation = try folder.joined()
            let book = try invitation.check(file: folder.invitation, at: WallClock.now())
            let record = try folder.record(invitation)
            let path = try transcript ?? find(folder, record)
            var audit = TranscriptAudit(invitation: invitation, book: book) { height in
                record.versions[height]
            }
            var report = audit.run(try BinaryFile.read(path))
            if report.findings.isEmpty, report.round?.round != round {
                report.findings.append(
                    "the transcript is of round \(report.round?.round ?? 0), not \(round)")
            }
            if report.findings.isEmpty, record.versions[round] == nil {
                report.findings.append(
                    "our journal has no version \(round): the sum follows from the transcript, "
                        + "but nothing says that it was the one that was published")
            }
            try show(report, path, invitation)
        }
    }

    private func find(_ folder: FedSyncFolder, _ record: PeerRecord) throws -> String {
        guard let version = record.versions[round] else {
            throw ProcessFailure(
                .refused, "there is no version \(round): the newest is \(record.head.height)")
        }
        let path = "\(folder.transcripts)/\(TranscriptWriter.name(version.candidate.round))"
        guard FileSystem.exists(path) else {
            throw ProcessFailure(
                .unavailable,
                "this peer has no transcript of round \(round): another coordinated it; ask the "
                    + "others for \(TranscriptWriter.name(version.candidate.round)) and give it "
                    + "with --transcript")
        }
        return path
    }

    private struct Summary: Encodable {
        let round: UInt64
        let attempt: UInt32
        let coordinator: String
        let survivors: [String]
        let model: String
        let messages: Int
        let parts: Int
        let findings: [String]
    }

    private func show(_ report: AuditReport, _ path: String, _ invitation: Invitation) throws {
        func label(_ id: PeerID) -> String {
            invitation.peer(id)?.label.description ?? id.description
        }
        let summary = Summary(
            round: report.round?.round ?? 0, attempt: report.round?.attempt ?? 0,
            coordinator: report.coordinator.map(label) ?? "unknown",
            survivors: report.survivors.map(label), model: report.model.description,
            messages: report.messages, parts: report.chunks, findings: report.findings)
        if options.json {
            try FedSyncCommand.printJSON(summary)
        } else {
            print(
                "round \(summary.round), attempt \(summary.attempt), coordinated by "
                    + summary.coordinator)
            print("\(summary.messages) messages, \(summary.parts) parts of vectors in \(path)")
            print("survivors: \(summary.survivors.joined(separator: " "))")
            print("model \(summary.model)")
            for finding in summary.findings { print("WRONG: \(finding)") }
            if summary.findings.isEmpty {
                print("holds: the published sum is the sum of what the survivors signed")
            }
        }
        if !report.findings.isEmpty { throw ArgumentParser.ExitCode(1) }
    }
}
