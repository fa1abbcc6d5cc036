import MarketSim
import Testing
import Trading

@Suite struct BacktestAccountTests {
    private func money(_ text: String) throws -> Money { try #require(Money(decimal: text)) }

    private func traded(_ terms: BacktestInstrument, end: MarketEventKind, at price: Int32 = 0)
        -> Run
    {
        var script = Script()
        script.open()
        script.level(.buy, 30, 1)
        script.level(.buy, 31, 1)
        script.add(end, price)
        script.level(.buy, 32, 1)
        script.level(.buy, 33, 1)
        var run = Run(script, terms, cash: Money(100))
        run.messages(2)
        _ = run.backtest.submit(order(.buy, 50, 30, .immediateOrCancel))
        run.messages(1)
        _ = run.backtest.submit(order(.sell, 48, 50, .immediateOrCancel))
        return run
    }

    @Test func aSettlementPaysEachSideItsShare() throws {
        var run = traded(instrument(), end: .settlement, at: 25)
        run.finish()
        // 30 bought at 0.50, 30 sold at 0.48, 20 NO bought at 0.52, which pay 0.75 each.
        #expect(run.backtest.account.cash == (try money("104")))
        #expect(run.backtest.account.payouts == Money(15))
        #expect(run.backtest.account.audit() == .zero)
    }

    @Test func aVoidMarketGivesBackWhatOpenPositionsCost() throws {
        var run = traded(instrument(), end: .void)
        let late = run.backtest.submit(order(.buy, 30, 1))
        run.finish()
        #expect(run.backtest.account.holdings[0].position == 0)
        // Cost is net of the pairs' gain of 30 × −0.02, which the market's end takes back too.
        #expect(run.backtest.account.cash == Money(100))
        #expect(run.kinds(late) == [.accepted, .expired])
        #expect(run.backtest.account.audit() == .zero)
    }

    @Test func aMarketThatIsOverTakesNothing() {
        var script = Script()
        script.open()
        script.add(.settlement, 100)
        script.level(.buy, 30, 1)
        script.level(.buy, 31, 1)
        var run = Run(script)
        run.messages(3)
        let id = run.backtest.submit(order(.buy, 50, 1))
        run.finish()
        #expect(run.reports.first?.decline == .marketOver)
        #expect(run.kinds(id) == [.declined])
    }

    @Test func pairsAreMintedAndMergedForADollar() throws {
        var script = Script()
        script.open()
        for price in Int32(20)..<30 { script.level(.buy, price, 1) }
        var run = Run(script, instrument(merges: false), cash: Money(10))
        run.messages(2)
        let mint = run.backtest.mint(instrument: 0, lots: 8)
        let tooMany = run.backtest.mint(instrument: 0, lots: 3)
        run.messages(1)
        #expect(run.kinds(mint) == [.converted])
        #expect(run.reports.last?.decline == .insufficientCash)
        #expect(run.kinds(tooMany) == [.declined])
        #expect(run.backtest.account.cash == Money(2))
        _ = run.backtest.submit(order(.sell, 48, 3, .immediateOrCancel))
        let merge = run.backtest.merge(instrument: 0, lots: 5)
        let over = run.backtest.merge(instrument: 0, lots: 1)
        run.finish()
        #expect(run.kinds(merge) == [.converted])
        #expect(run.kinds(over) == [.declined])
        #expect(run.backtest.account.cash == (try money("8.44")))
        #expect(run.backtest.account.holdings[0].position == -3)
        #expect(run.backtest.account.audit() == .zero)
    }

    @Test func aLinearInstrumentMayBeShort() throws {
        var script = Script()
        script.open()
        script.level(.buy, 30, 1)
        var run = Run(script, instrument(payoff: .linear))
        run.messages(2)
        _ = run.backtest.submit(order(.sell, 48, 10, .immediateOrCancel))
        run.finish()
        #expect(run.backtest.account.cash == (try money("4.8")))
        #expect(run.backtest.position() == -10)
    }

    @Test func makersAndTakersPayTheVersionInForce() throws {
        let rate = try #require(Price(decimal: "0.01"))
        let schedule = FeeSchedule([
            .init(
                from: Timestamp(milliseconds: 3),
                rule: .proportional(maker: .zero, taker: rate)),
            .init(from: Timestamp(milliseconds: 5), rule: .proportional(maker: -rate, taker: rate)),
        ])
        let name = try #require(InstrumentID("TEST"))
        let terms = BacktestInstrument(
            instrument: name, tick: try #require(Price(decimal: "0.01")), lot: Quantity(1),
            prices: 1...99, fees: schedule, queue: .riskAverse)
        var script = Script()
        script.open(bid: 0)
        script.level(.buy, 30, 1)
        script.level(.buy, 31, 1)
        script.level(.buy, 32, 1)
        script.trade(by: .sell, 47, 10, leaving: 0)
        var run = Run(script, terms)
        run.messages(2)
        let early = run.backtest.submit(order(.buy, 50, 1))
        run.messages(1)
        #expect(run.kinds(early) == [.declined])
        #expect(run.reports.first?.decline == .noFeeSchedule)
        let taker = run.backtest.submit(order(.buy, 50, 10, .immediateOrCancel))
        let maker = run.backtest.submit(order(.buy, 47, 10))
        run.finish()
        let fee = { (id: BacktestOrderID) in
            run.reports.filter { $0.order == id }.reduce(Money.zero) { $0 + $1.fee }
        }
        #expect(fee(taker) == (try money("0.05")))
        #expect(fee(maker) == (try money("-0.047")))
    }

    @Test func kalshisFeesAreThoseOfTheLiveCode() throws {
        var script = Script()
        script.open()
        script.level(.sell, 51, 7)
        script.level(.buy, 30, 1)
        let fees = SimFees.quadraticWithMakerFees
        var run = Run(script, instrument(.kalshi(fees)))
        run.messages(3)
        _ = run.backtest.submit(order(.buy, 51, 104, .immediateOrCancel))
        run.finish()
        var expected = KalshiOrderFees(precision: fees.precision)
        let sum = [(50, 100), (51, 4)].reduce(Money.zero) { total, fill in
            let price = Price(units: Int64(fill.0) * 10_000_000)
            return total
                + expected.charge(
                    .buy, price: price, quantity: Quantity(Int64(fill.1)), rate: fees.takerRate
                ).net
        }
        #expect(run.backtest.account.fees == sum)
    }
}
