import Execution
import Trading

/// Places one order: one request, never repeated.
struct PlaceOrder: KalshiOperation {
    let ticket: VenueTicket

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep {
        guard let body = body() else {
            return .failed(.notSent("\(ticket.quantity) at \(ticket.price) has too many decimals"))
        }
        memory.place(ticket)
        return .request(
            KalshiRequest(.post, "/portfolio/events/orders", body: body, lane: .placement))
    }

    private func body() -> [UInt8]? {
        guard ticket.quantity.units > 0,
            ticket.quantity.isMultiple(of: Quantity(units: 10_000_000)),
            ticket.price > .zero, ticket.price < .one,
            ticket.price.isMultiple(of: Price(units: 1_000))
        else { return nil }
        var writer = JSONWriter()
        writer.add("ticker", ticket.instrument.description)
        writer.add("client_order_id", ticket.clientOrderID.description)
        writer.add("side", ticket.side == .buy ? "bid" : "ask")
        writer.add("count", ticket.quantity.decimal(minimumFraction: 2))
        writer.add("price", ticket.price.decimal(minimumFraction: 4))
        writer.add("time_in_force", timeInForce)
        writer.add("self_trade_prevention_type", "taker_at_cross")
        writer.add("post_only", ticket.isPostOnly)
        if rests, let expiresAt = ticket.expiresAt {
            // Whole seconds, rounded down: an order never rests longer than it may.
            writer.add("expiration_time", expiresAt.nanoseconds / 1_000_000_000)
        }
        return writer.finished()
    }

    private var rests: Bool {
        ticket.timeInForce == .goodTillCancelled || ticket.timeInForce == .goodTillTime
    }

    private var timeInForce: String {
        switch ticket.timeInForce {
        case .goodTillCancelled, .goodTillTime: "good_till_canceled"
        case .immediateOrCancel: "immediate_or_cancel"
        case .fillOrKill: "fill_or_kill"
        }
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        let placement = try decoder.placement(document)
        memory.name(ticket.clientOrderID, placement.venueOrderID)
        guard placement.filled <= ticket.quantity, placement.remaining <= ticket.quantity else {
            throw .unusable(field: "fill_count", reason: "is more than was asked")
        }
        let state: OrderState
        if placement.filled == ticket.quantity {
            state = .filled
        } else if rests, !placement.remaining.isZero {
            state = .working
        } else {
            state = .cancelled
        }
        return .finished(
            .placed(
                VenueOrderState(
                    clientOrderID: ticket.clientOrderID, venueOrderID: placement.venueOrderID,
                    instrument: ticket.instrument, side: ticket.side, price: ticket.price,
                    filled: placement.filled,
                    remaining: state == .working ? placement.remaining : .zero, state: state)))
    }
}

/// Looks one order up by the id that we gave it. Kalshi has no such query: the venue's own id is
/// used where it is known, else the orders of the account are walked.
struct FindOrder: KalshiOperation {
    let clientOrderID: VenueReference
    private var pages = KalshiPages()
    private var isDirect = false

    init(clientOrderID: VenueReference) { self.clientOrderID = clientOrderID }

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep {
        if let venue = memory.order(client: clientOrderID)?.venueOrderID {
            isDirect = true
            return .request(KalshiRequest(.get, "/portfolio/orders/\(venue)"))
        }
        return .request(page(nil, memory))
    }

    private func page(_ cursor: String?, _ memory: KalshiMemory) -> KalshiRequest {
        let known = memory.order(client: clientOrderID)
        return KalshiRequest(
            .get, "/portfolio/orders",
            query: [
                ("ticker", known?.instrument.description), ("limit", "1000"), ("cursor", cursor),
            ])
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        if isDirect {
            let object = try document.required("order", in: document.root)
            return try found(decoder.order(document, object), &memory)
        }
        var match: KalshiOrder?
        try document.forEachElement(of: "orders", in: document.root) {
            (object: JSONNode) throws(PayloadError) in
            guard match == nil, try decoder.clientReference(document, object) == clientOrderID
            else { return }
            match = try decoder.order(document, object)
        }
        if let match { return try found(match, &memory) }
        if let cursor = try pages.next(document) { return .request(page(cursor, memory)) }
        return absent(memory)
    }

    mutating func declined(
        _ status: Int, code: String, message: String, _ memory: inout KalshiMemory
    ) -> KalshiStep {
        guard status == 404, isDirect else {
            return .failed(.declined(code: code, message: message))
        }
        return absent(memory)
    }

    private func found(
        _ order: KalshiOrder, _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        guard let side = memory.side(of: order) else { throw .missing(field: "order.book_side") }
        memory.learn(order, side: side)
        return .finished(.order(order.state(side: side)))
    }

    /// A listing lags behind what the venue did, so an order is only absent after a while.
    private func absent(_ memory: KalshiMemory) -> KalshiStep {
        memory.isConclusive(for: clientOrderID)
            ? .finished(.order(nil))
            : .failed(.unknown("not listed, but listings lag: ask again"))
    }
}

/// Cancels one order; without the venue's id it is looked up first.
struct CancelOrder: KalshiOperation {
    let clientOrderID: VenueReference
    let venueOrderID: VenueReference?
    private var search: FindOrder?

    init(clientOrderID: VenueReference, venueOrderID: VenueReference?) {
        self.clientOrderID = clientOrderID
        self.venueOrderID = venueOrderID
    }

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep {
        let known = venueOrderID ?? memory.order(client: clientOrderID)?.venueOrderID
        if let known { return .request(cancellation(of: known)) }
        var search = FindOrder(clientOrderID: clientOrderID)
        let step = search.begin(&memory)
        self.search = search
        return step
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        guard var search else {
            return .finished(.cancelled(clientOrderID, taken: try decoder.cancellation(document)))
        }
        let step = try search.read(document, &decoder, &memory)
        return follow(step, search)
    }

    mutating func declined(
        _ status: Int, code: String, message: String, _ memory: inout KalshiMemory
    ) -> KalshiStep {
        guard var search else { return .failed(.declined(code: code, message: message)) }
        return follow(
            search.declined(status, code: code, message: message, &memory), search)
    }

    private mutating func follow(_ step: KalshiStep, _ search: FindOrder) -> KalshiStep {
        switch step {
        case .finished(.order(let order?)):
            self.search = nil
            return .request(cancellation(of: order.venueOrderID))
        case .finished(.order(nil)):
            return .failed(
                .declined(code: "not_found", message: "the venue knows no such order"))
        default:
            self.search = search
            return step
        }
    }
}

private func cancellation(of order: VenueReference) -> KalshiRequest {
    KalshiRequest(.delete, "/portfolio/events/orders/\(order)", lane: .cancel)
}

/// Lists what rests.
struct ListOpenOrders: KalshiOperation {
    private var pages = KalshiPages()
    private var orders: [VenueOrderState] = []
    /// The listing belongs to cancelling: it may use what is kept for cancels.
    private let lane: KalshiRequest.Lane

    init(lane: KalshiRequest.Lane = .read) { self.lane = lane }

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep { .request(page(nil)) }

    private func page(_ cursor: String?) -> KalshiRequest {
        KalshiRequest(
            .get, "/portfolio/orders",
            query: [("status", "resting"), ("limit", "1000"), ("cursor", cursor)], lane: lane)
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        try document.forEachElement(of: "orders", in: document.root) {
            (object: JSONNode) throws(PayloadError) in
            let order = try decoder.order(document, object)
            guard let side = memory.side(of: order) else {
                throw .missing(field: "order.book_side")
            }
            memory.learn(order, side: side)
            orders.append(order.state(side: side))
        }
        if let cursor = try pages.next(document) { return .request(page(cursor)) }
        return .finished(.openOrders(orders))
    }
}

/// Cancels whatever rests: lists, then cancels one by one. An order that is gone meanwhile is no
/// failure; anything else is, and the caller asks again until the listing is empty.
struct CancelAllOrders: KalshiOperation {
    private var listing = ListOpenOrders(lane: .cancel)
    private var waiting: [VenueReference]?
    private var count = 0

    init() {}

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep { listing.begin(&memory) }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        if waiting != nil {
            _ = try decoder.cancellation(document)
            count += 1
            return next()
        }
        let step = try listing.read(document, &decoder, &memory)
        guard case .finished(.openOrders(let orders)) = step else { return step }
        waiting = orders.map(\.venueOrderID).reversed()
        return next()
    }

    mutating func declined(
        _ status: Int, code: String, message: String, _ memory: inout KalshiMemory
    ) -> KalshiStep {
        guard waiting != nil, status == 404 else {
            return .failed(.declined(code: code, message: message))
        }
        return next()
    }

    private mutating func next() -> KalshiStep {
        guard let order = waiting?.popLast() else { return .finished(.cancelledAll(count)) }
        return .request(cancellation(of: order))
    }
}
