import MarketSim
import Testing
import Trading

@Suite struct BacktestTests {
    @Test func aTradeFillsWhatItLeavesAfterTheQueue() {
        var script = Script()
        script.open(bid: 5)
        script.level(.sell, 51, 10)
        script.trade(by: .sell, 48, 8, leaving: 0)
        script.trade(by: .sell, 48, 4, leaving: 0)
        var run = Run(script)
        run.messages(2)
        let id = run.backtest.submit(order(.buy, 48, 10))
        run.messages(1)
        #expect(run.backtest.queueAhead(of: id) == 5)
        run.finish()
        #expect(run.fills(id) == [3, 4])
        #expect(run.backtest.order(id)?.remaining == 3)
        #expect(run.backtest.account.cash == -Money(decimal: "3.36")!)
        #expect(run.backtest.position() == 7)
    }

    @Test func ourOrdersAtOneLevelShareATrade() {
        var script = Script()
        script.open(bid: 5)
        script.level(.buy, 48, 25)
        script.level(.sell, 52, 1)
        script.trade(by: .sell, 48, 19, leaving: 6)
        script.trade(by: .sell, 48, 30, leaving: 0)
        var run = Run(script)
        run.messages(2)
        let first = run.backtest.submit(order(.buy, 48, 10))
        run.messages(1)
        let second = run.backtest.submit(order(.buy, 48, 10))
        run.messages(2)
        // 5 of others, 10 of ours, 20 of others, ours again: 4 of the 20 are gone.
        #expect(run.fills(first) == [10])
        #expect(run.backtest.queueAhead(of: second) == 16)
        run.finish()
        #expect(run.fills(second) == [10])
    }

    @Test func aTradeBeyondOurPriceMeetsUsFirstAndOnlyAsFarAsItGoes() {
        var script = Script()
        script.open()
        script.level(.sell, 51, 10)
        script.trade(by: .sell, 48, 6, leaving: 94)
        var run = Run(script)
        run.messages(2)
        let id = run.backtest.submit(order(.buy, 49, 10))
        run.finish()
        #expect(run.fills(id) == [6])
        #expect(run.reports.last?.price == 49)
    }

    @Test func aLevelThatReachesOursIsTakenUpToWhatItShows() {
        var script = Script()
        script.open()
        script.level(.sell, 51, 10)
        script.level(.sell, 49, 7)
        script.level(.sell, 49, 7)
        script.level(.sell, 49, 9)
        var run = Run(script)
        run.messages(2)
        let id = run.backtest.submit(order(.buy, 49, 20))
        run.finish()
        // The same seven are not met twice; two more came.
        #expect(run.fills(id) == [7, 2])
    }

    @Test func aTakerPaysEveryLevelAndWhatItTookStaysTaken() {
        var script = Script()
        script.open(ask: 4)
        script.level(.sell, 51, 3)
        script.level(.sell, 52, 100)
        script.level(.buy, 40, 1)
        script.level(.sell, 50, 6)
        script.level(.buy, 41, 1)
        var run = Run(script)
        run.messages(4)
        let first = run.backtest.submit(order(.buy, 51, 10, .immediateOrCancel))
        run.messages(1)
        #expect(run.fills(first) == [4, 3])
        #expect(run.kinds(first) == [.accepted, .filled, .filled, .cancelled])
        let second = run.backtest.submit(order(.buy, 50, 1, .immediateOrCancel))
        run.messages(1)
        #expect(run.kinds(second) == [.accepted, .cancelled])
        let third = run.backtest.submit(order(.buy, 51, 5, .immediateOrCancel))
        run.finish()
        #expect(run.fills(third) == [2])
    }

    @Test func messagesTakeTheirTimeInBothDirections() {
        var script = Script()
        script.feedLatency = 500_000
        script.open()
        for _ in 0..<20 { script.level(.buy, 30, 1) }
        var run = Run(
            script, entry: .constant(.milliseconds(4)), response: .constant(.milliseconds(3)))
        run.messages(2)
        let sent = run.backtest.now
        #expect(sent == 2_500_000)
        _ = run.backtest.submit(order(.buy, 48, 1))
        run.finish()
        #expect(run.reports.first?.venueAt == sent + 4_000_000)
        #expect(run.reports.first?.localAt == sent + 7_000_000)
    }

    @Test func nothingOvertakesOnALatencyThatFalls() {
        var script = Script()
        script.open()
        for _ in 0..<30 { script.level(.buy, 30, 1) }
        let samples = [
            LatencySample(at: .zero, latency: .milliseconds(10)),
            LatencySample(at: Timestamp(milliseconds: 4), latency: .milliseconds(1)),
        ]
        var run = Run(script, entry: .recorded(samples))
        run.messages(2)
        let first = run.backtest.submit(order(.buy, 47, 1))
        run.messages(3)
        run.backtest.cancel(first)
        run.finish()
        #expect(run.kinds(first) == [.accepted, .cancelled])
        #expect(run.reports.map(\.venueAt) == [12_000_000, 12_000_000])
    }

    @Test(arguments: [
        (order(.buy, 50, 1, postOnly: true), BacktestDecline.postOnlyWouldCross),
        (order(.buy, 50, 101, .fillOrKill), .fillOrKillUnfillable),
        (order(.buy, 0, 1), .invalidPrice), (order(.buy, 100, 1), .invalidPrice),
        (order(.buy, -5, 1), .invalidPrice), (order(.sell, 50, 0), .invalidQuantity),
        (order(.sell, 50, -3), .invalidQuantity),
        (order(.buy, 48, 1, .immediateOrCancel, postOnly: true), .invalidTerms),
        (order(.buy, 48, 1, .goodTillTime), .invalidTerms),
        (order(.buy, 48, 1, .goodTillTime, until: 1), .invalidTerms),
    ])
    func declinesTheImpossible(_ terms: BacktestOrderTerms, _ reason: BacktestDecline) {
        var script = Script()
        script.open()
        script.level(.buy, 30, 1)
        var run = Run(script)
        run.messages(2)
        let id = run.backtest.submit(terms)
        run.finish()
        #expect(run.kinds(id) == [.declined])
        #expect(run.reports.first?.decline == reason)
        #expect(run.backtest.order(id) == nil)
        #expect(run.backtest.account.cash == .zero)
    }

    @Test func anOrderOfOursNeverTradesWithAnother() {
        for rule in [SelfTradeRule.cancelResting, .cancelIncoming] {
            var script = Script()
            script.open(ask: 2)
            script.level(.sell, 52, 9)
            script.level(.buy, 30, 1)
            script.level(.buy, 31, 1)
            var run = Run(script, instrument(selfTrade: rule))
            run.messages(3)
            let resting = run.backtest.submit(order(.sell, 51, 5))
            run.messages(1)
            let incoming = run.backtest.submit(order(.buy, 52, 6))
            run.finish()
            if rule == .cancelResting {
                #expect(run.kinds(resting) == [.accepted, .cancelled])
                #expect(run.fills(incoming) == [2, 4])
            } else {
                #expect(run.kinds(resting) == [.accepted])
                #expect(run.kinds(incoming) == [.accepted, .filled, .cancelled])
                #expect(run.fills(incoming) == [2])
            }
        }
    }

    @Test func aReductionKeepsThePlaceAndALateCancelIsRefused() {
        var script = Script()
        script.open(bid: 5)
        script.level(.buy, 48, 9)
        script.trade(by: .sell, 48, 7, leaving: 2)
        script.level(.buy, 30, 1)
        script.level(.buy, 31, 1)
        var run = Run(script)
        run.messages(2)
        let id = run.backtest.submit(order(.buy, 48, 6))
        run.messages(1)
        run.backtest.reduce(id, to: 2)
        run.messages(2)
        #expect(run.fills(id) == [2])
        run.backtest.cancel(id)
        run.finish()
        #expect(run.kinds(id) == [.accepted, .reduced, .filled, .refused])
    }

    @Test func anOrderEndsAtItsTime() {
        var script = Script()
        script.open(bid: 5)
        script.level(.buy, 30, 1)
        script.level(.buy, 31, 1)
        script.trade(by: .sell, 48, 50, leaving: 0)
        var run = Run(script)
        run.messages(2)
        let id = run.backtest.submit(order(.buy, 48, 6, .goodTillTime, until: 3_500_000))
        run.finish()
        #expect(run.kinds(id) == [.accepted, .expired])
        #expect(run.reports.last?.venueAt == 3_500_000)
    }

    @Test func aTickThatChangesBindsNewOrdersOnly() {
        var script = Script()
        script.open()
        script.level(.buy, 30, 1)
        script.add(.tick, 5)
        script.level(.buy, 31, 1)
        script.trade(by: .sell, 49, 3, leaving: 0)
        script.level(.buy, 32, 1)
        var run = Run(script)
        run.messages(2)
        let kept = run.backtest.submit(order(.buy, 49, 3))
        run.messages(2)
        let off = run.backtest.submit(order(.buy, 47, 1))
        let on = run.backtest.submit(order(.buy, 45, 1))
        run.finish()
        #expect(run.fills(kept) == [3])
        #expect(run.kinds(off) == [.declined])
        #expect(run.kinds(on) == [.accepted])
    }
}
