import Glibc
import Synchronization

/// Turns SIGTERM and SIGINT into a request to stop, which the process's loop reads in its turn.
///
/// `install` must be called before any other thread exists, so that every thread inherits the
/// blocked signals and only ours receives them. A second signal ends the process at once.
package final class StopSignal: Sendable {
    /// Set in the environment of a child that must not outlive its parent.
    package static let parentVariable = "BELLWETHER_PARENT"

    private let requested = Atomic<Bool>(false)
    private let action = Mutex<(@Sendable () -> Void)?>(nil)

    private init() {}

    /// Whether a stop was asked for.
    package var isRequested: Bool { requested.load(ordering: .acquiring) }

    /// Blocks the signals and starts the thread that waits for them.
    package static func install(environment: [String: String]) throws(ProcessFailure)
        -> StopSignal
    {
        let stop = StopSignal()
        var signals = StopSignal.signals()
        signal(SIGPIPE, SIG_IGN)
        guard pthread_sigmask(SIG_BLOCK, &signals, nil) == 0 else {
            throw ProcessFailure(.refused, "cannot block signals")
        }
        let parent = environment[parentVariable].flatMap { pid_t($0) }
        let context = Unmanaged.passRetained(Waiter(stop: stop, parent: parent))
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

    fileprivate static func signals() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        return signals
    }
}

/// The loop of the signal thread.
private final class Waiter: Sendable {
    let stop: StopSignal
    let parent: pid_t?

    init(stop: StopSignal, parent: pid_t?) {
        self.stop = stop
        self.parent = parent
    }

    func run() {
        var signals = StopSignal.signals()
        while true {
            var patience = timespec(tv_sec: 1, tv_nsec: 0)
            let received = sigtimedwait(&signals, nil, &patience)
            if received < 0 {
                // Nothing came: an orphan of the launcher ends itself.
                if let parent, getppid() != parent, !stop.isRequested { stop.request() }
                continue
            }
            if stop.isRequested { _exit(ExitCode.refused.rawValue) }
            stop.request()
        }
    }
}
