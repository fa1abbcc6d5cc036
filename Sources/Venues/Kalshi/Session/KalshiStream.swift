import Execution
import Trading

/// The state of one WebSocket connection: commands under way, subscriptions, books.
struct KalshiStream: Sendable {
    enum Channel: String, Sendable, Hashable {
        case books = "orderbook_delta"
        case trades = "trade"
        case fills = "fill"
        case orders = "user_orders"
        case lifecycle = "market_lifecycle_v2"
        case clock
    }

    /// A command that has not been answered.
    struct Command: Sendable {
        enum Kind: Sendable {
            /// Channels whose `subscribed` is still to come.
            case subscribe(Set<Channel>, markets: [InstrumentID])
            case update(Channel, markets: [InstrumentID])
            case snapshot([InstrumentID])
        }
        var kind: Kind
        let sentAt: Span
    }

    struct Book: Sendable {
        var book = OrderBook()
        /// Since when a snapshot is awaited, before which nothing is applied; nil: the book is
        /// good.
        var awaitedSince: Span?
        /// The place that its first snapshot takes.
        var hold: OrderedEvents.Hold?
    }

    /// What has to happen before a new connection is usable.
    enum Phase: Sendable {
        case closed
        /// Subscribed to what concerns the account and all markets.
        case subscribing
        /// Listing markets and settlements.
        case listing
        /// Waiting for the books of the listed markets.
        case filling
        case live
    }

    private(set) var connection: UInt64 = 0
    var phase = Phase.closed
    var commands: [UInt64: Command] = [:]
    private var commandsUsed: UInt64 = 0
    private var channels: [UInt64: Channel] = [:]
    private var sids: [Channel: UInt64] = [:]
    private var sequences: [UInt64: UInt64] = [:]
    var books: [InstrumentID: Book] = [:]
    /// Wanted, but not yet part of a subscription.
    var unsubscribed: Set<InstrumentID> = []
    var acknowledging: TickNumber?

    /// When to connect again; nil while connected or connecting.
    var reconnectAt: Span?
    var backoff = KalshiStream.backoffMin
    var liveSince: Span?
    /// Whether the sink believes that we are connected, or has not been told otherwise yet.
    var hasReportedLoss = false

    static let backoffMin = Span.milliseconds(250)
    static let backoffMax = Span.seconds(10)

    init() {}

    var isOpen: Bool { phase != .closed }

    /// Commands or first books are still to come.
    var isWaiting: Bool {
        !commands.isEmpty || !unsubscribed.isEmpty
            || books.values.contains { $0.awaitedSince != nil }
    }

    /// Starts a connection: nothing of the last one counts.
    mutating func reset(to phase: Phase) {
        connection += 1
        self.phase = phase
        commands.removeAll()
        channels.removeAll()
        sids.removeAll()
        sequences.removeAll()
        books.removeAll()
        unsubscribed.removeAll()
        acknowledging = nil
    }

    func sid(of channel: Channel) -> UInt64? { sids[channel] }
    func channel(of sid: UInt64) -> Channel? { channels[sid] }

    /// The venue has named a subscription.
    mutating func name(_ sid: UInt64, _ channel: Channel) {
        channels[sid] = channel
        sids[channel] = sid
    }

    /// Whether a message is the next one of its subscription. The first one sets the count.
    mutating func follows(_ sequence: UInt64, sid: UInt64) -> Bool {
        let last = sequences.updateValue(sequence, forKey: sid)
        return last.map { sequence == $0 &+ 1 } ?? true
    }

    /// A message of the subscription was lost to us: the next one sets the count.
    mutating func skipSequence(of channel: Channel) {
        if let sid = sids[channel] { sequences[sid] = nil }
    }

    var isSubscribingToBooks: Bool {
        commands.values.contains {
            if case .subscribe(let wanted, _) = $0.kind { wanted.contains(.books) } else { false }
        }
    }

    // Commands.

    mutating func subscribe(
        _ wanted: [Channel], markets: [InstrumentID] = [], now: Span
    ) -> [UInt8] {
        let id = add(.subscribe(Set(wanted), markets: markets), now)
        return command(id, "subscribe") { parameters in
            parameters.add("channels", wanted.map(\.rawValue))
            if !markets.isEmpty { parameters.add("market_tickers", markets.map(\.description)) }
        }
    }

    mutating func update(
        _ channel: Channel, _ action: String, _ markets: [InstrumentID], now: Span
    ) -> [UInt8]? {
        guard let sid = sids[channel] else { return nil }
        let isSnapshot = action == "get_snapshot"
        let id = add(isSnapshot ? .snapshot(markets) : .update(channel, markets: markets), now)
        return command(id, "update_subscription") { parameters in
            parameters.add("sids", [Int64(sid)])
            parameters.add("market_tickers", markets.map(\.description))
            parameters.add("action", action)
        }
    }

    mutating func acknowledgement(of tick: TickNumber) -> [UInt8] {
        commandsUsed += 1
        return command(commandsUsed, "clock_ack") { parameters in
            parameters.add("tick", Int64(tick.rawValue))
        }
    }

    private mutating func add(_ kind: Command.Kind, _ now: Span) -> UInt64 {
        commandsUsed += 1
        commands[commandsUsed] = Command(kind: kind, sentAt: now)
        return commandsUsed
    }

    private func command(
        _ id: UInt64, _ name: String, _ parameters: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.add("id", Int64(id))
        writer.add("cmd", name)
        writer.add("params", object: parameters)
        return writer.finished()
    }
}
