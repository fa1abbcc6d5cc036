import MarketSim
import NIOCore
import NIOWebSocket
import Trading

/// One WebSocket connection of Polymarket's protocol: of the market stream or of the user's.
final class PolymarketSocket: VenueSocket {
    enum Stream: String {
        case market = "/ws/market"
        case user = "/ws/user"
    }

    let stream: Stream
    private let front: PolymarketFront
    private var channel: (any Channel)?

    /// The tokens that are followed on the market stream.
    private(set) var tokens: Set<String> = []
    /// Whether the newer events are wanted as well.
    private(set) var isCustom = false
    /// Who listens on the user stream, once that is proven.
    private(set) var account: SimAccountID?
    /// The conditions that are followed there; empty: all.
    private var conditions: Set<String> = []
    /// A message that comes after the one that follows it.
    private var held: [UInt8]?

    init(_ stream: Stream, front: PolymarketFront) {
        self.stream = stream
        self.front = front
    }

    /// The clients ping, with a text of their own.
    let isPinged = false

    func open(_ channel: any Channel) {
        self.channel = channel
        front.sessions.append(self)
    }

    func close() { front.sessions.removeAll { $0 === self } }

    func receive(_ bytes: [UInt8]) {
        if bytes == Array("PING".utf8) { return finish(Array("PONG".utf8)) }
        guard let message = PolymarketSubscription(bytes) else {
            return finish(Array("INVALID OPERATION".utf8))
        }
        switch stream {
        case .market: follow(message)
        case .user: listen(message)
        }
        flush()
    }

    func follows(_ token: ListedToken) -> Bool { tokens.contains(token.number) }

    func follows(_ listing: TokenListing) -> Bool {
        conditions.isEmpty || conditions.contains(listing.condition)
    }

    private func follow(_ message: PolymarketSubscription) {
        let named = message.assets_ids ?? []
        if let isCustom = message.custom_feature_enabled { self.isCustom = isCustom }
        guard message.operation != "unsubscribe" else { return tokens.subtract(named) }
        let added = named.filter { tokens.insert($0).inserted }.compactMap {
            front.engine.token($0)
        }
        guard message.initial_dump ?? true, !added.isEmpty else { return }
        var text = JSONText()
        text.array { array in
            for token in added {
                array.element {
                    PolymarketPayloads(front: front).book(token, isStream: true, &$0)
                }
            }
        }
        send(text.bytes)
    }

    /// The first message must prove who listens.
    private func listen(_ message: PolymarketSubscription) {
        let named = (message.markets ?? []).map { $0.lowercased() }
        if let auth = message.auth {
            let known = front.participant(
                apiKey: auth.apiKey, secret: auth.secret, passphrase: auth.passphrase)
            account = known?.account
        }
        guard account != nil else {
            channel?.close(promise: nil)
            return
        }
        if message.operation == "unsubscribe" {
            conditions.subtract(named)
        } else {
            conditions.formUnion(named)
        }
    }

    // MARK: Sending

    func flush() { channel?.flush() }

    /// Sends a message of the stream, with whatever goes wrong with it on purpose.
    func send(_ bytes: [UInt8]) {
        switch front.venue.fateOfMessage(at: "polymarket") {
        case .lost: return
        case .late where held == nil:
            held = bytes
            return
        case .twice:
            write(bytes)
            write(bytes)
        case .told, .late: write(bytes)
        }
        if let late = held {
            held = nil
            write(late)
        }
    }

    /// A connection that does not drain is closed: it must come back and take the books again.
    private func write(_ bytes: [UInt8]) {
        guard let channel else { return }
        guard channel.isWritable else {
            channel.close(promise: nil)
            return
        }
        let buffer = channel.allocator.buffer(bytes: bytes)
        channel.write(WebSocketFrame(fin: true, opcode: .text, data: buffer), promise: nil)
    }

    private func finish(_ bytes: [UInt8]) {
        write(bytes)
        flush()
    }
}
