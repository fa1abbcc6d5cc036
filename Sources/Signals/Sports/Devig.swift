import Glibc

/// Probabilities from a bookmaker's decimal odds, without the margin.
package enum Devig: String, CaseIterable, Sendable {
    /// The margin is spread in proportion.
    case multiplicative
    /// The margin is spread evenly; what would be negative is zero and the rest is scaled.
    case additive
    /// Implied probabilities to a common power (Clarke, Kovalchik and Ingram 2017).
    case power
    /// A share of informed money (Shin 1993; Jullien and Salanié 1994).
    case shin
    /// One odds ratio for all outcomes (Cheung 2015).
    case oddsRatio

    /// What a method found: the probabilities, and its parameter where it has one.
    package struct Result: Sendable, Equatable {
        package let probabilities: [Double]
        package let parameter: Double?
    }

    /// What the odds of a book imply, margin included: 1 / odds.
    ///
    /// - Returns: nil unless there are two outcomes or more, all odds exceed 1 and the book exceeds
    ///   one, which an honest book does.
    package static func implied(_ odds: [Double]) -> [Double]? {
        guard odds.count >= 2, odds.allSatisfy({ $0 > 1 && $0.isFinite }) else { return nil }
        let implied = odds.map { 1 / $0 }
        return implied.reduce(0, +) >= 1 ? implied : nil
    }

    /// The probabilities behind odds; nil where the odds are no book (see `implied`).
    package func probabilities(odds: [Double]) -> Result? {
        guard let implied = Devig.implied(odds) else { return nil }
        let book = implied.reduce(0, +)
        switch self {
        case .multiplicative:
            return Result(probabilities: implied.map { $0 / book }, parameter: nil)
        case .additive:
            let margin = (book - 1) / Double(implied.count)
            let rest = implied.map { max(0, $0 - margin) }
            let total = rest.reduce(0, +)
            return Result(probabilities: rest.map { $0 / total }, parameter: nil)
        case .power:
            return Devig.solve(from: 1, to: 100) { k in implied.map { pow($0, k) } }
        case .shin:
            return Devig.solve(from: 0, to: 1 - 1e-12) { z in
                implied.map {
                    ((z * z + 4 * (1 - z) * $0 * $0 / book).squareRoot() - z) / (2 * (1 - z))
                }
            }
        case .oddsRatio:
            return Devig.solve(from: 1, to: 1e6) { c in implied.map { $0 / (c + $0 - c * $0) } }
        }
    }

    /// The parameter for which the family's probabilities sum to one.
    private static func solve(
        from low: Double, to high: Double, _ family: (Double) -> [Double]
    ) -> Result? {
        let root = Roots.bisect({ family($0).reduce(0, +) - 1 }, from: low, to: high)
        return root.map { Result(probabilities: family($0), parameter: $0) }
    }
}
