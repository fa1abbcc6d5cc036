import MarketSim
import Runtime
import Signals
import Testing
import Trading

/// The policies against generated counterparties that know more than they do.
@Suite struct PaperVenueTests {
    private func run(
        _ kind: CryptoPolicyKind, seed: UInt64, seconds: Int = 1_800
    ) -> PaperVenue {
        let (samples, markets) = PaperVenue.generated(seed: seed, seconds: seconds)
        var model = UpDownTerms()
        model.kind = kind
        model.seed = seed
        var venue = PaperVenue(samples: samples, markets: markets, seed: seed, model)
        venue.run()
        return venue
    }

    @Test func anAgentThatBelievesTheMarketDoesNotTrade() {
        for seed in UInt64(1)...3 {
            let venue = run(.believeMarket, seed: seed)
            #expect(venue.result.orders == 0, "seed \(seed)")
            #expect(venue.engine.counts.scanned > 1_000, "seed \(seed)")
            #expect(venue.result.profit == .zero, "seed \(seed)")
        }
    }

    /// A coin flip pays the spread and the fees and is as often right as wrong: what it loses lies
    /// within three standard errors of what it paid, measured over runs that share nothing.
    @Test func aCoinFlipLosesAboutTheSpreadAndTheFees() {
        var luck: [Double] = []
        var paid = 0.0
        var profit = 0.0
        for seed in UInt64(1)...8 {
            let result = run(.coinFlip, seed: seed).result
            #expect(result.takerFills > 100, "seed \(seed): \(result)")
            let cost = result.spread + result.fees.doubleValue
            luck.append(result.profit.doubleValue + cost)
            paid += cost
            profit += result.profit.doubleValue
        }
        let count = Double(luck.count)
        let mean = luck.reduce(0, +) / count
        let variance = luck.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        let error = (variance / count).squareRoot()
        #expect(abs(mean) < 3 * error, "luck \(mean) a run, standard error \(error)")
        #expect(error < 0.5 * paid / count, "the band is too wide to say anything: \(error)")
        #expect(profit < 0, "a coin flip gained \(profit)")
        print("coin flip: \(profit) of \(-paid) over \(luck.count) runs, luck \(mean)±\(error)")
    }

    /// The model finds what noise pays for: it is filled as a maker in most markets, takes now and
    /// then, and never loses more than its tiny size allows.
    @Test func theModelIsFilledAsAMaker() {
        for seed in UInt64(1)...3 {
            let venue = run(.updown, seed: seed, seconds: 3_600)
            let result = venue.result
            print("model, seed \(seed): \(result)")
            let fills = result.makerFills + result.takerFills
            #expect(result.makerFills > 12, "seed \(seed): \(result)")
            #expect(result.makerFills > result.takerFills, "seed \(seed): \(result)")
            #expect(result.orders < 60 * fills, "seed \(seed): \(result)")
            #expect(result.profit > -Money(60), "seed \(seed): \(result)")
            #expect(venue.engine.openOrderCount == 0, "seed \(seed)")
            #expect(venue.engine.cash == venue.cash, "seed \(seed)")
        }
    }
}
