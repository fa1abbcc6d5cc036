import Signals
import TestSupport
import Testing

@Suite struct CalibrationVectorTests {
    @Test func plattBetaVector() throws {
        guard let file = try AlgorithmVectors("platt_beta") else { return }
        for item in file.cases {
            let score = try item.input.numbers("score")
            let y = try item.input.numbers("y")
            let isPlatt = item.expected["A"] != nil
            let fit = isPlatt ? Calibrator.platt(score, y) : Calibrator.beta(score, y)
            let parameters: [Double]
            switch fit {
            case .platt(let slope, let offset): parameters = [slope, offset]
            case .beta(let a, let b, let c): parameters = [a, b, c]
            default: parameters = []
            }
            expectClose(
                parameters,
                try (isPlatt ? ["A", "B"] : ["a", "b", "c"]).map { try item.expected.number($0) },
                within: max(file.tolerance, 1e-6), item.name)
            expectClose(
                try item.expected.numbers("query").map { fit($0) },
                try item.expected.numbers("predict"), within: file.tolerance, item.name)
        }
    }

    @Test func isotonicVector() throws {
        guard let file = try AlgorithmVectors("isotonic") else { return }
        for item in file.cases {
            let x = try item.input.numbers("x")
            let fit = IsotonicFit(x, try item.input.numbers("y"))
            expectClose(
                fit.thresholds, try item.expected.numbers("xThresholds"), within: file.tolerance,
                "thresholds")
            expectClose(
                fit.values, try item.expected.numbers("yThresholds"), within: file.tolerance,
                "values")
            expectClose(
                x.map { fit($0) }, try item.expected.numbers("fittedAtX"),
                within: file.tolerance, "fitted")
            expectClose(
                try item.input.numbers("query").map { fit($0) },
                try item.expected.numbers("predict"), within: file.tolerance, "predicted")
        }
    }

    @Test func poolingVector() throws {
        guard let file = try AlgorithmVectors("pooling") else { return }
        for item in file.cases {
            let weights = try item.input.numbers("w")
            if let distributions = item.input["p"] as? [[Double]] {
                expectClose(
                    Pooling.geometric(
                        distributions, weights: weights, factor: try item.input.number("a")),
                    try item.expected.numbers("pooled"), within: file.tolerance, item.name)
                continue
            }
            let p = try item.input.numbers("p")
            let pooled =
                item.input["a"] == nil
                ? Pooling.linear(p, weights: weights)
                : Pooling.logOdds(p, weights: weights, factor: try item.input.number("a"))
            expectClose(
                [pooled], [try item.expected.number("pooled")], within: file.tolerance, item.name)
        }
    }

    @Test func theMethodFollowsFromTheCount() {
        let seed: UInt64 = 21
        var random = SeededRandom(seed: seed)
        let p = (0..<2_000).map { _ in Double.random(in: 0.02..<0.98, using: &random) }
        let y = p.map { Double.random(in: 0..<1, using: &random) < $0 * $0 ? 1.0 : 0 }
        for (count, kind) in [
            (49, "identity"), (50, "logistic"), (299, "logistic"), (300, "beta"),
            (1_999, "beta"), (2_000, "isotonic"),
        ] {
            let fit = Calibrator.fit(Array(p.prefix(count)), Array(y.prefix(count)))
            #expect(fit.kind == kind, "\(count)")
        }
        #expect(Calibrator.fit(Array(p.prefix(60)), [Double](repeating: 1, count: 60)) == .identity)
        // The truth is p²: each fit finds it within the noise of 2,000 outcomes.
        for fit in [Calibrator.beta(p, y), .logistic(p, y), Calibrator.fit(p, y)] {
            let error = p.reduce(0) { $0 + abs(fit($1) - $1 * $1) } / Double(p.count)
            #expect(error < 0.04, "seed \(seed): \(fit.kind) is off by \(error)")
        }
    }

    @Test func separatedOutcomesStayFinite() {
        let p = (1...80).map { Double($0) / 81 }
        let y = p.map { $0 > 0.5 ? 1.0 : 0 }
        for fit in [Calibrator.beta(p, y), .logistic(p, y), .platt(p, y)] {
            #expect(p.allSatisfy { fit($0).isFinite && fit($0) >= 0 && fit($0) <= 1 })
        }
    }
}
