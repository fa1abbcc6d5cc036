import Glibc

/// A map from what a model says to what happens, fitted on forecasts whose outcomes are known.
package enum Calibrator: Sendable, Equatable, Codable {
    /// Too few outcomes to learn from.
    case identity
    /// 1 / (1 + exp(A·x + B)) of a score x (Platt 1999, with his smoothed targets).
    case platt(slope: Double, offset: Double)
    /// The same of the log odds of a probability, free of smoothing.
    case logistic(slope: Double, offset: Double)
    /// logit = a·ln p - b·ln(1 - p) + c (Kull, Silva Filho and Flach 2017).
    case beta(a: Double, b: Double, c: Double)
    /// A rising step function, straight between its thresholds.
    case isotonic(IsotonicFit)

    /// Probabilities are kept this far from certainty before their logarithm is taken.
    private static let clip = 1e-12

    package func callAsFunction(_ p: Double) -> Double {
        let inside = min(1 - Calibrator.clip, max(Calibrator.clip, p))
        switch self {
        case .identity: return p
        case .platt(let slope, let offset): return Logit.inverse(-(slope * p + offset))
        case .logistic(let slope, let offset):
            return Logit.inverse(slope * Logit.of(inside) + offset)
        case .beta(let a, let b, let c):
            return Logit.inverse(a * log(inside) - b * log1p(-inside) + c)
        case .isotonic(let fit): return fit(p)
        }
    }

    /// How many parameters were fitted; a step function counts its thresholds.
    package var kind: String {
        switch self {
        case .identity: "identity"
        case .platt: "platt"
        case .logistic: "logistic"
        case .beta: "beta"
        case .isotonic: "isotonic"
        }
    }

    /// The method for so many outcomes: identity below 50, the logistic of log odds below 300, beta
    /// below 2,000, isotonic from there on. The outcomes must be those of forecasts that were made
    /// before them.
    package static func fit(_ probabilities: [Double], _ outcomes: [Double]) -> Calibrator {
        precondition(probabilities.count == outcomes.count, "an outcome for every forecast")
        let hasBoth = outcomes.contains { $0 > 0.5 } && outcomes.contains { $0 < 0.5 }
        switch outcomes.count {
        case ..<50: return .identity
        case _ where !hasBoth: return .identity
        case ..<300: return logistic(probabilities, outcomes)
        case ..<2_000: return beta(probabilities, outcomes)
        default: return .isotonic(IsotonicFit(probabilities, outcomes))
        }
    }

    /// Platt's fit of scores.
    package static func platt(_ scores: [Double], _ outcomes: [Double]) -> Calibrator {
        let ones = outcomes.reduce(0, +)
        let zeros = Double(outcomes.count) - ones
        let targets = outcomes.map { $0 > 0.5 ? (ones + 1) / (ones + 2) : 1 / (zeros + 2) }
        let found = LogisticRegression.fit(scores.map { [$0, 1] }, targets)
        return .platt(slope: -found[0], offset: -found[1])
    }

    /// The fit on log odds.
    package static func logistic(_ probabilities: [Double], _ outcomes: [Double]) -> Calibrator {
        let rows = probabilities.map { p in
            [Logit.of(min(1 - clip, max(clip, p))), 1]
        }
        let found = LogisticRegression.fit(rows, outcomes)
        return .logistic(slope: found[0], offset: found[1])
    }

    /// The beta fit; a coefficient that would turn the order round is held at zero.
    package static func beta(_ probabilities: [Double], _ outcomes: [Double]) -> Calibrator {
        let inside = probabilities.map { min(1 - clip, max(clip, $0)) }
        let full = LogisticRegression.fit(inside.map { [log($0), -log1p(-$0), 1] }, outcomes)
        if full[0] < 0 {
            let rest = LogisticRegression.fit(inside.map { [-log1p(-$0), 1] }, outcomes)
            return .beta(a: 0, b: max(0, rest[0]), c: rest[1])
        }
        if full[1] < 0 {
            let rest = LogisticRegression.fit(inside.map { [log($0), 1] }, outcomes)
            return .beta(a: max(0, rest[0]), b: 0, c: rest[1])
        }
        return .beta(a: full[0], b: full[1], c: full[2])
    }
}

/// Logistic regression by Newton's method; targets may lie between 0 and 1.
package enum LogisticRegression {
    /// The coefficients of the columns of `rows`, with a penalty of 1e-9 on their squares, which
    /// keeps them finite where the outcomes can be told apart without error.
    package static func fit(_ rows: [[Double]], _ targets: [Double]) -> [Double] {
        precondition(rows.count == targets.count && !rows.isEmpty, "a target for every row")
        let n = rows[0].count
        var coefficients = [Double](repeating: 0, count: n)
        var loss = loss(coefficients, rows, targets)
        for _ in 0..<100 {
            var gradient = coefficients.map { -penalty * $0 }
            var curvature = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
            for (row, target) in zip(rows, targets) {
                let p = Logit.inverse(dot(coefficients, row))
                for i in 0..<n {
                    gradient[i] += (target - p) * row[i]
                    for j in 0...i { curvature[i][j] += p * (1 - p) * row[i] * row[j] }
                }
            }
            for i in 0..<n {
                curvature[i][i] += penalty
                for j in 0..<i { curvature[j][i] = curvature[i][j] }
            }
            guard let step = LinearSystem.solve(symmetric: curvature, gradient) else { break }
            guard let next = improve(coefficients, along: step, loss, rows, targets) else { break }
            (coefficients, loss) = next
        }
        return coefficients
    }

    private static let penalty = 1e-9

    /// The whole step, or the first of its halves that lowers the loss.
    private static func improve(
        _ start: [Double], along step: [Double], _ loss: Double, _ rows: [[Double]],
        _ targets: [Double]
    ) -> ([Double], Double)? {
        var length = 1.0
        for _ in 0..<40 {
            let next = zip(start, step).map { $0 + length * $1 }
            let value = self.loss(next, rows, targets)
            if value < loss { return (next, value) }
            length *= 0.5
        }
        return nil
    }

    private static func loss(
        _ coefficients: [Double], _ rows: [[Double]], _ targets: [Double]
    ) -> Double {
        var total = penalty / 2 * dot(coefficients, coefficients)
        for (row, target) in zip(rows, targets) {
            let x = dot(coefficients, row)
            // ln(1 + e^x) - target · x without overflow.
            total += max(x, 0) + log1p(exp(-abs(x))) - target * x
        }
        return total
    }

    private static func dot(_ left: [Double], _ right: [Double]) -> Double {
        zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
