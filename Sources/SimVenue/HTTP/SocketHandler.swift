import NIOCore
import NIOWebSocket
import Trading

/// One WebSocket connection: frames in, text out. Lives on the venue's one event loop.
final class SocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let socket: any VenueSocket
    private var heartbeat: RepeatedTask?

    init(socket: any VenueSocket) { self.socket = socket }

    func handlerAdded(context: ChannelHandlerContext) {
        socket.open(context.channel)
        guard socket.isPinged else { return }
        let channel = context.channel
        // Kalshi pings every ten seconds with this body.
        heartbeat = context.eventLoop.scheduleRepeatedTask(
            initialDelay: .seconds(10), delay: .seconds(10)
        ) { _ in
            let buffer = channel.allocator.buffer(string: "heartbeat")
            channel.writeAndFlush(
                WebSocketFrame(fin: true, opcode: .ping, data: buffer), promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .binary:
            socket.receive(Array(frame.unmaskedData.readableBytesView))
        case .ping:
            let answer = WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        case .connectionClose:
            let answer = WebSocketFrame(
                fin: true, opcode: .connectionClose, data: frame.unmaskedData)
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(answer)).whenComplete { _ in
                channel.close(promise: nil)
            }
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        heartbeat?.cancel()
        socket.close()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
