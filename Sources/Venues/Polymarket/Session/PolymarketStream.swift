import Trading

/// The state of one connection: both streams, books, what is due when.
struct PolymarketStream: Sendable {
    /// What has to happen before a new connection is usable.
    enum Phase: Sendable {
        case closed
        /// Asking who we are, what is traded, what it costs and what we have.
        case preparing
        /// Both streams are being opened.
        case opening
        /// Waiting for the books.
        case filling
        case live
    }

    struct Book: Sendable {
        var book = OrderBook()
        /// A book has come since the connection was made.
        var isThere = false
        /// The last comparison with REST found a difference.
        var isSuspect = false
    }

    private(set) var connection: UInt64 = 0
    var phase = Phase.closed
    var opened: Set<PolymarketFeed> = []
    var books: [InstrumentID: Book] = [:]
    /// Since when books are awaited.
    var fillingSince = Span.zero
    var pingAt = Span.zero
    var beatAt = Span.zero
    /// What the last heartbeat was answered with.
    var heartbeat = ""
    var isBeating = false
    /// The next comparison of a book with REST, and of which.
    var compareAt = Span.zero
    var compared: InstrumentID?
    /// When to try again to place orders after the exchange took none.
    var modeUntil: Span?

    /// When to connect again; nil while connected or connecting.
    var reconnectAt: Span?
    var backoff = PolymarketStream.backoffMin
    var liveSince: Span?
    /// Whether the sink believes that we are connected, or has not been told otherwise yet.
    var hasReportedLoss = false

    /// Trades of which a status was told already, the newest.
    private var told: Set<String> = []
    private var toldAges = Ages<String>(max: 50_000)
    /// Public trades of one token whose mirror at the other has not come.
    private var prints: [Print] = []

    static let backoffMin = Span.milliseconds(250)
    static let backoffMax = Span.seconds(10)
    static let pingEvery = Span.seconds(10)
    static let beatEvery = Span.seconds(5)
    static let compareEvery = Span.seconds(5)
    static let modePatience = Span.seconds(10)
    private static let printsMax = 256

    /// A public trade in terms of YES, and at which token it was seen.
    struct Print: Sendable, Hashable {
        let instrument: InstrumentID
        let outcome: PolymarketOutcome
        let side: Side
        let price: Price
        let quantity: Quantity
        let at: Timestamp

        func mirrors(_ other: Print) -> Bool {
            instrument == other.instrument && outcome != other.outcome && side == other.side
                && price == other.price && quantity == other.quantity && at == other.at
        }
    }

    init() {}

    /// Starts a connection: nothing of the last one counts.
    mutating func reset(to phase: Phase) {
        connection += 1
        self.phase = phase
        opened.removeAll()
        books.removeAll()
        heartbeat = ""
        isBeating = false
        compared = nil
    }

    /// False where the same status of the same trade was told before.
    mutating func isNews(_ trade: PolymarketTrade) -> Bool {
        let name = "\(trade.id) \(trade.status.rawValue)"
        guard told.insert(name).inserted else { return false }
        if let oldest = toldAges.add(name) { told.remove(oldest) }
        return true
    }

    /// False where the trade was seen at the other token: the venue tells it at both.
    mutating func isFirst(_ seen: Print) -> Bool {
        if let index = prints.firstIndex(where: { $0.mirrors(seen) }) {
            prints.remove(at: index)
            return false
        }
        prints.append(seen)
        if prints.count > PolymarketStream.printsMax { prints.removeFirst() }
        return true
    }
}
