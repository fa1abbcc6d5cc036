import Execution
import TestSupport
import Testing
import Trading

@testable import Venues

/// The recorded messages, kept as JSON texts.
private struct Recorded {
    private let document: JSONDocument

    init?() throws {
        guard let data = try VectorFile.data("venues", "kalshi_ws_messages") else { return nil }
        document = try JSONDocument(Array(data))
    }

    /// The payload of the first example of `kind`, with changes made to its text.
    func payload(_ kind: StaticString) throws -> String {
        let messages = try document.required("messages", in: document.root)
        let examples = try document.required(kind, in: messages)
        var payload: JSONNode?
        try document.forEachElement(of: examples) { example throws(PayloadError) in
            if payload == nil { payload = try document.required("payload", in: example) }
        }
        return document.source(of: try #require(payload))
    }
}

extension JSONDocument {
    /// The text that a container was read from.
    fileprivate func source(of node: JSONNode) -> String {
        let entry = entries[node.index]
        return String(decoding: text[Int(entry.start)..<Int(entry.end)], as: UTF8.self)
    }
}

private func frame(_ text: String) throws -> (KalshiFrame, unknown: [String]) {
    let document = try JSONDocument(Array(text.utf8))
    var decoder = KalshiDecoder()
    let frame = try decoder.frame(document)
    return (frame, decoder.unknown)
}

@Suite struct KalshiMessageVectorTests {
    @Test func readsTheRecordedSnapshot() throws {
        guard let recorded = try Recorded() else { return }
        let (frame, unknown) = try frame(recorded.payload("orderbookSnapshot"))
        #expect(unknown.isEmpty)
        #expect(frame.sid == 2)
        #expect(frame.sequence == 2)
        guard case .snapshot(let instrument, let book, _) = frame.message else {
            Issue.record("not a snapshot")
            return
        }
        #expect(instrument == InstrumentID("FED-23DEC-T3.00"))
        #expect(book.bids.map(\.price.description) == ["0.22", "0.08"])
        #expect(book.bids.map(\.quantity.description) == ["333", "300"])
        // A NO bid at 0.56 is a YES ask at 0.44.
        #expect(book.asks.map(\.price.description) == ["0.44", "0.46"])
        #expect(book.asks.map(\.quantity.description) == ["146", "20"])
    }

    @Test func readsTheRecordedDelta() throws {
        guard let recorded = try Recorded() else { return }
        let (frame, unknown) = try frame(recorded.payload("orderbookDelta"))
        #expect(unknown.isEmpty)
        guard case .delta(let instrument, let side, let price, let change) = frame.message else {
            Issue.record("not a delta")
            return
        }
        #expect(instrument == InstrumentID("FED-23DEC-T3.00"))
        #expect(side == .buy)
        #expect(price == Price(units: 960_000_000))
        #expect(change == Quantity(-54))
    }

    @Test func readsTheRecordedTrade() throws {
        guard let recorded = try Recorded() else { return }
        let (frame, unknown) = try frame(recorded.payload("trade"))
        #expect(unknown.isEmpty)
        guard case .trade(let trade) = frame.message else {
            Issue.record("not a trade")
            return
        }
        #expect(trade.takerSide == .sell)
        #expect(trade.price == Price(units: 360_000_000))
        #expect(trade.quantity == Quantity(136))
        #expect(trade.at == Timestamp(seconds: 1_669_149_841))
        #expect(trade.tradeID.description == "d91bc706-ee49-470d-82d8-11418bda6fed")
    }

    /// The recorded example lacks the fee that its own schema requires: money is never guessed.
    @Test func aFillWithoutItsFeeIsRefused() throws {
        guard let recorded = try Recorded() else { return }
        let text = try recorded.payload("fill")
        if !text.contains("fee_cost") {
            #expect(throws: PayloadError.missing(field: "fill.fee_cost")) { try frame(text) }
        }
    }

    @Test func readsTheRecordedFillWithItsFee() throws {
        guard let recorded = try Recorded() else { return }
        var text = try recorded.payload("fill")
        if !text.contains("fee_cost") {
            text = text.replacing(
                #""action": "buy""#, with: #""fee_cost": "0.013200", "action": "buy""#)
        }
        let (frame, unknown) = try frame(text)
        #expect(unknown.isEmpty)
        guard case .fill(let fill) = frame.message else {
            Issue.record("not a fill")
            return
        }
        #expect(fill.side == .buy)
        #expect(fill.liquidity == .taker)
        #expect(fill.price == Price(units: 750_000_000))
        #expect(fill.quantity == Quantity(278))
        #expect(fill.fee == Money(units: 13_200_000))
        #expect(fill.clientOrderID == nil)
        #expect(fill.filledAt == Timestamp(seconds: 1_671_899_397))
    }

    @Test func readsTheRecordedOrder() throws {
        guard let recorded = try Recorded() else { return }
        let (frame, unknown) = try frame(recorded.payload("userOrder"))
        #expect(unknown.isEmpty)
        guard case .order(let order) = frame.message else {
            Issue.record("not an order")
            return
        }
        #expect(order.clientOrderID == VenueReference("my-order-1"))
        #expect(order.state == .working)
        #expect(order.remaining == Quantity(10))
        // The older payload says which outcome, not whether it is bought or sold.
        #expect(order.side == nil)
    }

    @Test func readsTheRecordedLifecycleAndAnswers() throws {
        guard let recorded = try Recorded() else { return }
        guard
            case .lifecycle(let change) = try frame(recorded.payload("marketLifecycleV2")).0.message
        else {
            Issue.record("not a lifecycle")
            return
        }
        #expect(change.kind == .created)
        #expect(change.instrument == InstrumentID("INXD-23SEP14-B4487"))
        guard
            case .subscribed(1, "orderbook_delta", 1) = try frame(
                recorded.payload("subscribedResponse")
            ).0.message
        else {
            Issue.record("not a subscription")
            return
        }
        guard case .done(123) = try frame(recorded.payload("okResponse")).0.message else {
            Issue.record("not an ok")
            return
        }
        guard
            case .refused(123, 6, "Already subscribed", nil) = try frame(
                recorded.payload("errorResponse")
            ).0.message
        else {
            Issue.record("not an error")
            return
        }
    }

    /// Every message that the venue documents can be read or is left aside by name.
    @Test(arguments: [
        "ticker", "eventLifecycle", "marketPosition", "orderGroupUpdates", "multivariateLookup",
    ])
    func leavesOtherChannelsAside(_ kind: String) throws {
        guard let recorded = try Recorded() else { return }
        let text: String
        switch kind {
        case "ticker": text = try recorded.payload("ticker")
        case "eventLifecycle": text = try recorded.payload("eventLifecycle")
        case "marketPosition": text = try recorded.payload("marketPosition")
        case "orderGroupUpdates": text = try recorded.payload("orderGroupUpdates")
        default: text = try recorded.payload("multivariateLookup")
        }
        guard case .aside = try frame(text).0.message else {
            Issue.record("\(kind) means something")
            return
        }
    }
}

@Suite struct KalshiMessageTests {
    private let fill = #"""
        {"type":"fill","sid":13,"msg":{"trade_id":"t-1","order_id":"o-1","client_order_id":"c-1",\#
        "market_ticker":"M","exchange_index":0,"is_taker":false,"side":"SIDE","action":"ACTION",\#
        "yes_price_dollars":"0.7500","count_fp":"2.50","fee_cost":"0.000000","ts":1671899397,\#
        "ts_ms":1671899397123,"post_position_fp":"500.00"}}
        """#

    @Test(arguments: [
        ("yes", "buy", Side.buy), ("yes", "sell", .sell), ("no", "buy", .sell),
        ("no", "sell", .buy),
    ])
    func oldSidesMapToYes(_ side: String, _ action: String, _ expected: Side) throws {
        let text = fill.replacing("SIDE", with: side).replacing("ACTION", with: action)
        guard case .fill(let fill) = try frame(text).0.message else {
            Issue.record("not a fill")
            return
        }
        #expect(fill.side == expected)
        #expect(fill.quantity == Quantity(units: 2_500_000_000))
        #expect(fill.liquidity == .maker)
        #expect(fill.filledAt == Timestamp(milliseconds: 1_671_899_397_123))
    }

    @Test func theBookSideGoesBeforeOlderFields() throws {
        let text = fill.replacing("SIDE", with: "yes").replacing("ACTION", with: "buy")
            .replacing(#""exchange_index":0"#, with: #""book_side":"ask""#)
        guard case .fill(let fill) = try frame(text).0.message else {
            Issue.record("not a fill")
            return
        }
        #expect(fill.side == .sell)
    }

    @Test(arguments: [
        ("2.50", "0.00"), ("2.50", "-1.00"), ("0.7500", "1.5"), ("0.7500", "-0.1"),
        ("\"0.7500\"", "true"), ("\"t-1\"", "7"), ("\"2.50\"", "[]"), ("false", "\"false\""),
        ("1671899397123", "\"x\""), ("1671899397123", "99999999999999999"),
        ("\"M\"", "\"a ticker that is not one\""), ("\"0.000000\"", "\"free\""),
    ])
    func valuesOfAnotherKindAreRefused(_ found: String, _ put: String) {
        let text = fill.replacing("SIDE", with: "yes").replacing("ACTION", with: "buy")
            .replacing(found, with: put)
        #expect(throws: PayloadError.self, "\(found) → \(put)") { try frame(text) }
    }

    @Test func aNoDeltaIsAnAskAtTheComplement() throws {
        let text = #"""
            {"type":"orderbook_delta","sid":2,"seq":3,"msg":{"market_ticker":"M",\#
            "price_dollars":"0.3950","delta_fp":"0.25","side":"no","news":1}}
            """#
        let (frame, unknown) = try frame(text)
        guard case .delta(_, let side, let price, let change) = frame.message else {
            Issue.record("not a delta")
            return
        }
        #expect(side == .sell)
        #expect(price == Price(units: 605_000_000))
        #expect(change == Quantity(units: 250_000_000))
        #expect(unknown == ["orderbook_delta.news"])
    }

    @Test(arguments: [
        #"{"sid":1}"#, #"{"type":7}"#, #"{"type":"nobody knows"}"#, #"{"type":"fill"}"#, "[]", "3",
        #"{"type":"subscribed","id":1}"#, #"{"type":"subscribed","id":1,"msg":{"channel":"x"}}"#,
        #"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"M","yes_dollars_fp":[["1.0","2"]]}}"#,
        #"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"M","yes_dollars_fp":[["0.1","2"],["0.10","2"]]}}"#,
        #"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"M","yes_dollars_fp":[["0.1"]]}}"#,
        #"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"M","no_dollars_fp":{"a":1}}}"#,
        #"{"type":"orderbook_delta","sid":1,"seq":-1,"msg":{"market_ticker":"M","price_dollars":"0.5","delta_fp":"1","side":"yes"}}"#,
        #"{"type":"orderbook_delta","sid":1,"seq":1,"msg":{"market_ticker":"M","price_dollars":"0.5","delta_fp":"1","side":"maybe"}}"#,
        #"{"type":"orderbook_delta","sid":1,"seq":1,"msg":{"market_ticker":"M","price_dollars":"1.0","delta_fp":"1","side":"yes"}}"#,
        #"{"type":"market_lifecycle_v2","sid":1,"msg":{"market_ticker":"M","event_type":"exploded"}}"#,
        #"{"type":"market_lifecycle_v2","sid":1,"msg":{"market_ticker":"M","event_type":"determined","result":"scalar"}}"#,
        #"{"type":"clock","sid":1,"msg":{"tick":-1,"ts_ns":5}}"#,
    ])
    func malformedMessagesAreRefused(_ text: String) {
        #expect(throws: PayloadError.self) { try frame(text) }
    }

    @Test func verdictsAreRead() throws {
        let decoder = KalshiDecoder()
        #expect(try decoder.verdict("yes", value: nil)?.value == .one)
        #expect(try decoder.verdict("no", value: nil)?.value == .zero)
        let half = Price(units: 500_000_000)
        #expect(
            try decoder.verdict("scalar", value: half)
                == KalshiVerdict(outcome: .value, value: half))
        #expect(try decoder.verdict("", value: nil) == nil)
        #expect(throws: PayloadError.self) { try decoder.verdict("maybe", value: nil) }
    }

    /// Whatever is done to a message: an error or a message, never a trap.
    @Test func mutatedMessagesNeverTrap() throws {
        guard let recorded = try Recorded() else { return }
        let seed: UInt64 = 42
        var random = SeededRandom(seed: seed)
        var texts = [fill]
        for kind in ["orderbookSnapshot", "orderbookDelta", "trade", "userOrder"]
            as [StaticString]
        {
            texts.append(try recorded.payload(kind))
        }
        let alphabet = Array("0123456789.-\"[]{}:,aeyn".utf8)
        for round in 0..<20_000 {
            var bytes = Array(texts[round % texts.count].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] = alphabet.randomElement(using: &random) ?? 0
            }
            _ = try? frame(String(decoding: bytes, as: UTF8.self))
        }
    }
}
