import Foundation
import Signals
import TestSupport
import Testing
import Trading

/// What is learned of the five-minute markets, and how it comes into use.
@Suite struct UpDownLearningTests {
    private static let start = Timestamp(seconds: 1_784_851_500)

    /// A price that goes its way for `markets` five-minute markets, as the policy sees it.
    private func observe(
        _ policy: inout CryptoUpDownPolicy, markets: Int, seed: UInt64 = 3,
        from start: Timestamp = UpDownLearningTests.start
    ) {
        observe(&policy, seconds: 0...Int64(300 * markets), seed: seed, from: start)
    }

    private func observe(
        _ policy: inout CryptoUpDownPolicy, seconds: ClosedRange<Int64>, seed: UInt64 = 3,
        from start: Timestamp = UpDownLearningTests.start
    ) {
        var random = SeededRandom(seed: seed)
        var price = 65_000.0
        for second in seconds {
            let noise = (0..<12).reduce(-6.0) { sum, _ in
                sum + Double.random(in: 0..<1, using: &random)
            }
            price *= exp(4e-5 * noise)
            let at = start + .seconds(second)
            guard let exact = Price(price, rounding: .nearestEven) else { continue }
            _ = policy.observe(SpotObservation(feedAt: at, receivedAt: at, price: exact))
        }
    }

    @Test func theSamplerSaysWhatBecameOfEachMarket() throws {
        var policy = CryptoUpDownPolicy()
        observe(&policy, markets: 5)
        #expect(policy.marketsSeen == 5)
        let rows = policy.rows
        #expect(rows.count == 20, "four, three, two and one minutes before each end")
        for market in Set(rows.map(\.market)) {
            let own = rows.filter { $0.market == market }
            #expect(
                own.map { ($0.years * DigitalOption.secondsPerYear).rounded() } == [
                    240, 180, 120, 60,
                ])
            #expect(Set(own.map(\.isUp)).count == 1 && Set(own.map(\.strike)).count == 1)
        }
        // A pause over an end leaves that outcome unknown, and the next strike.
        var blind = CryptoUpDownPolicy()
        observe(&blind, seconds: 0...290)
        observe(&blind, seconds: 320...900)
        let third = UpDownLearningTests.start + .seconds(600)
        #expect(blind.rows.map(\.market) == [third, third, third, third])
    }

    @Test func neutralParametersChangeNothing() throws {
        var (plain, neutral) = (CryptoUpDownPolicy(), CryptoUpDownPolicy())
        observe(&plain, markets: 3)
        observe(&neutral, markets: 3)
        for row in plain.rows {
            let exact = DigitalOption(spot: row.spot, years: row.years, volatility: row.volatility)
                .above(strike: row.strike)
            #expect(abs(row.probability(.neutral) - min(1 - 1e-4, max(1e-4, exact))) < 1e-9)
            let raised = UpDownLearned([0, 0, 1, 0.5])
            #expect(raised.map { row.probability($0) > row.probability(.neutral) } ?? false)
        }
        #expect(plain.canonicalText == neutral.canonicalText)
        #expect(!plain.canonicalText.contains("learned"))
    }

    @Test func aFitFindsWhatTheForecastsLack() throws {
        var policy = CryptoUpDownPolicy()
        observe(&policy, markets: 200)
        // Forecasts that believe in half of the volatility.
        let wrong = policy.rows.map {
            UpDownRow(
                market: $0.market, spot: $0.spot, years: $0.years, volatility: $0.volatility / 2,
                strike: $0.strike, driftPerSecond: $0.driftPerSecond, isUp: $0.isUp)
        }
        let fitted = UpDownLearned.fit(wrong)
        #expect(fitted.volatility > 0.1 || fitted.slope < 0.8, "\(fitted)")
        func score(_ learned: UpDownLearned) -> Double {
            wrong.reduce(0) { $0 + $1.score(learned) }
        }
        #expect(score(fitted) < score(.neutral))
    }

    @Test(arguments: [
        [0, 0, 1], [1.1, 0, 1, 0], [0, 0, 0, 0], [0, 0, 1, .nan], [0, .infinity, 1, 0],
    ])
    func whatIsOutOfBoundsIsNoParameter(values: [Double]) {
        #expect(UpDownLearned(values) == nil)
    }

    // MARK: Rollout

    private func version(_ height: UInt64, _ values: [Double]) throws -> UpDownRollout.Version {
        UpDownRollout.Version(
            height: height, model: "m\(height)", learned: try #require(UpDownLearned(values)))
    }

    /// Forecasts of a market whose price stands above its strike, where up is what happens.
    private func rows(_ market: Int64, isUp: Bool = true) -> [UpDownRow] {
        [
            UpDownRow(
                market: Timestamp(seconds: 300 * market), spot: 100.05, years: 60 / 31_536_000.0,
                volatility: 0.6, strike: 100, driftPerSecond: 0, isUp: isUp)
        ]
    }

    @Test func whatIsBetterComesIntoUseStepByStep() throws {
        var rollout = UpDownRollout()
        let better = try version(1, [0, 0, 1.5, 0])
        rollout.stage(better)
        #expect(rollout.stage == .shadow)
        let canaries = (0..<8).map { Timestamp(seconds: 300 * $0) }
        #expect(canaries.allSatisfy { rollout.version(for: $0) == nil }, "watched, not used")
        for market in 0..<12 { #expect(rollout.judge(rows(Int64(market))) == (market == 11)) }
        #expect(rollout.stage == .canary)
        #expect(canaries.filter { rollout.version(for: $0) == better }.count == 2)
        for market in 12..<24 { _ = rollout.judge(rows(Int64(market))) }
        #expect(rollout.stage == .live && rollout.saved.live == better)
        #expect(canaries.allSatisfy { rollout.version(for: $0) == better })
        // A restart goes on where it was; the same version is no news.
        var again = UpDownRollout(saved: rollout.saved)
        again.stage(better)
        #expect(again.stage == .live && again.candidate == nil)
    }

    @Test func whatIsWorseGoesBackAtOnceAndNeverReturns() throws {
        var rollout = UpDownRollout()
        let worse = try version(1, [0, 0, 0.3, -0.8])
        rollout.stage(worse)
        var judged = 0
        while rollout.stage == .shadow, judged < 12 {
            judged += 1
            _ = rollout.judge(rows(Int64(judged)))
        }
        #expect(rollout.stage == .reverted && judged < 12, "before its time was over")
        #expect(rollout.saved.live == nil && rollout.saved.refused == ["m1"])
        rollout.stage(worse)
        #expect(rollout.stage == .reverted && rollout.candidate == nil)
    }

    @Test func whatTurnsBadInUseGivesWayToWhatWasBefore() throws {
        let (first, second) = (try version(1, [0, 0, 1.2, 0]), try version(2, [0, 0, 2, 0.2]))
        var rollout = UpDownRollout(saved: .init(live: first))
        rollout.stage(second)
        for market in 0..<24 { _ = rollout.judge(rows(Int64(market))) }
        #expect(rollout.saved.live == second && rollout.saved.fallback == first)
        // From here on the markets go the other way.
        var market: Int64 = 24
        while rollout.stage == .live, market < 60 {
            _ = rollout.judge(rows(market, isUp: false))
            market += 1
        }
        #expect(rollout.stage == .reverted && rollout.saved.live == first)
        #expect(rollout.version(for: .zero) == first, "the one before is in use again")
    }

    @Test func aNewerVersionTakesThePlaceOfTheOneOnTrial() throws {
        var rollout = UpDownRollout()
        rollout.stage(try version(1, [0, 0, 1.5, 0]))
        for market in 0..<20 { _ = rollout.judge(rows(Int64(market))) }
        #expect(rollout.stage == .canary)
        rollout.stage(try version(2, [0, 0, 1.4, 0]))
        #expect(rollout.stage == .shadow && rollout.judged == 0 && rollout.candidate?.height == 2)
    }

    /// The policy prices with the version that is in use, and says so.
    @Test func thePolicyUsesWhatIsLive() throws {
        let live = try version(9, [0.3, 0, 0.5, 0.1])
        var plain = CryptoUpDownPolicy()
        var taught = CryptoUpDownPolicy(rollout: UpDownRollout(saved: .init(live: live)))
        observe(&plain, markets: 2, from: UpDownLearningTests.start - .seconds(480))
        observe(&taught, markets: 2, from: UpDownLearningTests.start - .seconds(480))
        let instrument = AgentHarness.instrument("KXBTCUD5M-1784851500")
        let now = UpDownLearningTests.start + .seconds(120)
        func opinion(_ policy: CryptoUpDownPolicy) throws -> Opinion {
            let window = try #require(policy.window(of: instrument))
            let cent: Int64 = 10_000_000
            let view = MarketView(
                instrument: instrument, window: window,
                bid: BookLevel(price: Price(units: 40 * cent), quantity: Quantity(9)),
                ask: BookLevel(price: Price(units: 60 * cent), quantity: Quantity(9)),
                bookSequence: SequenceNumber(1), bookReceivedAt: now, tick: TickNumber(1))
            guard case .believe(let opinion) = policy.assess(view, at: now) else {
                throw TestFailure()
            }
            return opinion
        }
        let (before, after) = (try opinion(plain), try opinion(taught))
        #expect(before.features["learned_version"] == nil)
        #expect(after.features["learned_version"] == 9)
        #expect(before.probability != after.probability)
        #expect(after.low <= after.probability && after.probability <= after.high)
        #expect(taught.canonicalText.contains("learned=m9 stage=live"))
    }

    private struct TestFailure: Error {}
}
