import Trading

/// The recorded feed of a domain: `feeds/<domain>_*.jsonl[.gz]` below a directory, rows in the
/// order in which they were received. Rows that cannot be read are counted and skipped.
///
/// Not thread-safe: one owner reads it from start to end.
package final class FeedRecording {
    /// What was read so far.
    package private(set) var counts = RecordingCounts()

    private var paths: ArraySlice<String>
    private var reader: CompressedLineReader?
    private var last: Timestamp?

    /// The folder below the data's directory.
    package static let folder = "feeds"

    package init(directory: String, domain: String) throws(RecordingError) {
        paths = try RecordingFiles.find(
            in: directory, folder: FeedRecording.folder, prefix: domain + "_", suffix: ".jsonl")[
                ...]
        try openNext()
    }

    /// The next row, or nil at the end.
    package func next() throws(RecordingError) -> FeedSample? {
        while let current = reader {
            guard let line = try current.next() else {
                try openNext()
                continue
            }
            switch line {
            case .overlong:
                counts.noteCorrupt(current.path, line: current.lineNumber, "line is too long")
            case .text(let text):
                if let sample = read(text, current) { return sample }
            }
        }
        return nil
    }

    private func read(
        _ text: ArraySlice<UInt8>, _ current: CompressedLineReader
    ) -> FeedSample? {
        do throws(FeedRowText.Refusal) {
            let sample = try FeedRowText.parse(text)
            if let last, sample.ingest < last {
                counts.noteLate(
                    current.path,
                    "row \(current.lineNumber) was received before the row above it")
                return nil
            }
            last = sample.ingest
            counts.rows += 1
            return sample
        } catch {
            counts.noteCorrupt(current.path, line: current.lineNumber, error.reason)
            return nil
        }
    }

    private func openNext() throws(RecordingError) {
        reader = try paths.popFirst().map { path throws(RecordingError) in
            try CompressedLineReader(path: path)
        }
    }
}
