import Foundation
import NIOCore
import NIOHTTP1
import Runtime
import Trading

/// Gathers a request, asks the service, writes the answer. Lives on the venue's one event loop.
final class HTTPHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let front: any VenueFront
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isTooLong = false
    /// Nil once the connection is gone, or has become a WebSocket.
    private var context: ChannelHandlerContext?

    private static let bodyByteCountMax = 1 << 20

    init(front: any VenueFront) { self.front = front }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.removeAll(keepingCapacity: true)
            isTooLong = false
        case .body(let part):
            if body.count + part.readableBytes > HTTPHandler.bodyByteCountMax {
                isTooLong = true
            } else {
                body.append(contentsOf: part.readableBytesView)
            }
        case .end:
            guard let head else { return }
            self.head = nil
            meet(head, context: context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Answers, with whatever goes wrong on the way on purpose.
    private func meet(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard !isTooLong else { return answer(head, front.tooLong, context) }
        let request = VenueRequest(head: head, body: body)
        let fate = front.fate(of: request)
        after(fate.wait) { [self] in
            let response = fate.refusal.map(front.refusal) ?? front.respond(to: request)
            after(fate.answerWait) { [self] in
                guard let context = self.context else { return }
                if fate.isUnanswered { return context.close(promise: nil) }
                answer(head, response, context)
            }
        }
    }

    private func after(_ wait: Span, _ body: @escaping () -> Void) {
        guard wait > .zero, let context else { return body() }
        context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(wait.nanoseconds)) {
            body()
        }
    }

    private func answer(
        _ head: HTTPRequestHead, _ response: VenueResponse, _ context: ChannelHandlerContext
    ) {
        var headers = HTTPHeaders([
            ("content-type", "application/json"), ("content-length", "\(response.body.count)"),
            ("date", httpDate(front.wallNow)),
        ])
        if !head.isKeepAlive { headers.add(name: "connection", value: "close") }
        let answer = HTTPResponseHead(
            version: head.version, status: response.status, headers: headers)
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        var buffer = context.channel.allocator.buffer(capacity: response.body.count)
        buffer.writeBytes(response.body)
        context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        let isLast = !head.isKeepAlive
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if isLast { channel.close(promise: nil) }
        }
    }
}

/// A time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
func httpDate(_ time: Timestamp) -> String {
    var seconds = time_t(time.nanoseconds / 1_000_000_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let two = { (number: Int32) in number < 10 ? "0\(number)" : "\(number)" }
    return "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) "
        + "\(parts.tm_year + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):"
        + "\(two(parts.tm_sec)) GMT"
}
