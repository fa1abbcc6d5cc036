import Foundation
import Runtime
import Signals
import Testing
import Trading

/// The model against what really happened on 2026-07-24.
@Suite(
    .enabled(
        if: RecordedDay.folder != nil,
        "there are no recordings at ../shared/data; set BELLWETHER_DATA"))
struct RecordedDayTests {
    /// Our strike and our settlement rule against the recorded ones: the first value at or after
    /// the start, and Up when the first value at or after the end is not below it.
    @Test func strikesAndOutcomesAgreeWithTheRecordedOnes() throws {
        let day = try RecordedDay.load()
        let markets = day.inside
        #expect(markets.count == 287)
        var feed = SpotFeed()
        var next = 0
        var strikes = 0
        for market in markets {
            // Everything that was received until ten minutes after the end, as an agent would have.
            let horizon = market.end + .seconds(600)
            while next < day.samples.count, day.samples[next].receivedAt <= horizon {
                feed.add(SpotObservation(day.samples[next]))
                next += 1
            }
            let start = try #require(feed.first(atOrAfter: market.start), "\(market.slug)")
            let end = try #require(feed.first(atOrAfter: market.end), "\(market.slug)")
            if let recorded = market.strike {
                strikes += 1
                #expect(start.price == recorded, "\(market.slug)")
            }
            let outcome: SettlementOutcome = end.price >= start.price ? .yes : .no
            #expect(outcome == market.outcome, "\(market.slug)")
            let rule = SettlementRule.inEffect(at: market.end)
            #expect(rule?.kind == .pointToPoint, "\(market.slug)")
        }
        #expect(strikes == 270, "17 markets have no recorded strike")
    }

    /// In the middle of a market the model knows more than a coin; near its start it does not.
    @Test func theModelIsBetterThanACoinInTheMiddleOfAMarket() throws {
        let day = try RecordedDay.load()
        let middle = try scores(of: day, at: .seconds(150))
        let late = try scores(of: day, at: .seconds(240))
        print("Brier at 150 s: \(middle.brier) of \(middle.count); at 240 s: \(late.brier)")
        #expect(middle.count > 250)
        #expect(middle.brier < 0.22, "\(middle)")
        #expect(late.brier < middle.brier, "\(late), \(middle)")
        // Where it says 80 % or more it is right about that often.
        #expect(middle.sureCount > 40)
        #expect(middle.sureRight > 0.65 * Double(middle.sureCount), "\(middle)")
    }

    private struct Scores {
        var count = 0
        var sum = 0.0
        var sureCount = 0
        var sureRight = 0.0
        var brier: Double { sum / Double(max(1, count)) }
    }

    private func scores(of day: RecordedDay, at offset: Span) throws -> Scores {
        var policy = CryptoUpDownPolicy()
        var next = 0
        var scores = Scores()
        for market in day.inside {
            let now = market.start + offset
            while next < day.samples.count, day.samples[next].receivedAt <= now {
                _ = policy.observe(SpotObservation(day.samples[next]))
                next += 1
            }
            let instrument = try #require(market.instrument)
            let window = try #require(policy.window(of: instrument))
            let view = MarketView(
                instrument: instrument, window: window,
                bid: BookLevel(price: Price(units: 490_000_000), quantity: Quantity(1)),
                ask: BookLevel(price: Price(units: 510_000_000), quantity: Quantity(1)),
                bookSequence: SequenceNumber(1), bookReceivedAt: now, tick: TickNumber(1))
            guard case .believe(let opinion) = policy.assess(view, at: now) else { continue }
            let happened = market.outcome == .yes ? 1.0 : 0.0
            scores.count += 1
            scores.sum += (opinion.probability - happened) * (opinion.probability - happened)
            let sure = max(opinion.probability, 1 - opinion.probability)
            guard sure >= 0.8 else { continue }
            scores.sureCount += 1
            scores.sureRight += (opinion.probability >= 0.5) == (happened == 1) ? 1 : 0
        }
        return scores
    }
}

extension SpotObservation {
    init(_ sample: SpotSample) {
        self.init(feedAt: sample.feedAt, receivedAt: sample.receivedAt, price: sample.price)
    }
}
