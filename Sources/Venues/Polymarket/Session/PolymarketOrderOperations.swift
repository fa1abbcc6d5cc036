import Cryptography
import Execution
import Trading

/// Places one order: one request, never repeated.
struct PlaceToken: PolymarketOperation {
    let ticket: VenueTicket
    private var hash = ""
    private var size = Quantity.zero

    /// An order that expires is taken off the book a minute before the time that is stated.
    static let expiryMargin = Span.seconds(60)

    init(ticket: VenueTicket) { self.ticket = ticket }

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        guard let market = memory.markets[ticket.instrument], market.status == .open else {
            return .failed(.notSent("\(ticket.instrument) is not open"))
        }
        if let mode = memory.mode { return .failed(.notSent("the exchange is \(mode.code)")) }
        guard let credentials = memory.credentials else {
            return .failed(.notSent("the venue has not been reached yet"))
        }
        let draft: PolymarketDraft
        do throws(PolymarketDraft.Refusal) {
            let now = ticket.permittedAt > .zero ? ticket.permittedAt : memory.now.wall
            draft = try PolymarketDraft(
                ticket, outcome(in: market, memory), in: market, memory.signer, now: now)
        } catch {
            return .failed(.notSent(error.reason))
        }
        size = draft.size
        let signed = memory.signer.sign(draft.content, for: market.exchange)
        hash = signed.hash.hex
        memory.keep(hash, draft.order(placedAt: memory.now.monotonic))
        return .request(
            PolymarketRequest(
                .post, "/order", body: signed.body(terms, owner: credentials.apiKey),
                lane: .placement))
    }

    /// What is held is sold; what is not held is made by buying the other token.
    private func outcome(
        in market: PolymarketMarket, _ memory: PolymarketMemory
    ) -> PolymarketOutcome {
        let sold: PolymarketOutcome = ticket.side == .sell ? .yes : .no
        return memory.free(market.token(sold)) >= ticket.quantity ? sold : sold.opposite
    }

    private var rests: Bool { ticket.rests }

    private var terms: PolymarketOrderTerms {
        let kind: PolymarketOrderTerms.Kind
        var expiration: UInt64 = 0
        switch ticket.timeInForce {
        case .goodTillCancelled: kind = .goodTillCancelled
        case .goodTillTime:
            kind = ticket.expiresAt == nil ? .goodTillCancelled : .goodTillDate
            if let expiresAt = ticket.expiresAt {
                let stated = expiresAt + PlaceToken.expiryMargin
                expiration = UInt64(max(stated.nanoseconds / 1_000_000_000, 0))
            }
        case .immediateOrCancel: kind = .fillAndKill
        case .fillOrKill: kind = .fillOrKill
        }
        return PolymarketOrderTerms(
            kind: kind, isPostOnly: rests && ticket.isPostOnly, expiration: expiration)
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        let object = document.root
        try PolymarketSchemas.placement.check(object, of: document, unknown: &decoder.unknown)
        guard try document.flag("success", in: object) else {
            memory.close(hash)
            let message = try document.optionalText("errorMsg", in: object) ?? ""
            return .failed(.declined(code: "refused", message: String(message.prefix(200))))
        }
        guard try decoder.hash("orderID", document, object) == hash else {
            throw .unusable(field: "orderID", reason: "is not the order's hash")
        }
        let matched = try matched(document, decoder, memory)
        guard matched <= size else {
            throw .unusable(field: "takingAmount", reason: "\(matched) is more than was asked")
        }
        memory.match(hash, matched)
        let state: OrderState = matched == size ? .filled : rests ? .working : .cancelled
        if state.isTerminal { memory.close(hash) }
        guard let told = memory.state(hash, state) else {
            throw .unusable(field: "orderID", reason: "is forgotten")
        }
        return .finished(.placed(told))
    }

    /// The contracts that were matched at once: what a purchase took, what a sale gave.
    private func matched(
        _ document: borrowing JSONDocument, _ decoder: PolymarketDecoder,
        _ memory: PolymarketMemory
    ) throws(PayloadError) -> Quantity {
        let isPurchase = memory.order(hash)?.side == .buy
        let field: StaticString = isPurchase ? "takingAmount" : "makingAmount"
        guard let text = try document.optionalText(field, in: document.root), !text.isEmpty
        else { return .zero }
        // What is matched in one step further than a contract's grid is told by the trades.
        return try decoder.quantity(field, document, document.root)
    }

    mutating func declined(
        _ status: Int, _ message: String, _ memory: inout PolymarketMemory
    ) -> PolymarketStep {
        memory.close(hash)
        if let mode = PolymarketMode(refusal: message) {
            memory.mode = mode
            return .failed(.declined(code: mode.code, message: message))
        }
        return .failed(.declined(code: "http-\(status)", message: message))
    }
}

/// Looks one order up: by its hash, which is known from our key.
struct FindToken: PolymarketOperation {
    let key: VenueReference
    private var hash: String?
    private var isListing = false
    /// What else the venue may call an order of an earlier process.
    private var untried: ArraySlice<String> = []

    init(key: VenueReference) { self.key = key }

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        hash = memory.hash(of: key)
        if hash == nil {
            untried = memory.names(of: key)[...]
            hash = untried.popFirst()
        }
        guard let hash else {
            isListing = true
            return .request(listing(nil))
        }
        return .request(PolymarketRequest(.get, "/data/order/\(hash)"))
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        guard let hash, !isListing else { return try readListing(document, &decoder, &memory) }
        guard document.kind(of: document.root) == .object else { return absent(hash, memory) }
        let order = try decoder.order(document, document.root)
        memory.learn(order)
        guard order.id == hash, let state = memory.state(hash, order.state) else {
            throw .unusable(field: "id", reason: "\(order.id) is not what was asked")
        }
        return .finished(.order(state))
    }

    mutating func declined(
        _ status: Int, _ message: String, _ memory: inout PolymarketMemory
    ) -> PolymarketStep {
        guard status == 404, let hash else {
            return .failed(.declined(code: "http-\(status)", message: message))
        }
        return absent(hash, memory)
    }

    /// The venue may show nothing of an order that has ended: what its stream said stands.
    private mutating func absent(
        _ hash: String, _ memory: PolymarketMemory
    ) -> PolymarketStep {
        if let next = untried.popFirst() {
            self.hash = next
            return .request(PolymarketRequest(.get, "/data/order/\(next)"))
        }
        guard memory.isConclusive(for: hash) else {
            return .failed(.unknown("not listed, but listings lag: ask again"))
        }
        guard let order = memory.order(hash), !order.matched.isZero else {
            return .finished(.order(nil))
        }
        return .finished(
            .order(memory.state(hash, order.matched == order.size ? .filled : .cancelled)))
    }

    // After a restart the key is all that is known: an order of ours that rests and belongs to no
    // key may be this one.

    private func listing(_ cursor: String?) -> PolymarketRequest {
        PolymarketRequest(.get, "/data/orders", query: [("next_cursor", cursor ?? "MA==")])
    }

    private mutating func readListing(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        var strangers = 0
        try document.forEachElement(of: "data", in: document.root) {
            (object: JSONNode) throws(PayloadError) in
            let order = try decoder.order(document, object)
            memory.learn(order)
            if memory.order(order.id)?.clientOrderID.isEmpty ?? true { strangers += 1 }
        }
        guard strangers == 0 else {
            return .failed(.unknown("\(strangers) orders rest whose keys are not known"))
        }
        if let cursor = try nextPage(document) { return .request(listing(cursor)) }
        guard memory.now.monotonic >= memory.startedAt + PolymarketMemory.listingLag else {
            return .failed(.unknown("not listed, but listings lag: ask again"))
        }
        return .finished(.order(nil))
    }
}

/// Cancels one order, then asks how much of it had been matched.
struct CancelToken: PolymarketOperation {
    let key: VenueReference
    let venueOrderID: VenueReference?
    private var hash = ""
    private var search: FindToken?

    init(key: VenueReference, venueOrderID: VenueReference?) {
        self.key = key
        self.venueOrderID = venueOrderID
    }

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        guard let known = memory.hash(of: key) ?? venueOrderID.flatMap({ memory.hash(of: $0) })
        else {
            // Only what rests can be cancelled, and that is listed when a connection begins.
            return .failed(.declined(code: "not_found", message: "no such order rests"))
        }
        hash = known
        var writer = JSONWriter()
        writer.add("orderID", known)
        return .request(
            PolymarketRequest(.delete, "/order", body: writer.finished(), lane: .cancel))
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        if var search {
            let step = try search.read(document, &decoder, &memory)
            self.search = search
            return follow(step, memory)
        }
        let (cancelled, refused) = try decoder.cancellation(document)
        if let reason = refused[hash] {
            return .failed(.declined(code: "not_canceled", message: reason))
        }
        guard cancelled.contains(hash) else {
            throw .unusable(field: "canceled", reason: "does not name the order")
        }
        memory.close(hash)
        var search = FindToken(key: reference(to: hash))
        let step = search.begin(&memory)
        self.search = search
        return step
    }

    mutating func declined(
        _ status: Int, _ message: String, _ memory: inout PolymarketMemory
    ) -> PolymarketStep {
        guard var search else {
            return .failed(.declined(code: "http-\(status)", message: message))
        }
        let step = search.declined(status, message, &memory)
        self.search = search
        return follow(step, memory)
    }

    private func follow(_ step: PolymarketStep, _ memory: PolymarketMemory) -> PolymarketStep {
        guard case .finished(.order) = step, let order = memory.order(hash) else { return step }
        return .finished(.cancelled(key, taken: order.remaining))
    }
}

/// Lists what rests.
struct ListOpenTokens: PolymarketOperation {
    private var orders: [VenueOrderState] = []
    private var pages = 0
    private(set) var leftOut: [String] = []

    static let pagesMax = 200

    init() {}

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        .request(page("MA=="))
    }

    private func page(_ cursor: String) -> PolymarketRequest {
        PolymarketRequest(.get, "/data/orders", query: [("next_cursor", cursor)])
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        try document.forEachElement(of: "data", in: document.root) {
            (object: JSONNode) throws(PayloadError) in
            let order = try decoder.order(document, object)
            memory.learn(order)
            // An order of somebody else's at the same account: it has no instrument here.
            guard let state = memory.state(order.id, order.state) else {
                leftOut.append("an order rests in \(order.market), which is not followed")
                return
            }
            orders.append(state)
        }
        pages += 1
        if let cursor = try nextPage(document), pages < ListOpenTokens.pagesMax {
            return .request(page(cursor))
        }
        return .finished(.openOrders(orders))
    }
}

/// Cancels whatever rests, in one call.
struct CancelAllTokens: PolymarketOperation {
    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        .request(PolymarketRequest(.delete, "/cancel-all", lane: .cancel))
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        let (cancelled, _) = try decoder.cancellation(document)
        for hash in cancelled { memory.close(hash) }
        return .finished(.cancelledAll(cancelled.count))
    }
}

extension PolymarketDecoder {
    /// What was cancelled, and why the rest was not.
    mutating func cancellation(
        _ document: borrowing JSONDocument
    ) throws(PayloadError) -> (cancelled: [String], refused: [String: String]) {
        let object = document.root
        try PolymarketSchemas.cancellation.check(object, of: document, unknown: &unknown)
        var cancelled: [String] = []
        try document.forEachElement(of: "canceled", in: object) {
            (element: JSONNode) throws(PayloadError) in
            guard let hash = document.string(element) else {
                throw .wrongType(field: "canceled", expected: "texts")
            }
            cancelled.append(hash.lowercased())
        }
        var refused: [String: String] = [:]
        let reasons = try document.required("not_canceled", in: object)
        document.forEachMember(of: reasons) { key, value in
            refused[(document.string(key) ?? "").lowercased()] = document.string(value) ?? ""
        }
        return (cancelled, refused)
    }
}
