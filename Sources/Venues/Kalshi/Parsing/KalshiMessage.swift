import Execution
import Trading

/// A message of the WebSocket.
enum KalshiMessage: Sendable {
    case subscribed(command: UInt64, channel: String, sid: UInt64)
    case done(command: UInt64)
    case refused(command: UInt64?, code: Int64, message: String, sid: UInt64?)
    case snapshot(InstrumentID, OrderBook, command: UInt64?)
    case delta(InstrumentID, Side, price: Price, change: Quantity)
    case trade(VenueTrade)
    case fill(KalshiFill)
    case order(KalshiOrder)
    case lifecycle(KalshiLifecycle)
    case tick(TickNumber, at: Timestamp)
    /// A channel's message that has no meaning for us.
    case aside
}

/// A public trade.
struct VenueTrade: Sendable, Hashable {
    let instrument: InstrumentID
    let tradeID: VenueReference
    let takerSide: Side
    let price: Price
    let quantity: Quantity
    let at: Timestamp
}

/// Where in the stream a message stands.
struct KalshiFrame: Sendable {
    let message: KalshiMessage
    let sid: UInt64?
    let sequence: UInt64?
}

/// The WebSocket's messages.
extension KalshiDecoder {
    /// Reads one message.
    mutating func frame(_ document: borrowing JSONDocument) throws(PayloadError) -> KalshiFrame {
        let root = document.root
        try KalshiSchemas.envelope.check(root, of: document, unknown: &unknown)
        let sid = try counter("sid", document, root)
        let sequence = try counter("seq", document, root)
        let command = try counter("id", document, root)
        let message = try message(document, root, sid: sid, sequence: sequence, command: command)
        return KalshiFrame(message: message, sid: sid, sequence: sequence)
    }

    private mutating func message(
        _ document: borrowing JSONDocument, _ root: JSONNode, sid: UInt64?, sequence: UInt64?,
        command: UInt64?
    ) throws(PayloadError) -> KalshiMessage {
        let type = try document.required("type", in: root)
        if document.equals(type, "orderbook_delta") {
            return try delta(document, try document.required("msg", in: root))
        }
        if document.equals(type, "orderbook_snapshot") {
            let sequence = SequenceNumber(sequence ?? 0)
            return try snapshot(
                document, try document.required("msg", in: root), sequence, command: command)
        }
        switch document.string(type) {
        case "trade": return try trade(document, try document.required("msg", in: root))
        case "fill":
            let object = try document.required("msg", in: root)
            return .fill(try fill(document, object, isStream: true))
        case "user_order":
            return .order(try order(document, try document.required("msg", in: root)))
        case "market_lifecycle_v2":
            return .lifecycle(try lifecycle(document, try document.required("msg", in: root)))
        case "clock": return try tick(document, try document.required("msg", in: root))
        case "subscribed":
            let object = try document.required("msg", in: root)
            guard let sid = try counter("sid", document, object), let command else {
                throw .missing(field: "subscribed.sid or id")
            }
            return .subscribed(
                command: command, channel: try document.text("channel", in: object), sid: sid)
        case "ok", "unsubscribed":
            guard let command else { return .aside }
            return .done(command: command)
        case "error": return try refusal(document, root, sid: sid, command: command)
        case "ticker", "event_lifecycle", "event_fee_update", "market_position",
            "order_group_updates", "multivariate_lookup", "multivariate_market_lifecycle":
            return .aside
        case let other:
            throw .unusable(field: "type", reason: "\(other ?? "not a string") is not known")
        }
    }

    private func counter(
        _ name: StaticString, _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> UInt64? {
        guard document.optional(name, in: object) != nil else { return nil }
        let value = try document.integer(name, in: object)
        guard value >= 0 else { throw .unusable(field: "\(name)", reason: "\(value) is negative") }
        return UInt64(value)
    }

    private mutating func delta(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> KalshiMessage {
        try KalshiSchemas.delta.check(object, of: document, unknown: &unknown)
        let price = try document.price("price_dollars", in: object)
        guard price > .zero, price < .one else {
            throw .unusable(field: "price_dollars", reason: "\(price) is no level")
        }
        let side = try outcomeSide(try document.text("side", in: object), "side")
        return .delta(
            try instrument("market_ticker", document, object), side,
            price: side == .buy ? price : price.complement,
            change: try document.decimal("delta_fp", in: object))
    }

    private mutating func snapshot(
        _ document: borrowing JSONDocument, _ object: JSONNode, _ sequence: SequenceNumber,
        command: UInt64?
    ) throws(PayloadError) -> KalshiMessage {
        try KalshiSchemas.snapshot.check(object, of: document, unknown: &unknown)
        let yes =
            document.optional("yes_dollars_fp", in: object)
            ?? document.optional("yes_dollars", in: object)
        let no =
            document.optional("no_dollars_fp", in: object)
            ?? document.optional("no_dollars", in: object)
        let book = try book(yes: yes, no: no, document, sequence: sequence)
        return .snapshot(
            try instrument("market_ticker", document, object), book, command: command)
    }

    private mutating func trade(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> KalshiMessage {
        try KalshiSchemas.trade.check(object, of: document, unknown: &unknown)
        let side: Side
        if let text = try document.optionalText("taker_book_side", in: object) {
            side = try bookSide(text, "taker_book_side")
        } else if let text = try document.optionalText("taker_outcome_side", in: object) {
            side = try outcomeSide(text, "taker_outcome_side")
        } else {
            side = try outcomeSide(try document.text("taker_side", in: object), "taker_side")
        }
        return .trade(
            VenueTrade(
                instrument: try instrument("market_ticker", document, object),
                tradeID: try reference("trade_id", document, object), takerSide: side,
                price: try document.price("yes_price_dollars", in: object),
                quantity: try document.quantity("count_fp", in: object),
                at: try moment(document, object)))
    }

    private mutating func lifecycle(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> KalshiLifecycle {
        try KalshiSchemas.lifecycle.check(object, of: document, unknown: &unknown)
        return KalshiLifecycle(
            instrument: try instrument("market_ticker", document, object),
            kind: try lifecycleKind(document, object))
    }

    private func lifecycleKind(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> KalshiLifecycle.Kind {
        let kind = try document.text("event_type", in: object)
        switch kind {
        case "created": return .created
        case "activated": return .activated
        case "deactivated": return .deactivated
        case "close_date_updated":
            return .closeDateUpdated(try time("close_ts", unitsPerSecond: 1, document, object))
        case "determined":
            let value = try optionalPrice("settlement_value", document, object)
            let result = try document.text("result", in: object)
            guard let verdict = try verdict(result, value: value) else {
                throw .unusable(field: "result", reason: "is empty")
            }
            return .determined(verdict)
        case "settled":
            return .settled(at: try time("settled_ts", unitsPerSecond: 1, document, object))
        case "price_level_structure_updated": return .priceLevelsUpdated
        case "metadata_updated": return .metadataUpdated
        default: throw .unusable(field: "event_type", reason: "\(kind) is not known")
        }
    }

    private mutating func tick(
        _ document: borrowing JSONDocument, _ object: JSONNode
    ) throws(PayloadError) -> KalshiMessage {
        try KalshiSchemas.clock.check(object, of: document, unknown: &unknown)
        // The venue repeats its last tick when market time has ended: nothing is to be drained.
        if document.optional("end", in: object) != nil { return .aside }
        guard let number = try counter("tick", document, object) else {
            throw .missing(field: "clock.tick")
        }
        return .tick(
            TickNumber(number),
            at: Timestamp(nanoseconds: try document.integer("ts_ns", in: object)))
    }

    private func refusal(
        _ document: borrowing JSONDocument, _ root: JSONNode, sid: UInt64?, command: UInt64?
    ) throws(PayloadError) -> KalshiMessage {
        let object = try document.required("msg", in: root)
        return .refused(
            command: command, code: try document.integer("code", in: object),
            message: try document.text("msg", in: object), sid: sid)
    }
}
