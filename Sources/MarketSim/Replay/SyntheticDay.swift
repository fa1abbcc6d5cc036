import Glibc
package import Trading

/// A row of a generated spot feed with the moments of its way.
package struct SyntheticRow: Sendable, Hashable {
    package let feedAt: Timestamp
    package let price: Price
    package let serverAt: Timestamp
    package let receivedAt: Timestamp
}

/// A market of a generated day.
package struct SyntheticMarket: Sendable, Hashable {
    package let start: Timestamp
    package let end: Timestamp
    package let strike: Price
    /// At the end at or above the strike.
    package let isUp: Bool
}

/// A seeded day of a spot feed: stochastic volatility, rare jumps, and the latency, the missing
/// rows and the outages of the recorded day (78,515 rows of 86,400 seconds, feed to receipt 1.6 s
/// in the median and 2.5 s in the 99th percentile).
package struct SyntheticDay: Sendable {
    private let seed: UInt64
    private let start: Timestamp
    private let secondCount: Int
    private var second = 0
    private var price = 65_000.0
    /// The logarithm of the volatility over its mean.
    private var mood = 0.0
    private var outageEnds = 0
    private var strike: Price = .one

    /// A row, if the feed gave one in this second, and a market, if one ended.
    package struct Step: Sendable {
        package let row: SyntheticRow?
        package let market: SyntheticMarket?
    }

    package static let marketSeconds = 300
    private static let yearlyVolatility = 0.30
    private static let moodMemorySeconds = 1_800.0
    private static let moodDeviation = 0.35
    private static let jumpsPerDay = 8.0
    private static let jumpDeviation = 0.0012
    private static let missingRows = 0.085
    private static let outagesPerDay = 12.0

    /// `start` should lie on a multiple of five minutes: there the markets begin.
    package init(seed: UInt64, start: Timestamp, seconds: Int) {
        precondition(seconds > 0, "a day has a length")
        self.seed = seed
        self.start = start
        secondCount = seconds
    }

    /// The next second, or nil after the end. The last second is the day's end itself.
    package mutating func next() -> Step? {
        guard second <= secondCount else { return nil }
        var random = SimRandom(seed: seed, stream: .spot, tick: UInt64(second))
        if second > 0 { move(&random) }
        let moment = start + Span.seconds(Int64(second))
        guard let exact = Price(price, rounding: .nearestEven) else {
            preconditionFailure("the generated price left its range: \(price)")
        }
        let market = market(at: moment, exact)
        let row = row(at: moment, exact)
        second += 1
        return Step(row: row, market: market)
    }

    private mutating func move(_ random: inout SimRandom) {
        let pull = 1 / SyntheticDay.moodMemorySeconds
        mood += -pull * mood + SyntheticDay.moodDeviation * sqrt(2 * pull) * random.normal()
        let perSecond =
            SyntheticDay.yearlyVolatility / sqrt(365.0 * 86_400) * exp(mood)
        var change = perSecond * random.normal()
        if random.chance(SyntheticDay.jumpsPerDay / 86_400) {
            change += SyntheticDay.jumpDeviation * random.normal()
        }
        price *= exp(change - perSecond * perSecond / 2)
    }

    private mutating func market(at moment: Timestamp, _ exact: Price) -> SyntheticMarket? {
        guard second % SyntheticDay.marketSeconds == 0 else { return nil }
        defer { strike = exact }
        guard second > 0 else { return nil }
        return SyntheticMarket(
            start: moment - Span.seconds(Int64(SyntheticDay.marketSeconds)), end: moment,
            strike: strike, isUp: exact >= strike)
    }

    /// Rows go out once a second; some are missing, and now and then the feed is out for a while.
    private mutating func row(at moment: Timestamp, _ exact: Price) -> SyntheticRow? {
        var random = SimRandom(seed: seed, stream: .latency, tick: UInt64(second))
        if second > outageEnds, random.chance(SyntheticDay.outagesPerDay / 86_400) {
            outageEnds = second + 20 + random.below(100)
        }
        let isEdge = second == 0 || second == secondCount
        let isMissing = second <= outageEnds && outageEnds > 0
        let isSkipped = random.chance(SyntheticDay.missingRows)
        let toServer = 1_350 * exp(0.17 * random.normal())
        let toUs = 290 * exp(0.25 * random.normal())
        guard isEdge || !(isMissing || isSkipped) else { return nil }
        let serverAt = moment + Span.milliseconds(Int64(toServer))
        let receivedAt = serverAt + Span.milliseconds(max(1, Int64(toUs)))
        return SyntheticRow(
            feedAt: moment, price: exact, serverAt: serverAt, receivedAt: receivedAt)
    }
}
