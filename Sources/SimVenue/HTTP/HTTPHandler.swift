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

    private static let bodyByteCountMax = 1 << 20

    init(front: any VenueFront) { self.front = front }

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
            answer(head, context: context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        let response =
            isTooLong ? front.tooLong : front.respond(to: VenueRequest(head: head, body: body))
        var headers = HTTPHeaders([
            ("content-type", "application/json"), ("content-length", "\(response.body.count)"),
            ("date", httpDate(WallClock.now())),
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
