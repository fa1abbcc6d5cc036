import Cryptography
import Execution
import Trading

/// What the account has: orders, trades, cash.
extension PolymarketDecoder {
    mutating func order(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> PolymarketOpenOrder {
        try PolymarketSchemas.order.check(object, of: document, unknown: &unknown)
        return PolymarketOpenOrder(
            id: try hash("id", document, object), market: try document.text("market", in: object),
            token: try token("asset_id", document, object), side: try side(document, object),
            price: try price("price", document, object),
            size: try quantity("original_size", document, object),
            matched: try quantity("size_matched", document, object),
            event: try orderEvent(document, object),
            status: try document.optionalText("status", in: object) ?? "")
    }

    /// In the stream `type` says what happened; in a listing it is absent.
    private func orderEvent(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> PolymarketOpenOrder.Event {
        guard document.optional("event_type", in: object) != nil else { return .listed }
        let type = try document.text("type", in: object)
        switch type {
        case "PLACEMENT": return .placed
        case "UPDATE": return .updated
        case "CANCELLATION": return .cancelled
        default: throw .unusable(field: "type", reason: "\(type) is not known")
        }
    }

    mutating func trade(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> PolymarketTrade {
        try PolymarketSchemas.trade.check(object, of: document, unknown: &unknown)
        let status = try document.text("status", in: object)
        // Listings of some versions write it with the name of its type before it.
        let name = status.split(separator: "_").last.map(String.init) ?? status
        guard let status = PolymarketTradeStatus(rawValue: name) else {
            throw .unusable(field: "status", reason: "\(status) is not known")
        }
        var parts: [PolymarketTrade.Part] = []
        var decoder = self
        try document.forEachElement(of: "maker_orders", in: object) {
            (part: JSONNode) throws(PayloadError) in
            parts.append(try decoder.part(document, part))
        }
        self = decoder
        return PolymarketTrade(
            id: try document.text("id", in: object),
            market: try document.text("market", in: object),
            token: try token("asset_id", document, object),
            takerOrderID: try hash("taker_order_id", document, object),
            takerSide: try side(document, object), status: status,
            at: try matchTime(document, object), parts: parts,
            owner: try document.optionalText("owner", in: object),
            traderSide: try document.optionalText("trader_side", in: object))
    }

    private mutating func part(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> PolymarketTrade.Part {
        try PolymarketSchemas.makerOrder.check(object, of: document, unknown: &unknown)
        let quantity = try quantity("matched_amount", document, object)
        guard !quantity.isZero else {
            throw .unusable(field: "matched_amount", reason: "a fill of nothing")
        }
        return PolymarketTrade.Part(
            orderID: try hash("order_id", document, object),
            owner: try document.text("owner", in: object),
            token: try token("asset_id", document, object),
            price: try price("price", document, object), quantity: quantity)
    }

    private func matchTime(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Timestamp {
        for name in ["match_time", "matchtime", "timestamp"] as [StaticString]
        where document.optional(name, in: object) != nil {
            return try time(name, document, object)
        }
        throw .missing(field: "trade.match_time")
    }
}

extension PolymarketTrade {
    /// The fills of this trade that are ours, in terms of YES: the taker's against each maker, and
    /// each maker's.
    ///
    /// A maker of the other token was matched by making or merging a pair: it traded on the same
    /// side as the taker, and its price and the taker's add up to one. Improvement is the taker's.
    func fills(
        in market: PolymarketMarket, owner: String, isOurTaker: Bool
    ) throws(PayloadError) -> [PolymarketFill] {
        guard let taken = market.outcome(of: token) else {
            throw .unusable(field: "asset_id", reason: "\(token) is not of \(market.condition)")
        }
        var fills: [PolymarketFill] = []
        for part in parts {
            guard let made = market.outcome(of: part.token) else {
                throw .unusable(
                    field: "asset_id", reason: "\(part.token) is not of \(market.condition)")
            }
            let takerSide = taken.side(takerSide)
            let price = made.price(part.price)
            if isOurTaker {
                fills.append(
                    PolymarketFill(
                        orderID: takerOrderID, tradeID: try name(part, .taker), side: takerSide,
                        price: price, quantity: part.quantity, liquidity: .taker))
            }
            if part.owner == owner {
                fills.append(
                    PolymarketFill(
                        orderID: part.orderID, tradeID: try name(part, .maker),
                        side: takerSide.opposite, price: price, quantity: part.quantity,
                        liquidity: .maker))
            }
        }
        return fills
    }

    /// A name for one part: 32 digits of the trade, whose side, 7 of the maker's order.
    private func name(_ part: Part, _ liquidity: Liquidity) throws(PayloadError) -> VenueReference {
        let digits = id.filter { $0 != "-" }.prefix(32)
        let mark = liquidity == .taker ? "t" : "m"
        guard let name = VenueReference("\(digits)\(mark)\(part.orderID.dropFirst(2).prefix(7))")
        else { throw .unusable(field: "id", reason: "\(id) is no name") }
        return name
    }
}

/// One of our fills, in terms of YES.
struct PolymarketFill: Sendable, Hashable {
    let orderID: String
    let tradeID: VenueReference
    let side: Side
    let price: Price
    let quantity: Quantity
    let liquidity: Liquidity
}
