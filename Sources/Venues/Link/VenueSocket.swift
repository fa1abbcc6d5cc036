import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Trading

/// One WebSocket connection: connects, upgrades with signed headers, hands whole text messages up
/// and answers pings. It tells its end exactly once. All of it runs on one event loop.
final class VenueSocket {
    /// The longest message, after its fragments are joined.
    static let messageBytesMax = 8 << 20

    private let loop: any EventLoop
    private let url: URL
    private let timeouts: VenueTimeouts
    private let headers: [(name: String, value: String)]
    private let receive: @Sendable ([UInt8]) -> Void
    private let ended: @Sendable (String) -> Void
    private let opened: @Sendable () -> Void
    private var channel: (any Channel)?
    private var hasEnded = false
    private var closeReason: String?

    init(
        _ url: URL, timeouts: VenueTimeouts, headers: [(name: String, value: String)],
        on loop: any EventLoop, opened: @escaping @Sendable () -> Void,
        receive: @escaping @Sendable ([UInt8]) -> Void,
        ended: @escaping @Sendable (String) -> Void
    ) {
        self.url = url
        self.timeouts = timeouts
        self.headers = headers
        self.loop = loop
        self.opened = opened
        self.receive = receive
        self.ended = ended
    }

    /// Starts connecting; `opened` or `ended` follows.
    func connect() {
        loop.preconditionInEventLoop()
        let isSecure = url.scheme == "wss"
        let host = url.host ?? ""
        let port = url.port ?? (isSecure ? 443 : 80)
        let bound = NIOLoopBound(self, eventLoop: loop)
        let upgrade = loop.makePromise(of: Void.self)
        let request = upgradeRequest(host: host, port: port, isDefaultPort: url.port == nil)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(timeouts.connect.nanoseconds))
            .channelOption(ChannelOptions.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if isSecure {
                        let context = try NIOSSLContext(
                            configuration: .makeClientConfiguration())
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: host))
                    }
                    try configureUpgrade(channel, request, upgrade, socket: bound)
                }
            }
        let timeout = loop.scheduleTask(
            in: .nanoseconds(timeouts.connect.nanoseconds * 2)
        ) { upgrade.fail(VenueSocketError.upgradeTimedOut) }
        upgrade.futureResult.whenComplete { result in
            timeout.cancel()
            switch result {
            case .success: bound.value.opened()
            case .failure(let error): bound.value.end("\(error)")
            }
        }
        bootstrap.connect(host: host, port: port).whenComplete { result in
            switch result {
            case .success(let channel): bound.value.adopt(channel, upgrade)
            case .failure(let error): upgrade.fail(error)
            }
        }
    }

    func send(_ text: [UInt8]) {
        loop.preconditionInEventLoop()
        guard let channel, channel.isActive else { return }
        let frame = WebSocketFrame(
            fin: true, opcode: .text, maskKey: .random(),
            data: channel.allocator.buffer(bytes: text))
        channel.writeAndFlush(frame, promise: nil)
    }

    /// Closes; `ended` follows with `reason`.
    func close(_ reason: String) {
        loop.preconditionInEventLoop()
        closeReason = closeReason ?? reason
        if let channel { channel.close(promise: nil) }
        end(reason)
    }

    private func adopt(_ channel: any Channel, _ upgrade: EventLoopPromise<Void>) {
        self.channel = channel
        if hasEnded { channel.close(promise: nil) }
        let bound = NIOLoopBound(self, eventLoop: loop)
        channel.closeFuture.whenComplete { _ in
            upgrade.fail(VenueSocketError.closed)
            bound.value.end(bound.value.closeReason ?? "the venue closed the connection")
        }
    }

    private func end(_ reason: String) {
        guard !hasEnded else { return }
        hasEnded = true
        channel?.close(promise: nil)
        ended(reason)
    }

    fileprivate func fail(_ error: any Error) { close("\(error)") }
    fileprivate func message(_ bytes: [UInt8]) { if !hasEnded { receive(bytes) } }
    fileprivate var silence: TimeAmount {
        .nanoseconds(timeouts.silence.nanoseconds)
    }

    private func upgradeRequest(host: String, port: Int, isDefaultPort: Bool) -> HTTPRequestHead {
        var fields = HTTPHeaders()
        fields.add(name: "Host", value: isDefaultPort ? host : "\(host):\(port)")
        for header in headers { fields.add(name: header.name, value: header.value) }
        return HTTPRequestHead(
            version: .http1_1, method: .GET, uri: url.path, headers: fields)
    }
}

/// Why a connection could not be made.
private enum VenueSocketError: Error, CustomStringConvertible {
    case upgradeTimedOut
    case closed
    case refused(status: UInt)

    var description: String {
        switch self {
        case .upgradeTimedOut: "the WebSocket upgrade was not answered"
        case .closed: "the venue closed the connection"
        case .refused(let status): "the venue refused the WebSocket with status \(status)"
        }
    }
}

private func configureUpgrade(
    _ channel: any Channel, _ request: HTTPRequestHead, _ upgrade: EventLoopPromise<Void>,
    socket: NIOLoopBound<VenueSocket>
) throws {
    let requester = UpgradeRequester(request, upgrade)
    let bound = NIOLoopBound(requester, eventLoop: channel.eventLoop)
    let upgrader = NIOWebSocketClientUpgrader(maxFrameSize: VenueSocket.messageBytesMax) {
        channel, _ in
        channel.eventLoop.makeCompletedFuture {
            let operations = channel.pipeline.syncOperations
            try operations.addHandler(
                NIOWebSocketFrameAggregator(
                    minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1_024,
                    maxAccumulatedFrameSize: VenueSocket.messageBytesMax))
            try operations.addHandler(MessageReader(socket.value))
            // Only in the next turn has the upgrade left the pipeline, so that commands pass.
            channel.eventLoop.execute { upgrade.succeed() }
        }
    }
    let configuration: NIOHTTPClientUpgradeSendableConfiguration = (
        upgraders: [upgrader],
        completionHandler: { context in
            context.pipeline.syncOperations.removeHandler(bound.value, promise: nil)
        }
    )
    try channel.pipeline.syncOperations.addHTTPClientHandlers(
        leftOverBytesStrategy: .forwardBytes, withClientUpgrade: configuration)
    try channel.pipeline.syncOperations.addHandler(requester)
}

/// Sends the upgrade request and fails where the answer is no upgrade.
private final class UpgradeRequester: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let upgrade: EventLoopPromise<Void>

    init(_ request: HTTPRequestHead, _ upgrade: EventLoopPromise<Void>) {
        self.request = request
        self.upgrade = upgrade
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { send(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        send(context)
        context.fireChannelActive()
    }

    private func send(_ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        upgrade.fail(VenueSocketError.refused(status: UInt(head.status.code)))
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        upgrade.fail(error)
        context.close(promise: nil)
    }
}

/// Reads whole messages, answers pings, asks for a sign of life and gives up on silence.
private final class MessageReader: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private unowned let socket: VenueSocket
    private var watch: RepeatedTask?
    private var heardAt = NIODeadline.now()

    init(_ socket: VenueSocket) { self.socket = socket }

    func handlerAdded(context: ChannelHandlerContext) {
        heardAt = context.eventLoop.now
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        watch = context.eventLoop.scheduleRepeatedTask(
            initialDelay: .seconds(5), delay: .seconds(5)
        ) { _ in
            let (reader, context) = bound.value
            reader.look(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { watch?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        watch?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heardAt = context.eventLoop.now
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .binary: socket.message(Array(frame.unmaskedData.readableBytesView))
        case .ping: write(context, .pong, frame.unmaskedData)
        case .connectionClose: socket.close("the venue closed the WebSocket")
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { socket.fail(error) }

    private func look(_ context: ChannelHandlerContext) {
        guard context.eventLoop.now - heardAt < socket.silence else {
            return socket.close("nothing was heard for too long")
        }
        write(context, .ping, context.channel.allocator.buffer(string: ""))
    }

    private func write(
        _ context: ChannelHandlerContext, _ opcode: WebSocketOpcode, _ data: ByteBuffer
    ) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}
