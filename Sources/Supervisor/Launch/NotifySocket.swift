import CLinux
import Glibc
import Runtime
import Synchronization

/// What a child said of itself over the notification socket.
struct ChildNotice: Sendable, Equatable {
    let pid: pid_t
    let isReady: Bool
    let isStopping: Bool
    let hasReplayEnded: Bool
    let status: String?

    init(pid: pid_t, text: String) {
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
        }
        self.pid = pid
        isReady = fields["READY"] == "1"
        isStopping = fields["STOPPING"] == "1"
        hasReplayEnded = fields["X_BELLWETHER_REPLAY"] == "ended"
        status = fields["STATUS"]
    }
}

/// The socket on which children say that they are ready, as they say it to systemd.
///
/// The kernel states who sent a datagram, so a child cannot speak for another.
final class NotifySocket: Sendable {
    let path: String
    private let descriptor: Int32

    init(path: String) throws(ProcessFailure) {
        self.path = path
        unlink(path)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw ProcessFailure(
                .usage, "the socket path \(path) is too long: choose a shorter --state")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0
            }
        }
        var enabled: Int32 = 1
        let option = socklen_t(MemoryLayout<Int32>.size)
        let isIdentified =
            setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &enabled, option) == 0
        guard isBound, isIdentified else {
            throw ProcessFailure(
                .refused,
                "cannot listen on \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// Notices as they come, until the consumer stops. Receives on a thread of its own, because it
    /// blocks.
    func notices() -> AsyncStream<ChildNotice> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1024)) { continuation in
            let receiver = Receiver(socket: self) { continuation.yield($0) }
            continuation.onTermination = { _ in receiver.stop() }
            receiver.start()
        }
    }

    /// Waits a quarter of a second at most.
    fileprivate func receive() -> ChildNotice? {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&poller, 1, 250) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4096)
        var sender: pid_t = 0
        let count = buffer.withUnsafeMutableBytes {
            linux_receive_from(descriptor, $0.baseAddress, $0.count, &sender)
        }
        guard count > 0, sender > 0 else { return nil }
        return ChildNotice(pid: sender, text: String(decoding: buffer[..<count], as: UTF8.self))
    }
}

/// The thread that receives.
private final class Receiver: Sendable {
    private let socket: NotifySocket
    private let yield: @Sendable (ChildNotice) -> Void
    private let isStopped = Atomic<Bool>(false)

    init(socket: NotifySocket, yield: @escaping @Sendable (ChildNotice) -> Void) {
        self.socket = socket
        self.yield = yield
    }

    func stop() { isStopped.store(true, ordering: .releasing) }

    func start() {
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { raw in
                if let raw { Unmanaged<Receiver>.fromOpaque(raw).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        if result == 0 { pthread_detach(thread) } else { context.release() }
    }

    private func run() {
        while !isStopped.load(ordering: .acquiring) {
            if let notice = socket.receive() { yield(notice) }
        }
    }
}
