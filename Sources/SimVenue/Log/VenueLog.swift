import Glibc
import Trading

/// Why the venue's log cannot be used.
package struct VenueLogError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// The venue's append-only log: one JSON object a line of everything that it received about orders
/// and everything that it did for participants. It is the judge in tests and the only state.
///
/// Lines are gathered and written in one piece: at each tick before it is announced, and before
/// each answer to an order. So nothing that a client knows of is lost when the process is killed.
final class VenueLog {
    let path: String
    /// Negative once the log is closed.
    private var descriptor: Int32
    private var pending: [UInt8] = []

    /// Opens the log for appending; a torn last line is cut off.
    init(path: String) throws(VenueLogError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw VenueLog.failure(path, "cannot be opened") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw VenueLogError(description: "\(path): another sim-venue writes to it")
        }
        try cutTornLine()
    }

    deinit { release() }

    /// Gives the file back, so that another venue may go on with it.
    func release() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    func append(_ line: [UInt8]) {
        pending.append(contentsOf: line)
        pending.append(UInt8(ascii: "\n"))
    }

    /// Writes what was gathered. A venue that cannot log must not trade: the failure stops it.
    func flush() throws(VenueLogError) {
        var written = 0
        while written < pending.count {
            guard descriptor >= 0 else {
                throw VenueLogError(description: "\(path): was closed before its last line")
            }
            let count = pending.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw VenueLog.failure(path, "cannot be written") }
            written += count
        }
        pending.removeAll(keepingCapacity: true)
    }

    private func cutTornLine() throws(VenueLogError) {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size > 0 else { return }
        var length = size
        var byte: UInt8 = 0
        while length > 0 {
            guard pread(descriptor, &byte, 1, length - 1) == 1 else {
                throw VenueLog.failure(path, "cannot be read")
            }
            if byte == UInt8(ascii: "\n") { break }
            length -= 1
        }
        guard length == size || ftruncate(descriptor, length) == 0 else {
            throw VenueLog.failure(path, "cannot be cut at its last whole line")
        }
    }

    private static func failure(_ path: String, _ what: String) -> VenueLogError {
        VenueLogError(description: "\(path): \(what): \(String(cString: strerror(errno)))")
    }
}

/// Reads a log line by line.
final class VenueLogReader {
    private let file: UnsafeMutablePointer<FILE>
    private var line: UnsafeMutablePointer<CChar>?
    private var capacity = 0
    private(set) var lineNumber = 0

    /// Nil where there is no such file.
    init?(path: String) {
        guard let file = fopen(path, "re") else { return nil }
        self.file = file
    }

    deinit {
        free(line)
        fclose(file)
    }

    /// The next line without its end.
    func next() -> [UInt8]? {
        let count = getline(&line, &capacity, file)
        guard count > 0, let line else { return nil }
        lineNumber += 1
        let bytes = UnsafeRawBufferPointer(start: line, count: count)
        return Array(bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...])
    }
}
