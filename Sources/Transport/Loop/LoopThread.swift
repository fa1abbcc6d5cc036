import CZeroMQ
import Dispatch
import Synchronization

/// A named thread that wires something and then runs it.
///
/// Its end is kept and can be waited for from any thread, any number of times.
final class LoopThread: Sendable {
    private enum State {
        case wiring
        case running
        case ended(Result<Void, any Error>)
    }

    /// What the thread needs, kept alive by the thread itself.
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    private let shared = Shared()

    private final class Shared: Sendable {
        let state = Mutex(State.wiring)
        let isWired = DispatchSemaphore(value: 0)
        let hasEnded = DispatchGroup()
    }

    /// Starts the thread. `body` calls its argument when it is wired, and runs on.
    init(
        name: String, _ body: @escaping @Sendable (_ isWired: () -> Void) throws -> Void
    ) throws(TransportError) {
        let shared = shared
        shared.hasEnded.enter()
        let thread = Body(name: name) {
            let result = Result {
                try body {
                    shared.state.withLock { $0 = .running }
                    shared.isWired.signal()
                }
            }
            shared.state.withLock { $0 = .ended(result) }
            shared.isWired.signal()
            shared.hasEnded.leave()
        }
        var handle = pthread_t()
        let context = Unmanaged.passRetained(thread).toOpaque()
        let status = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                bellwether_thread_name(body.name)
                body.run()
                return nil
            }, context)
        guard status == 0 else {
            Unmanaged<Body>.fromOpaque(context).release()
            shared.hasEnded.leave()
            throw TransportError(
                .system, "cannot start the thread \(name): \(String(cString: strerror(status)))")
        }
        pthread_detach(handle)
    }

    /// Waits for the wiring; throws what it threw.
    func waitUntilWired() throws {
        shared.isWired.wait()
        let failure: (any Error)? = shared.state.withLock { state in
            if case .ended(.failure(let error)) = state { error } else { nil }
        }
        if let failure { throw failure }
    }

    /// Waits for the end; throws what caused it.
    func wait() throws {
        shared.hasEnded.wait()
        let result: Result<Void, any Error>? = shared.state.withLock { state in
            if case .ended(let result) = state { result } else { nil }
        }
        try result?.get()
    }
}
