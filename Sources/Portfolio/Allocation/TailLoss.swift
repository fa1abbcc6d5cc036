/// What a portfolio loses in its bad cases, over outcomes with probabilities: value at risk and the
/// mean beyond it (Rockafellar and Uryasev 2000). A statistic beside the worst case, never in its
/// place; atoms are split exactly.
package struct TailLoss: Sendable, Hashable {
    /// The smallest loss that is not exceeded with the confidence's probability.
    package let valueAtRisk: Double
    /// The mean loss of the worst cases, which together have probability 1 − confidence.
    package let conditional: Double

    /// Nil unless there are losses, as many probabilities that are not negative and sum to one, and
    /// a confidence above 0 and below 1.
    package init?(losses: [Double], probabilities: [Double], confidence: Double) {
        let sum = probabilities.reduce(0, +)
        guard losses.count == probabilities.count, !losses.isEmpty,
            losses.allSatisfy(\.isFinite), probabilities.allSatisfy({ $0 >= 0 }),
            abs(sum - 1) < 1e-9, confidence > 0, confidence < 1
        else { return nil }
        let cases = zip(losses, probabilities).sorted { $0.0 < $1.0 }
        var reached = 0.0
        var found = cases[cases.count - 1].0
        for (loss, probability) in cases {
            reached += probability
            if reached >= confidence {
                found = loss
                break
            }
        }
        let excess = cases.reduce(0.0) { $0 + max(0, $1.0 - found) * $1.1 }
        valueAtRisk = found
        conditional = found + excess / (1 - confidence)
    }
}
