import Execution
import Testing
import Trading

@testable import Venues

@Suite struct KalshiCallTests {
    private func reference(_ text: String) -> VenueReference { VenueReference(text) ?? .empty }

    private func ticket(
        _ client: String = "c-1", timeInForce: TimeInForce = .goodTillTime,
        quantity: Quantity = Quantity(10), price: Price = Price(units: 560_000_000)
    ) throws -> VenueTicket {
        VenueTicket(
            clientOrderID: reference(client), instrument: try #require(InstrumentID("M-1")),
            side: .sell, price: price, quantity: quantity, timeInForce: timeInForce,
            isPostOnly: true, expiresAt: Timestamp(nanoseconds: 1_770_000_060_999_999_999))
    }

    private func placed(_ ticket: VenueTicket, isReplay: Bool = false) throws -> SessionBench {
        var bench = try SessionBench(isReplay: isReplay)
        bench.put(.submit(.place(ticket), VenueCallID(1)))
        return bench
    }

    private let target = "POST /portfolio/events/orders"

    @Test func anOrderIsSentAsTheVenueWantsIt() throws {
        let bench = try placed(ticket())
        let body = try #require(bench.requests.first?.request.body)
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"ticker":"M-1","client_order_id":"c-1","side":"ask","count":"10.00","#
                + #""price":"0.5600","time_in_force":"good_till_canceled","#
                + #""self_trade_prevention_type":"taker_at_cross","post_only":true,"#
                + #""expiration_time":1770000060}"#)
    }

    @Test func anOrderThatDoesNotRestHasNoExpiry() throws {
        for timeInForce in [TimeInForce.immediateOrCancel, .fillOrKill] {
            let bench = try placed(ticket(timeInForce: timeInForce))
            let body = String(decoding: bench.requests[0].request.body, as: UTF8.self)
            #expect(!body.contains("expiration"))
        }
    }

    @Test(arguments: [
        (#""0.00""#, #""10.00""#, TimeInForce.goodTillTime, "placed o-1 working"),
        (#""4.00""#, #""6.00""#, .goodTillTime, "placed o-1 working"),
        (#""10.00""#, #""0.00""#, .goodTillTime, "placed o-1 filled"),
        (#""0.00""#, #""0.00""#, .goodTillTime, "placed o-1 cancelled"),
        (#""4.00""#, #""0.00""#, .immediateOrCancel, "placed o-1 cancelled"),
        (#""4.00""#, #""6.00""#, .immediateOrCancel, "placed o-1 cancelled"),
        (#""10.00""#, #""0.00""#, .fillOrKill, "placed o-1 filled"),
        // More than was asked, or nothing that can be read: who knows.
        (#""11.00""#, #""0.00""#, .goodTillTime, "unknown"),
        ("10", #""0.00""#, .fillOrKill, "placed o-1 filled"),
        ("null", #""0.00""#, .fillOrKill, "unknown"),
    ])
    func placementsAreRead(
        _ filled: String, _ remaining: String, _ timeInForce: TimeInForce, _ expected: String
    ) throws {
        var bench = try placed(ticket(timeInForce: timeInForce))
        bench.answer(
            target, status: 201,
            #"{"order_id":"o-1","fill_count":\#(filled),"remaining_count":\#(remaining),"ts_ms":1}"#
        )
        #expect(bench.takeEvents().filter { !$0.hasPrefix("refused") } == [expected])
    }

    @Test(arguments: [
        (
            400, #"{"code":"invalid_price","message":"off the grid"}"#,
            "declined invalid_price off the grid"
        ),
        (400, #"{"error":{"code":"bad","message":"very"}}"#, "declined bad very"),
        (409, #"{"error":{"code":"post_only_cross","message":""}}"#, "declined post_only_cross "),
        (429, #"{"error":"too many requests"}"#, "declined http-429 too many requests"),
        (403, "not JSON", "declined http-403 "),
        (409, #"{"code":"order_already_exists","message":""}"#, "unknown"),
        (409, "", "unknown"), (408, "", "unknown"), (500, "{}", "unknown"), (503, "", "unknown"),
        (302, "", "unknown"), (200, "not JSON", "unknown"), (201, "{}", "unknown"),
    ])
    func refusalsAndDoubtsAreToldApart(
        _ status: Int, _ body: String, _ expected: String
    ) throws {
        var bench = try placed(ticket())
        bench.answer(target, status: status, body)
        #expect(bench.takeEvents().filter { !$0.hasPrefix("refused") } == [expected])
        // Whatever it was, an order goes out once.
        bench.wait(.seconds(60))
        #expect(bench.requests.isEmpty)
    }

    @Test func noAnswerIsUnknownAndNoConnectionIsNotSent() throws {
        var bench = try placed(ticket())
        bench.fail(.lost("timeout"))
        #expect(bench.takeEvents() == ["unknown"])
        bench = try placed(ticket())
        bench.fail(.notSent("refused"))
        #expect(bench.takeEvents() == ["notSent"])
    }

    @Test func amountsThatTheVenueCannotTakeAreNotSent() throws {
        var bench = try placed(ticket(quantity: Quantity(units: 5_000_000)))
        #expect(bench.takeEvents() == ["notSent"])
        bench = try placed(ticket(price: .one))
        #expect(bench.takeEvents() == ["notSent"])
        bench = try placed(ticket(price: Price(units: 560_000_001)))
        #expect(bench.takeEvents() == ["notSent"])
        #expect(bench.requests.isEmpty)
    }

    @Test func placementsStopAtTheReserveAndCancelsGoOn() throws {
        var bench = try SessionBench(isReplay: false, options: ["concurrency": "64"])
        for number in 0..<40 {
            bench.put(.submit(.place(try ticket("c-\(number)")), VenueCallID(UInt64(number))))
        }
        // Basic tier: two seconds of 100 tokens, ten a call, a fifth kept back.
        #expect(bench.requests.count == 16)
        #expect(bench.takeEvents().count == 24)
        for number in 0..<6 {
            bench.put(
                .submit(
                    .cancel(clientOrderID: reference("c-0"), venueOrderID: reference("o-0")),
                    VenueCallID(UInt64(100 + number))))
        }
        #expect(bench.requests.filter { $0.request.lane == .cancel }.count == 4)
        bench.wait(.milliseconds(200))
        #expect(bench.requests.filter { $0.request.lane == .cancel }.count == 6)
    }

    @Test func cancelsOvertakeWhatWaits() throws {
        var bench = try SessionBench(isReplay: false, options: ["concurrency": "2"])
        for id in 1...4 { bench.put(.submit(.balance, VenueCallID(UInt64(id)))) }
        #expect(bench.requests.count == 1)
        bench.put(
            .submit(
                .cancel(clientOrderID: reference("c"), venueOrderID: reference("o")),
                VenueCallID(9)))
        #expect(bench.requests.count == 2)
        #expect(bench.requests.last?.request.method == .delete)
    }

    @Test func aPlacementThatWaitsTooLongIsNotSent() throws {
        var bench = try SessionBench(isReplay: false, options: ["concurrency": "2"])
        bench.put(.submit(.place(try ticket("c-1")), VenueCallID(1)))
        bench.put(.submit(.place(try ticket("c-2")), VenueCallID(2)))
        #expect(bench.requests.count == 1)
        bench.wait(.milliseconds(501))
        #expect(bench.takeEvents() == ["notSent"])
    }

    @Test func tooManyRequestsShutsTheDoorForAWhile() throws {
        var bench = try SessionBench(isReplay: false)
        bench.put(.submit(.balance, VenueCallID(1)))
        bench.answer("GET /portfolio/balance", status: 429, #"{"error":"too many requests"}"#)
        #expect(bench.requests.isEmpty)
        #expect(bench.takeEvents().isEmpty)
        bench.wait(.milliseconds(240))
        #expect(bench.requests.isEmpty)
        bench.wait(.milliseconds(100))
        bench.answer("GET /portfolio/balance", #"{"balance_dollars":"1.2345"}"#)
        #expect(bench.takeEvents() == ["balance 1.2345"])
    }

    @Test func ordersAreFoundByOurId() throws {
        var bench = try SessionBench(isReplay: false)
        bench.put(.submit(.order(clientOrderID: reference("c-7")), VenueCallID(1)))
        let order = { (client: String, id: String) in
            #"{"order_id":"\#(id)","client_order_id":"\#(client)","ticker":"M-1","#
                + #""status":"resting","book_side":"bid","yes_price_dollars":"0.5","#
                + #""fill_count_fp":"0.00","remaining_count_fp":"1.00"}"#
        }
        bench.answer(
            "GET /portfolio/orders?limit=1000",
            #"{"orders":[\#(order("c-1", "o-1"))],"cursor":"next page"}"#)
        bench.answer(
            "GET /portfolio/orders?limit=1000&cursor=next%20page",
            #"{"orders":[\#(order("c-7", "o-7"))],"cursor":""}"#)
        #expect(bench.takeEvents() == ["order working"])
        // Now the venue's id is known.
        bench.put(.submit(.order(clientOrderID: reference("c-7")), VenueCallID(2)))
        bench.answer(
            "GET /portfolio/orders/o-7", #"{"order":\#(order("c-7", "o-7"))}"#)
        #expect(bench.takeEvents() == ["order working"])
    }

    @Test func anOrderIsAbsentOnlyWhenListingsCanBeTrusted() throws {
        var bench = try placed(ticket())
        bench.fail(.lost("timeout"))
        for (wait, expected) in [(Span.zero, "unknown"), (.seconds(6), "order none")] {
            bench.wait(wait)
            _ = bench.takeEvents()
            bench.put(.submit(.order(clientOrderID: reference("c-1")), VenueCallID(2)))
            bench.answer(
                "GET /portfolio/orders?ticker=M-1&limit=1000", #"{"orders":[],"cursor":""}"#)
            #expect(bench.takeEvents() == [expected])
        }
    }

    @Test func aCancelWithoutTheVenuesIdLooksItUp() throws {
        var bench = try SessionBench(isReplay: true)
        bench.put(
            .submit(.cancel(clientOrderID: reference("c-1"), venueOrderID: nil), VenueCallID(1)))
        bench.answer(
            "GET /portfolio/orders?limit=1000",
            #"{"orders":[{"order_id":"o-1","client_order_id":"c-1","ticker":"M-1","#
                + #""status":"resting","outcome_side":"no","yes_price_dollars":"0.5","#
                + #""fill_count_fp":"0.00","remaining_count_fp":"1.00"}]}"#)
        bench.answer(
            "DELETE /portfolio/events/orders/o-1", #"{"order_id":"o-1","reduced_by":"1.00"}"#)
        #expect(bench.takeEvents() == ["cancelled c-1 1"])
        bench.put(
            .submit(.cancel(clientOrderID: reference("c-2"), venueOrderID: nil), VenueCallID(2)))
        bench.answer("GET /portfolio/orders?limit=1000", #"{"orders":[]}"#)
        #expect(
            bench.takeEvents() == ["declined not_found the venue knows no such order"])
    }

    @Test func everythingIsCancelledOneByOne() throws {
        var bench = try SessionBench(isReplay: true)
        bench.put(.submit(.cancelAll, VenueCallID(1)))
        let orders = (1...3).map {
            #"{"order_id":"o-\#($0)","client_order_id":"","ticker":"M-1","status":"resting","#
                + #""book_side":"bid","yes_price_dollars":"0.5","fill_count_fp":"0.00","#
                + #""remaining_count_fp":"1.00"}"#
        }.joined(separator: ",")
        bench.answer(
            "GET /portfolio/orders?status=resting&limit=1000", #"{"orders":[\#(orders)]}"#)
        bench.answer(
            "DELETE /portfolio/events/orders/o-1", #"{"order_id":"o-1","reduced_by":"1.00"}"#)
        bench.answer("DELETE /portfolio/events/orders/o-2", status: 404, "{}")
        bench.answer(
            "DELETE /portfolio/events/orders/o-3", #"{"order_id":"o-3","reduced_by":"1.00"}"#)
        #expect(bench.takeEvents() == ["cancelledAll 2"])
    }

    @Test func fillsOfUnknownOrdersAreLookedUp() throws {
        var bench = try SessionBench(isReplay: true)
        bench.put(
            .submit(.fills(since: Timestamp(nanoseconds: 5_900_000_000)), VenueCallID(1)))
        let fill = { (trade: Int, order: String) in
            #"{"fill_id":"t-\#(trade)","trade_id":"t-\#(trade)","order_id":"\#(order)","#
                + #""ticker":"M-1","market_ticker":"M-1","side":"yes","action":"sell","#
                + #""count_fp":"1.00","yes_price_dollars":"0.5000","no_price_dollars":"0.5000","#
                + #""is_taker":true,"fee_cost":"0.02","created_time":"2026-07-24T00:00:0\#(trade)Z"}"#
        }
        bench.answer(
            "GET /portfolio/fills?min_ts=5&limit=1000",
            #"{"fills":[\#(fill(3, "o-2")),\#(fill(2, "o-1"))],"cursor":"x"}"#)
        bench.answer(
            "GET /portfolio/fills?min_ts=5&limit=1000&cursor=x",
            #"{"fills":[\#(fill(1, "o-1"))],"cursor":""}"#)
        bench.answer(
            "GET /portfolio/orders/o-1",
            #"{"order":{"order_id":"o-1","client_order_id":"c-1","ticker":"M-1","#
                + #""status":"executed","book_side":"ask","yes_price_dollars":"0.5","#
                + #""fill_count_fp":"2.00","remaining_count_fp":"0.00"}}"#)
        bench.answer("GET /portfolio/orders/o-2", status: 404, "{}")
        #expect(bench.takeEvents() == ["fills t-1/c-1 t-2/c-1 t-3/"])
    }

    @Test func feesComeFromTheSeries() throws {
        var bench = try SessionBench(isReplay: true)
        bench.connect(["M-1", "M-2"])
        _ = bench.takeEvents()
        bench.put(.submit(.feeSchedule, VenueCallID(1)))
        bench.answer(
            "GET /series/KXBTC",
            #"{"series":{"ticker":"KXBTC","fee_type":"quadratic_with_maker_fees","#
                + #""fee_multiplier":0.5,"tags":null}}"#)
        #expect(
            bench.takeEvents() == ["fees M-1 0.035/0.00875, M-2 0.035/0.00875"])
    }

    @Test func anUnknownFeeTypeLeavesTheInstrumentOut() throws {
        var bench = try SessionBench(isReplay: true)
        bench.connect()
        _ = bench.takeEvents()
        bench.put(.submit(.feeSchedule, VenueCallID(1)))
        bench.answer(
            "GET /series/KXBTC",
            #"{"series":{"ticker":"KXBTC","fee_type":"flat","fee_multiplier":1}}"#)
        #expect(
            bench.takeEvents() == ["refused fee type flat of M-1 is not known", "fees "])
    }

    @Test func booksAndHealthAreRead() throws {
        var bench = try SessionBench(isReplay: true)
        bench.put(.submit(.book(try #require(InstrumentID("M-1"))), VenueCallID(1)))
        bench.answer(
            "GET /markets/M-1/orderbook",
            #"{"orderbook_fp":{"yes_dollars":[["0.4400","10.00"]],"no_dollars":[]}}"#)
        bench.put(.submit(.health, VenueCallID(2)))
        bench.answer("GET /exchange/status", #"{"exchange_active":true,"trading_active":true}"#)
        bench.put(.submit(.health, VenueCallID(3)))
        bench.answer("GET /exchange/status", #"{"exchange_active":true,"trading_active":false}"#)
        #expect(
            bench.takeEvents() == [
                "book M-1 1/0", "healthy", "declined trading_inactive trading is paused",
            ])
    }

    @Test func oneUnusableMarketDoesNotHideTheOthers() throws {
        var bench = try SessionBench(isReplay: true, options: ["series": "KXA,KXB"])
        bench.put(.submit(.instruments, VenueCallID(1)))
        let long = SessionBench.market(String(repeating: "L", count: 33), event: "E")
        bench.answer(
            "GET /markets?status=open&limit=1000&series_ticker=KXA",
            #"{"markets":[\#(long),\#(SessionBench.market("KXA-1"))],"cursor":""}"#)
        bench.answer(
            "GET /markets?status=open&limit=1000&series_ticker=KXB",
            #"{"markets":[\#(SessionBench.market("KXB-1", event: "KXA-1"))],"cursor":""}"#)
        bench.answer("GET /events/KXA-1", SessionBench.event("KXA-1"))
        let events = bench.takeEvents()
        #expect(events.count == 2)
        #expect(events.first?.hasPrefix("refused market left out") == true)
        #expect(events.last == "instruments 2")
    }
}
