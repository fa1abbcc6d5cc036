import Cryptography
import Execution
import Trading

/// Reads Kalshi's objects. What is missing or of another type is an error that names it; what is
/// unknown is gathered in `unknown`.
struct KalshiDecoder {
    var unknown: [String] = []

    /// A ticker, which must fit our names.
    func instrument(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> InstrumentID {
        let text = try document.text(name, in: object)
        guard let id = InstrumentID(text) else {
            throw .unusable(field: "\(name)", reason: "\(text) is no name of at most 32 bytes")
        }
        return id
    }

    /// An id of the venue's own, which must fit our references.
    func reference(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> VenueReference {
        let text = try document.text(name, in: object)
        guard let reference = VenueReference(text) else {
            throw .unusable(field: "\(name)", reason: "is no reference of at most 40 bytes")
        }
        return reference
    }

    /// The client's id; empty where the order was not placed by us and has none that we can hold.
    func clientReference(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> VenueReference? {
        guard let text = try document.optionalText("client_order_id", in: object) else {
            return nil
        }
        return VenueReference(text) ?? .empty
    }

    /// The side on YES: `book_side`, else `outcome_side`, else what older payloads say.
    func side(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Side? {
        if let text = try document.optionalText("book_side", in: object) {
            return try bookSide(text, "book_side")
        }
        for field in ["outcome_side", "purchased_side"] as [StaticString] {
            if let text = try document.optionalText(field, in: object) {
                return try outcomeSide(text, field)
            }
        }
        guard let outcome = try document.optionalText("side", in: object),
            let action = try document.optionalText("action", in: object)
        else { return nil }
        let bought = try outcomeSide(outcome, "side")
        switch action {
        case "buy": return bought
        case "sell": return bought.opposite
        default: throw .unusable(field: "action", reason: "\(action) is neither buy nor sell")
        }
    }

    func bookSide(_ text: String, _ field: StaticString) throws(PayloadError) -> Side {
        switch text {
        case "bid": return .buy
        case "ask": return .sell
        default: throw .unusable(field: "\(field)", reason: "\(text) is neither bid nor ask")
        }
    }

    /// Being positioned for NO is having sold YES.
    func outcomeSide(_ text: String, _ field: StaticString) throws(PayloadError) -> Side {
        switch text {
        case "yes": return .buy
        case "no": return .sell
        default: throw .unusable(field: "\(field)", reason: "\(text) is neither yes nor no")
        }
    }

    func time(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Timestamp {
        guard let time = RFC3339.parse(try document.text(name, in: object)) else {
            throw .wrongType(field: "\(name)", expected: "an RFC 3339 time")
        }
        return time
    }

    /// Seconds or milliseconds since 1970, in a range that cannot overflow.
    func time(
        _ name: StaticString, unitsPerSecond: Int64, _ document: borrowing JSONDocument,
        _ object: JSONNode
    ) throws(PayloadError) -> Timestamp {
        let units = try document.integer(name, in: object)
        guard units >= 0, units <= 7_258_118_400 * unitsPerSecond else {
            throw .unusable(field: "\(name)", reason: "\(units) is no time before 2200")
        }
        return Timestamp(nanoseconds: units * (1_000_000_000 / unitsPerSecond))
    }

    /// `ts_ms`, else `ts` in seconds, else `created_time`.
    func moment(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Timestamp {
        if document.optional("ts_ms", in: object) != nil {
            return try time("ts_ms", unitsPerSecond: 1_000, document, object)
        }
        if document.optional("created_time", in: object) != nil {
            return try time("created_time", document, object)
        }
        return try time("ts", unitsPerSecond: 1, document, object)
    }

    /// A verdict from `result` and the YES value where it is stated.
    func verdict(_ result: String, value: Price?) throws(PayloadError) -> KalshiVerdict? {
        switch result {
        case "": return nil
        case "yes": return KalshiVerdict(outcome: .yes, value: value ?? .one)
        case "no": return KalshiVerdict(outcome: .no, value: value ?? .zero)
        case "scalar", "void":
            guard let value else {
                throw .unusable(field: "result", reason: "\(result) without a value")
            }
            return KalshiVerdict(outcome: .value, value: value)
        default: throw .unusable(field: "result", reason: "\(result) is not known")
        }
    }

    func optionalPrice(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> Price? {
        document.optional(name, in: object) == nil ? nil : try document.price(name, in: object)
    }
}

/// The cursor of the next page; nil on the last one.
func nextCursor(
    _ document: borrowing JSONDocument, _ object: JSONNode
) throws(PayloadError) -> String? {
    guard let cursor = try document.optionalText("cursor", in: object), !cursor.isEmpty else {
        return nil
    }
    guard cursor.utf8.count <= 4_096 else {
        throw .unusable(field: "cursor", reason: "is too long")
    }
    return cursor
}
