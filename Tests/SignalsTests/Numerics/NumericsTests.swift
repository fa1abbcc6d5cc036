import Glibc
import Signals
import TestSupport
import Testing

@Suite struct NumericsTests {
    /// Rosenbrock's valley, whose least value is 0 at (1, 1).
    private func valley(_ x: [Double]) -> (value: Double, gradient: [Double]) {
        let (a, b) = (1 - x[0], x[1] - x[0] * x[0])
        return (a * a + 100 * b * b, [-2 * a - 400 * x[0] * b, 200 * b])
    }

    @Test func bothSearchesFindTheValley() {
        let smooth = Minimiser.bfgs(from: [-1.2, 1], tolerance: 1e-9, valley)
        expectClose(smooth.point, [1, 1], within: 1e-7, "with the gradient")
        let plain = Minimiser.simplex(from: [-1.2, 1], scale: [0.5, 0.5], tolerance: 1e-14) {
            valley($0).value
        }
        expectClose(plain.point, [1, 1], within: 1e-5, "without it")
        #expect(smooth == Minimiser.bfgs(from: [-1.2, 1], tolerance: 1e-9, valley))
    }

    @Test func aRootIsFoundToTheLastBits() throws {
        let root = try #require(Roots.bisect({ $0 * $0 - 2 }, from: 0, to: 2))
        #expect(abs(root - 2.0.squareRoot()) <= 2.3e-16)
        #expect(Roots.bisect({ $0 * $0 + 1 }, from: -1, to: 1) == nil)
    }

    @Test func aSystemIsSolvedUnlessItIsNotDefinite() throws {
        let matrix = [[4.0, 2, 0.6], [2, 5, 1], [0.6, 1, 3]]
        let x = try #require(LinearSystem.solve(symmetric: matrix, [1, -2, 3]))
        let back = matrix.map { row in zip(row, x).reduce(0) { $0 + $1.0 * $1.1 } }
        expectClose(back, [1, -2, 3], within: 1e-14, "the right side")
        #expect(LinearSystem.solve(symmetric: [[1, 2], [2, 1]], [1, 1]) == nil)
    }

    /// Quantiles of Student's t as tables print them (two-sided 5 % and 1 %).
    @Test func studentQuantilesAreThoseOfTheTables() {
        for (freedom, value, p) in [
            (5.0, 2.570581836, 0.975), (10, 2.228138852, 0.975), (30, 2.749995654, 0.995),
            (3, 5.840909310, 0.995),
        ] {
            let student = StudentDistribution(degreesOfFreedom: freedom)
            #expect(abs(student.cumulative(value) - p) < 1e-9, "\(freedom)")
        }
    }

    /// Only a mean above zero lets the bet grow, and its stakes look at the past alone.
    @Test func aBetWinsOnlyAgainstAFalseClaim() {
        let seed: UInt64 = 31
        var random = SeededRandom(seed: seed)
        var wins = 0
        for _ in 0..<400 {
            var process = BettingProcess()
            for _ in 0..<300 { process.add(Double.random(in: -1..<1, using: &random)) }
            wins += process.wealthMax >= BettingProcess.threshold ? 1 : 0
        }
        #expect(wins <= 20, "seed \(seed): \(wins) of 400 true claims were rejected")
        var process = BettingProcess()
        for _ in 0..<400 { process.add(Double.random(in: -0.7..<1, using: &random)) }
        #expect(process.wealth > BettingProcess.threshold, "seed \(seed)")
    }

    @Test func doubtTakesStakesAway() {
        let costs = [0.5, 0.35, 0.2]
        let sure = UncertainKelly.exclusive(
            probabilities: [0.6, 0.3, 0.1], deviations: [0, 0, 0], costs: costs, fraction: 1)
        let plain = Kelly.exclusive(probabilities: [0.6, 0.3, 0.1], costs: costs).fractions
        expectClose(sure, plain, within: 1e-12, "without doubt it is Kelly")
        let unsure = UncertainKelly.exclusive(
            probabilities: [0.6, 0.3, 0.1], deviations: [0.1, 0.1, 0.1], costs: costs,
            fraction: 0.25)
        #expect(unsure[0] < 0.25 * plain[0] && unsure[0] >= 0)
        let arbitrage = UncertainKelly.exclusive(
            probabilities: [0.5, 0.5], deviations: [0, 0], costs: [0.4, 0.4], fraction: 1)
        #expect(arbitrage == [0, 0])
    }
}
