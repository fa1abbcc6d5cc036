import Foundation
import Glibc
import Trading

/// Follows a spot price feed that a recorder is writing: `crypto/chainlink_btcusd_prices_*.csv`
/// below a directory, plain, the newest by name. Rows come as they are completed; when a newer file
/// appears, the old one is read to its end first.
///
/// Not thread-safe: one owner reads it. Never blocks.
package final class SpotFollower {
    /// What was read so far.
    package private(set) var counts = RecordingCounts()

    private let directory: String
    private var path: String
    private var file: Int32
    private var line = 0
    private var pending: [UInt8] = []

    /// The most bytes that are read ahead, and the longest row.
    private static let readMax = 1 << 16
    private static let rowMax = 4_096

    package init(directory: String) throws(RecordingError) {
        self.directory = directory
        path = try SpotFollower.newest(in: directory)
        file = try SpotFollower.open(path)
    }

    deinit { close(file) }

    /// The next complete row, or nil when there is none yet.
    package func next() throws(RecordingError) -> SpotSample? {
        while let text = try nextLine() {
            line += 1
            if line == 1 {
                try checkHeader(text)
                continue
            }
            do throws(SpotRow.Refusal) {
                let sample = try SpotRow.parse(text)
                counts.rows += 1
                return sample
            } catch {
                counts.noteCorrupt(path, line: line, error.reason)
            }
        }
        return nil
    }

    private func nextLine() throws(RecordingError) -> ArraySlice<UInt8>? {
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let text = pending[..<end]
                pending = Array(pending[(end + 1)...])
                return text.last == UInt8(ascii: "\r") ? text.dropLast() : text
            }
            guard pending.count <= SpotFollower.rowMax else {
                throw RecordingError(
                    .unreadable, "\(path):\(line + 1): a row is longer than a row can be")
            }
            if try fill() { continue }
            guard try moveOn() else { return nil }
        }
    }

    /// Reads more; false at the present end.
    private func fill() throws(RecordingError) -> Bool {
        var buffer = [UInt8](repeating: 0, count: SpotFollower.readMax)
        let count = read(file, &buffer, buffer.count)
        guard count >= 0 else {
            throw RecordingError(
                .unreadable, "\(path): cannot be read: \(String(cString: strerror(errno)))")
        }
        pending += buffer.prefix(count)
        return count > 0
    }

    /// Goes on to a newer file, if there is one. An unfinished row of the old one is dropped.
    private func moveOn() throws(RecordingError) -> Bool {
        let newest = try SpotFollower.newest(in: directory)
        guard newest > path else { return false }
        close(file)
        file = -1
        path = newest
        file = try SpotFollower.open(newest)
        pending.removeAll()
        line = 0
        return true
    }

    private func checkHeader(_ text: ArraySlice<UInt8>) throws(RecordingError) {
        guard String(decoding: text, as: UTF8.self) == SpotRow.header else {
            throw RecordingError(
                .corruptHeader, "\(path):1: expected the header `\(SpotRow.header)`")
        }
    }

    private static func newest(in directory: String) throws(RecordingError) -> String {
        let paths = try SpotRecording(directory: directory).paths
        guard let newest = paths.last(where: { $0.hasSuffix(".csv") }) else {
            throw RecordingError(
                .missing,
                "\(directory): a feed that is being followed must be plain .csv, not compressed")
        }
        return newest
    }

    private static func open(_ path: String) throws(RecordingError) -> Int32 {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw RecordingError(
                .unreadable, "\(path): cannot be opened: \(String(cString: strerror(errno)))")
        }
        return file
    }
}
