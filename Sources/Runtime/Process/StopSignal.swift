import Glibc
import Synchronization

/// Turns SIGTERM and SIGINT into a request to stop, which the process's loop reads in its turn.
///
/// A handler passes them to a thread of ours through a pipe, so it does not matter which thread
/// receives them: an `async` main has more than one before its first line. A second signal ends the
/// process at once.
package final class StopSignal: Sendable {
    /// Set in the environment of a child that must not outlive its parent.
    package static let parentVariable = "BELLWETHER_PARENT"

    private let requested = Atomic<Bool>(false)
    private let action = Mutex<(@Sendable () -> Void)?>(nil)

    private init() {}

    /// Whether a stop was asked for.
    package var isRequested: Bool { requested.load(ordering: .acquiring) }

    /// Handles the signals and starts the thread that waits for them. That thread takes them also
    /// where whoever started the process had blocked them.
    package static func install(environment: [String: String]) throws(ProcessFailure)
        -> StopSignal
    {
        let stop = StopSignal()
        signal(SIGPIPE, SIG_IGN)
        let descriptor = try openPipe()
        for number in [SIGTERM, SIGINT] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in
                // Only what is safe in a handler: one write, whose failure means a full pipe.
                let (kept, byte) = (errno, UInt8(1))
                withUnsafePointer(to: byte) {
                    _ = Glibc.write(bell.load(ordering: .relaxed), $0, 1)
                }
                errno = kept
            }
            action.sa_flags = Int32(SA_RESTART)
            guard sigaction(number, &action, nil) == 0 else {
                throw ProcessFailure(.refused, "cannot handle signal \(number)")
            }
        }
        let parent = environment[parentVariable].flatMap { pid_t($0) }
        let context = Unmanaged.passRetained(
            Waiter(stop: stop, descriptor: descriptor, parent: parent))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { raw in
                if let raw { Unmanaged<Waiter>.fromOpaque(raw).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            context.release()
            throw ProcessFailure(.refused, "cannot start the thread that waits for signals")
        }
        return stop
    }

    /// Calls `wake` when a stop is asked for, on another thread; at once if it already was.
    package func onRequest(_ wake: @escaping @Sendable () -> Void) {
        action.withLock { $0 = wake }
        if isRequested { wake() }
    }

    /// Asks for the stop, as a signal would.
    package func request() {
        requested.store(true, ordering: .releasing)
        action.withLock { $0 }?()
    }

    /// Makes the pipe; returns the end to read from.
    private static func openPipe() throws(ProcessFailure) -> Int32 {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw ProcessFailure(
                .refused, "cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        bell.store(ends[1], ordering: .relaxed)
        return ends[0]
    }
}

/// Where the handler writes; made before the handler is set.
private let bell = Atomic<Int32>(-1)

/// The loop of the signal thread.
private final class Waiter: Sendable {
    let stop: StopSignal
    let descriptor: Int32
    let parent: pid_t?

    init(stop: StopSignal, descriptor: Int32, parent: pid_t?) {
        self.stop = stop
        self.descriptor = descriptor
        self.parent = parent
    }

    func run() {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGTERM, SIGINT] { sigaddset(&signals, number) }
        // Fails for a wrong argument alone.
        _ = pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        while true {
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&watched, 1, 1_000)
            var byte: UInt8 = 0
            guard read(descriptor, &byte, 1) == 1 else {
                // Nothing came: an orphan of the launcher ends itself.
                if let parent, getppid() != parent, !stop.isRequested { stop.request() }
                continue
            }
            if stop.isRequested { _exit(ExitCode.refused.rawValue) }
            stop.request()
        }
    }
}
