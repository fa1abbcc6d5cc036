import Cryptography
import Execution
import Trading

/// What is traded, and what it costs.
extension PolymarketDecoder {
    mutating func market(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> PolymarketMarket {
        try PolymarketSchemas.market.check(object, of: document, unknown: &unknown)
        let condition = try hash("condition_id", document, object)
        guard let id = InstrumentID(condition.prefix(LongName.capacity)) else {
            throw .unusable(field: "condition_id", reason: "\(condition) is no name")
        }
        let tokens = try tokens(document, object)
        let isNegativeRisk = try document.flag("neg_risk", in: object)
        // Markets of one event share its name; a market that stands alone is its own event.
        let shared = try document.optionalText("neg_risk_market_id", in: object) ?? ""
        let event = isNegativeRisk && !shared.isEmpty ? shared : condition
        let description = try document.optionalText("description", in: object) ?? ""
        return PolymarketMarket(
            id: id, condition: condition, yes: tokens.yes, no: tokens.no,
            tick: try tick("minimum_tick_size", document, object),
            sizeMin: try quantity("minimum_order_size", document, object),
            isNegativeRisk: isNegativeRisk, event: String(event.prefix(LongName.capacity)),
            status: try status(document, object, isDecided: tokens.winner != nil),
            closeAt: try closeAt(document, object),
            title: try document.text("question", in: object),
            ruleHash: description.isEmpty
                ? "" : SHA256.hash(Array(description.utf8)).description,
            winner: tokens.winner)
    }

    private mutating func tokens(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> (yes: PolymarketToken, no: PolymarketToken, winner: PolymarketToken?)
    {
        var tokens: [(token: PolymarketToken, outcome: String)] = []
        var winner: PolymarketToken?
        var decoder = self
        try document.forEachElement(of: "tokens", in: object) {
            (element: JSONNode) throws(PayloadError) in
            try PolymarketSchemas.token.check(element, of: document, unknown: &decoder.unknown)
            let token = try decoder.token("token_id", document, element)
            tokens.append((token, try document.text("outcome", in: element).lowercased()))
            if document.optional("winner", in: element) != nil,
                try document.flag("winner", in: element)
            {
                winner = token
            }
        }
        self = decoder
        guard tokens.count == 2, tokens[0].token != tokens[1].token else {
            throw .unusable(field: "tokens", reason: "are not two")
        }
        // The first token is YES unless the names say otherwise.
        if tokens[1].outcome == "yes" { tokens.swapAt(0, 1) }
        return (tokens[0].token, tokens[1].token, winner)
    }

    private func status(
        _ document: borrowing JSONDocument, _ object: JSONNode, isDecided: Bool
    ) throws(PayloadError) -> InstrumentStatus {
        if isDecided { return .resolved }
        if try document.flag("closed", in: object) { return .closed }
        if try !document.flag("active", in: object) { return .pending }
        return try document.flag("accepting_orders", in: object) ? .open : .paused
    }

    /// Markets without a date are open until somebody says otherwise.
    private func closeAt(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Timestamp {
        guard let text = try document.optionalText("end_date_iso", in: object), !text.isEmpty
        else { return Timestamp(seconds: 4_102_444_800) }
        guard let time = RFC3339.parse(text) else {
            throw .wrongType(field: "end_date_iso", expected: "an RFC 3339 time")
        }
        return time
    }

    /// What a market's takers pay: `fd`, with its rate `r` and exponent `e`; without it nothing.
    func feeTerms(
        _ document: borrowing JSONDocument, at now: Timestamp
    ) throws(PayloadError) -> PolymarketFeeTerms {
        guard document.kind(of: document.root) == .object else {
            throw .wrongType(field: "clob market", expected: "an object")
        }
        guard let terms = document.optional("fd", in: document.root) else {
            return PolymarketFeeTerms(rate: .zero, exponent: 1, readAt: now)
        }
        let rate = try document.decimal("r", in: terms, as: Price.self)
        let exponent = try document.decimal("e", in: terms, as: Price.self)
        guard !rate.isNegative, rate <= .one, exponent.isMultiple(of: .one),
            PolymarketFees.coefficient(
                rate: rate, exponent: Int(exponent.units / Price.scale)) != nil
        else { throw .unusable(field: "fd", reason: "\(rate) to the \(exponent) is no fee") }
        return PolymarketFeeTerms(
            rate: rate, exponent: Int(exponent.units / Price.scale), readAt: now)
    }

    /// Millionths of a dollar or of a contract.
    mutating func balance(_ document: borrowing JSONDocument) throws(PayloadError) -> Int64 {
        let object = document.root
        try PolymarketSchemas.balance.check(object, of: document, unknown: &unknown)
        guard let units = Int64(try document.text("balance", in: object)), units >= 0,
            units <= Int64.max / 1_000
        else { throw .wrongType(field: "balance", expected: "a whole number of millionths") }
        return units * 1_000
    }

    mutating func credentials(
        _ document: borrowing JSONDocument
    ) throws(PayloadError) -> PolymarketCredentials {
        let object = document.root
        try PolymarketSchemas.credentials.check(object, of: document, unknown: &unknown)
        do throws(CryptoError) {
            return try PolymarketCredentials(
                apiKey: try keyText("apiKey", document), secret: try keyText("secret", document),
                passphrase: try keyText("passphrase", document))
        } catch { throw .unusable(field: "secret", reason: "cannot be read") }
    }

    /// A part of a key; errors never name what it holds.
    private func keyText(
        _ name: StaticString, _ document: borrowing JSONDocument
    ) throws(CryptoError) -> String {
        guard let node = document.optional(name, in: document.root),
            let text = document.string(node)
        else { throw .malformedText(encoding: "API key", offset: 0) }
        return text
    }
}

/// The cursor of the next page; nil on the last one.
func nextPage(_ document: borrowing JSONDocument) throws(PayloadError) -> String? {
    let cursor = try document.optionalText("next_cursor", in: document.root) ?? ""
    return cursor.isEmpty || cursor == "LTE=" ? nil : cursor
}
