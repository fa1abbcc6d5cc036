import Execution
import Trading

/// Lists fills. REST leaves out the id that we gave the order, so orders that are not remembered
/// are looked up.
struct ListFills: KalshiOperation {
    let since: Timestamp
    private var pages = KalshiPages()
    private var fills: [KalshiFill] = []
    private var names: [VenueReference: VenueReference] = [:]
    private var unnamed: [VenueReference]?

    static let lookUpsMax = 2_000

    init(since: Timestamp) { self.since = since }

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep { .request(page(nil)) }

    private func page(_ cursor: String?) -> KalshiRequest {
        // Whole seconds, rounded down: a fill that comes twice is known by its trade.
        let from = max(since.nanoseconds, 0) / 1_000_000_000
        return KalshiRequest(
            .get, "/portfolio/fills",
            query: [
                ("min_ts", from == 0 ? nil : String(from)), ("limit", "1000"), ("cursor", cursor),
            ])
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        if unnamed != nil {
            let object = try document.required("order", in: document.root)
            let order = try decoder.order(document, object)
            names[order.venueOrderID] = order.clientOrderID
            return try nextName(&memory)
        }
        try document.forEachElement(of: "fills", in: document.root) {
            (object: JSONNode) throws(PayloadError) in
            fills.append(try decoder.fill(document, object, isStream: false))
        }
        if let cursor = try pages.next(document) { return .request(page(cursor)) }
        return try nextName(&memory)
    }

    mutating func declined(
        _ status: Int, code: String, message: String, _ memory: inout KalshiMemory
    ) -> KalshiStep {
        guard let order = unnamed?.last, status == 404 else {
            return .failed(.declined(code: code, message: message))
        }
        // An order that the venue has archived: the fill stands without our id.
        names[order] = .empty
        // The only error of the next step is a bound, and this one was inside it.
        return (try? nextName(&memory)) ?? .failed(.unknown("too many orders to look up"))
    }

    private mutating func nextName(_ memory: inout KalshiMemory) throws(PayloadError) -> KalshiStep
    {
        if unnamed == nil {
            var orders: Set<VenueReference> = []
            for fill in fills where fill.clientOrderID == nil {
                if memory.client(ofVenueOrder: fill.venueOrderID) == nil {
                    orders.insert(fill.venueOrderID)
                }
            }
            guard orders.count <= ListFills.lookUpsMax else {
                throw .unusable(field: "fills", reason: "\(orders.count) unknown orders")
            }
            unnamed = orders.sorted(by: >)
        } else {
            unnamed?.removeLast()
        }
        if let order = unnamed?.last {
            return .request(KalshiRequest(.get, "/portfolio/orders/\(order)"))
        }
        return .finished(.fills(named(&memory)))
    }

    private func named(_ memory: inout KalshiMemory) -> [VenueFill] {
        let ordered = fills.sorted { ($0.filledAt, $0.tradeID) < ($1.filledAt, $1.tradeID) }
        return ordered.map { fill in
            memory.touch(fill.instrument)
            let client =
                fill.clientOrderID ?? memory.client(ofVenueOrder: fill.venueOrderID)
                ?? names[fill.venueOrderID] ?? .empty
            return fill.fill(clientOrderID: client)
        }
    }
}

/// Lists what the account holds.
struct ListPositions: KalshiOperation {
    private var pages = KalshiPages()
    private var holdings: [VenueHolding] = []
    private var askedAt = Timestamp(nanoseconds: 0)

    init() {}

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep {
        askedAt = memory.now.wall
        return .request(page(nil))
    }

    private func page(_ cursor: String?) -> KalshiRequest {
        KalshiRequest(
            .get, "/portfolio/positions", query: [("limit", "1000"), ("cursor", cursor)])
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        try document.forEachElement(of: "market_positions", in: document.root) {
            (object: JSONNode) throws(PayloadError) in
            let holding = try decoder.position(document, object)
            guard !holding.quantity.isZero else { return }
            memory.touch(holding.instrument)
            holdings.append(holding)
        }
        if let cursor = try pages.next(document) { return .request(page(cursor)) }
        memory.learnHoldings(askedAt: askedAt)
        return .finished(.positions(holdings.sorted { $0.instrument < $1.instrument }))
    }
}

/// Asks for the account's cash.
struct ReadBalance: KalshiOperation {
    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep {
        .request(KalshiRequest(.get, "/portfolio/balance"))
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        .finished(.balance(try decoder.balance(document)))
    }
}

/// Lists settlements: of one market, or since a time.
struct ListSettlements: KalshiOperation {
    private let instrument: InstrumentID?
    private let since: Timestamp?
    private var pages = KalshiPages()
    private var settlements: [KalshiSettlement] = []

    init(of instrument: InstrumentID) {
        self.instrument = instrument
        since = nil
    }

    /// Nil: all that the venue keeps.
    init(since: Timestamp?) {
        instrument = nil
        self.since = since
    }

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep { .request(page(nil)) }

    private func page(_ cursor: String?) -> KalshiRequest {
        KalshiRequest(
            .get, "/portfolio/settlements",
            query: [
                ("ticker", instrument?.description),
                ("min_ts", since.map { String($0.nanoseconds / 1_000_000_000) }),
                ("limit", "1000"), ("cursor", cursor),
            ])
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        try document.forEachElement(of: "settlements", in: document.root) {
            (object: JSONNode) throws(PayloadError) in
            let settlement = try decoder.settlement(document, object)
            if let instrument, settlement.instrument != instrument { return }
            settlements.append(settlement)
        }
        if let cursor = try pages.next(document) { return .request(page(cursor)) }
        let ordered = settlements.sorted {
            ($0.settledAt, $0.instrument) < ($1.settledAt, $1.instrument)
        }
        return .finished(.settlements(ordered))
    }
}
