import NIOCore
import NIOPosix
import Synchronization

/// A source on this machine that answers as it is told, byte for byte, and remembers what it was
/// asked. Each connection gets one answer; the last one is repeated.
final class ScriptedServer: Sendable {
    /// What a connection gets after its request.
    enum Answer: Sendable {
        case whole(String)
        /// Such pieces one after the other with a pause before each, for ever.
        case drip(String, then: String)
        /// Nothing at all.
        case silence

        /// An answer with a body of JSON.
        static func json(_ body: String, _ headers: [String] = []) -> Answer {
            let lines =
                ["HTTP/1.1 200 OK", "Content-Length: \(body.utf8.count)", "Connection: close"]
                + headers
            return .whole(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        }

        /// An answer without a body.
        static func status(_ code: Int, _ headers: [String] = []) -> Answer {
            let lines =
                ["HTTP/1.1 \(code) Said", "Content-Length: 0", "Connection: close"] + headers
            return .whole(lines.joined(separator: "\r\n") + "\r\n\r\n")
        }
    }

    private struct State {
        var answers: [Answer]
        var requests: [String] = []
    }

    private let state: Mutex<State>

    private init(_ answers: [Answer]) { state = Mutex(State(answers: answers)) }

    /// The heads of the requests so far.
    var requests: [String] { state.withLock { $0.requests } }

    /// Runs `body` with a server's address, and ends the server after it.
    static func with<Result: Sendable>(
        _ answers: [Answer],
        _ body: (ScriptedServer, String) async throws -> Result
    ) async throws -> Result {
        let server = ScriptedServer(answers)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ScriptedHandler(server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        do {
            let result = try await body(server, "http://127.0.0.1:\(port)/feed")
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    fileprivate func answer(to request: String) -> Answer {
        state.withLock { state in
            state.requests.append(request)
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
        }
    }
}

private final class ScriptedHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let server: ScriptedServer
    private var request = ""

    init(_ server: ScriptedServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        request += String(buffer: unwrapInboundIn(data))
        guard request.contains("\r\n\r\n") else { return }
        let answer = server.answer(to: request)
        request = ""
        let channel = context.channel
        switch answer {
        case .silence: break
        case .whole(let text):
            channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in
                channel.close(promise: nil)
            }
        case .drip(let first, let piece):
            channel.writeAndFlush(ByteBuffer(string: first), promise: nil)
            ScriptedHandler.drip(piece, on: channel)
        }
    }

    private static func drip(_ piece: String, on channel: any Channel) {
        channel.eventLoop.scheduleTask(in: .milliseconds(5)) {
            guard channel.isActive else { return }
            channel.writeAndFlush(ByteBuffer(string: piece), promise: nil)
            drip(piece, on: channel)
        }
    }
}
