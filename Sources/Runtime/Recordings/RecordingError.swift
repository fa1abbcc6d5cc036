/// Why a recording cannot be used: what, where, and what to do.
package struct RecordingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of trouble, for callers that act on it.
    package enum Code: Sendable, Hashable {
        /// No file of the expected name is there.
        case missing
        /// A file cannot be opened or read, or its compression is broken.
        case unreadable
        /// The first line is not what the format says.
        case corruptHeader
        /// The recording has no row that can be used.
        case empty
        /// Two files claim the same content.
        case ambiguous
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// What a reader saw. A corrupt row is counted and skipped; the first few are kept for the report.
package struct RecordingCounts: Sendable, Hashable {
    /// Rows that were handed out.
    package internal(set) var rows = 0
    /// Rows that could not be read.
    package internal(set) var corrupt = 0
    /// Rows that came too far out of order to be put in their place.
    package internal(set) var late = 0
    /// `FILE:LINE: reason` of the first corrupt or late rows.
    package internal(set) var examples: [String] = []

    package init() {}

    mutating func noteCorrupt(_ path: String, line: Int, _ reason: String) {
        corrupt += 1
        note("\(path):\(line): \(reason)")
    }

    mutating func noteLate(_ path: String, _ reason: String) {
        late += 1
        note("\(path): \(reason)")
    }

    private mutating func note(_ example: String) {
        if examples.count < 5 { examples.append(example) }
    }
}
