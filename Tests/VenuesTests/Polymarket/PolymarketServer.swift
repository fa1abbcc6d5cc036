import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// The least of a venue that an adapter can connect to: answers come from a function, each stream
/// answers its first message with a text and `PING` with `PONG`.
final class PolymarketServer: Sendable {
    struct Asked: Sendable {
        let method: String
        let target: String
        let headers: HTTPHeaders
        let body: String
    }

    let port: Int
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    private let log: Log

    /// What was asked and sent, in order.
    final class Log: Sendable {
        let asked = Mutex<[Asked]>([])
        let sent = Mutex<[String]>([])
    }

    init(
        firstWords: [String: String],
        _ answer: @escaping @Sendable (Asked) -> (status: Int, body: String)
    ) throws {
        let log = Log()
        self.log = log
        let bootstrap = ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try PolymarketServer.configure(channel, log, firstWords, answer)
            }
        }
        channel = try bootstrap.bind(host: "127.0.0.1", port: 0).wait()
        port = channel.localAddress?.port ?? 0
    }

    var asked: [Asked] { log.asked.withLock { $0 } }
    var sent: [String] { log.sent.withLock { $0 } }

    func stop() throws {
        try channel.close().wait()
        try group.syncShutdownGracefully()
    }

    private static func configure(
        _ channel: any Channel, _ log: Log, _ firstWords: [String: String],
        _ answer: @escaping @Sendable (Asked) -> (status: Int, body: String)
    ) throws {
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeSucceededFuture(
                    firstWords[head.uri] == nil ? nil : HTTPHeaders())
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Stream(head.uri, log, firstWords[head.uri] ?? ""))
                }
            })
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    context.pipeline.syncOperations.removeHandler(name: "http", promise: nil)
                }
            ))
        try channel.pipeline.syncOperations.addHandler(Requests(log, answer), name: "http")
    }

    private final class Requests: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let log: Log
        private let answer: @Sendable (Asked) -> (status: Int, body: String)
        private var head: HTTPRequestHead?
        private var body = ""

        init(_ log: Log, _ answer: @escaping @Sendable (Asked) -> (status: Int, body: String)) {
            self.log = log
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, "")
            case .body(let part): body += String(buffer: part)
            case .end:
                guard let head else { return }
                let asked = Asked(
                    method: head.method.rawValue, target: head.uri, headers: head.headers,
                    body: body)
                log.asked.withLock { $0.append(asked) }
                let (status, text) = answer(asked)
                let headers = HTTPHeaders([("content-length", "\(text.utf8.count)")])
                context.write(
                    wrapOutboundOut(
                        .head(
                            HTTPResponseHead(
                                version: .http1_1, status: .init(statusCode: status),
                                headers: headers))), promise: nil)
                context.write(
                    wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }

    private final class Stream: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        typealias OutboundOut = WebSocketFrame

        private let path: String
        private let log: Log
        private let firstWord: String
        private var hasSpoken = false

        init(_ path: String, _ log: Log, _ firstWord: String) {
            self.path = path
            self.log = log
            self.firstWord = firstWord
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = unwrapInboundIn(data)
            guard frame.opcode == .text else { return }
            let text = String(buffer: frame.unmaskedData)
            log.sent.withLock { $0.append("\(path) \(text)") }
            if text == "PING" { return send("PONG", context) }
            guard !hasSpoken, !firstWord.isEmpty else { return }
            hasSpoken = true
            send(firstWord, context)
        }

        private func send(_ text: String, _ context: ChannelHandlerContext) {
            let frame = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text))
            context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        }
    }
}
