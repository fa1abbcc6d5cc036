import MarketSim
import NIOCore
import NIOWebSocket
import Trading

/// A channel of Kalshi's WebSocket that the venue serves. `clock` is the simulation's own.
enum SocketChannel: String, Sendable, CaseIterable {
    case books = "orderbook_delta"
    case trades = "trade"
    case fills = "fill"
    case orders = "user_orders"
    case lifecycle = "market_lifecycle_v2"
    case clock
}

/// One WebSocket connection with its subscriptions. Lives on the venue's one event loop.
final class SocketSession {
    struct Subscription {
        let sid: UInt64
        let channel: SocketChannel
        /// Nil: all markets, also those that are listed later.
        var markets: Set<SimMarketID>?
        /// The last sequence number that was given, where the channel has one.
        var sequence: UInt64 = 0

        func includes(_ market: SimMarketID) -> Bool { markets?.contains(market) ?? true }
    }

    let participant: VenueParticipant
    private let channel: any Channel
    private(set) var subscriptions: [Subscription] = []
    private var lastSID: UInt64 = 0
    /// What goes wrong with a message of a channel on purpose.
    private let fate: () -> FaultDirector.MessageFate
    /// A message that comes after the one that follows it.
    private var held: ByteBuffer?

    /// The last tick that this connection has acknowledged; nil before its first.
    var acknowledged: TickNumber?
    /// The last tick that was announced to it; nil before its first.
    var awaited: TickNumber?
    /// When the tick that is waited for was announced to it, by the monotonic clock.
    var announcedAt: Span
    /// It was too slow and is not waited for until it has caught up.
    var isLate = false

    init(
        participant: VenueParticipant, channel: any Channel, now: Span,
        fate: @escaping () -> FaultDirector.MessageFate = { .told }
    ) {
        self.fate = fate
        self.participant = participant
        self.channel = channel
        announcedAt = now
    }

    func subscription(_ channel: SocketChannel) -> Subscription? {
        subscriptions.first { $0.channel == channel }
    }

    func subscription(sid: UInt64) -> Subscription? { subscriptions.first { $0.sid == sid } }

    func subscribe(_ channel: SocketChannel, _ markets: Set<SimMarketID>?) -> UInt64 {
        lastSID += 1
        subscriptions.append(Subscription(sid: lastSID, channel: channel, markets: markets))
        return lastSID
    }

    func unsubscribe(_ sid: UInt64) { subscriptions.removeAll { $0.sid == sid } }

    func setMarkets(_ markets: Set<SimMarketID>, of sid: UInt64) {
        guard let index = subscriptions.firstIndex(where: { $0.sid == sid }) else { return }
        subscriptions[index].markets = markets
    }

    /// The next sequence number of a subscription whose channel counts.
    func nextSequence(of sid: UInt64) -> UInt64? {
        guard let index = subscriptions.firstIndex(where: { $0.sid == sid }),
            subscriptions[index].channel == .books
        else { return nil }
        subscriptions[index].sequence += 1
        return subscriptions[index].sequence
    }

    /// Sends a message of a channel: `{"type":...,"sid":...,"seq":...,"msg":body}`.
    func send(type: String, sid: UInt64, command: Int64? = nil, body: [UInt8]) {
        var head = #"{"type":""# + type + #"","sid":"# + String(sid)
        if let command { head += #","id":"# + String(command) }
        if let sequence = nextSequence(of: sid) { head += #","seq":"# + String(sequence) }
        head += #","msg":"#
        var buffer = channel.allocator.buffer(capacity: head.utf8.count + body.count + 1)
        buffer.writeString(head)
        buffer.writeBytes(body)
        buffer.writeInteger(UInt8(ascii: "}"))
        // Market time itself is the simulation's own and never goes wrong.
        guard type != SocketChannel.clock.rawValue else { return write(buffer) }
        switch fate() {
        case .lost: return
        case .late where held == nil:
            held = buffer
            return
        case .twice:
            write(buffer)
            write(buffer)
        case .told, .late: write(buffer)
        }
        if let late = held {
            held = nil
            write(late)
        }
    }

    /// Sends a whole message.
    func send(_ message: [UInt8]) {
        write(channel.allocator.buffer(bytes: message))
    }

    func flush() { channel.flush() }

    func close() { channel.close(promise: nil) }

    /// A connection that does not drain is closed: it must come back and take snapshots.
    private func write(_ buffer: ByteBuffer) {
        guard channel.isWritable else {
            channel.close(promise: nil)
            return
        }
        channel.write(WebSocketFrame(fin: true, opcode: .text, data: buffer), promise: nil)
    }
}
