import Cryptography
import Execution
import Trading

/// What is traded: markets, events, series, books.
extension KalshiDecoder {
    mutating func market(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> KalshiMarket {
        try KalshiSchemas.market.check(object, of: document, unknown: &unknown)
        let title = try document.optionalText("title", in: object)
        let subtitle = try document.optionalText("yes_sub_title", in: object)
        let result = try document.optionalText("result", in: object) ?? ""
        let value = try optionalPrice("settlement_value_dollars", document, object)
        return KalshiMarket(
            id: try instrument("ticker", document, object),
            event: try document.text("event_ticker", in: object),
            status: try status(document, object), tick: try tick(document, object),
            lot: try lot(document, object), openAt: try time("open_time", document, object),
            closeAt: try time("close_time", document, object), title: title ?? subtitle ?? "",
            ruleHash: try ruleHash(document, object),
            verdict: try verdict(result, value: value))
    }

    private func status(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> InstrumentStatus {
        let status = try document.text("status", in: object)
        switch status {
        case "initialized", "unopened": return .pending
        case "active", "open": return .open
        case "inactive", "paused": return .paused
        case "closed", "amended": return .closed
        case "disputed": return .disputed
        case "determined": return .resolved
        case "finalized", "settled": return .settled
        default: throw .unusable(field: "status", reason: "\(status) is not known")
        }
    }

    /// One grid for the whole market: the coarsest step, which every finer band must divide, so
    /// that a price on it is good in every band.
    private func tick(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Price {
        guard document.optional("price_ranges", in: object) != nil else {
            return try namedTick(document, object)
        }
        var steps: [Price] = []
        try document.forEachElement(of: "price_ranges", in: object) {
            (range: JSONNode) throws(PayloadError) in
            let step = try document.price("step", in: range)
            guard !step.isZero else { throw .unusable(field: "step", reason: "is zero") }
            steps.append(step)
        }
        guard let coarsest = steps.max() else { return try namedTick(document, object) }
        guard steps.allSatisfy({ coarsest.isMultiple(of: $0) }) else {
            throw .unusable(field: "price_ranges", reason: "the steps have no common grid")
        }
        return coarsest
    }

    private func namedTick(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Price {
        let name = try document.optionalText("price_level_structure", in: object) ?? ""
        switch name {
        case "linear_cent", "tapered_deci_cent": return Price(units: 10_000_000)
        case "deci_cent": return Price(units: 1_000_000)
        default:
            throw .unusable(field: "price_level_structure", reason: "\(name) has no known grid")
        }
    }

    private func lot(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Quantity {
        guard document.optional("fractional_trading_enabled", in: object) != nil else {
            return Quantity(1)
        }
        let isFractional = try document.flag("fractional_trading_enabled", in: object)
        return isFractional ? Quantity(units: 10_000_000) : Quantity(1)
    }

    private func ruleHash(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> String {
        let primary = try document.optionalText("rules_primary", in: object) ?? ""
        let secondary = try document.optionalText("rules_secondary", in: object) ?? ""
        if primary.isEmpty, secondary.isEmpty { return "" }
        return SHA256.hash(Array("\(primary)\n\(secondary)".utf8)).description
    }

    mutating func event(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> KalshiEvent {
        try KalshiSchemas.event.check(object, of: document, unknown: &unknown)
        var fee: KalshiFeeTerms?
        if let type = try document.optionalText("fee_type_override", in: object),
            document.optional("fee_multiplier_override", in: object) != nil
        {
            fee = KalshiFeeTerms(
                type: type, multiplier: try document.decimal("fee_multiplier_override", in: object))
        }
        return KalshiEvent(
            ticker: try document.text("event_ticker", in: object),
            series: try document.text("series_ticker", in: object),
            isExclusive: try document.flag("mutually_exclusive", in: object), fee: fee)
    }

    mutating func series(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> KalshiSeries {
        try KalshiSchemas.series.check(object, of: document, unknown: &unknown)
        let multiplier = try document.decimal("fee_multiplier", in: object, as: Price.self)
        guard !multiplier.isNegative, multiplier <= Price(1_000) else {
            throw .unusable(field: "fee_multiplier", reason: "\(multiplier)")
        }
        let updated = try document.optionalText("last_updated_ts", in: object)
        return KalshiSeries(
            ticker: try document.text("ticker", in: object),
            fee: KalshiFeeTerms(
                type: try document.text("fee_type", in: object), multiplier: multiplier),
            updatedAt: updated.flatMap { RFC3339.parse($0) })
    }

    /// A book of bids on both outcomes: a NO bid at q is a YES ask at 1 − q.
    func book(
        yes: JSONNode?, no: JSONNode?, _ document: borrowing JSONDocument,
        sequence: SequenceNumber
    ) throws(PayloadError) -> OrderBook {
        let bids = try levels(yes, document)
        let asks = try levels(no, document).map {
            BookLevel(price: $0.price.complement, quantity: $0.quantity)
        }
        return OrderBook(bids: bids, asks: asks, sequence: sequence)
    }

    private func levels(
        _ array: JSONNode?, _ document: borrowing JSONDocument
    ) throws(PayloadError) -> [BookLevel] {
        guard let array else { return [] }
        guard document.kind(of: array) == .array else {
            throw .wrongType(field: "levels", expected: "an array")
        }
        var levels: [BookLevel] = []
        levels.reserveCapacity(document.count(of: array))
        try document.forEachElement(of: array) { (level: JSONNode) throws(PayloadError) in
            let (price, quantity) = try document.decimalPair(level)
            guard price > 0, price < Price.scale, quantity >= 0 else {
                throw .unusable(field: "level", reason: "\(price) × \(quantity)")
            }
            levels.append(
                BookLevel(price: Price(units: price), quantity: Quantity(units: quantity)))
        }
        let prices = Set(levels.map(\.price))
        guard prices.count == levels.count else { throw .repeated(field: "level") }
        return levels
    }
}

extension JSONDocument {
    /// The two decimals of a level.
    fileprivate func decimalPair(_ level: JSONNode) throws(PayloadError) -> (Int64, Int64) {
        guard kind(of: level) == .array, count(of: level) == 2 else {
            throw .wrongType(field: "level", expected: "a pair")
        }
        let first = JSONNode(index: level.index + 1)
        let second = JSONNode(index: indexAfter(first))
        guard let price = decimalUnits(first), let quantity = decimalUnits(second) else {
            throw .wrongType(field: "level", expected: "a pair of decimals")
        }
        return (price, quantity)
    }
}
