import Cryptography
import Foundation
import SimVenue
import Testing
import Trading

/// A body of `POST /portfolio/events/orders`.
func orderBody(
    _ ticker: String, _ side: String, _ price: String, _ count: String,
    _ timeInForce: String = "good_till_canceled", client: String, extra: String = ""
) -> String {
    #"{"ticker":"\#(ticker)","client_order_id":"\#(client)","side":"\#(side)","count":"\#(count)","#
        + #""price":"\#(price)","time_in_force":"\#(timeInForce)","#
        + #""self_trade_prevention_type":"taker_at_cross"\#(extra)}"#
}

@Suite(.serialized) struct ProtocolTests {
    private func demo(_ change: (inout VenueOptions) -> Void = { _ in }) throws -> VenueFixture {
        try VenueFixture(in: VenueFixture.temporaryDirectory(), recorded: false, change)
    }

    @Test func refusesABadSignatureWith401() throws {
        let venue = try demo()
        defer { try? venue.stop() }
        #expect(try venue.client().get("/portfolio/balance").status == 200)
        let other = try RSAPrivateKey.generate()
        #expect(try venue.client(key: other).get("/portfolio/balance").status == 401)
        #expect(try venue.client(keyID: "nobody").get("/portfolio/balance").status == 401)
        let unsigned = RawClient(port: venue.server.port, key: nil)
        #expect(try unsigned.get("/portfolio/balance").status == 401)
        #expect(try venue.client().send("GET", "/portfolio/balance", skew: -60_000).status == 401)
        #expect(try unsigned.openSocket() == 401)
        #expect(try unsigned.get("/exchange/status").status == 200)
    }

    @Test func aRefusedOrderIsInTheLog() throws {
        let venue = try demo()
        let unsigned = RawClient(port: venue.server.port, key: nil)
        let body = orderBody("KXDEMO-EVEN", "bid", "0.10", "1", client: "forged")
        #expect(try unsigned.post("/portfolio/events/orders", body).status == 401)
        try venue.stop()
        let lines = try venue.log("refused")
        #expect(lines.first?["client_order_id"] as? String == "forged")
        #expect(lines.first?["code"] as? String == "authentication_error")
    }

    @Test func tellsItsTimeAndTheTierToWhoMayKnow() throws {
        let venue = try demo { $0.tier = .premier }
        defer { try? venue.stop() }
        let limits = try venue.client().get("/account/limits")
        #expect(limits.text == #"{"usage_tier":"premier","read_limit":100,"write_limit":100}"#)
        let unsigned = RawClient(port: venue.server.port, key: nil)
        #expect(try unsigned.get("/account/limits").status == 401)
        #expect(try venue.client().get("/account/other").status == 404)
    }

    @Test func throttlesWith429() throws {
        let venue = try demo { $0.tier = .basic }
        defer { try? venue.stop() }
        let client = venue.client()
        var statuses: [Int] = []
        for _ in 0..<60 { statuses.append(try client.get("/portfolio/balance").status) }
        #expect(statuses.contains(200) && statuses.contains(429))
    }

    @Test func ordersAreCreatedListedAndCancelled() throws {
        let venue = try demo()
        let client = venue.client()
        let body = orderBody("KXDEMO-EVEN", "bid", "0.0200", "10.00", client: "mine-1")
        let created = try client.post("/portfolio/events/orders", body)
        #expect(created.status == 201)
        let id = try #require(created.string("order_id"))
        #expect(created.string("remaining_count") == "10.00")
        #expect(try client.post("/portfolio/events/orders", body).status == 409)
        let listed = try client.get("/portfolio/orders?status=resting")
        #expect(listed.text.contains(#""client_order_id":"mine-1""#))
        let one = try client.get("/portfolio/orders/\(id)")
        #expect(one.text.contains(#""status":"resting""#))
        let balance = try client.get("/portfolio/balance")
        #expect(balance.string("cash_dollars") == "1000.0000")
        // 0.20 of the order and its bound of fees are held.
        let available = Money(decimal: balance.string("balance_dollars") ?? "") ?? .zero
        #expect(available < Money(decimal: "999.8") ?? .zero && available > Money(999))
        let gone = try client.delete("/portfolio/events/orders/\(id)")
        #expect(gone.status == 200 && gone.string("reduced_by") == "10.00")
        #expect(try client.delete("/portfolio/events/orders/\(id)").status == 404)
        try venue.stop()
        #expect(try venue.log("place").map { $0["result"] as? String } == ["accepted", "declined"])
        #expect(
            try venue.log("cancel").map { $0["result"] as? String } == ["cancelled", "not_found"])
        #expect(try venue.log("balance").first?["cash"] as? String == "1000")
    }

    @Test(arguments: [
        (#"{"ticker":"KXDEMO-EVEN"}"#, 400, "invalid_parameters"),
        ("nonsense", 400, "invalid_parameters"),
        (orderBody("KXNONE", "bid", "0.5", "1", client: "a"), 404, "market_not_found"),
        (orderBody("KXDEMO-EVEN", "buy", "0.5", "1", client: "a"), 400, "invalid_parameters"),
        (orderBody("KXDEMO-EVEN", "bid", "0.505", "1", client: "a"), 400, "invalid_price"),
        (orderBody("KXDEMO-EVEN", "bid", "0.5", "0.5", client: "a"), 400, "invalid_count"),
        (orderBody("KXDEMO-EVEN", "bid", "0.5", "9000", client: "a"), 400, "insufficient_balance"),
        (
            orderBody(
                "KXDEMO-EVEN", "bid", "0.5", "1", client: "a", extra: #","expiration_time":1000"#),
            400, "expiration_in_past"
        ),
        (
            orderBody("KXDEMO-EVEN", "bid", "0.99", "900", "fill_or_kill", client: "a"), 409,
            "fill_or_kill_insufficient_resting_volume"
        ),
    ])
    func declinesInKalshisWords(body: String, status: Int, code: String) throws {
        let venue = try demo()
        defer { try? venue.stop() }
        let answer = try venue.client().post("/portfolio/events/orders", body)
        #expect(answer.status == status)
        let error = answer.json["error"] as? [String: Any]
        #expect(error?["code"] as? String == code)
    }

    @Test func everyEntryOfABatchSucceedsOrFailsAlone() throws {
        let venue = try demo()
        let client = venue.client()
        let batched = "/portfolio/events/orders/batched"
        let good = orderBody("KXDEMO-EVEN", "bid", "0.0200", "10.00", client: "good")
        let odd = orderBody("KXDEMO-EVEN", "bid", "0.505", "1", client: "odd")
        let lost = orderBody("KXNONE", "bid", "0.5", "1", client: "lost")
        let bad = orderBody("KXDEMO-EVEN", "buy", "0.5", "1", client: "bad")
        let placed = try client.post(batched, #"{"orders":[\#(odd),\#(good),\#(lost),\#(bad)]}"#)
        #expect(placed.status == 201)
        let orders = try #require(placed.json["orders"] as? [[String: Any]])
        #expect(orders.map { $0["client_order_id"] as? String } == ["odd", "good", "lost", "bad"])
        #expect(
            orders.map { ($0["error"] as? [String: Any])?["code"] as? String }
                == ["invalid_price", nil, "market_not_found", "invalid_parameters"])
        let id = try #require(orders[1]["order_id"] as? String)
        #expect(orders[1]["remaining_count"] as? String == "10.00")
        let body = #"{"orders":[{"order_id":"none"},{"order_id":"\#(id)"}]}"#
        let gone = try client.send("DELETE", batched, body)
        #expect(gone.status == 200)
        let cancels = try #require(gone.json["orders"] as? [[String: Any]])
        #expect(cancels.map { $0["reduced_by"] as? String } == ["0.00", "10.00"])
        #expect((cancels[0]["error"] as? [String: Any])?["code"] as? String == "order_not_found")
        #expect(cancels[1]["error"] == nil)
        #expect(try client.get("/portfolio/orders/\(id)").text.contains(#""status":"canceled""#))
        #expect(try client.post(batched, "{}").status == 400)
        #expect(try client.send("DELETE", batched, "{}").status == 400)
        try venue.stop()
        #expect(try venue.log("place").count == 2)
        #expect(
            try venue.log("refused").map { $0["client_order_id"] as? String }
                == ["lost", "bad", "", ""])
    }

    @Test func everyEntryOfABatchIsBilled() throws {
        let venue = try demo { $0.tier = .basic }
        defer { try? venue.stop() }
        let entries = Array(repeating: #"{"order_id":"none"}"#, count: 200)
        let body = #"{"orders":[\#(entries.joined(separator: ","))]}"#
        let answer = try venue.client().send("DELETE", "/portfolio/events/orders/batched", body)
        #expect(answer.status == 429)
    }

    @Test func readsOfMarketsHaveKalshisShape() throws {
        let venue = try demo()
        defer { try? venue.stop() }
        let client = venue.client()
        let page = try client.get("/markets?limit=2&status=open")
        #expect((page.json["markets"] as? [Any])?.count == 2)
        let cursor = try #require(page.string("cursor"))
        let rest = try client.get("/markets?limit=2&status=open&cursor=\(cursor)")
        #expect((rest.json["markets"] as? [Any])?.count == 1 && rest.string("cursor") == "")
        let market = try client.get("/markets/KXDEMO-EVEN").json["market"] as? [String: Any]
        for field in [
            "ticker", "event_ticker", "status", "open_time", "close_time", "yes_bid_dollars",
            "yes_bid_size_fp", "settlement_bounds_type", "price_ranges", "updated_time",
        ] {
            #expect(market?[field] != nil, "\(field) is missing")
        }
        let book = try client.get("/markets/KXDEMO-EVEN/orderbook").json["orderbook_fp"]
        #expect((book as? [String: Any])?["yes_dollars"] != nil)
        let series = try client.get("/series/KXDEMO").json["series"] as? [String: Any]
        #expect(series?["fee_type"] as? String == "quadratic_with_maker_fees")
        #expect(try client.get("/events/KXDEMO-EVEN").status == 200)
        #expect(try client.get("/markets/KXNONE").status == 404)
        #expect(try client.get("/portfolio/positions").status == 200)
        #expect(try client.get("/portfolio/settlements").status == 200)
    }

    @Test func aBookFromSnapshotAndDeltasIsTheBookOfTheListing() throws {
        let venue = try demo()
        defer { try? venue.stop() }
        let client = venue.client()
        #expect(try client.openSocket() == 101)
        client.say(
            #"{"id":1,"cmd":"subscribe","params":{"channels":["orderbook_delta"],"#
                + #""market_tickers":["KXDEMO-EVEN"]}}"#)
        let subscribed = try client.hear("subscribed")
        #expect((subscribed["msg"] as? [String: Any])?["channel"] as? String == "orderbook_delta")
        var levels: [String: Quantity] = [:]
        var last: Int?
        var deltas = 0
        while deltas < 30 {
            let message = try client.hear()
            guard let sequence = message["seq"] as? Int else { continue }
            if let last { #expect(sequence == last + 1) }
            last = sequence
            let body = message["msg"] as? [String: Any] ?? [:]
            if message["type"] as? String == "orderbook_snapshot" {
                for (side, field) in [("yes", "yes_dollars_fp"), ("no", "no_dollars_fp")] {
                    for pair in body[field] as? [[String]] ?? [] {
                        levels["\(side) \(pair[0])"] = Quantity(decimal: pair[1])
                    }
                }
            } else {
                deltas += 1
                let side = body["side"] as? String ?? ""
                let key = "\(side) \(body["price_dollars"] as? String ?? "")"
                let delta = Quantity(decimal: body["delta_fp"] as? String ?? "") ?? .zero
                let after = (levels[key] ?? .zero) + delta
                #expect(!after.isNegative, "\(key) fell to \(after)")
                levels[key] = after.isZero ? nil : after
            }
        }
        #expect(!levels.isEmpty)
    }

    @Test func socketCommandsAreAnsweredInKalshisWords() throws {
        let venue = try demo()
        defer { try? venue.stop() }
        let client = venue.client()
        _ = try client.openSocket()
        func code(_ text: String) throws -> Int? {
            client.say(text)
            return (try client.hear("error")["msg"] as? [String: Any])?["code"] as? Int
        }
        #expect(try code("nonsense") == 1)
        #expect(try code(#"{"id":1,"cmd":"subscribe"}"#) == 2)
        #expect(try code(#"{"id":1,"cmd":"subscribe","params":{}}"#) == 3)
        #expect(try code(#"{"id":1,"cmd":"dance"}"#) == 5)
        #expect(try code(#"{"id":1,"cmd":"subscribe","params":{"channels":["chess"]}}"#) == 8)
        #expect(
            try code(
                #"{"id":1,"cmd":"subscribe","params":{"channels":["trade"],"#
                    + #""market_tickers":["KXNONE"]}}"#) == 16)
        client.say(#"{"id":2,"cmd":"subscribe","params":{"channels":["trade","fill"]}}"#)
        _ = try client.hear("subscribed")
        _ = try client.hear("subscribed")
        #expect(try code(#"{"id":3,"cmd":"subscribe","params":{"channels":["fill"]}}"#) == 6)
        client.say(#"{"id":4,"cmd":"list_subscriptions"}"#)
        #expect((try client.hear("ok")["msg"] as? [Any])?.count == 2)
        client.say(#"{"id":5,"cmd":"unsubscribe","params":{"sids":[1]}}"#)
        #expect(try client.hear("unsubscribed")["sid"] as? Int == 1)
    }

    @Test func fillsAndOrdersComeOnTheirChannels() throws {
        let venue = try demo()
        defer { try? venue.stop() }
        let socket = venue.client()
        _ = try socket.openSocket()
        socket.say(#"{"id":1,"cmd":"subscribe","params":{"channels":["fill","user_orders"]}}"#)
        _ = try socket.hear("subscribed")
        let client = venue.client()
        var answer = RawClient.Answer(status: 0, text: "")
        // Until a maker quotes: the demo set begins with an empty book.
        for attempt in 0..<200 {
            answer = try client.post(
                "/portfolio/events/orders",
                orderBody(
                    "KXDEMO-EVEN", "bid", "0.99", "1", "immediate_or_cancel",
                    client: "take-\(attempt)"))
            if answer.string("fill_count") == "1.00" { break }
            usleep(20_000)
        }
        let fill = try socket.hear("fill")["msg"] as? [String: Any] ?? [:]
        #expect(fill["order_id"] as? String == answer.string("order_id"))
        #expect(fill["book_side"] as? String == "bid" && fill["is_taker"] as? Bool == true)
        #expect(Money(decimal: fill["fee_cost"] as? String ?? "") != nil)
        let listed = try client.get("/portfolio/fills")
        #expect(listed.text.contains(answer.string("order_id") ?? "?"))
        let positions = try client.get("/portfolio/positions")
        #expect(positions.text.contains(#""position_fp":"1.00""#))
    }
}
