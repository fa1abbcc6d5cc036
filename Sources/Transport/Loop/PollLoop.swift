import CZeroMQ
import Glibc
import Synchronization

/// The loop of a process: one thread that owns every ZeroMQ socket and runs the process's service.
///
/// Purpose of this module: links between processes that neither lose nor repeat a message of a
/// session, know who speaks, and never let anything leave before it is durable. Forbidden here:
/// deciding anything about trading, reading key files, logging. Start reading with `LoopService`
/// (what a process implements), then `LoopRunner.turn`, then `LinkSession`.
///
/// Everything of the service is made, used and dropped on the loop's thread; other threads reach it
/// by `post`.
package final class PollLoop<Service: LoopService>: Sendable {
    private let control: LoopControl
    private let inbox: Mailbox<@Sendable (Service) -> Void>
    private let thread: LoopThread

    /// Starts a loop and returns when its service has been wired, or throws what the wiring threw.
    ///
    /// - Parameters:
    ///   - name: The thread's name; the kernel keeps 15 bytes.
    ///   - security: Who the process is, and the keys of its peers.
    ///   - wire: Makes links and service; called on the loop's thread.
    package init(
        name: String, security: LoopSecurity, settings: SocketSettings = SocketSettings(),
        clock: any LoopClock = SystemClock(),
        wire: @escaping @Sendable (any LoopWiring) throws -> Service
    ) throws {
        let control = try LoopControl()
        let inbox = Mailbox<@Sendable (Service) -> Void>(
            capacity: settings.inboxCapacity, wake: control.wake)
        self.control = control
        self.inbox = inbox
        thread = try LoopThread(name: name) { isWired in
            let runner = try LoopRunner<Service>(
                security: security, settings: settings, clock: clock, control: control,
                inbox: inbox)
            defer { runner.close() }
            let service = try wire(runner)
            isWired()
            try runner.run(service)
        }
        try thread.waitUntilWired()
    }

    /// Has work done on the loop's thread, in the next turn, in the order of posting. False if the
    /// inbox is full or the loop has ended: then the work will never be done.
    package func post(_ work: @escaping @Sendable (Service) -> Void) -> Bool {
        inbox.post(work)
    }

    /// Asks the loop to end after its next turn. Returns at once; may be called from anywhere.
    package func stop() { control.stop() }

    /// Waits until the loop has ended, and throws what ended it, if it was an error.
    package func wait() throws { try thread.wait() }
}

/// Who a process is, and the keys of the processes that it talks to.
package struct LoopSecurity: Sendable {
    /// The process and its key pair.
    package let identity: CurveIdentity
    /// The public keys of the cluster.
    package let directory: PeerDirectory

    /// Makes the security of a loop.
    package init(identity: CurveIdentity, directory: PeerDirectory) {
        self.identity = identity
        self.directory = directory
    }
}

/// The part of a loop that other threads may touch: the wish to stop, and the bell.
final class LoopControl: Sendable {
    private let stopping = Atomic<Bool>(false)
    /// Readable when the loop should wake.
    let descriptor: Int32

    init() throws(TransportError) {
        descriptor = bellwether_eventfd_create()
        guard descriptor >= 0 else {
            throw TransportError(.system, "cannot make an eventfd: \(lastZeroMQError())")
        }
    }

    deinit { _ = Glibc.close(descriptor) }

    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    func stop() {
        stopping.store(true, ordering: .releasing)
        wake()
    }

    func wake() { _ = bellwether_eventfd_signal(descriptor) }

    func hush() { bellwether_eventfd_drain(descriptor) }
}
