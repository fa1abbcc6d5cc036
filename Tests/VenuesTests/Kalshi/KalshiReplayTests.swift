import Execution
import Testing
import Trading

@testable import Venues

@Suite struct KalshiReplayTests {
    private func connected(_ tickers: [String] = ["M-1"]) throws -> SessionBench {
        var bench = try SessionBench(isReplay: true)
        bench.connect(tickers)
        _ = bench.takeEvents()
        _ = bench.takeSent()
        return bench
    }

    private func acknowledgement(_ id: Int, _ tick: Int) -> String {
        #"{"id":\#(id),"cmd":"clock_ack","params":{"tick":\#(tick)}}"#
    }

    @Test func ticksAreAcknowledgedWhenTold() throws {
        var bench = try connected()
        bench.receive(SessionBench.delta("M-1", "0.4500", "1.00", seq: 2))
        bench.receive(SessionBench.clock(1))
        #expect(bench.takeEvents() == ["book M-1 1@0.45 20@0.5", "tick 1"])
        #expect(bench.takeSent().isEmpty)
        bench.put(.acknowledge(TickNumber(1)))
        #expect(bench.takeSent() == [acknowledgement(4, 1)])
    }

    @Test func aNewMarketIsCompleteWithinItsTick() throws {
        var bench = try connected()
        bench.receive(SessionBench.lifecycle("M-2", "created"))
        bench.receive(SessionBench.delta("M-1", "0.4500", "1.00", seq: 2))
        bench.receive(SessionBench.clock(7))
        #expect(bench.takeEvents().isEmpty)
        bench.answer("GET /markets/M-2", #"{"market":\#(SessionBench.market("M-2"))}"#)
        bench.answer("GET /events/M-2", SessionBench.event("M-2"))
        #expect(bench.takeEvents().isEmpty)
        #expect(
            bench.takeSent() == [
                #"{"id":4,"cmd":"update_subscription","params":{"sids":[4],"market_tickers":["M-2"],"action":"add_markets"}}"#,
                #"{"id":5,"cmd":"update_subscription","params":{"sids":[5],"market_tickers":["M-2"],"action":"add_markets"}}"#,
            ])
        bench.receive(SessionBench.ok(4, sid: 4))
        bench.receive(SessionBench.ok(5, sid: 5, seq: 3))
        #expect(bench.takeEvents().isEmpty)
        bench.receive(SessionBench.snapshot("M-2", seq: 4))
        #expect(
            bench.takeEvents() == [
                "instrument M-2 open", "book M-2 10@0.4 20@0.5", "book M-1 1@0.45 20@0.5",
                "tick 7",
            ])
        bench.put(.acknowledge(TickNumber(7)))
        #expect(bench.takeSent() == [acknowledgement(6, 7)])
    }

    @Test func aSettlementIsCompleteWithinItsTick() throws {
        var bench = try connected()
        bench.receive(
            SessionBench.lifecycle(
                "M-1", "determined", #","result":"yes","settlement_value":"1.0000""#))
        bench.receive(SessionBench.clock(1))
        #expect(bench.takeEvents() == ["instrument M-1 resolved", "tick 1"])
        bench.put(.acknowledge(TickNumber(1)))
        _ = bench.takeSent()

        bench.receive(SessionBench.lifecycle("M-1", "settled", #","settled_ts":1770000000"#))
        bench.receive(SessionBench.clock(2))
        #expect(bench.takeEvents().isEmpty)
        bench.answer(
            "GET /portfolio/settlements?ticker=M-1&limit=1000",
            #"{"settlements":[{"ticker":"M-1","market_result":"yes","yes_count_fp":"3.00","#
                + #""no_count_fp":"0.00","revenue":300,"value":100,"#
                + #""settled_time":"2026-07-24T00:05:05Z"}]}"#)
        #expect(
            bench.takeEvents() == ["settled M-1 yes 3 3", "instrument M-1 settled", "tick 2"])
        // The farewell to its channels is part of the tick.
        bench.put(.acknowledge(TickNumber(2)))
        let sent = bench.takeSent()
        #expect(sent.count == 2)
        #expect(sent.allSatisfy { $0.contains("delete_markets") })
        bench.receive(SessionBench.ok(5, sid: 4))
        #expect(bench.takeSent().isEmpty)
        bench.receive(SessionBench.ok(6, sid: 5, seq: 2))
        #expect(bench.takeSent() == [acknowledgement(7, 2)])
    }

    @Test func aMarketWithoutAPositionSettlesForNothing() throws {
        var bench = try connected()
        bench.receive(SessionBench.lifecycle("M-1", "settled", #","settled_ts":1770000000"#))
        bench.receive(SessionBench.clock(2))
        bench.answer(
            "GET /portfolio/settlements?ticker=M-1&limit=1000", #"{"settlements":[]}"#)
        // Its verdict was not heard, so the market is asked.
        bench.answer(
            "GET /markets/M-1",
            #"{"market":\#(SessionBench.market("M-1", status: "finalized", result: "no"))}"#)
        #expect(bench.takeEvents() == ["settled M-1 no 0 0", "instrument M-1 settled", "tick 2"])
    }

    @Test func aLookUpThatFailsIsTriedAgainAndThenGivenUp() throws {
        var bench = try connected()
        bench.receive(SessionBench.lifecycle("M-1", "settled", #","settled_ts":1770000000"#))
        bench.receive(SessionBench.clock(2))
        for attempt in 0...6 {
            bench.fail(.lost("timeout"))
            if attempt < 6 { #expect(bench.takeEvents().isEmpty) }
            bench.wait(.seconds(20))
        }
        let events = bench.takeEvents()
        #expect(events.count == 2)
        #expect(events.first?.hasPrefix("refused") == true)
        #expect(events.last == "tick 2")
    }

    @Test func aDisconnectionReleasesWhatWasHeld() throws {
        var bench = try connected()
        bench.receive(SessionBench.lifecycle("M-2", "created"))
        bench.receive(
            #"{"type":"trade","sid":4,"msg":{"trade_id":"t","market_ticker":"M-1","count_fp":"1","#
                + #""yes_price_dollars":"0.5","taker_side":"yes","ts":1}}"#)
        bench.put(.socketClosed("lost"))
        #expect(bench.takeEvents() == ["trade M-1 buy 1@0.5", "disconnected"])
        // The answer to the old connection's question changes nothing.
        bench.answer("GET /markets/M-2", #"{"market":\#(SessionBench.market("M-2"))}"#)
        bench.answer("GET /events/M-2", SessionBench.event("M-2"))
        #expect(bench.takeEvents().isEmpty)
        #expect(bench.takeSent().isEmpty)
    }

    @Test func callsGoOutOneAtATimeInTheirOrder() throws {
        var bench = try connected()
        bench.put(.submit(.balance, VenueCallID(1)))
        bench.put(
            .submit(
                .cancel(clientOrderID: reference("c"), venueOrderID: reference("o")), VenueCallID(2)
            ))
        bench.put(.submit(.positions, VenueCallID(3)))
        #expect(bench.requests.count == 1)
        bench.answer("GET /portfolio/balance", #"{"balance":12345}"#)
        #expect(bench.requests.count == 1)
        bench.answer(
            "DELETE /portfolio/events/orders/o",
            #"{"order_id":"o","reduced_by":"4.00","ts_ms":1}"#)
        bench.answer(
            "GET /portfolio/positions?limit=1000",
            #"{"market_positions":[{"ticker":"M-1","position_fp":"-2.00"}],"event_positions":[]}"#)
        #expect(
            bench.takeEvents() == ["balance 123.45", "cancelled c 4", "positions M-1 -2"])
    }

    @Test func theEndOfMarketTimeIsNoTick() throws {
        var bench = try connected()
        bench.receive(#"{"type":"clock","sid":6,"msg":{"end":true,"tick":1,"ts_ns":5}}"#)
        #expect(bench.takeEvents().isEmpty)
    }

    private func reference(_ text: String) -> VenueReference { VenueReference(text) ?? .empty }
}
