import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// Somebody's webhook: remembers what it was told, and refuses while it is told to.
final class WebhookServer: Sendable {
    struct Post: Sendable, Equatable {
        let path: String
        let body: String
    }

    private struct State {
        var posts: [Post] = []
        var refusals = 0
    }

    private let state = Mutex(State())

    var posts: [Post] { state.withLock { $0.posts } }

    /// Answers the next `count` requests with 503.
    func refuse(_ count: Int) { state.withLock { $0.refusals = count } }

    /// Runs `body` with a server's address. The server ends with the process: cancelled while a
    /// connection has come that nobody has taken yet, it would trap (apple/swift-nio, issue 2637).
    static func with(
        _ body: @escaping @Sendable (WebhookServer, String) async throws -> Void
    ) async throws {
        let server = WebhookServer()
        let (ports, port) = AsyncStream<Int>.makeStream()
        var log = Logger(label: "webhook")
        log.logLevel = .critical
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                let body = try await request.body.collect(upTo: 1 << 20)
                return server.answer(request.uri.path, String(buffer: body))
            },
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: log)
        // A server that cannot start yields no port, and the test's time limit ends it.
        Task { try await application.run() }
        for await number in ports {
            try await body(server, "http://127.0.0.1:\(number)")
            break
        }
    }

    private func answer(_ path: String, _ body: String) -> Response {
        let isRefused = state.withLock { state in
            if state.refusals > 0 {
                state.refusals -= 1
                return true
            }
            state.posts.append(Post(path: path, body: body))
            return false
        }
        return Response(status: isRefused ? .serviceUnavailable : .noContent)
    }
}
