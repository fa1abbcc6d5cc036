import Signals
import TestSupport
import Testing

@Suite struct NormalDistributionTests {
    @Test func quantileInvertsTheCumulativeDistribution() {
        let seed: UInt64 = 11
        var random = SeededRandom(seed: seed)
        for _ in 0..<2_000 {
            let p = Double.random(in: 1e-12..<1, using: &random)
            let z = NormalDistribution.quantile(p)
            #expect(abs(NormalDistribution.cumulative(z) - p) <= 4e-15, "seed \(seed), p \(p)")
        }
        #expect(NormalDistribution.quantile(0.5) == 0)
        #expect(abs(NormalDistribution.quantile(0.975) - 1.959963984540054) < 1e-14)
        #expect(NormalDistribution.quantile(0) == -.infinity)
        #expect(NormalDistribution.quantile(1) == .infinity)
    }

    @Test func studentDistributionIsSymmetricAndKnown() {
        let four = StudentDistribution(degreesOfFreedom: 4)
        #expect(four.cumulative(0) == 0.5)
        // The closed form for four degrees of freedom: 1/2 + 3/8 s (1 - s^2/12), s as below.
        for t in stride(from: -6.0, through: 6.0, by: 0.37) {
            let s = 2 * t / (4 + t * t).squareRoot()
            let closed = 0.5 + 3.0 / 8 * s * (1 - s * s / 12)
            #expect(abs(four.cumulative(t) - closed) < 1e-14, "t \(t)")
            #expect(abs(four.cumulative(t) + four.cumulative(-t) - 1) < 1e-14)
        }
    }

    @Test func shrinkageRunsFromTheMarketToTheModel() {
        #expect(abs(Logit.shrink(model: 0.7, toward: 0.4, weight: 0) - 0.4) < 1e-15)
        #expect(abs(Logit.shrink(model: 0.7, toward: 0.4, weight: 1) - 0.7) < 1e-15)
        let half = Logit.shrink(model: 0.7, toward: 0.4, weight: 0.5)
        #expect(half > 0.4 && half < 0.7)
    }
}
