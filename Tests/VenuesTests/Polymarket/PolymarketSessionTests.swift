import Execution
import Foundation
import Testing
import Trading

@testable import Venues

struct PolymarketConnectionTests {
    @Test func connectsInSteps() throws {
        var bench = try PolymarketBench()
        bench.connect()
        #expect(bench.socketEffects == ["open market", "open user"])
        #expect(
            bench.takeEvents() == ["instrument M open", "book M 30@0.48 25@0.52", "connected"])
        #expect(bench.sent.count == 2)
        #expect(bench.sent[0].contains(#""assets_ids":["11","22"]"#))
        #expect(bench.sent[1].contains(#""apiKey":"our-key","secret":"AAAA""#))
    }

    @Test func keepsAliveAndBeats() throws {
        var bench = try PolymarketBench()
        bench.connect()
        bench.sent = []
        bench.wait(.milliseconds(20))
        #expect(try bench.body("POST /v1/heartbeats")["heartbeat_id"] as? String == "")
        bench.answer("POST /v1/heartbeats", #"{"heartbeat_id":"h-1"}"#)
        bench.wait(.seconds(10))
        #expect(bench.sent == ["market PING", "user PING"])
        #expect(try bench.body("POST /v1/heartbeats")["heartbeat_id"] as? String == "h-1")
        bench.receive(.market, "PONG")
        // A beat that is refused begins anew.
        bench.answer("POST /v1/heartbeats", status: 400, #"{"error":"unknown heartbeat"}"#)
        bench.wait(.seconds(5))
        #expect(try bench.body("POST /v1/heartbeats")["heartbeat_id"] as? String == "")
    }

    @Test func aKeyThatIsRefusedIsAskedForAgain() throws {
        var bench = try PolymarketBench()
        bench.connect()
        bench.put(.socketClosed(.user, "gone"))
        bench.wait(.milliseconds(250))
        bench.answer("GET /markets/\(PolymarketBench.condition)", PolymarketBench.market())
        bench.answer(
            "GET /data/trades?next_cursor=MA%3D%3D", status: 401, #"{"error":"Invalid api key"}"#)
        bench.wait(.milliseconds(500))
        #expect(bench.requests.last?.request.path == "/auth/derive-api-key")
    }

    @Test func anOrderInAnotherMarketIsLeftAside() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.put(.submit(.openOrders, VenueCallID(1)))
        let hash = "0x" + String(repeating: "5", count: 64)
        bench.answer(
            "GET /data/orders?next_cursor=MA%3D%3D",
            #"{"data":[{"id":"\#(hash)","asset_id":"99","market":"0xff","side":"BUY","#
                + #""original_size":"10","size_matched":"0","price":"0.5","status":"LIVE"}],"#
                + #""next_cursor":"LTE="}"#)
        #expect(
            bench.takeEvents() == [
                "refused an order rests in 0xff, which is not followed", "openOrders ",
            ])
    }

    @Test func aLostStreamEndsBothAndBeginsAnew() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.put(.socketClosed(.user, "gone"))
        #expect(bench.takeEvents() == ["disconnected"])
        #expect(bench.socketEffects.suffix(2) == ["close market", "close user"])
        bench.wait(.milliseconds(250))
        bench.prepareAgain()
        #expect(bench.takeEvents().last == "connected")
    }

    @Test func aMessageThatCannotBeUsedEndsTheConnection() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.receive(.market, #"{"event_type":"book","asset_id":"11"}"#)
        #expect(bench.takeEvents() == ["refused book.market is missing", "disconnected"])
    }

    @Test func aBookThatDoesNotComeEndsTheConnection() throws {
        var bench = try PolymarketBench()
        bench.put(.start)
        bench.answer(
            "GET /auth/derive-api-key",
            #"{"apiKey":"our-key","secret":"AAAA","passphrase":"words"}"#)
        bench.prepare(fees: "{}")
        bench.put(.socketOpened(.user))
        bench.put(.socketOpened(.market))
        bench.wait(.seconds(11))
        #expect(bench.takeEvents().last == "disconnected")
    }
}

extension PolymarketBench {
    /// The second connection: the key is known already, and what it costs.
    mutating func prepareAgain() {
        answer("GET /markets/\(PolymarketBench.condition)", PolymarketBench.market())
        answer("GET /data/trades?next_cursor=MA%3D%3D", PolymarketBench.page)
        answer("GET /data/orders?next_cursor=MA%3D%3D", PolymarketBench.page)
        put(.socketOpened(.market))
        put(.socketOpened(.user))
        receive(.market, PolymarketBench.book())
    }
}

struct PolymarketBookTests {
    private let target = "GET /book?token_id=11"

    @Test func changesOfTheOtherTokenAreTheSameBook() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        let change = { (token: String, price: String, size: String, side: String) in
            #"{"asset_id":"\#(token)","price":"\#(price)","size":"\#(size)","side":"\#(side)"}"#
        }
        bench.receive(
            .market,
            #"{"event_type":"price_change","market":"m","timestamp":"1770000000001","#
                + #""price_changes":[\#(change("11", "0.49", "7", "BUY")),"#
                + #"\#(change("22", "0.51", "7", "SELL")),"#
                + #"\#(change("11", "0.52", "0", "SELL"))]}"#)
        #expect(bench.takeEvents() == ["book M 7@0.49 -"])
    }

    @Test func aDifferenceThatStaysEndsTheConnection() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.wait(.seconds(5))
        bench.answer(target, PolymarketBench.statedBook())
        #expect(bench.takeEvents().isEmpty)
        bench.wait(.seconds(5))
        bench.answer(target, PolymarketBench.statedBook("0.47"))
        #expect(bench.takeEvents() == ["stale M"])
        // It was only on its way.
        bench.answer(target, PolymarketBench.statedBook())
        #expect(bench.takeEvents() == ["book M 30@0.48 25@0.52"])
        bench.wait(.seconds(5))
        bench.answer(target, PolymarketBench.statedBook("0.47"))
        bench.answer(target, PolymarketBench.statedBook("0.47"))
        #expect(bench.takeEvents() == ["stale M", "disconnected"])
    }

    @Test func aBookWhoseSumIsWrongIsRefused() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.wait(.seconds(5))
        bench.answer(target, PolymarketBench.statedBook().replacing("\"30\"", with: "\"31\""))
        let events = bench.takeEvents()
        #expect(events.count == 1)
        #expect(events.first?.hasPrefix("refused hash") == true)
    }

    @Test func aCrossedBookIsStaleAtOnce() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.receive(.market, PolymarketBench.book("0.53", "0.52"))
        #expect(bench.takeEvents() == ["stale M"])
        bench.receive(.market, PolymarketBench.book())
        #expect(bench.takeEvents() == ["book M 30@0.48 25@0.52"])
    }

    @Test func aNewTickBeginsANewBook() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.receive(
            .market,
            #"{"event_type":"tick_size_change","asset_id":"11","market":"m","#
                + #""old_tick_size":"0.01","new_tick_size":"0.001","timestamp":"1"}"#)
        guard case .instrumentChanged(let told)? = bench.events.first else {
            Issue.record("the tick was not told")
            return
        }
        #expect(told.instrument.tick == Price(units: 1_000_000))
        #expect(bench.takeEvents() == ["instrument M open", "stale M"])
        bench.answer(target, PolymarketBench.statedBook())
        #expect(bench.takeEvents() == ["book M 30@0.48 25@0.52"])
    }

    @Test func aMirrorOfAPrintIsNotCountedTwice() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        let seen = { (token: String, price: String, side: String) in
            #"{"event_type":"last_trade_price","asset_id":"\#(token)","market":"m","#
                + #""price":"\#(price)","side":"\#(side)","size":"10","timestamp":"1770000000"}"#
        }
        bench.receive(.market, seen("11", "0.52", "BUY"))
        bench.receive(.market, seen("22", "0.48", "SELL"))
        bench.receive(.market, seen("22", "0.48", "SELL"))
        #expect(bench.takeEvents() == ["trade M buy 10@0.52", "trade M buy 10@0.52"])
    }
}

struct PolymarketOrderTests {
    @Test func placesAndFollowsAnOrderToTheChain() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        let hash = try bench.place("c-1", .buy, 10, at: 52)
        #expect(bench.takeEvents() == ["placed \(hash.prefix(40)) working"])
        bench.receive(.user, PolymarketBench.trade("MATCHED", taker: hash))
        // 10 × 0.04 × 0.52 × 0.48
        #expect(bench.takeEvents() == ["fill c-1 buy 10@0.52 fee 0.09984"])
        // The same again, and what changes nothing.
        bench.receive(.user, PolymarketBench.trade("MATCHED", taker: hash))
        bench.receive(.user, PolymarketBench.trade("MINED", taker: hash))
        bench.receive(.user, PolymarketBench.trade("RETRYING", taker: hash))
        #expect(bench.events.isEmpty)
        bench.receive(.user, PolymarketBench.trade("CONFIRMED", taker: hash))
        guard case .filled(let fill)? = bench.events.first else {
            Issue.record("the end was not told")
            return
        }
        #expect(fill.finality == .final)
    }

    @Test func aFailedTradeTakesItsFillBack() throws {
        var bench = try PolymarketBench()
        bench.connect()
        let hash = try bench.place("c-1", .buy, 10, at: 52)
        _ = bench.takeEvents()
        bench.receive(.user, PolymarketBench.trade("MATCHED", taker: hash))
        bench.receive(.user, PolymarketBench.trade("FAILED", taker: hash))
        let fills = bench.events.compactMap { event -> VenueFill? in
            if case .filled(let fill) = event { fill } else { nil }
        }
        #expect(fills.map(\.finality) == [.provisional, .busted])
        #expect(Set(fills.map(\.tradeID)).count == 1)
    }

    @Test func aMakersFillIsFree() throws {
        var bench = try PolymarketBench()
        bench.connect()
        let hash = try bench.place("c-1", .buy, 10, at: 48)
        _ = bench.takeEvents()
        // Somebody buys NO at 0.52: a pair is made of it and our YES at 0.48.
        bench.receive(
            .user,
            PolymarketBench.trade(
                "MATCHED", taker: "0x" + String(repeating: "7", count: 64), token: "22",
                maker: hash, owner: PolymarketBench.apiKey, price: "0.48"))
        #expect(bench.takeEvents() == ["fill c-1 buy 10@0.48 fee 0"])
    }

    @Test func sellsWhatIsHeldAndElseBuysTheOther() throws {
        var bench = try PolymarketBench()
        bench.connect()
        bench.put(.submit(.place(try bench.ticket("c-1", .sell, 10, at: 52)), VenueCallID(1)))
        var order = try #require(bench.body("POST /order")["order"] as? [String: Any])
        #expect(order["tokenId"] as? String == "22")
        #expect(order["side"] as? String == "BUY")
        #expect(order["makerAmount"] as? String == "4800000")
        #expect(order["takerAmount"] as? String == "10000000")
        bench.answer("POST /order", status: 400, #"{"error":"not enough balance"}"#)
        let bought = try bench.place("c-2", .buy, 10, at: 52)
        bench.receive(.user, PolymarketBench.trade("MATCHED", taker: bought))
        bench.receive(.user, PolymarketBench.trade("CONFIRMED", taker: bought))
        bench.put(.submit(.place(try bench.ticket("c-3", .sell, 10, at: 52)), VenueCallID(1)))
        order = try #require(bench.body("POST /order")["order"] as? [String: Any])
        #expect(order["tokenId"] as? String == "11")
        #expect(order["side"] as? String == "SELL")
        // What is offered cannot be offered again.
        bench.put(.submit(.place(try bench.ticket("c-4", .sell, 10, at: 52)), VenueCallID(2)))
        let last = try #require(bench.requests.last?.request.body)
        #expect(String(decoding: last, as: UTF8.self).contains(#""tokenId":"22""#))
    }

    @Test func anExpiryIsStatedAMinuteLater() throws {
        var bench = try PolymarketBench()
        bench.connect()
        bench.put(.submit(.place(try bench.ticket("c-1", .buy, 10, at: 52)), VenueCallID(1)))
        let body = try bench.body("POST /order")
        #expect(body["orderType"] as? String == "GTD")
        let order = try #require(body["order"] as? [String: Any])
        #expect(order["expiration"] as? String == "1770000150")
    }

    @Test func whatMayNotRestCostsWholeCents() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.put(
            .submit(.place(try bench.ticket("c-1", .buy, 3, at: 52, .fillOrKill)), VenueCallID(1)))
        let body = try bench.body("POST /order")
        #expect(body["orderType"] as? String == "FOK")
        let hash = try #require(bench.session.memory.hash(of: bench.reference("c-1")))
        bench.answer(
            "POST /order",
            #"{"success":true,"errorMsg":"","orderID":"\#(hash)","status":"matched","#
                + #""takingAmount":"3","makingAmount":"1.56","transactionsHashes":[]}"#)
        #expect(bench.takeEvents() == ["placed \(hash.prefix(40)) filled"])
        // Too small to rest.
        bench.put(.submit(.place(try bench.ticket("c-2", .buy, 4, at: 52)), VenueCallID(2)))
        #expect(bench.takeEvents() == ["notSent"])
    }

    @Test func aDoubtfulOrderIsAskedForByItsHash() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.put(.submit(.place(try bench.ticket("c-1", .buy, 10, at: 52)), VenueCallID(1)))
        let hash = try #require(bench.session.memory.hash(of: bench.reference("c-1")))
        bench.answer("POST /order", .lost("timeout"))
        #expect(bench.takeEvents() == ["unknown"])
        #expect(bench.requests.allSatisfy { $0.request.method != .post })
        let ask = { (bench: inout PolymarketBench) throws in
            bench.put(
                .submit(.order(clientOrderID: try bench.reference("c-1")), VenueCallID(2)))
        }
        try ask(&bench)
        bench.answer("GET /data/order/\(hash)", "null")
        #expect(bench.takeEvents() == ["unknown"])
        bench.wait(.seconds(5))
        try ask(&bench)
        bench.answer("GET /data/order/\(hash)", status: 404, #"{"error":"no such order"}"#)
        #expect(bench.takeEvents() == ["order none"])
        try ask(&bench)
        bench.answer("GET /data/order/\(hash)", PolymarketOrderTests.listed(hash, matched: 4))
        #expect(bench.takeEvents() == ["order working"])
    }

    /// The process ended between sending and answer: the next one knows the order by its name, in
    /// whichever token it was made, when it is asked for and when it is matched.
    @Test(arguments: [Side.buy, .sell])
    func anEarlierProcessesOrderIsKnownByItsName(side: Side) throws {
        var first = try PolymarketBench()
        first.connect()
        let ticket = try first.ticket("c-1", side, 10, at: 52, permittedAt: first.wall)
        first.put(.submit(.place(ticket), VenueCallID(1)))
        let hash = try #require(first.session.memory.hash(of: first.reference("c-1")))

        var next = try PolymarketBench()
        next.wait(.seconds(3))
        next.put(.recall([ticket]))
        next.connect()
        _ = next.takeEvents()
        #expect(try next.session.memory.hash(of: next.reference("c-1")) == nil)
        next.put(.submit(.order(clientOrderID: try next.reference("c-1")), VenueCallID(2)))
        let names = try next.session.memory.names(of: next.reference("c-1"))
        #expect(names.count == 2 && names.contains(hash))
        for name in names { next.answer("GET /data/order/\(name)", "null") }
        let token = side == .buy ? PolymarketBench.yes : PolymarketBench.no
        next.receive(
            .user,
            PolymarketBench.trade(
                "MATCHED", taker: hash, token: token, makerToken: token,
                price: side == .buy ? "0.52" : "0.48", takerOwner: "our-key"))
        let events = next.takeEvents()
        #expect(events.contains { $0.hasPrefix("fill c-1") }, "\(events)")
        #expect(try next.session.memory.hash(of: next.reference("c-1")) == hash)
    }

    private static func listed(_ hash: String, matched: Int) -> String {
        #"{"id":"\#(hash)","asset_id":"11","market":"\#(PolymarketBench.condition)","#
            + #""side":"BUY","original_size":"10","size_matched":"\#(matched)","price":"0.52","#
            + #""status":"LIVE","owner":"our-key"}"#
    }

    @Test func aCancelAsksWhatWasLeft() throws {
        var bench = try PolymarketBench()
        bench.connect()
        let hash = try bench.place("c-1", .buy, 10, at: 52)
        _ = bench.takeEvents()
        let cancel = { (bench: inout PolymarketBench) throws in
            bench.put(
                .submit(
                    .cancel(clientOrderID: try bench.reference("c-1"), venueOrderID: nil),
                    VenueCallID(2)))
        }
        try cancel(&bench)
        #expect(try bench.body("DELETE /order")["orderID"] as? String == hash)
        bench.answer(
            "DELETE /order", #"{"canceled":[],"not_canceled":{"\#(hash)":"matched"}}"#)
        #expect(bench.takeEvents() == ["declined not_canceled matched"])
        try cancel(&bench)
        bench.answer("DELETE /order", #"{"canceled":["\#(hash)"],"not_canceled":{}}"#)
        let listed = PolymarketOrderTests.listed(hash, matched: 4)
            .replacing("LIVE", with: "CANCELED")
        bench.answer("GET /data/order/\(hash)", listed)
        #expect(bench.takeEvents() == ["cancelled c-1 6"])
    }

    @Test func cancelsAllInOneCall() throws {
        var bench = try PolymarketBench()
        bench.connect()
        let hash = try bench.place("c-1", .buy, 10, at: 52)
        _ = bench.takeEvents()
        bench.put(.submit(.cancelAll, VenueCallID(2)))
        bench.answer("DELETE /cancel-all", #"{"canceled":["\#(hash)"],"not_canceled":{}}"#)
        #expect(bench.takeEvents() == ["cancelledAll 1"])
    }

    @Test(arguments: [
        (503, "the exchange is in cancel-only mode", "cancel_only"),
        (503, "Trading is currently disabled", "trading_disabled"),
    ])
    func anExchangeThatTakesNoOrdersIsPaused(
        _ status: Int, _ message: String, _ code: String
    ) throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.put(.submit(.place(try bench.ticket("c-1", .buy, 10, at: 52)), VenueCallID(1)))
        bench.answer("POST /order", status: status, #"{"error":"\#(message)"}"#)
        #expect(bench.takeEvents() == ["declined \(code) \(message)", "instrument M paused"])
        bench.put(.submit(.place(try bench.ticket("c-2", .buy, 10, at: 52)), VenueCallID(2)))
        #expect(bench.takeEvents() == ["notSent"])
        bench.wait(.seconds(10))
        #expect(bench.takeEvents().contains("instrument M open"))
    }

    @Test func anotherServersErrorLeavesTheOrderInDoubt() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.put(.submit(.place(try bench.ticket("c-1", .buy, 10, at: 52)), VenueCallID(1)))
        bench.answer("POST /order", status: 503, "<html>")
        #expect(bench.takeEvents() == ["unknown"])
        bench.put(.submit(.place(try bench.ticket("c-2", .buy, 10, at: 52)), VenueCallID(2)))
        bench.answer("POST /order", #"{"success":false,"errorMsg":"no balance","orderID":""}"#)
        #expect(bench.takeEvents() == ["declined refused no balance"])
    }
}

struct PolymarketAccountTests {
    @Test func pairsCountAsCash() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        let trades =
            #"{"data":[\#(PolymarketBench.trade("CONFIRMED", taker: "0x" + String(repeating: "7", count: 64), token: "22"))],"#
            + #""next_cursor":"LTE="}"#
        let holding = { (token: String) in
            "GET /balance-allowance?asset_type=CONDITIONAL&token_id=\(token)&signature_type=0"
        }
        bench.put(.submit(.balance, VenueCallID(1)))
        bench.answer("GET /data/trades?next_cursor=MA%3D%3D", trades)
        bench.answer(holding("11"), #"{"balance":"4000000"}"#)
        bench.answer(holding("22"), #"{"balance":"10000000"}"#)
        bench.answer(
            "GET /balance-allowance?asset_type=COLLATERAL&signature_type=0",
            #"{"balance":"90500000","allowances":{}}"#)
        #expect(bench.takeEvents() == ["balance 94.5"])
        bench.put(.submit(.positions, VenueCallID(2)))
        bench.answer("GET /data/trades?next_cursor=MA%3D%3D", trades)
        bench.answer(holding("11"), #"{"balance":"4000000"}"#)
        bench.answer(holding("22"), #"{"balance":"10000000"}"#)
        #expect(bench.takeEvents() == ["positions M -6"])
    }

    @Test func fillsAreListedWithWhatFailed() throws {
        var bench = try PolymarketBench()
        bench.connect()
        let hash = try bench.place("c-1", .buy, 10, at: 52)
        _ = bench.takeEvents()
        bench.put(.submit(.fills(since: Timestamp(seconds: 1_770_000_000)), VenueCallID(2)))
        let good = PolymarketBench.trade("MINED", taker: hash)
        let bad = PolymarketBench.trade("FAILED", taker: hash, id: "another")
        bench.answer(
            "GET /data/trades?after=1770000000&next_cursor=MA%3D%3D",
            #"{"data":[\#(good),\#(bad)],"next_cursor":"LTE="}"#)
        guard case .fills(_, let fills)? = bench.events.last else {
            Issue.record("no fills were told")
            return
        }
        #expect(
            fills.map { "\($0.tradeID)/\($0.clientOrderID) \($0.finality)" } == [
                "28c4d2ebbbea40e7a9f0b2fdb56b2c2et9999999/c-1 provisional",
                "anothert9999999/c-1 busted",
            ])
    }

    @Test func feesAreTheMarkets() throws {
        var bench = try PolymarketBench()
        bench.connect(fees: #"{"fd":{"r":0.25,"e":2,"to":true}}"#)
        _ = bench.takeEvents()
        bench.put(.submit(.feeSchedule, VenueCallID(1)))
        bench.answer(
            "GET /clob-markets/\(PolymarketBench.condition)", #"{"fd":{"r":0.02,"e":1}}"#)
        #expect(bench.takeEvents() == ["fees M 0.02/0"])
    }

    private let cash = "GET /balance-allowance?asset_type=COLLATERAL&signature_type=0"

    /// Asks whether we may trade and answers up to the allowance.
    private func ask(_ bench: inout PolymarketBench, closedOnly: Bool = false) {
        bench.put(.submit(.health, VenueCallID(1)))
        bench.answer("GET /time", "1770000000")
        bench.answer(
            "GET /auth/ban-status/closed-only", #"{"closed_only":\#(closedOnly)}"#)
    }

    @Test func aHealthyAccountIsSaidToBe() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        ask(&bench)
        bench.answer(
            cash,
            #"{"balance":"1","allowances":{"0xe111180000d2663c0091e4f400237545b87b996b":"9"}}"#)
        #expect(bench.takeEvents() == ["healthy"])
    }

    @Test func whatKeepsUsFromTradingIsSaid() throws {
        var bench = try PolymarketBench()
        bench.connect()
        _ = bench.takeEvents()
        bench.put(.submit(.health, VenueCallID(2)))
        bench.answer("GET /time", "1769999990")
        #expect(bench.takeEvents().first?.hasPrefix("declined clock_skew") == true)
        ask(&bench, closedOnly: true)
        #expect(bench.takeEvents().first?.hasPrefix("declined closed_only") == true)
        ask(&bench)
        bench.answer(
            cash,
            #"{"balance":"1","allowances":{"0xE111180000d2663C0091e4f400237545B87B996B":"0"}}"#)
        #expect(bench.takeEvents().first?.hasPrefix("declined no_allowance") == true)
    }
}

struct PolymarketConfigurationTests {
    private let funder = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

    private func configuration(
        _ url: String = "https://clob.example", keyID: String? = nil, isReplay: Bool = false,
        options: [String: String] = [:]
    ) throws(VenueSetupError) -> PolymarketConfiguration {
        try PolymarketConfiguration(
            VenueSettings(
                url: url, keyID: keyID ?? funder, keyFile: "none", isReplay: isReplay,
                options: options))
    }

    @Test func optionsAreChecked() throws {
        let wrong: [(String, String)] = [
            ("colour", "red"), ("chain", "1"), ("signature-type", "seal"), ("markets", "0x12"),
            ("concurrency", "0"), ("socket-url", "http://x/ws/"),
        ]
        for (option, value) in wrong {
            #expect { _ = try configuration(options: [option: value]) } throws: {
                ($0 as? VenueSetupError)?.option == option
            }
        }
        for url in ["", "http://", "ftp://h", "http://h/", "http://h/path", "http://h?x=1"] {
            #expect { _ = try configuration(url) } throws: {
                ($0 as? VenueSetupError)?.option == "url"
            }
        }
        #expect { _ = try configuration(keyID: "me") } throws: {
            ($0 as? VenueSetupError)?.option == "key-id"
        }
        #expect(try configuration(keyID: "").funder == nil)
        #expect {
            _ = try configuration(keyID: "", options: ["signature-type": "safe"])
        } throws: {
            ($0 as? VenueSetupError)?.option == "key-id"
        }
        #expect { _ = try configuration(isReplay: true) } throws: {
            ($0 as? VenueSetupError)?.option == "replay"
        }
        #expect(try configuration().socketURL == "wss://clob.example/ws/")
        #expect(try configuration().contracts.chainID == 137)
    }
}
