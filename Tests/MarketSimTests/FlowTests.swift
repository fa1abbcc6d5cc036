import MarketSim
import TestSupport
import Testing
import Trading

@Suite struct FlowTests {
    /// A hash over everything that the venue does in a stretch of the feed.
    private func hash(seed: UInt64, steps: Int) -> Int {
        var fixture = FlowFixture(seed: seed, marketCount: 4)
        var hash: UInt64 = 14_695_981_039_346_656_037
        for _ in 0..<steps {
            guard fixture.advance() else { break }
            for effect in fixture.effects.list {
                for byte in "\(effect)".utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
            }
            fixture.effects.removeAll()
        }
        return Int(truncatingIfNeeded: hash)
    }

    @Test func theSameSeedGivesTheSameVenue() {
        #expect(hash(seed: 7, steps: 400) == hash(seed: 7, steps: 400))
        #expect(hash(seed: 7, steps: 400) != hash(seed: 8, steps: 400))
    }

    @Test func theBookIsNeverCrossedAndMoneyIsConserved() {
        var fixture = FlowFixture(seed: 3, marketCount: 6)
        var spreads: [Double] = []
        var quoted = 0
        var seen = 0
        var trades = 0
        while fixture.advance() {
            for market in fixture.running {
                seen += 1
                guard let bid = fixture.simulation.exchange.best(.buy, market),
                    let ask = fixture.simulation.exchange.best(.sell, market)
                else { continue }
                quoted += 1
                #expect(bid.price < ask.price)
                spreads.append((ask.price - bid.price).doubleValue)
            }
            for case .traded in fixture.effects.list { trades += 1 }
            fixture.effects.removeAll()
        }
        #expect(fixture.simulation.exchange.audit().isZero)
        #expect(fixture.simulation.isFinished)
        let mean = spreads.reduce(0, +) / Double(spreads.count)
        #expect((0.015...0.07).contains(mean), "mean spread \(mean)")
        #expect(Double(quoted) / Double(seen) > 0.7, "quoted \(quoted) of \(seen)")
        #expect(trades > 100, "\(trades) trades")
    }

    /// What a trader without a view pays is half the spread and the fee; anything else would be a
    /// money machine or a venue that robs.
    @Test func aCoinFlipTraderLosesAboutTheSpreadAndFees() {
        var gain = 0.0
        var expected = 0.0
        for seed in 100..<112 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var fixture = FlowFixture(seed: seed, marketCount: 8)
            var counter = 0
            while fixture.advance() {
                for market in fixture.running where Int.random(in: 0..<6, using: &random) == 0 {
                    guard let bid = fixture.simulation.exchange.best(.buy, market),
                        let ask = fixture.simulation.exchange.best(.sell, market)
                    else { continue }
                    counter += 1
                    let side: Side = Bool.random(using: &random) ? .buy : .sell
                    let price = side == .buy ? ask.price : bid.price
                    let order = fixture.place(
                        market, side, price, 1, .immediateOrCancel, client: "flip-\(counter)")
                    guard let order, !order.filled.isZero else { continue }
                    expected += (ask.price - bid.price).doubleValue / 2
                    expected += (order.takerFees + order.makerFees).doubleValue
                }
                fixture.effects.removeAll()
            }
            gain += fixture.gain
        }
        #expect(gain < 0, "a coin flip gained \(gain)")
        #expect(-gain > 0.6 * expected && -gain < 1.4 * expected, "lost \(-gain) of \(expected)")
    }

    /// A quote that stays where it was is run over by those who know better.
    @Test func aStaleQuoterLosesMoreThanTheSpreadItEarns() {
        var gain = 0.0
        var traded: Quantity = .zero
        for seed in 200..<208 as Range<UInt64> {
            var fixture = FlowFixture(seed: seed, marketCount: 6)
            var quoted: Set<SimMarketID> = []
            while fixture.advance() {
                for market in fixture.running where quoted.insert(market).inserted {
                    for (side, price) in [(Side.buy, "0.48"), (.sell, "0.52")] {
                        fixture.place(
                            market, side, Price(decimal: price) ?? .zero, 50, .goodTillCancelled,
                            client: "\(side)-\(market.index)")
                    }
                }
                for case .filled(let fill) in fixture.effects.list { traded += fill.quantity }
                fixture.effects.removeAll()
            }
            gain += fixture.gain
        }
        #expect(traded > Quantity(500), "traded \(traded)")
        let each = gain / traded.doubleValue
        #expect(each < -0.02, "\(each) a contract over \(traded) contracts")
    }

    @Test func makersPullTheirQuotesWhenTheFeedIsSilent() {
        var fixture = FlowFixture(seed: 5, marketCount: 2)
        for _ in 0..<400 { _ = fixture.advance() }
        let market = fixture.running.first ?? SimMarketID(0)
        #expect(fixture.simulation.exchange.best(.buy, market) != nil)
        for _ in 0..<40 {
            fixture.simulation.advance(
                to: fixture.simulation.now + .seconds(1), observed: [], noticed: [],
                into: &fixture.effects)
        }
        #expect(fixture.simulation.exchange.levels(.buy, market).isEmpty)
        #expect(fixture.simulation.exchange.levels(.sell, market).isEmpty)
    }
}

@Suite struct SyntheticDayTests {
    @Test func looksLikeTheRecordedDay() {
        var day = SyntheticDay(seed: 11, start: Timestamp(seconds: 1_767_225_600), seconds: 86_400)
        var latencies: [Double] = []
        var ups = 0
        var markets = 0
        var last: SyntheticRow?
        var squares = 0.0
        while let step = day.next() {
            if let row = step.row {
                latencies.append((row.receivedAt - row.feedAt).seconds)
                if let last {
                    let move = row.price.doubleValue / last.price.doubleValue - 1
                    squares += move * move
                }
                last = row
            }
            if let market = step.market {
                markets += 1
                ups += market.isUp ? 1 : 0
            }
        }
        latencies.sort()
        #expect(markets == 288)
        #expect((100...188).contains(ups), "\(ups) up")
        #expect((77_000...80_000).contains(latencies.count), "\(latencies.count) rows")
        let median = latencies[latencies.count / 2]
        #expect((1.5...1.8).contains(median), "median latency \(median)")
        let yearly = (squares * 365).squareRoot()
        #expect((0.2...0.5).contains(yearly), "volatility \(yearly)")
    }
}
