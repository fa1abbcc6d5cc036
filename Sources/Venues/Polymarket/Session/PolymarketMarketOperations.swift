import Execution
import Trading

/// Lists the markets that are wanted, or all that the venue trades.
struct ListConditions: PolymarketOperation {
    private var waiting: [String]
    private let isSelective: Bool
    private var markets: [PolymarketMarket] = []
    private(set) var leftOut: [String] = []

    /// More markets than this are refused: name those that are wanted.
    static let marketsMax = 20_000

    init(_ conditions: [String]) {
        waiting = conditions.reversed()
        isSelective = !conditions.isEmpty
    }

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        .request(isSelective ? one() : page("MA=="))
    }

    private func one() -> PolymarketRequest {
        PolymarketRequest(.get, "/markets/\(waiting.last ?? "")", proof: .none)
    }

    private func page(_ cursor: String) -> PolymarketRequest {
        PolymarketRequest(.get, "/markets", query: [("next_cursor", cursor)], proof: .none)
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        if isSelective {
            let market = try decoder.market(document, document.root)
            guard market.condition == waiting.popLast()?.lowercased() else {
                throw .unusable(field: "condition_id", reason: "is not what was asked")
            }
            markets.append(market)
            return waiting.isEmpty ? finished() : .request(one())
        }
        try document.forEachElement(of: "data", in: document.root) {
            (object: JSONNode) throws(PayloadError) in
            do throws(PayloadError) {
                let market = try decoder.market(document, object)
                if market.status == .open || market.status == .paused { markets.append(market) }
            } catch {
                // One market that we cannot hold does not hide the others.
                leftOut.append("market left out: \(error)")
            }
        }
        guard markets.count <= ListConditions.marketsMax else {
            throw .unusable(field: "data", reason: "more than \(ListConditions.marketsMax) markets")
        }
        if let cursor = try nextPage(document) { return .request(page(cursor)) }
        return finished()
    }

    private func finished() -> PolymarketStep {
        .finished(.markets(markets.sorted { $0.id < $1.id }))
    }
}

/// Reads one book and checks that its content comes to its sum.
struct ReadTokenBook: PolymarketOperation {
    let instrument: InstrumentID

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        guard let market = memory.markets[instrument] else {
            return .failed(.notSent("\(instrument) is not followed"))
        }
        return .request(
            PolymarketRequest(
                .get, "/book", query: [("token_id", market.yes.description)], proof: .none))
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        let stated = try decoder.statedBook(document)
        guard stated.isIntact else {
            throw .unusable(field: "hash", reason: "\(stated.hash) is not the book's")
        }
        guard stated.token == memory.markets[instrument]?.yes.description else {
            throw .unusable(field: "asset_id", reason: "is not what was asked")
        }
        let book = OrderBook(
            bids: try decoder.levels("bids", document, document.root),
            asks: try decoder.levels("asks", document, document.root), sequence: .zero)
        return .finished(.book(instrument, book))
    }
}

/// Reads what trading the known markets costs, market by market.
struct ReadTokenFees: PolymarketOperation {
    private var waiting: [PolymarketMarket] = []
    /// Only what is not known yet.
    private let isIncremental: Bool

    init(isIncremental: Bool) { self.isIncremental = isIncremental }

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        waiting = memory.markets.values
            .filter { !isIncremental || memory.fees[$0.id] == nil }.sorted { $0.id > $1.id }
        return next(memory)
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        let terms = try decoder.feeTerms(document, at: memory.now.wall)
        if let market = waiting.popLast() { memory.keep(terms, of: market.id) }
        return next(memory)
    }

    private func next(_ memory: PolymarketMemory) -> PolymarketStep {
        if let market = waiting.last {
            return .request(
                PolymarketRequest(.get, "/clob-markets/\(market.condition)", proof: .none))
        }
        let fees = memory.fees.sorted { $0.key < $1.key }.compactMap { instrument, terms in
            PolymarketFees.coefficient(rate: terms.rate, exponent: terms.exponent).map {
                VenueFee(
                    instrument: instrument, taker: $0, maker: .zero,
                    roundedTo: PolymarketFees.step, effectiveFrom: terms.readAt)
            }
        }
        return .finished(.fees(fees))
    }
}
