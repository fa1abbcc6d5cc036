import Glibc
package import Trading

/// Remembers when the process started without having stopped cleanly before, to notice a crash
/// loop: after three crashes within ten minutes the core starts disarmed with its links closed.
///
/// One line a start, holding the wall clock's nanoseconds; a clean stop removes the file. Losing it
/// costs the memory of crashes and nothing else.
package struct StartRecord: Sendable {
    package static let crashesMax = 3
    package static let window = Span.seconds(600)

    private let path: String
    private let now: Timestamp
    /// Starts within the window that were not followed by a clean stop.
    private let earlier: [Timestamp]

    /// Reads earlier starts.
    package init(path: String, now: Timestamp) {
        self.path = path
        self.now = now
        earlier = StartRecord.read(path).filter { $0 <= now && now - $0 < StartRecord.window }
    }

    /// Earlier crashes within the window.
    package var crashes: Int { earlier.count }

    /// Whether this start follows so many crashes that it must not trade by itself.
    package var isCrashLoop: Bool { crashes >= StartRecord.crashesMax }

    /// The process serves from now on: if it does not stop cleanly, that was a crash.
    package func note() throws(SystemFailure) {
        let lines = (earlier + [now]).suffix(StartRecord.crashesMax)
        try StartRecord.write(lines.map { "\($0.nanoseconds)\n" }.joined(), to: path)
    }

    /// The process stops as it was asked to, or an operator has looked: earlier crashes are over.
    package func clear() { unlink(path) }

    private static func read(_ path: String) -> [Timestamp] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return [] }
        return String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
            .compactMap { Int64($0) }.map { Timestamp(nanoseconds: $0) }
    }

    private static func write(_ text: String, to path: String) throws(SystemFailure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemFailure("cannot write \(path)") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw SystemFailure("cannot write \(path)")
        }
    }
}

/// A call of the system that failed, with the system's reason.
package struct SystemFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    /// Reads the reason at once, before another call replaces it.
    init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
}
