import Execution
import Trading

/// What the account has: orders, fills, positions, settlements, cash.
extension KalshiDecoder {
    mutating func placement(
        _ document: borrowing JSONDocument
    ) throws(PayloadError) -> KalshiPlacement {
        let object = document.root
        try KalshiSchemas.placement.check(object, of: document, unknown: &unknown)
        return KalshiPlacement(
            venueOrderID: try reference("order_id", document, object),
            filled: try document.quantity("fill_count", in: object),
            remaining: try document.quantity("remaining_count", in: object))
    }

    /// How much was taken off the book.
    mutating func cancellation(
        _ document: borrowing JSONDocument
    ) throws(PayloadError) -> Quantity {
        let object = document.root
        try KalshiSchemas.cancellation.check(object, of: document, unknown: &unknown)
        return try document.quantity("reduced_by", in: object)
    }

    mutating func order(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> KalshiOrder {
        try KalshiSchemas.order.check(object, of: document, unknown: &unknown)
        return KalshiOrder(
            venueOrderID: try reference("order_id", document, object),
            clientOrderID: try clientReference(document, object) ?? .empty,
            instrument: try instrument("ticker", document, object),
            side: try side(document, object),
            price: try document.price("yes_price_dollars", in: object),
            filled: try document.quantity("fill_count_fp", in: object),
            remaining: try document.quantity("remaining_count_fp", in: object),
            state: try orderState(document, object))
    }

    private func orderState(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> OrderState {
        let status = try document.text("status", in: object)
        switch status {
        case "resting", "pending": return .working
        case "executed": return .filled
        case "canceled":
            let reason = try document.optionalText("last_update_reason", in: object) ?? ""
            return reason.lowercased().contains("expir") ? .expired : .cancelled
        default: throw .unusable(field: "status", reason: "\(status) is not known")
        }
    }

    /// A fill of the stream or, with `isStream` false, of REST.
    mutating func fill(
        _ document: borrowing JSONDocument, _ object: JSONNode, isStream: Bool
    ) throws(PayloadError) -> KalshiFill {
        let schema = isStream ? KalshiSchemas.streamFill : KalshiSchemas.fill
        try schema.check(object, of: document, unknown: &unknown)
        guard let side = try side(document, object) else {
            throw .missing(field: "fill.book_side")
        }
        let quantity = try document.quantity("count_fp", in: object)
        guard !quantity.isZero else {
            throw .unusable(field: "count_fp", reason: "a fill of nothing")
        }
        return KalshiFill(
            tradeID: try reference("trade_id", document, object),
            venueOrderID: try reference("order_id", document, object),
            clientOrderID: try clientReference(document, object),
            instrument: try instrument(isStream ? "market_ticker" : "ticker", document, object),
            side: side, price: try document.price("yes_price_dollars", in: object),
            quantity: quantity, fee: try document.decimal("fee_cost", in: object),
            liquidity: try document.flag("is_taker", in: object) ? .taker : .maker,
            filledAt: try moment(document, object))
    }

    mutating func position(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> VenueHolding {
        try KalshiSchemas.position.check(object, of: document, unknown: &unknown)
        return VenueHolding(
            instrument: try instrument("ticker", document, object),
            quantity: try document.decimal("position_fp", in: object))
    }

    /// The payout is what the venue credited: `payout_dollars` where a venue states it exactly,
    /// else `revenue`, in whole cents.
    mutating func settlement(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> KalshiSettlement {
        try KalshiSchemas.settlement.check(object, of: document, unknown: &unknown)
        let value = try cents("value", document, object).map { Price(units: $0.units) }
        let result = try document.text("market_result", in: object)
        guard let verdict = try verdict(result, value: value) else {
            throw .missing(field: "settlement.market_result")
        }
        guard let revenue = try cents("revenue", document, object) else {
            throw .missing(field: "settlement.revenue")
        }
        let isExact = document.optional("payout_dollars", in: object) != nil
        let payout =
            isExact ? try document.decimal("payout_dollars", in: object, as: Money.self) : revenue
        let yes = try document.quantity("yes_count_fp", in: object)
        let no = try document.quantity("no_count_fp", in: object)
        return KalshiSettlement(
            instrument: try instrument("ticker", document, object), verdict: verdict,
            quantity: yes - no, payout: payout,
            settledAt: try time("settled_time", document, object))
    }

    /// Cash: `balance_dollars`, else `balance` in cents.
    func balance(_ document: borrowing JSONDocument) throws(PayloadError) -> Money {
        let object = document.root
        guard document.kind(of: object) == .object else {
            throw .wrongType(field: "balance", expected: "an object")
        }
        if document.optional("balance_dollars", in: object) != nil {
            return try document.decimal("balance_dollars", in: object)
        }
        guard let money = try cents("balance", document, object) else {
            throw .missing(field: "balance")
        }
        return money
    }

    private func cents(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Money? {
        guard document.optional(name, in: object) != nil else { return nil }
        let cents = try document.integer(name, in: object)
        guard cents.magnitude <= 100_000_000_000 else {
            throw .unusable(field: "\(name)", reason: "\(cents) cents is too much")
        }
        return Money(units: cents * 10_000_000)
    }
}
