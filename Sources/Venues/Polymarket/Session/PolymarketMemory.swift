import Cryptography
import Execution
import Trading

/// What the session knows of orders, markets and holdings. Bounded: the oldest is forgotten.
struct PolymarketMemory: Sendable {
    /// An order of ours, in terms of the token that it trades.
    struct Order: Sendable {
        /// Empty where it was not placed by this process.
        let clientOrderID: VenueReference
        let instrument: InstrumentID
        let outcome: PolymarketOutcome
        let side: Side
        let price: Price
        let size: Quantity
        var matched: Quantity = .zero
        var isOpen = true
        /// When it was handed to the venue, on the monotonic clock.
        let placedAt: Span

        var remaining: Quantity { size - matched }
    }

    static let ordersMax = 50_000
    /// After this long a listing shows what the venue did.
    static let listingLag = Span.seconds(5)

    let signer: PolymarketSigner
    var now: VenueMoment
    let startedAt: Span
    var credentials: PolymarketCredentials?
    /// What the exchange takes; nil: everything.
    var mode: PolymarketMode?

    private var orders: [String: Order] = [:]
    /// Those that may rest.
    private var open: Set<String> = []
    private var hashes: [VenueReference: String] = [:]
    private var orderAges = Ages<String>(max: ordersMax)
    /// What an earlier process may have placed, until the venue names it.
    private var expected: [VenueTicket] = []

    private(set) var markets: [InstrumentID: PolymarketMarket] = [:]
    private var instruments: [PolymarketToken: InstrumentID] = [:]
    private(set) var fees: [InstrumentID: PolymarketFeeTerms] = [:]

    /// What the account holds of each token, as far as it may be sold.
    private(set) var held: [PolymarketToken: Quantity] = [:]

    init(signer: PolymarketSigner, now: VenueMoment) {
        self.signer = signer
        self.now = now
        startedAt = now.monotonic
    }

    // Orders.

    mutating func keep(_ hash: String, _ order: Order) {
        if orders.updateValue(order, forKey: hash) == nil, let oldest = orderAges.add(hash) {
            if let gone = orders.removeValue(forKey: oldest) { hashes[gone.clientOrderID] = nil }
            hashes[reference(to: oldest)] = nil
            open.remove(oldest)
        }
        if order.isOpen { open.insert(hash) }
        if !order.clientOrderID.isEmpty { hashes[order.clientOrderID] = hash }
        hashes[reference(to: hash)] = hash
    }

    func order(_ hash: String) -> Order? { orders[hash] }
    /// The full hash of an order of ours, by our key or by as much of it as the cluster keeps.
    func hash(of reference: VenueReference) -> String? { hashes[reference] }

    mutating func match(_ hash: String, _ quantity: Quantity) {
        guard var order = orders[hash] else { return }
        order.matched = min(max(order.matched, quantity), order.size)
        orders[hash] = order
        if order.matched == order.size { close(hash) }
    }

    mutating func close(_ hash: String) {
        orders[hash]?.isOpen = false
        open.remove(hash)
    }

    mutating func expect(_ tickets: [VenueTicket]) { expected += tickets }

    /// An order that the venue names and nobody knows may be one of an earlier process: its ticket
    /// says what its name would be, in either token.
    mutating func recognise(_ hash: String) {
        guard !expected.isEmpty, orders[hash] == nil else { return }
        for (index, ticket) in expected.enumerated() {
            for draft in drafts(of: ticket) where draft.hash(by: signer) == hash {
                keep(hash, draft.order(placedAt: startedAt))
                expected.remove(at: index)
                return
            }
        }
    }

    /// What the venue may call an order of an earlier process.
    func names(of key: VenueReference) -> [String] {
        guard let ticket = expected.first(where: { $0.clientOrderID == key }) else { return [] }
        return drafts(of: ticket).map { $0.hash(by: signer) }
    }

    private func drafts(of ticket: VenueTicket) -> [PolymarketDraft] {
        guard let market = markets[ticket.instrument], ticket.permittedAt > .zero else { return [] }
        return [.yes, .no].compactMap {
            try? PolymarketDraft(ticket, $0, in: market, signer, now: ticket.permittedAt)
        }
    }

    /// Takes the venue's statement of an order; what is not known yet is learnt.
    mutating func learn(_ stated: PolymarketOpenOrder) {
        guard let instrument = instruments[stated.token], let market = markets[instrument],
            let outcome = market.outcome(of: stated.token)
        else { return }
        recognise(stated.id)
        if orders[stated.id] == nil {
            keep(
                stated.id,
                Order(
                    clientOrderID: .empty, instrument: instrument, outcome: outcome,
                    side: stated.side, price: stated.price, size: stated.size,
                    placedAt: startedAt))
        }
        match(stated.id, stated.matched)
        if stated.state.isTerminal { close(stated.id) }
    }

    /// An order as the cluster is told of it.
    func state(_ hash: String, _ state: OrderState) -> VenueOrderState? {
        guard let order = orders[hash] else { return nil }
        return VenueOrderState(
            clientOrderID: order.clientOrderID, venueOrderID: reference(to: hash),
            instrument: order.instrument, side: order.outcome.side(order.side),
            price: order.outcome.price(order.price), filled: order.matched,
            remaining: state.isTerminal ? .zero : order.remaining, state: state)
    }

    /// Whether a listing that lacks the order proves that the venue does not have it.
    func isConclusive(for hash: String) -> Bool {
        now.monotonic >= (orders[hash]?.placedAt ?? startedAt) + PolymarketMemory.listingLag
    }

    // Markets.

    mutating func keep(_ market: PolymarketMarket) {
        markets[market.id] = market
        instruments[market.yes] = market.id
        instruments[market.no] = market.id
    }

    mutating func update(_ id: InstrumentID, _ change: (inout PolymarketMarket) -> Void) {
        guard var market = markets[id] else { return }
        change(&market)
        markets[id] = market
    }

    mutating func forget(_ id: InstrumentID) {
        guard let market = markets.removeValue(forKey: id) else { return }
        instruments[market.yes] = nil
        instruments[market.no] = nil
        fees[id] = nil
    }

    func market(of token: PolymarketToken) -> PolymarketMarket? {
        instruments[token].flatMap { markets[$0] }
    }

    func market(condition: String) -> PolymarketMarket? {
        InstrumentID(condition.prefix(LongName.capacity)).flatMap { markets[$0] }
            .flatMap { $0.condition == condition ? $0 : nil }
    }

    /// The market as the cluster sees it. What the exchange does not take now is paused.
    func instrument(_ market: PolymarketMarket) -> VenueInstrument? {
        guard let listed = market.instrument else { return nil }
        guard mode != nil, listed.status == .open else { return listed }
        return VenueInstrument(
            instrument: listed.instrument, status: .paused, isExclusive: listed.isExclusive,
            isExhaustive: listed.isExhaustive)
    }

    mutating func keep(_ terms: PolymarketFeeTerms, of id: InstrumentID) { fees[id] = terms }

    // Holdings.

    mutating func hold(_ holdings: [PolymarketToken: Quantity]) { held = holdings }

    /// A sale takes from what is held at once; a purchase may be sold once it is final.
    mutating func move(_ token: PolymarketToken, _ side: Side, _ quantity: Quantity) {
        let known = held[token] ?? .zero
        held[token] = side == .buy ? known + quantity : max(known - quantity, .zero)
    }

    /// What is held of a token and not offered already.
    func free(_ token: PolymarketToken) -> Quantity {
        var free = held[token] ?? .zero
        for hash in open {
            guard let order = orders[hash], order.side == .sell,
                markets[order.instrument]?.token(order.outcome) == token
            else { continue }
            free = free - order.remaining
        }
        return max(free, .zero)
    }
}

/// As much of an order's hash as the cluster keeps: 0x and 38 digits.
func reference(to hash: String) -> VenueReference {
    guard let reference = VenueReference(hash.prefix(VenueReference.capacity)) else {
        preconditionFailure("\(hash) is no hash")
    }
    return reference
}

/// What a market's takers pay.
struct PolymarketFeeTerms: Sendable, Hashable {
    let rate: Price
    let exponent: Int
    /// Before this nothing was known of it.
    let readAt: Timestamp
}
