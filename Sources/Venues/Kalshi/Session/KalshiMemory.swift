import Execution
import Trading

typealias KalshiMoment = VenueMoment

/// What the session knows of orders, markets and events. Bounded: the oldest is forgotten.
struct KalshiMemory: Sendable {
    /// An order that was placed by us or shown to us.
    struct Order: Sendable {
        let clientOrderID: VenueReference
        let instrument: InstrumentID
        let side: Side
        var venueOrderID: VenueReference?
        /// When it was handed to the venue, on the monotonic clock.
        let placedAt: Span
    }

    static let ordersMax = 50_000
    static let eventsMax = 10_000
    static let settledMax = 10_000

    var now: KalshiMoment
    let startedAt: Span
    let isReplay: Bool
    /// After this long a listing shows what the venue did.
    static let listingLag = Span.seconds(5)

    private var orders: [VenueReference: Order] = [:]
    private var clients: [VenueReference: VenueReference] = [:]
    private var orderAges = Ages<VenueReference>(max: ordersMax)

    private(set) var markets: [InstrumentID: KalshiMarket] = [:]
    private var events: [String: KalshiEvent] = [:]
    private var eventAges = Ages<String>(max: eventsMax)

    /// Instruments whose settlement was reported.
    private var settled: Set<InstrumentID> = []
    private var settledAges = Ages<InstrumentID>(max: settledMax)
    /// Markets that have settled, or were gone when we came back, and of which nothing was told
    /// yet, with when that was noticed. In live only.
    private(set) var awaited: [InstrumentID: Timestamp] = [:]
    /// Instruments that the account has ordered, traded or holds, as far as was seen.
    private var touched: Set<InstrumentID> = []
    private var touchedAges = Ages<InstrumentID>(max: settledMax)
    /// One that was touched had to make room: nothing is known to be untouched any more.
    private var hasForgottenTouched = false
    /// When the account's holdings were first asked for and listed whole.
    private var holdingsKnownAt: Timestamp?

    init(now: KalshiMoment, isReplay: Bool) {
        self.now = now
        startedAt = now.monotonic
        self.isReplay = isReplay
    }

    // Orders.

    mutating func place(_ ticket: VenueTicket) {
        // An id that is used twice stays with its first order: that is what the venue knows.
        guard orders[ticket.clientOrderID] == nil else { return }
        touch(ticket.instrument)
        remember(
            Order(
                clientOrderID: ticket.clientOrderID, instrument: ticket.instrument,
                side: ticket.side, venueOrderID: nil, placedAt: now.monotonic))
    }

    mutating func learn(_ order: KalshiOrder, side: Side) {
        touch(order.instrument)
        guard !order.clientOrderID.isEmpty else { return }
        name(order.clientOrderID, order.venueOrderID)
        guard orders[order.clientOrderID] == nil else { return }
        remember(
            Order(
                clientOrderID: order.clientOrderID, instrument: order.instrument, side: side,
                venueOrderID: order.venueOrderID, placedAt: startedAt))
    }

    /// The venue's id of an order of ours.
    mutating func name(_ client: VenueReference, _ venue: VenueReference) {
        orders[client]?.venueOrderID = venue
        clients[venue] = client
    }

    func order(client: VenueReference) -> Order? { orders[client] }
    func client(ofVenueOrder id: VenueReference) -> VenueReference? { clients[id] }

    /// The order's side: as stated, else as we know it.
    func side(of order: KalshiOrder) -> Side? {
        if let side = order.side { return side }
        if let known = orders[order.clientOrderID] { return known.side }
        return clients[order.venueOrderID].flatMap { orders[$0]?.side }
    }

    /// Whether a listing that lacks the order proves that the venue does not have it.
    func isConclusive(for client: VenueReference) -> Bool {
        if isReplay { return true }
        let placedAt = orders[client]?.placedAt ?? startedAt
        return now.monotonic >= placedAt + KalshiMemory.listingLag
    }

    private mutating func remember(_ order: Order) {
        if orders.updateValue(order, forKey: order.clientOrderID) == nil,
            let oldest = orderAges.add(order.clientOrderID)
        {
            if let venue = orders.removeValue(forKey: oldest)?.venueOrderID { clients[venue] = nil }
        }
        if let venue = order.venueOrderID { clients[venue] = order.clientOrderID }
    }

    // Markets.

    mutating func keep(_ market: KalshiMarket) { markets[market.id] = market }
    mutating func update(_ id: InstrumentID, _ change: (inout KalshiMarket) -> Void) {
        guard var market = markets[id] else { return }
        change(&market)
        markets[id] = market
    }
    mutating func forget(_ id: InstrumentID) { markets[id] = nil }

    mutating func keep(_ event: KalshiEvent) {
        if events.updateValue(event, forKey: event.ticker) == nil,
            let oldest = eventAges.add(event.ticker)
        {
            events[oldest] = nil
        }
    }
    func event(_ ticker: String) -> KalshiEvent? { events[ticker] }

    /// The market as the cluster sees it. An event that is not known excludes nothing.
    func instrument(_ market: KalshiMarket) -> VenueInstrument? {
        market.instrument(isExclusive: events[market.event]?.isExclusive ?? false)
    }

    // Settlements.

    /// False where it was reported before.
    mutating func settle(_ id: InstrumentID) -> Bool {
        awaited[id] = nil
        guard settled.insert(id).inserted else { return false }
        if let oldest = settledAges.add(id) { settled.remove(oldest) }
        return true
    }
    func isSettled(_ id: InstrumentID) -> Bool { settled.contains(id) }

    mutating func touch(_ id: InstrumentID) {
        guard touched.insert(id).inserted else { return }
        if let oldest = touchedAges.add(id) {
            touched.remove(oldest)
            hasForgottenTouched = true
        }
    }

    /// Keeps a market in mind until its settlement is told, also over a lost connection. A market
    /// that finds no room is asked for on this connection only.
    mutating func awaitSettlement(of id: InstrumentID, since at: Timestamp) {
        guard !isReplay, !isSettled(id), awaited.count < KalshiMemory.settledMax else { return }
        if awaited[id] == nil { awaited[id] = at }
    }

    /// All that the account held when it was asked is known.
    mutating func learnHoldings(askedAt: Timestamp) {
        if holdingsKnownAt == nil { holdingsKnownAt = askedAt }
    }

    /// Whether the account may have held an instrument that settled at `at`. In replay the venue
    /// writes its record before it says that a market has settled, so no record means no position.
    func mayHold(_ id: InstrumentID, at: Timestamp) -> Bool {
        if isReplay { return false }
        guard let holdingsKnownAt, !hasForgottenTouched else { return true }
        return holdingsKnownAt >= at || touched.contains(id)
    }
}

/// The order in which keys came, so that the oldest can make room.
struct Ages<Key: Sendable>: Sendable {
    private var keys: [Key] = []
    private var oldest = 0
    private let max: Int

    init(max: Int) {
        precondition(max > 0, "nothing could be kept")
        self.max = max
    }

    /// Adds a key; the key that has to go for it, if any.
    mutating func add(_ key: Key) -> Key? {
        guard keys.count == max else {
            keys.append(key)
            return nil
        }
        let gone = keys[oldest]
        keys[oldest] = key
        oldest = (oldest + 1) % max
        return gone
    }
}
