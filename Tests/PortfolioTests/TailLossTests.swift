import Portfolio
import TestSupport
import Testing

@Suite struct TailLossVectorTests {
    struct Vectors: Decodable {
        let cases: [Case]

        struct Case: Decodable {
            let name: String
            let input: Input
            let expected: Expected
        }

        struct Input: Decodable {
            let losses: [Double]
            let probs: [Double]
            let alpha: Double
        }

        struct Expected: Decodable {
            let VaR: Double
            let CVaR: Double
        }
    }

    @Test func tailLossesMatchTheVector() throws {
        guard let vectors = try VectorFile.decode(Vectors.self, "algorithms", "cvar") else {
            return
        }
        #expect(!vectors.cases.isEmpty)
        for vector in vectors.cases {
            let tail = TailLoss(
                losses: vector.input.losses, probabilities: vector.input.probs,
                confidence: vector.input.alpha)
            let found = try #require(tail)
            #expect(abs(found.valueAtRisk - vector.expected.VaR) < 1e-9, "\(vector.name)")
            #expect(abs(found.conditional - vector.expected.CVaR) < 1e-9, "\(vector.name)")
        }
    }

    @Test func whatIsNoDistributionHasNoTail() {
        #expect(TailLoss(losses: [], probabilities: [], confidence: 0.9) == nil)
        #expect(TailLoss(losses: [1], probabilities: [0.5], confidence: 0.9) == nil)
        #expect(TailLoss(losses: [1, 2], probabilities: [1.5, -0.5], confidence: 0.9) == nil)
        #expect(TailLoss(losses: [1], probabilities: [1], confidence: 1) == nil)
        #expect(TailLoss(losses: [.nan], probabilities: [1], confidence: 0.5) == nil)
    }
}
