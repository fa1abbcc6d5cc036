import Signals
import TestSupport
import Testing

@Suite struct SharpeRatioTests {
    struct Vectors: Decodable {
        let cases: [Case]

        struct Case: Decodable {
            let name: String
            let input: [String: Double]
            let expected: [String: Double]
        }
    }

    @Test func ratiosMatchTheVector() throws {
        guard
            let vectors = try VectorFile.decode(Vectors.self, "algorithms", "deflated_sharpe")
        else { return }
        #expect(!vectors.cases.isEmpty)
        for vector in vectors.cases {
            func given(_ name: String) throws -> Double { try #require(vector.input[name]) }
            for (name, expected) in vector.expected {
                let found: Double
                switch name {
                case "sr0PerPeriod": found = try best(vector)
                case "dsr":
                    let ratio = try given("srAnnual") / given("periodsPerYear").squareRoot()
                    found = try measured(vector, ratio).probability(above: best(vector))
                case "psr":
                    found = try measured(vector, given("sr")).probability(
                        above: given("srBenchmark"))
                default:
                    found = try SharpeRatio(
                        ratio: given("sr"), periods: 2, skew: given("skew"), kurtosis: given("kurt")
                    ).periodsNeeded(above: given("srBenchmark"), alpha: given("alpha"))
                }
                #expect(abs(found - expected) < 1e-9 * max(1, expected), "\(vector.name) \(name)")
            }
        }
    }

    private func measured(_ vector: Vectors.Case, _ ratio: Double) throws -> SharpeRatio {
        SharpeRatio(
            ratio: ratio, periods: Int(try #require(vector.input["T"])),
            skew: try #require(vector.input["skew"]), kurtosis: try #require(vector.input["kurt"]))
    }

    private func best(_ vector: Vectors.Case) throws -> Double {
        SharpeRatio.expectedMaximum(
            trials: Int(try #require(vector.input["trials"])),
            variance: try #require(vector.input["varTrialsSRAnnual"])
                / #require(vector.input["periodsPerYear"]))
    }

    @Test func aSampleGivesItsMoments() throws {
        let ratio = try #require(SharpeRatio([1, 2, 3, 4]))
        #expect(abs(ratio.ratio - 2.5 / (5.0 / 3).squareRoot()) < 1e-12)
        #expect(abs(ratio.skew) < 1e-12 && abs(ratio.kurtosis - 1.64) < 1e-12)
        #expect(SharpeRatio([1, 1, 1]) == nil && SharpeRatio([1, 2]) == nil)
        #expect(SharpeRatio([1, 2, .nan]) == nil)
    }
}
