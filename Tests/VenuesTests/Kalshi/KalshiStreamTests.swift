import Execution
import Testing
import Trading

@testable import Venues

@Suite struct KalshiConnectionTests {
    @Test func aConnectionIsCompleteBeforeItIsTold() throws {
        var bench = try SessionBench(isReplay: true)
        bench.connect(["M-2", "M-1"])
        #expect(bench.socketEffects == ["open"])
        #expect(
            bench.takeEvents() == [
                "instrument M-1 open", "instrument M-2 open", "book M-1 10@0.4 20@0.5",
                "book M-2 10@0.4 20@0.5", "connected",
            ])
        #expect(
            bench.takeSent() == [
                #"{"id":1,"cmd":"subscribe","params":{"channels":["market_lifecycle_v2","fill","user_orders"]}}"#,
                #"{"id":2,"cmd":"subscribe","params":{"channels":["trade","orderbook_delta"],"market_tickers":["M-1","M-2"]}}"#,
                #"{"id":3,"cmd":"subscribe","params":{"channels":["clock"]}}"#,
            ])
    }

    @Test func noMarketIsAConnectionToo() throws {
        var bench = try SessionBench(isReplay: false)
        bench.connect([])
        #expect(bench.takeEvents() == ["connected"])
        #expect(bench.takeSent().count == 1)
    }

    @Test func instrumentsCarryTheirTerms() throws {
        var bench = try SessionBench(isReplay: true)
        bench.connect()
        guard case .instrumentChanged(let instrument)? = bench.events.first else {
            Issue.record("no instrument")
            return
        }
        #expect(instrument.instrument.tick == Price(units: 10_000_000))
        #expect(instrument.instrument.lot == Quantity(units: 10_000_000))
        #expect(instrument.instrument.ruleHash.count == 64)
        #expect(instrument.instrument.closeAt - instrument.instrument.openAt == .seconds(300))
        #expect(instrument.isExclusive)
        #expect(!instrument.isExhaustive)
    }

    @Test func settlementsOfTheLastDaysAreToldOnce() throws {
        var bench = try SessionBench(isReplay: true)
        bench.put(.start)
        let settlement =
            #"{"settlements":[{"ticker":"OLD","event_ticker":"OLD","market_result":"no","#
            + #""yes_count_fp":"0.00","no_count_fp":"2.50","revenue":250,"value":0,"#
            + #""settled_time":"2026-07-23T00:00:00Z","fee_cost":"0.00"}],"cursor":""}"#
        for _ in 0..<2 {
            bench.put(.socketOpened)
            for (channel, sid) in [("market_lifecycle_v2", 1), ("fill", 2), ("user_orders", 3)] {
                bench.receive(
                    SessionBench.subscribed(
                        bench.session.stream.commands.keys.first.map(Int.init) ?? 0, channel,
                        sid: sid))
            }
            bench.answer("GET /markets?status=open&limit=1000", #"{"markets":[]}"#)
            bench.answer("GET /portfolio/settlements?limit=1000", settlement)
            bench.put(.socketClosed("test"))
        }
        #expect(
            bench.takeEvents() == [
                "settled OLD no -2.5 2.5", "connected", "disconnected", "connected",
                "disconnected",
            ])
    }

    @Test func aLostConnectionIsMadeAgainWithBackoff() throws {
        var bench = try SessionBench(isReplay: false)
        bench.put(.start)
        for wait in [250, 500, 1_000] {
            bench.put(.socketClosed("refused"))
            bench.socketEffects = []
            bench.wait(.milliseconds(Int64(wait - 1)))
            #expect(bench.socketEffects.isEmpty)
            bench.wait(.milliseconds(1))
            #expect(bench.socketEffects == ["open"])
        }
        // One loss is told once.
        #expect(bench.takeEvents() == ["disconnected"])
    }

    @Test func commandsThatAreNotAnsweredEndTheConnection() throws {
        var bench = try SessionBench(isReplay: false)
        bench.put(.start)
        bench.put(.socketOpened)
        bench.wait(.seconds(9))
        #expect(bench.socketEffects == ["open"])
        bench.wait(.seconds(2))
        #expect(bench.socketEffects.last?.hasPrefix("close") == true)
        bench.receive(SessionBench.subscribed(1, "fill", sid: 2))
        bench.put(.socketClosed("closed"))
        #expect(bench.takeEvents() == ["disconnected"])
    }

    @Test func listingsThatFailEndTheConnection() throws {
        var bench = try SessionBench(isReplay: false)
        bench.put(.start)
        bench.put(.socketOpened)
        for (channel, sid) in [("market_lifecycle_v2", 1), ("fill", 2), ("user_orders", 3)] {
            bench.receive(SessionBench.subscribed(1, channel, sid: sid))
        }
        bench.answer("GET /markets?status=open&limit=1000", status: 503, "")
        #expect(bench.socketEffects.last?.hasPrefix("close") == true)
    }
}

@Suite struct KalshiBookTests {
    private func connected(_ tickers: [String] = ["M-1"]) throws -> SessionBench {
        var bench = try SessionBench(isReplay: false)
        bench.connect(tickers)
        _ = bench.takeEvents()
        _ = bench.takeSent()
        return bench
    }

    @Test func updatesChangeTheBook() throws {
        var bench = try connected()
        bench.receive(SessionBench.delta("M-1", "0.4500", "2.50", seq: 2))
        bench.receive(SessionBench.delta("M-1", "0.4500", "-2.50", seq: 3))
        bench.receive(SessionBench.delta("M-1", "0.5200", "1.00", side: "no", seq: 4))
        #expect(
            bench.takeEvents() == [
                "book M-1 2.5@0.45 20@0.5", "book M-1 10@0.4 20@0.5", "book M-1 10@0.4 1@0.48",
            ])
    }

    @Test func aGapMakesEveryBookStaleUntilItsSnapshot() throws {
        var bench = try connected(["M-1", "M-2"])
        bench.receive(SessionBench.delta("M-1", "0.4500", "1.00", seq: 4))
        #expect(bench.takeEvents() == ["stale M-1", "stale M-2"])
        #expect(
            bench.takeSent() == [
                #"{"id":3,"cmd":"update_subscription","params":{"sids":[5],"market_tickers":["M-1","M-2"],"action":"get_snapshot"}}"#
            ])
        // Nothing is applied to a stale book.
        bench.receive(SessionBench.delta("M-1", "0.4500", "1.00", seq: 5))
        #expect(bench.takeEvents().isEmpty)
        bench.receive(SessionBench.snapshot("M-2", seq: 6, command: 3))
        bench.receive(SessionBench.delta("M-2", "0.4100", "1.00", seq: 7))
        bench.receive(SessionBench.snapshot("M-1", seq: 8, command: 3))
        #expect(
            bench.takeEvents() == [
                "book M-2 10@0.4 20@0.5", "book M-2 1@0.41 20@0.5", "book M-1 10@0.4 20@0.5",
            ])
        #expect(bench.session.stream.commands.isEmpty)
    }

    @Test func anUpdateThatDoesNotFitMakesItsBookStale() throws {
        var bench = try connected(["M-1", "M-2"])
        bench.receive(SessionBench.delta("M-1", "0.4000", "-10.01", seq: 3))
        #expect(bench.takeEvents() == ["stale M-1"])
        #expect(bench.takeSent().count == 1)
        bench.receive(SessionBench.delta("M-2", "0.4000", "-10.00", seq: 4))
        #expect(bench.takeEvents() == ["book M-2 - 20@0.5"])
    }

    @Test func anUpdateThatCannotBeReadMakesBooksStale() throws {
        var bench = try connected()
        bench.receive(
            SessionBench.delta("M-1", "0.4000", "1.00", seq: 2).replacing("\"yes\"", with: "5"))
        let events = bench.takeEvents()
        #expect(events.count == 2)
        #expect(events.first?.hasPrefix("refused") == true)
        #expect(events.last == "stale M-1")
        #expect(bench.takeSent().count == 1)
    }

    @Test func aBookThatDoesNotComeEndsTheConnection() throws {
        var bench = try connected()
        bench.receive(SessionBench.delta("M-1", "0.4000", "1.00", seq: 9))
        bench.wait(.seconds(11))
        #expect(bench.socketEffects.last?.hasPrefix("close") == true)
    }

    @Test func aBookThatIsRefusedIsStale() throws {
        var bench = try connected()
        bench.receive(SessionBench.delta("M-1", "0.4000", "1.00", seq: 9))
        _ = bench.takeEvents()
        bench.receive(
            #"{"type":"error","id":3,"msg":{"code":26,"msg":"limit","market_ticker":"M-1"}}"#)
        #expect(bench.takeEvents() == ["stale M-1"])
        bench.wait(.seconds(11))
        #expect(bench.socketEffects == ["open"])
    }
}

@Suite struct KalshiPrivateStreamTests {
    private let fill =
        #"{"type":"fill","sid":2,"msg":{"trade_id":"t-1","order_id":"o-1","market_ticker":"M-1","#
        + #""is_taker":true,"book_side":"ask","yes_price_dollars":"0.4100","count_fp":"3.00","#
        + #""fee_cost":"0.0600","ts_ms":1770000000123}}"#
    private let order =
        #"{"type":"user_order","sid":3,"msg":{"order_id":"o-1","client_order_id":"c-1","#
        + #""ticker":"M-1","status":"executed","book_side":"ask","yes_price_dollars":"0.4100","#
        + #""fill_count_fp":"3.00","remaining_count_fp":"0.00"}}"#

    @Test func fillsFindTheirOrder() throws {
        var bench = try SessionBench(isReplay: false)
        bench.connect()
        _ = bench.takeEvents()
        bench.receive(order)
        bench.receive(fill)
        #expect(
            bench.takeEvents() == ["order c-1 filled", "fill c-1 sell 3@0.41 fee 0.06"])
    }

    @Test func aFillThatCannotBeReadBreaksTheStream() throws {
        var bench = try SessionBench(isReplay: false)
        bench.connect()
        _ = bench.takeEvents()
        bench.receive(fill.replacing(#""fee_cost":"0.0600","#, with: ""))
        #expect(bench.takeEvents() == ["refused fill.fee_cost is missing"])
        #expect(bench.socketEffects.last?.hasPrefix("close") == true)
        // What still comes on the old connection does not count.
        bench.receive(SessionBench.delta("M-1", "0.4500", "1.00", seq: 2))
        bench.put(.socketClosed("closed"))
        #expect(bench.takeEvents() == ["disconnected"])
    }

    @Test func whatIsNotJSONBreaksTheStream() throws {
        var bench = try SessionBench(isReplay: false)
        bench.connect()
        bench.receive("{")
        #expect(bench.socketEffects.last?.hasPrefix("close") == true)
    }

    @Test func aTradeThatCannotBeReadDoesNot() throws {
        var bench = try SessionBench(isReplay: false)
        bench.connect()
        _ = bench.takeEvents()
        bench.receive(#"{"type":"trade","sid":4,"msg":{"trade_id":"t"}}"#)
        #expect(bench.takeEvents().first?.hasPrefix("refused") == true)
        #expect(bench.socketEffects == ["open"])
    }

    @Test func unknownFieldsAreToldOnce() throws {
        var bench = try SessionBench(isReplay: false)
        bench.connect()
        _ = bench.takeEvents()
        for seq in 2...4 {
            bench.receive(
                SessionBench.delta("M-1", "0.4500", "1.00", seq: seq)
                    .replacing(#""ts_ms":1"#, with: #""news":1"#))
        }
        #expect(
            bench.takeEvents().filter { $0.hasPrefix("refused") } == [
                "refused unknown field orderbook_delta.news"
            ])
    }
}
