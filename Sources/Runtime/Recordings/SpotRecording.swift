import Trading

/// A recorded spot price feed: `crypto/chainlink_btcusd_prices_*.csv[.gz]` below a directory.
///
/// The recording is not sorted, so readers put it in order over a bounded window. Corrupt rows are
/// counted and skipped; a corrupt header refuses the file.
package struct SpotRecording: Sendable, Hashable {
    /// The files in the order of their names, which is the order of time.
    package let paths: [String]

    package init(directory: String) throws(RecordingError) {
        paths = try RecordingFiles.find(
            in: directory, folder: "crypto", prefix: "chainlink_btcusd_prices_", suffix: ".csv")
    }

    /// A reader from the start, in the order that is asked for.
    package func samples(by order: SpotOrder = .received) throws(RecordingError) -> SpotSamples {
        try SpotSamples(paths: paths, order: order)
    }

    /// The first and the last sample in the order in which prices were observed, and what was read;
    /// fails where there is no row that can be read.
    package func ends() throws(RecordingError) -> Ends {
        let samples = try samples(by: .observed)
        guard let first = try samples.next() else {
            throw RecordingError(.empty, "\(paths[0]): has no row that can be read")
        }
        var last = first
        while let sample = try samples.next() { last = sample }
        return Ends(first: first, last: last, counts: samples.counts)
    }

    /// Where a recording begins and ends.
    package struct Ends: Sendable {
        package let first: SpotSample
        package let last: SpotSample
        package let counts: RecordingCounts
    }
}

/// Hands out the samples of a recording in order, holding at most a window of them.
///
/// Not thread-safe: one owner reads it from start to end.
package final class SpotSamples {
    /// What was read so far.
    package private(set) var counts = RecordingCounts()

    private let order: SpotOrder
    private var paths: ArraySlice<String>
    private var reader: CompressedLineReader?
    /// Sorted; `window[head...]` is what was read ahead.
    private var window: [SpotSample] = []
    private var head = 0
    private var last: Timestamp?

    /// How far rows are read ahead: about eight minutes of a feed of one row a second, while the
    /// slowest row of the recorded day took 79 s.
    private static let windowCount = 512

    init(paths: [String], order: SpotOrder) throws(RecordingError) {
        self.order = order
        self.paths = paths[...]
        // All headers are looked at before anything is handed out.
        for path in paths.dropFirst() { _ = try SpotSamples.open(path) }
        reader = try openNext()
    }

    /// The next sample, or nil at the end.
    package func next() throws(RecordingError) -> SpotSample? {
        while window.count - head < SpotSamples.windowCount, let sample = try readRow() {
            insert(sample)
        }
        guard head < window.count else { return nil }
        let sample = window[head]
        head += 1
        if head == SpotSamples.windowCount {
            window.removeFirst(head)
            head = 0
        }
        last = order.moment(of: sample)
        counts.rows += 1
        return sample
    }

    private func insert(_ sample: SpotSample) {
        let moment = order.moment(of: sample)
        if let last, moment < last {
            counts.noteLate(
                reader?.path ?? "recording", "row of \(moment) came after \(last) was replayed")
            return
        }
        var index = window.count
        while index > head, isBefore(sample, window[index - 1]) { index -= 1 }
        window.insert(sample, at: index)
    }

    private func isBefore(_ lhs: SpotSample, _ rhs: SpotSample) -> Bool {
        (order.moment(of: lhs), lhs.feedAt) < (order.moment(of: rhs), rhs.feedAt)
    }

    private func readRow() throws(RecordingError) -> SpotSample? {
        while let current = reader {
            guard let line = try current.next() else {
                reader = try openNext()
                continue
            }
            switch line {
            case .overlong:
                counts.noteCorrupt(current.path, line: current.lineNumber, "line is too long")
            case .text(let text):
                do throws(SpotRow.Refusal) {
                    return try SpotRow.parse(text)
                } catch {
                    counts.noteCorrupt(current.path, line: current.lineNumber, error.reason)
                }
            }
        }
        return nil
    }

    private func openNext() throws(RecordingError) -> CompressedLineReader? {
        guard let path = paths.popFirst() else { return nil }
        return try SpotSamples.open(path)
    }

    private static func open(_ path: String) throws(RecordingError) -> CompressedLineReader {
        let reader = try CompressedLineReader(path: path)
        guard case .text(let header) = try reader.next(),
            String(decoding: header, as: UTF8.self) == SpotRow.header
        else {
            throw RecordingError(
                .corruptHeader, "\(path):1: expected the header `\(SpotRow.header)`")
        }
        return reader
    }
}
