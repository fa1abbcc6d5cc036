import Cryptography
import Execution
import Trading

/// Reads Polymarket's objects. What is missing or of another type is an error that names it; what
/// is unknown is gathered in `unknown`.
struct PolymarketDecoder {
    var unknown: [String] = []

    func token(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> PolymarketToken {
        let text = try document.text(name, in: object)
        do throws(CryptoError) { return try PolymarketToken(text) } catch {
            throw .unusable(field: "\(name)", reason: "is no token: \(error)")
        }
    }

    func side(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Side {
        let text = try document.text("side", in: object)
        switch text {
        case "BUY": return .buy
        case "SELL": return .sell
        default: throw .unusable(field: "side", reason: "\(text) is neither BUY nor SELL")
        }
    }

    /// A decimal as the venue writes it, which may begin with its point: `.48`.
    func units(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Int64 {
        let node = try document.required(name, in: object)
        if let units = document.decimalUnits(node) { return units }
        if let text = document.string(node), text.hasPrefix("."),
            let value = Quantity(decimal: "0" + text)
        {
            return value.units
        }
        throw .wrongType(field: "\(name)", expected: "a decimal of at most nine places")
    }

    func price(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Price {
        let price = Price(units: try units(name, document, object))
        guard price >= .zero, price <= .one else {
            throw .unusable(field: "\(name)", reason: "\(price) is no price")
        }
        return price
    }

    func quantity(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Quantity {
        let quantity = Quantity(units: try units(name, document, object))
        guard !quantity.isNegative else {
            throw .unusable(field: "\(name)", reason: "\(quantity) is negative")
        }
        return quantity
    }

    /// Seconds or milliseconds since 1970, as a number or as text: what is too large for seconds
    /// is milliseconds.
    func time(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Timestamp {
        let node = try document.required(name, in: object)
        let text = document.string(node)
        guard let units = document.integer(node) ?? text.flatMap({ Int64($0) }), units >= 0,
            units < 7_258_118_400_000
        else { throw .wrongType(field: "\(name)", expected: "a time in seconds or milliseconds") }
        let perSecond: Int64 = units >= 100_000_000_000 ? 1_000 : 1
        guard units <= 7_258_118_400 * perSecond else {
            throw .unusable(field: "\(name)", reason: "\(units) is no time before 2200")
        }
        return Timestamp(nanoseconds: units * (1_000_000_000 / perSecond))
    }

    /// An order's hash, of which the cluster keeps as much as fits.
    func hash(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> String {
        let text = try document.text(name, in: object)
        guard (try? Word256(hex: text)) != nil else {
            throw .unusable(field: "\(name)", reason: "is no hash of 32 bytes")
        }
        return text.lowercased()
    }
}

extension PolymarketDecoder {
    /// A message of a stream; an initial dump comes as an array of them.
    mutating func messages(
        _ document: borrowing JSONDocument
    ) throws(PayloadError) -> [PolymarketMessage] {
        let root = document.root
        guard document.kind(of: root) == .array else { return [try message(document, root)] }
        var messages: [PolymarketMessage] = []
        var decoder = self
        try document.forEachElement(of: root) { (object: JSONNode) throws(PayloadError) in
            messages.append(try decoder.message(document, object))
        }
        self = decoder
        return messages
    }

    private mutating func message(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> PolymarketMessage {
        let type = try document.text("event_type", in: object)
        switch type {
        case "book":
            try PolymarketSchemas.book.check(object, of: document, unknown: &unknown)
            return .book(
                try token("asset_id", document, object),
                OrderBook(
                    bids: try levels("bids", document, object),
                    asks: try levels("asks", document, object), sequence: .zero))
        case "price_change": return .changes(try changes(document, object))
        case "tick_size_change":
            try PolymarketSchemas.tickChange.check(object, of: document, unknown: &unknown)
            return .tick(
                try token("asset_id", document, object),
                try tick("new_tick_size", document, object))
        case "last_trade_price": return .traded(try printed(document, object))
        case "market_resolved":
            try PolymarketSchemas.resolution.check(object, of: document, unknown: &unknown)
            return .resolved(
                market: try document.text("market", in: object),
                winner: try token("winning_asset_id", document, object))
        case "order": return .order(try order(document, object))
        case "trade": return .trade(try trade(document, object))
        case "best_bid_ask", "new_market": return .aside
        default: throw .unusable(field: "event_type", reason: "\(type) is not known")
        }
    }

    func tick(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Price {
        let tick = try price(name, document, object)
        guard PolymarketRounding(tick: tick) != nil else {
            throw .unusable(field: "\(name)", reason: "\(tick) is no tick of the venue")
        }
        return tick
    }

    private mutating func changes(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> [PolymarketPriceChange] {
        try PolymarketSchemas.priceChanges.check(object, of: document, unknown: &unknown)
        var changes: [PolymarketPriceChange] = []
        var decoder = self
        try document.forEachElement(of: "price_changes", in: object) {
            (change: JSONNode) throws(PayloadError) in
            try PolymarketSchemas.priceChange.check(
                change, of: document, unknown: &decoder.unknown)
            changes.append(
                PolymarketPriceChange(
                    token: try decoder.token("asset_id", document, change),
                    side: try decoder.side(document, change),
                    price: try decoder.price("price", document, change),
                    quantity: try decoder.quantity("size", document, change)))
        }
        self = decoder
        return changes
    }

    private mutating func printed(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> PolymarketPrint {
        try PolymarketSchemas.print.check(object, of: document, unknown: &unknown)
        return PolymarketPrint(
            token: try token("asset_id", document, object),
            takerSide: try side(document, object), price: try price("price", document, object),
            quantity: try quantity("size", document, object),
            at: try time("timestamp", document, object))
    }

    mutating func levels(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> [BookLevel] {
        var levels: [BookLevel] = []
        var decoder = self
        try document.forEachElement(of: name, in: object) {
            (level: JSONNode) throws(PayloadError) in
            try PolymarketSchemas.level.check(level, of: document, unknown: &decoder.unknown)
            let price = try decoder.price("price", document, level)
            guard price > .zero, price < .one else {
                throw .unusable(field: "price", reason: "\(price) is no level")
            }
            levels.append(
                BookLevel(price: price, quantity: try decoder.quantity("size", document, level)))
        }
        self = decoder
        guard Set(levels.map(\.price)).count == levels.count else {
            throw .repeated(field: "level")
        }
        return levels
    }

    /// A book of REST with its texts, for its sum.
    mutating func statedBook(
        _ document: borrowing JSONDocument
    ) throws(PayloadError) -> PolymarketBook {
        let object = document.root
        try PolymarketSchemas.book.check(object, of: document, unknown: &unknown)
        return PolymarketBook(
            market: try document.text("market", in: object),
            token: try document.text("asset_id", in: object),
            timestamp: try document.text("timestamp", in: object),
            bids: try texts("bids", document, object), asks: try texts("asks", document, object),
            sizeMin: try document.text("min_order_size", in: object),
            tick: try document.text("tick_size", in: object),
            isNegativeRisk: try document.flag("neg_risk", in: object),
            lastPrice: try document.text("last_trade_price", in: object),
            hash: try document.text("hash", in: object))
    }

    private func texts(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> [PolymarketBook.Level] {
        var levels: [PolymarketBook.Level] = []
        try document.forEachElement(of: name, in: object) {
            (level: JSONNode) throws(PayloadError) in
            levels.append(
                PolymarketBook.Level(
                    price: try document.text("price", in: level),
                    size: try document.text("size", in: level)))
        }
        return levels
    }
}
