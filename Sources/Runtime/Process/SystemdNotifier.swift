import Glibc
package import Trading

/// Tells systemd how the process is doing, over the datagram socket that it names in the
/// environment. Without that variable every call does nothing.
package struct SystemdNotifier: Sendable {
    private let address: String?
    /// How often `watchdog` must be called: half of what systemd allows. Nil without a watchdog.
    package let watchdogInterval: Span?

    package init(environment: [String: String]) {
        address = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        let isOurs = environment["WATCHDOG_PID"].map { $0 == String(getpid()) } ?? true
        let allowed = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdogInterval = isOurs && allowed > 0 ? .microseconds(allowed / 2) : nil
    }

    package var isActive: Bool { address != nil }

    /// The process serves; `status` is shown by `systemctl status`.
    package func ready(status: String) { send("READY=1\nSTATUS=\(status)") }
    package func status(_ status: String) { send("STATUS=\(status)") }
    package func watchdog() { send("WATCHDOG=1") }
    package func stopping() { send("STOPPING=1") }

    /// The recording is at its end and its effects are drained. A field of our own, which systemd
    /// ignores and the launcher of a local cluster waits for.
    package func replayEnded() { send("STATUS=replay ended\nX_BELLWETHER_REPLAY=ended") }

    /// Loss is harmless: the watchdog's next call or systemd's time-out follows.
    private func send(_ message: String) {
        guard let address else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        var path = Array(address.utf8)
        guard path.count < MemoryLayout.size(ofValue: target.sun_path) else { return }
        // A name that starts with @ lies in the abstract name space: its first byte is zero.
        let isAbstract = path.first == UInt8(ascii: "@")
        if isAbstract { path[0] = 0 } else { path.append(0) }
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bytes = Array(message.utf8)
        withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), generic, length)
            }
        }
    }
}
