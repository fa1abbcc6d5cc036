import Execution
import Trading

/// Lists fills since a time: a trade's parts that are ours.
struct ListTokenFills: PolymarketOperation {
    let since: Timestamp
    private var trades: [PolymarketTrade] = []
    private(set) var leftOut: [String] = []

    static let tradesMax = 200_000

    init(since: Timestamp) { self.since = since }

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        .request(page("MA=="))
    }

    private func page(_ cursor: String) -> PolymarketRequest {
        // Whole seconds, rounded down: a fill that comes twice is known by its trade.
        let from = max(since.nanoseconds, 0) / 1_000_000_000
        return PolymarketRequest(
            .get, "/data/trades",
            query: [("after", from == 0 ? nil : String(from)), ("next_cursor", cursor)])
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        try document.forEachElement(of: "data", in: document.root) {
            (object: JSONNode) throws(PayloadError) in
            trades.append(try decoder.trade(document, object))
        }
        guard trades.count <= ListTokenFills.tradesMax else {
            throw .unusable(field: "data", reason: "more than \(ListTokenFills.tradesMax) trades")
        }
        if let cursor = try nextPage(document) { return .request(page(cursor)) }
        var fills: [VenueFill] = []
        for trade in trades {
            guard memory.market(condition: trade.market) != nil else {
                leftOut.append("a trade in \(trade.market), which is not followed")
                continue
            }
            // What has failed takes back what may have been told before.
            fills += try memory.fills(of: trade)
        }
        return .finished(
            .fills(fills.sorted { ($0.filledAt, $0.tradeID) < ($1.filledAt, $1.tradeID) }))
    }
}

extension PolymarketMemory {
    /// The fills of a trade that are ours, as the cluster is told of them.
    mutating func fills(of trade: PolymarketTrade) throws(PayloadError) -> [VenueFill] {
        guard let credentials, let market = market(condition: trade.market) else { return [] }
        if trade.isTaker(credentials.apiKey) { recognise(trade.takerOrderID) }
        for part in trade.parts where part.owner == credentials.apiKey { recognise(part.orderID) }
        let isTaker = order(trade.takerOrderID) != nil || trade.isTaker(credentials.apiKey)
        let ours = try trade.fills(
            in: market, owner: credentials.apiKey, isOurTaker: isTaker)
        var fills: [VenueFill] = []
        for fill in ours {
            fills.append(
                VenueFill(
                    tradeID: fill.tradeID,
                    clientOrderID: order(fill.orderID)?.clientOrderID ?? .empty,
                    venueOrderID: reference(to: fill.orderID), instrument: market.id,
                    side: fill.side, price: fill.price, quantity: fill.quantity,
                    fee: try fee(of: fill, market.id), liquidity: fill.liquidity,
                    finality: trade.status.finality, filledAt: trade.at))
        }
        return fills
    }

    /// The venue says what a market charges, not what a trade cost.
    private func fee(
        of fill: PolymarketFill, _ instrument: InstrumentID
    ) throws(PayloadError) -> Money {
        guard fill.liquidity == .taker else { return .zero }
        guard let terms = fees[instrument],
            let fee = PolymarketFees.taker(
                price: fill.price, quantity: fill.quantity, rate: terms.rate,
                exponent: terms.exponent)
        else { throw .missing(field: "fee of \(instrument)") }
        return fee
    }
}

/// Reads what the account has of the tokens that it ever traded, and its cash.
///
/// A pair of both tokens is worth a dollar at any time, since it can be merged: it counts as cash,
/// as the cluster's ledger has it, for which buying NO is selling YES.
struct ReadHoldings: PolymarketOperation {
    enum Purpose: Sendable {
        case positions
        case cash
    }

    let purpose: Purpose
    private var tokens: Set<PolymarketToken> = []
    private var waiting: [PolymarketToken]?
    private var held: [PolymarketToken: Quantity] = [:]
    private var isReadingCash = false

    init(_ purpose: Purpose) { self.purpose = purpose }

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        .request(page("MA=="))
    }

    private func page(_ cursor: String) -> PolymarketRequest {
        PolymarketRequest(.get, "/data/trades", query: [("next_cursor", cursor)])
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        if isReadingCash {
            let cash = Money(units: try decoder.balance(document))
            return .finished(.balance(cash + pairs(memory)))
        }
        if let token = waiting?.last {
            waiting?.removeLast()
            held[token] = Quantity(units: try decoder.balance(document))
            return next(&memory)
        }
        try document.forEachElement(of: "data", in: document.root) {
            (object: JSONNode) throws(PayloadError) in
            let trade = try decoder.trade(document, object)
            tokens.insert(trade.token)
            for part in trade.parts { tokens.insert(part.token) }
        }
        if let cursor = try nextPage(document) { return .request(page(cursor)) }
        waiting = tokens.filter { memory.market(of: $0) != nil }
            .sorted { $0.description > $1.description }
        return next(&memory)
    }

    private mutating func next(_ memory: inout PolymarketMemory) -> PolymarketStep {
        if let token = waiting?.last {
            return .request(balanceRequest("CONDITIONAL", token, memory.signer.signatureType))
        }
        memory.hold(held)
        guard purpose == .cash else { return .finished(.positions(holdings(memory))) }
        isReadingCash = true
        return .request(balanceRequest("COLLATERAL", nil, memory.signer.signatureType))
    }

    private func holdings(_ memory: PolymarketMemory) -> [VenueHolding] {
        memory.markets.values.sorted { $0.id < $1.id }.compactMap { market in
            let net = (held[market.yes] ?? .zero) - (held[market.no] ?? .zero)
            return net.isZero ? nil : VenueHolding(instrument: market.id, quantity: net)
        }
    }

    private func pairs(_ memory: PolymarketMemory) -> Money {
        memory.markets.values.reduce(into: .zero) { sum, market in
            sum += Money(
                units: min(held[market.yes] ?? .zero, held[market.no] ?? .zero).units)
        }
    }
}

/// Asks for what the account has of its dollars, or of one token.
func balanceRequest(
    _ type: String, _ token: PolymarketToken?, _ signature: PolymarketSignatureType
) -> PolymarketRequest {
    PolymarketRequest(
        .get, "/balance-allowance",
        query: [
            ("asset_type", type), ("token_id", token?.description),
            ("signature_type", String(signature.rawValue)),
        ])
}
