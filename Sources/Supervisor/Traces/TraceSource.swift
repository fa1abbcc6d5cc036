import Journal
import Runtime
import Trading

/// Where the projection reads the core's journal, a page at a time.
protocol TraceSource: Sendable {
    /// At most `limit` entries from `first` on, and the journal's last entry.
    func page(
        from first: SequenceNumber, limit: Int
    ) async throws -> (entries: [StoredEntry], head: SequenceNumber)
}

/// Reads the file of a journal on this machine, over a connection that can only read: its owner
/// does not notice, whether or not it runs.
struct FileTraces: TraceSource {
    let path: String

    func page(
        from first: SequenceNumber, limit: Int
    ) async throws -> (entries: [StoredEntry], head: SequenceNumber) {
        guard FileSystem.exists(path) else { return ([], .zero) }
        let reader = try JournalReader(opening: path)
        return (try reader.read(from: first, limit: limit), try reader.head().sequence)
    }
}

/// Asks a core that may be on another machine; its reader thread answers.
struct LinkTraces: TraceSource {
    let console: AdminConsole
    let core: ProcessID

    func page(
        from first: SequenceNumber, limit: Int
    ) async throws -> (entries: [StoredEntry], head: SequenceNumber) {
        let page = try await console.follow(
            core, from: first, limit: UInt32(limit), patience: .seconds(5))
        return (page.entries, page.head)
    }
}
