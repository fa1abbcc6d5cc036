import Execution
import Testing
import Trading

@testable import Venues

/// Settlements in live, where the venue's record may come long after its word.
@Suite struct KalshiSettlementTests {
    private static let asked = "GET /portfolio/settlements?ticker=M-1&limit=1000"
    private static let none = #"{"settlements":[],"cursor":""}"#
    private static let record =
        #"{"settlements":[{"ticker":"M-1","market_result":"yes","yes_count_fp":"3.00","#
        + #""no_count_fp":"0.00","revenue":300,"value":100,"#
        + #""settled_time":"2026-07-24T00:05:05Z"}]}"#
    private static let fill =
        #"{"type":"fill","sid":2,"msg":{"trade_id":"t-1","order_id":"o-1","market_ticker":"M-1","#
        + #""is_taker":true,"book_side":"bid","yes_price_dollars":"0.4100","count_fp":"3.00","#
        + #""fee_cost":"0.0600","ts_ms":1770000000123}}"#

    /// A live session; where `holdings` is given, the account was asked what it holds.
    private func connected(holdings: String?) throws -> SessionBench {
        var bench = try SessionBench(isReplay: false)
        bench.connect()
        if let holdings {
            bench.put(.submit(.positions, VenueCallID(1)))
            bench.answer(
                "GET /portfolio/positions?limit=1000", #"{"market_positions":[\#(holdings)]}"#)
        }
        bench.wait(.seconds(1))
        _ = bench.takeEvents()
        return bench
    }

    private func settle(_ bench: inout SessionBench) {
        bench.receive(
            SessionBench.lifecycle(
                "M-1", "determined", #","result":"yes","settlement_value":"1.0000""#))
        bench.receive(SessionBench.lifecycle("M-1", "settled", #","settled_ts":1770000001"#))
        _ = bench.takeEvents()
    }

    @Test func aMarketThatWasTradedIsNeverSettledWithoutItsRecord() throws {
        var bench = try connected(holdings: "")
        bench.receive(KalshiSettlementTests.fill)
        settle(&bench)
        var told: [String] = []
        for _ in 0..<30 {
            bench.answer(KalshiSettlementTests.asked, KalshiSettlementTests.none)
            // It is asked again, at least once an hour.
            bench.wait(.seconds(3_600))
            told += bench.takeEvents()
        }
        #expect(told.count == 1)
        #expect(told.first?.hasPrefix("refused settlement") == true)
        bench.answer(KalshiSettlementTests.asked, KalshiSettlementTests.record)
        #expect(bench.takeEvents() == ["settled M-1 yes 3 3", "instrument M-1 settled"])
        bench.wait(.seconds(7_200))
        #expect(bench.requests.isEmpty)
    }

    @Test func askingSlowsDown() throws {
        var bench = try connected(holdings: "")
        bench.receive(KalshiSettlementTests.fill)
        settle(&bench)
        var asked = 0
        for _ in 0..<3_600 {
            if !bench.requests.isEmpty {
                asked += 1
                bench.answer(KalshiSettlementTests.asked, KalshiSettlementTests.none)
            }
            bench.wait(.seconds(1))
        }
        #expect((10...14).contains(asked), "asked \(asked) times in an hour")
    }

    @Test func aMarketThatIsHeldIsNeverSettledWithoutItsRecord() throws {
        var bench = try connected(holdings: #"{"ticker":"M-1","position_fp":"3.00"}"#)
        settle(&bench)
        bench.answer(KalshiSettlementTests.asked, KalshiSettlementTests.none)
        bench.wait(.seconds(60))
        bench.answer(KalshiSettlementTests.asked, KalshiSettlementTests.record)
        #expect(bench.takeEvents() == ["settled M-1 yes 3 3", "instrument M-1 settled"])
    }

    /// Before the account was asked what it holds, it may hold anything.
    @Test func aMarketIsNotSettledForNothingBeforeHoldingsAreKnown() throws {
        var bench = try connected(holdings: nil)
        settle(&bench)
        bench.answer(KalshiSettlementTests.asked, KalshiSettlementTests.none)
        bench.wait(.seconds(60))
        bench.answer(KalshiSettlementTests.asked, KalshiSettlementTests.none)
        #expect(bench.takeEvents().isEmpty)
    }

    /// No channel tells of a dispute: it shows when the venue is asked what is held.
    @Test(arguments: [("disputed", "disputed"), ("determined", "resolved")])
    func aMarketThatIsHeldBeyondItsCloseIsLookedAt(status: String, told: String) throws {
        let holdings = #"{"ticker":"M-1","position_fp":"3.00"}"#
        var bench = try connected(holdings: holdings)
        let ask = { (bench: inout SessionBench) in
            bench.put(.submit(.positions, VenueCallID(2)))
            bench.answer(
                "GET /portfolio/positions?limit=1000", #"{"market_positions":[\#(holdings)]}"#)
        }
        ask(&bench)
        #expect(bench.requests.isEmpty, "it is open")
        bench.receive(
            SessionBench.lifecycle(
                "M-1", "determined", #","result":"yes","settlement_value":"1.0000""#))
        _ = bench.takeEvents()
        ask(&bench)
        _ = bench.takeEvents()
        bench.answer(
            "GET /markets/M-1", #"{"market":\#(SessionBench.market("M-1", status: status))}"#)
        #expect(bench.takeEvents() == ["instrument M-1 \(told)"])
    }

    @Test func aMarketThatWasNeverTouchedSettlesForNothing() throws {
        var bench = try connected(holdings: "")
        settle(&bench)
        bench.answer(KalshiSettlementTests.asked, KalshiSettlementTests.none)
        #expect(bench.takeEvents() == ["settled M-1 yes 0 0", "instrument M-1 settled"])
    }

    /// The question is put again on the next connection, although the market is listed no more.
    @Test func aLostConnectionForgetsNoSettlement() throws {
        var bench = try connected(holdings: "")
        bench.receive(KalshiSettlementTests.fill)
        settle(&bench)
        bench.answer(KalshiSettlementTests.asked, KalshiSettlementTests.none)
        bench.put(.socketClosed("lost"))
        bench.wait(.seconds(5))
        bench.put(.socketOpened)
        let command = try #require(bench.session.stream.commands.keys.first.map(Int.init))
        for (channel, sid) in [("market_lifecycle_v2", 1), ("fill", 2), ("user_orders", 3)] {
            bench.receive(SessionBench.subscribed(command, channel, sid: sid))
        }
        bench.answer("GET /markets?status=open&limit=1000", #"{"markets":[]}"#)
        let oldest = 1_770_000_006 - 7 * 86_400
        bench.answer(
            "GET /portfolio/settlements?min_ts=\(oldest)&limit=1000", KalshiSettlementTests.none)
        _ = bench.takeEvents()
        bench.answer(KalshiSettlementTests.asked, KalshiSettlementTests.record)
        #expect(bench.takeEvents() == ["settled M-1 yes 3 3"])
    }
}
