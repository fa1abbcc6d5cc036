import CZlib
import Foundation

/// Reads the lines of a plain or gzip-compressed file with bounded memory.
///
/// Not thread-safe: one owner reads it from start to end.
package final class CompressedLineReader {
    /// A line without its end, or the fact that it was too long to be one of ours.
    package enum Line {
        case text(ArraySlice<UInt8>)
        case overlong
    }

    package let path: String
    /// The number of the line that `next` gave last; the first is 1.
    package private(set) var lineNumber = 0

    private let file: gzFile
    private var buffer: [UInt8]
    private var start = 0
    private var end = 0
    private var isAtEnd = false

    /// The longest line that is read; a recorded market with its raw object takes about 5 KB.
    package static let lineByteCountMax = 1 << 20
    private let lineByteCountMax: Int

    package init(
        path: String, lineByteCountMax: Int = CompressedLineReader.lineByteCountMax
    ) throws(RecordingError) {
        guard let file = gzopen(path, "rb") else {
            let reason = String(cString: strerror(errno))
            throw RecordingError(.unreadable, "\(path): cannot be opened: \(reason)")
        }
        self.path = path
        self.file = file
        self.lineByteCountMax = lineByteCountMax
        buffer = [UInt8](repeating: 0, count: 1 << 16)
    }

    deinit { gzclose(file) }

    /// The next line, or nil at the end. An unfinished last line counts as a line.
    package func next() throws(RecordingError) -> Line? {
        var isOverlong = false
        while true {
            if let length = lineLength() {
                let line = buffer[start..<start + length]
                start += length + 1
                lineNumber += 1
                return isOverlong ? .overlong : .text(withoutReturn(line))
            }
            if isAtEnd {
                guard end > start || isOverlong else { return nil }
                let line = buffer[start..<end]
                start = end
                lineNumber += 1
                return isOverlong ? .overlong : .text(withoutReturn(line))
            }
            if end - start >= lineByteCountMax {
                isOverlong = true
                start = end
            }
            try fill()
        }
    }

    private func lineLength() -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard end > start, let base = bytes.baseAddress else { return nil }
            guard let found = memchr(base + start, 0x0A, end - start) else { return nil }
            return UnsafeRawPointer(found) - (base + start)
        }
    }

    private func withoutReturn(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    private func fill() throws(RecordingError) {
        if start > 0 {
            buffer.replaceSubrange(0..<end - start, with: Array(buffer[start..<end]))
            end -= start
            start = 0
        }
        if end == buffer.count {
            buffer.append(contentsOf: repeatElement(0, count: buffer.count))
        }
        let count = buffer.withUnsafeMutableBytes { bytes in
            gzread(file, bytes.baseAddress.map { $0 + end }, UInt32(bytes.count - end))
        }
        guard count >= 0 else { throw broken() }
        if count == 0 {
            // A cut-off gzip stream ends without an error from `gzread`; `gzclose` would tell.
            var code: Int32 = 0
            gzerror(file, &code)
            guard code == Z_OK || code == Z_STREAM_END else { throw broken() }
            isAtEnd = true
        }
        end += Int(count)
    }

    private func broken() -> RecordingError {
        var code: Int32 = 0
        let reason = gzerror(file, &code).map { String(cString: $0) } ?? "error \(code)"
        return RecordingError(
            .unreadable,
            "\(path):\(lineNumber + 1): the compressed data are broken (\(reason)); copy it again")
    }
}
