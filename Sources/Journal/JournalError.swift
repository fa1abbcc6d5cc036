package import Trading

/// Why the journal could not do what it was asked.
///
/// After an error whose `isFatal` is true the process must stop: what is in memory may be ahead of
/// what is on disk, and an fsync is never tried again (the kernel may have dropped the pages).
package struct JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Another process owns the journal.
        case openElsewhere
        /// The file belongs to another cluster.
        case wrongCluster
        /// The file was written under another schema or format version.
        case wrongVersion
        /// The file is no journal, or SQLite refuses it.
        case unreadable
        /// What is stored is not what was written; `entry` says where.
        case damaged
        /// An epoch at or below one that the journal has seen.
        case staleEpoch
        /// The epoch moved while this store was open: somebody else writes.
        case fenced
        /// An append that breaks a rule: too large, or earlier than the entry before.
        case refusedEntry
        /// A commit failed. Fatal.
        case commitFailed
        /// The store failed before and takes nothing any more. Fatal.
        case unusable
        /// Segments cannot be sealed or archived now.
        case refusedArchive
    }

    package let code: Code
    /// What is wrong, where, and what to do.
    package let message: String
    /// The entry that is wrong, where one is.
    package let entry: SequenceNumber?
    /// True where `entry` is the last one that could be read and whose chain held: what follows it
    /// cannot be read.
    package let isAfterEntry: Bool
    /// What the layer below said.
    package let cause: String?

    package init(
        _ code: Code, _ message: String, entry: SequenceNumber? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.entry = entry
        isAfterEntry = false
        self.cause = cause.map { "\($0)" }
    }

    /// A file that holds up to `last`, and why no further.
    init(tornAfter last: SequenceNumber, _ reason: String) {
        code = .damaged
        let what = last == .zero ? "no entry can be read" : "the file is torn"
        message = "\(what): " + reason.split(whereSeparator: \.isNewline).joined(separator: "; ")
        entry = last
        isAfterEntry = true
        cause = nil
    }

    package var isFatal: Bool {
        switch code {
        case .commitFailed, .unusable, .fenced: true
        case .openElsewhere, .wrongCluster, .wrongVersion, .unreadable, .damaged, .staleEpoch,
            .refusedEntry, .refusedArchive:
            false
        }
    }

    package var description: String {
        let place = entry.map { "\(isAfterEntry ? "after " : "")entry \($0): " } ?? ""
        let reason = cause.map { " (\($0))" } ?? ""
        return place + message + reason + (code == .damaged ? JournalError.advice : "")
    }
}

extension JournalError {
    private static let advice =
        ". Nothing was changed: keep the file, and go on as docs/HACKING.md says under "
        + "\"When a journal is lost or damaged\"."
}

/// Runs `body` and gives every error that is not ours already a code and a message.
func wrapped<Result>(
    _ code: JournalError.Code, _ message: @autoclosure () -> String,
    _ body: () throws -> Result
) throws(JournalError) -> Result {
    do {
        return try body()
    } catch let error as JournalError {
        throw error
    } catch {
        throw JournalError(code, message(), cause: error)
    }
}
