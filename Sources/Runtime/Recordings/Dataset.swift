package import Cryptography

/// The lines of a data file and the hash that names its content.
package struct Dataset: Sendable {
    /// The name within the data folder.
    package let name: String
    package let path: String
    package let lines: [String]
    /// Over every line and its end.
    package let hash: SHA256Digest

    /// A page of a venue's answers is one line of some megabytes.
    private static let lineByteCountMax = 1 << 26

    package init(name: String, path: String) throws(RecordingError) {
        let reader = try CompressedLineReader(
            path: path, lineByteCountMax: Dataset.lineByteCountMax)
        var hash = SHA256()
        var lines: [String] = []
        while let line = try reader.next() {
            switch line {
            case .text(let bytes):
                hash.update(Array(bytes))
                hash.update([UInt8(ascii: "\n")])
                lines.append(String(decoding: bytes, as: UTF8.self))
            case .overlong:
                throw RecordingError(
                    .unreadable, "\(path):\(reader.lineNumber): the line is too long")
            }
        }
        self.name = name
        self.path = path
        self.lines = lines
        self.hash = hash.finish()
    }
}

/// What is printed of a data file.
package struct DatasetSummary: Encodable, Sendable {
    package let path: String
    package let lines: Int
    package let sha256: String

    package init(_ dataset: Dataset) {
        path = dataset.name
        lines = dataset.lines.count
        sha256 = "\(dataset.hash)"
    }
}
