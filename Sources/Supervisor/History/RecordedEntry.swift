import Journal
import Trading
import Wire

/// One entry of the core's journal, decoded: the command, the reference that the decision used, and
/// the decision.
struct RecordedEntry: Sendable {
    let header: EntryHeader
    /// The command's frame.
    let command: [UInt8]
    let reference: ReferenceUpdated?
    let judged: Judged?
    /// The frame of `judged`, for its controls.
    let decision: [UInt8]

    init(_ entry: StoredEntry) throws(WireError) {
        header = entry.header
        command = try JournalEntry.command(in: entry.body)
        let reference = try JournalEntry.reference(in: entry.body)
        self.reference =
            reference.isEmpty ? nil : try ReferenceUpdated(decoding: reference)
        decision = try JournalEntry.decision(in: entry.body)
        let kind = decision.isEmpty ? nil : try WireFrame.template(of: decision)
        judged = kind == .judged ? try Judged(decoding: decision) : nil
    }

    var sequence: SequenceNumber { header.sequence }
    var at: Timestamp { header.at }

    /// Which message the command is; nil for one that this build does not know.
    var template: WireTemplate? { WireTemplate(rawValue: header.template) }
}

/// Where a journal is read from: the owner's file, or the owner itself.
protocol JournalSource: Sendable {
    /// Walks the entries from `first` on, in order.
    func walk(from first: SequenceNumber, _ body: (StoredEntry) throws -> Void) async throws
}

/// Reads the journal's file, which is safe whether or not its owner runs.
struct FileJournal: JournalSource {
    let path: String
    private static let batch = 1_024

    func walk(from first: SequenceNumber, _ body: (StoredEntry) throws -> Void) async throws {
        let reader = try JournalReader(opening: path)
        var next = max(first, SequenceNumber(1))
        while true {
            let entries = try reader.read(from: next, limit: FileJournal.batch)
            guard let last = entries.last else { return }
            for entry in entries { try body(entry) }
            next = last.header.sequence.next
        }
    }
}

/// Follows the journal of a running owner over its admin link.
struct FollowedJournal: JournalSource {
    let console: AdminConsole
    let owner: ProcessID
    private static let batch: UInt32 = 512

    func walk(from first: SequenceNumber, _ body: (StoredEntry) throws -> Void) async throws {
        var next = max(first, SequenceNumber(1))
        while true {
            let page = try await console.follow(
                owner, from: next, limit: FollowedJournal.batch, patience: .seconds(5))
            for entry in page.entries { try body(entry) }
            // No progress means the end, whatever the owner says of its head.
            guard page.next > next, page.next <= page.head else { return }
            next = page.next
        }
    }
}
