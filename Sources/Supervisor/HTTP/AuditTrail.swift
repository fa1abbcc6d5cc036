import Foundation
import Glibc
import Runtime
import Synchronization
import Trading

/// Who changed what over the API: one JSON line for each attempt and each outcome, durable before
/// the answer leaves. The core's journal has what was obeyed; this has also what was refused.
final class AuditTrail: Sendable {
    struct Line: Codable, Sendable {
        let at: String
        let token: String
        let action: String
        let scope: String
        let reason: String
        let outcome: String
    }

    private let descriptor: Int32
    private let turn = Mutex(())

    init(path: String) throws(ProcessFailure) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ProcessFailure(
                .refused,
                "cannot write the audit trail \(path): \(String(cString: strerror(errno)))"
            )
        }
    }

    deinit { close(descriptor) }

    /// Whether the line is on the medium.
    func write(_ line: Line) -> Bool {
        let bytes = Array((JSONText.encode(line) + "\n").utf8)
        return turn.withLock { _ in
            Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fdatasync(descriptor) == 0
        }
    }
}
