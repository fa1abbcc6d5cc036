import Glibc
import Synchronization

/// Where log lines go: standard error, a file of bounded size, or both.
///
/// The file is turned over when it is full: `core.log` becomes `core.log.1`, and so on up to
/// `keep`. A line that cannot be written is dropped and counted; logging never stops a process.
package final class LogSink: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        var size = 0
        var dropped = 0
    }

    private let path: String?
    private let isEchoed: Bool
    private let sizeMax: Int
    private let keep: Int
    private let state = Mutex(State())

    /// `path` nil writes to standard error only.
    package init(path: String?, isEchoed: Bool, sizeMax: Int = 8 << 20, keep: Int = 3) {
        precondition(sizeMax > 0 && keep > 0, "a log needs room: \(sizeMax) bytes, \(keep) files")
        self.path = path
        self.isEchoed = isEchoed
        self.sizeMax = sizeMax
        self.keep = keep
        state.withLock { open(&$0) }
    }

    deinit {
        state.withLock { state in
            if state.descriptor >= 0 { close(state.descriptor) }
        }
    }

    /// Lines that could not be written.
    package var dropped: Int { state.withLock { $0.dropped } }

    /// Writes one line; the newline is added here.
    package func write(_ line: String) {
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        if isEchoed { _ = Glibc.write(STDERR_FILENO, bytes, bytes.count) }
        guard path != nil else { return }
        state.withLock { state in
            if state.size + bytes.count > sizeMax { turnOver(&state) }
            if state.descriptor < 0 { open(&state) }
            let written = Glibc.write(state.descriptor, bytes, bytes.count)
            if written == bytes.count { state.size += written } else { state.dropped += 1 }
        }
    }

    private func open(_ state: inout State) {
        guard let path else { return }
        state.descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        var status = stat()
        state.size = fstat(state.descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    private func turnOver(_ state: inout State) {
        guard let path else { return }
        if state.descriptor >= 0 { close(state.descriptor) }
        for index in stride(from: keep - 1, through: 1, by: -1) {
            rename("\(path).\(index)", "\(path).\(index + 1)")
        }
        rename(path, "\(path).1")
        unlink("\(path).\(keep + 1)")
        open(&state)
    }
}
