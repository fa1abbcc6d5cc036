import Signals
import TestSupport
import Testing
import Trading

@Suite struct SpotFeedTests {
    private let start = Timestamp(seconds: 1_784_851_200)

    private func value(_ second: Int64, _ price: Int64) -> SpotObservation {
        let feedAt = start + .seconds(second)
        return SpotObservation(
            feedAt: feedAt, receivedAt: feedAt + .seconds(2), price: Price(price))
    }

    @Test func strikeIsTheFirstValueAtOrAfterTheMoment() {
        var feed = SpotFeed()
        #expect(feed.first(atOrAfter: start) == nil)
        feed.add(value(-1, 10))
        #expect(feed.first(atOrAfter: start) == nil, "not received yet")
        feed.add(value(2, 12))
        #expect(feed.first(atOrAfter: start)?.price == Price(12))
        feed.add(value(0, 11))
        #expect(feed.first(atOrAfter: start)?.price == Price(11), "a late row is nearer")
        #expect(feed.latest?.price == Price(12), "a late row is not the latest")
        #expect(feed.first(atOrAfter: start - .seconds(5)) == nil, "nothing is known that far back")
    }

    @Test func agreesWithASortedListUnderRandomOrder() {
        let seed: UInt64 = 5
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            var feed = SpotFeed()
            var rows = (0..<200).map { value(Int64($0), 65_000 + $0) }
            rows.removeAll { _ in Int.random(in: 0..<5, using: &random) == 0 }
            for index in rows.indices.dropFirst(2).dropLast()
            where Int.random(in: 0..<20, using: &random) == 0 {
                rows.swapAt(index, index + 1)
            }
            for row in rows { feed.add(row) }
            let sorted = rows.sorted { $0.feedAt < $1.feedAt }
            let oldest = rows[0].feedAt
            for second in Int64(0)..<200 where start + .seconds(second) >= oldest {
                let moment = start + .seconds(second)
                let expected = sorted.first { $0.feedAt >= moment }
                #expect(feed.first(atOrAfter: moment) == expected, "seed \(seed)")
            }
        }
    }

    @Test func varianceIsThatOfTheWalk() throws {
        let seed: UInt64 = 6
        var random = SeededRandom(seed: seed)
        var terms = SpotFeed.Terms()
        terms.smoothing = 1
        var feed = SpotFeed(terms)
        var price = 65_000.0
        for second in Int64(0)..<20_000 {
            // Twelve uniform values less six: about normal, deviation one.
            let step = (0..<12).reduce(-6.0) { sum, _ in
                sum + Double.random(in: 0..<1, using: &random)
            }
            price += step * 3
            let exact = try #require(Price(price, rounding: .nearestEven))
            let feedAt = start + .seconds(second)
            feed.add(SpotObservation(feedAt: feedAt, receivedAt: feedAt, price: exact))
        }
        let deviation = try #require(feed.variancePerSecond).squareRoot() * price
        #expect(deviation > 2 && deviation < 4.5, "seed \(seed): \(deviation)")
    }

    @Test func aPauseGivesNoReturn() {
        var feed = SpotFeed()
        for second in Int64(0)..<15 { feed.add(value(second, 65_000)) }
        feed.add(value(400, 80_000))
        for second in Int64(401)..<410 { feed.add(value(second, 80_000)) }
        #expect(feed.variancePerSecond == 0, "the jump over the pause is no return")
    }

    @Test func memoryIsBounded() {
        var feed = SpotFeed()
        for second in Int64(0)..<10_000 { feed.add(value(second, 65_000)) }
        #expect(feed.first(atOrAfter: start) == nil)
        #expect(feed.first(atOrAfter: start + .seconds(9_000)) != nil)
    }

    @Test func readsTheMarketFromItsName() {
        let market = InstrumentID("KXBTCUD5M-1784851500").flatMap { UpDownMarket($0) }
        #expect(market?.start == Timestamp(seconds: 1_784_851_500))
        #expect(market?.end == Timestamp(seconds: 1_784_851_800))
        for name in ["KXBTCUD5M-", "KXBTCUD5M-12x", "KXBTCUD5M-99999999999", "KXHIGHNY-25", "X"] {
            #expect(InstrumentID(name).flatMap { UpDownMarket($0) } == nil, "\(name)")
        }
    }
}
