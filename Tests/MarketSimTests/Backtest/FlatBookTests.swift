import MarketSim
import TestSupport
import Testing

@Suite struct FlatBookTests {
    /// The flat book agrees with a dictionary, over words of its bitmap and while it grows.
    @Test(arguments: 1...10)
    func agreesWithADictionary(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var events: [MarketEvent] = []
        for at in 0..<3_000 {
            let isBuy = Bool.random(using: &random)
            let low: Int32 = isBuy ? -300 : 701
            events.append(
                MarketEvent(
                    .level, venueAt: Int64(at), localAt: Int64(at),
                    price: low + Int32.random(in: 0...1_000, using: &random),
                    quantity: Bool.random(using: &random)
                        ? 0 : Int32.random(in: 1...9, using: &random),
                    isBuy: isBuy))
        }
        var backtest = Backtest(
            EventColumns(events), BacktestSetup(instruments: [instrument(payoff: .linear)]))
        var levels: [[Int32: Int32]] = [[:], [:]]
        for event in events {
            #expect(backtest.advance() == .event)
            let side = event.isBuy ? 0 : 1
            levels[side][event.price] = event.quantity == 0 ? nil : event.quantity
            #expect(backtest.bestBid() == levels[0].keys.max(), "seed \(seed)")
            #expect(backtest.bestAsk() == levels[1].keys.min(), "seed \(seed)")
        }
        let book = backtest.book()
        for isBuy in [true, false] {
            let expected = levels[isBuy ? 0 : 1].keys.sorted { isBuy ? $0 > $1 : $0 < $1 }
            var walked: [Int32] = []
            var next = isBuy ? book.bestBid : book.bestAsk
            while let price = next {
                walked.append(price)
                #expect(
                    book.quantity(isBuy: isBuy, at: price) == levels[isBuy ? 0 : 1][price])
                next = book.next(isBuy: isBuy, behind: price)
            }
            #expect(walked == expected, "seed \(seed)")
        }
    }
}
