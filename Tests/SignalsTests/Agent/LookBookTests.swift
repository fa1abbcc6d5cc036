import Signals
import Testing
import Trading

/// What an agent says of the markets that it leaves alone.
@Suite struct LookBookTests {
    private func looks(_ harness: AgentHarness, after number: UInt64 = 0) -> [MarketLook] {
        harness.engine.looks.after(number, limit: 10)
    }

    @Test func aMarketWithoutABookSaysSoOnce() throws {
        var harness = AgentHarness()
        harness.warmUp(to: 120)
        harness.act()
        let first = try #require(looks(harness).first)
        #expect(first.reason == .bookMissing && first.prospect == nil)
        #expect(first.instrument == harness.instrument.id && first.at == harness.now)
        harness.wait(.seconds(1))
        harness.act()
        #expect(looks(harness) == [first], "nothing has changed, so it is still the same look")
    }

    @Test func anEdgeThatIsTooSmallIsToldWithItsSize() throws {
        var terms = TradingTerms()
        terms.edgeMinimum = 0.2
        var harness = AgentHarness(trading: terms)
        harness.warmUp(to: 120)
        harness.feed(65_000)
        harness.book(bid: 49, ask: 51)
        harness.act()
        let look = try #require(looks(harness).first)
        #expect(look.reason == .edgeTooSmall)
        let prospect = try #require(look.prospect)
        #expect(prospect.edge.doubleValue < terms.edgeMinimum)
        #expect(prospect.edge > Price(units: -100_000_000), "\(prospect)")
        #expect(abs(prospect.fair.doubleValue - 0.5) < 0.1)
        #expect(prospect.fair.units % 100_000 == 0 && prospect.edge.units % 100_000 == 0)
    }

    @Test func anOrderIsALookWithoutAReason() throws {
        var harness = AgentHarness()
        harness.warmUp(to: 120)
        harness.act()
        harness.feed(65_060)
        harness.book(bid: 49, ask: 51)
        harness.wait(.seconds(1))
        harness.act()
        let request = try #require(harness.requests.first)
        let look = try #require(looks(harness).first)
        #expect(look.reason == nil && look.number == 2, "the second of this market replaced it")
        let prospect = try #require(look.prospect)
        #expect(prospect.side == request.side && prospect.edge > .zero)
        #expect(looks(harness, after: 2).isEmpty)
        #expect(harness.engine.looks.last == 2)
    }

    @Test func pagesAreInTheOrderOfTheirNumbers() throws {
        var harness = AgentHarness()
        harness.warmUp(to: 120)
        for offset in [300, 600] {
            let name = "KXBTCUD5M-\(1_784_851_500 + offset)"
            harness.apply(.define(AgentHarness.instrument(name), .open))
        }
        for _ in 0..<700 {
            harness.feed(65_000)
            harness.wait(.seconds(1))
            harness.act()
        }
        let all = looks(harness)
        try #require(all.count >= 2)
        #expect(all.map(\.number) == all.map(\.number).sorted())
        let one = harness.engine.looks.after(0, limit: 1)
        #expect(one == [all[0]])
        #expect(harness.engine.looks.after(one[0].number, limit: 10) == Array(all.dropFirst()))
    }
}
