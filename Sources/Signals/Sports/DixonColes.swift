import Glibc

/// Goals of a football match: two Poisson counts that hang together at low scores (Dixon and Coles
/// 1997).
///
/// The correction of 1–0 uses the away side's rate and that of 0–1 the home side's, which keeps
/// both Poisson marginals; penaltyblog's grid has them the wrong way round.
package struct DixonColes: Sendable, Equatable {
    package let home: Double
    package let away: Double
    package let rho: Double
    /// The probability of each score, home goals first, scaled to sum to one.
    package let scores: [[Double]]
    /// What the grid held before it was scaled.
    package let mass: Double

    /// - Parameter goalsMax: the most goals of a side that the grid holds.
    package init(home: Double, away: Double, rho: Double, goalsMax: Int = 10) {
        precondition(home > 0 && away > 0, "expected goals are positive, got \(home), \(away)")
        precondition(goalsMax >= 1, "a grid holds a goal")
        self.home = home
        self.away = away
        self.rho = rho
        let homes = DixonColes.poisson(home, goalsMax)
        let aways = DixonColes.poisson(away, goalsMax)
        var grid = homes.map { one in aways.map { one * $0 } }
        for first in 0...1 {
            for second in 0...1 {
                grid[first][second] *= max(
                    0, DixonColes.tau(first, second, home: home, away: away, rho: rho))
            }
        }
        mass = grid.reduce(0) { $0 + $1.reduce(0, +) }
        let total = mass
        scores = grid.map { $0.map { $0 / total } }
    }

    /// The correction of a score.
    package static func tau(
        _ homeGoals: Int, _ awayGoals: Int, home: Double, away: Double, rho: Double
    ) -> Double {
        switch (homeGoals, awayGoals) {
        case (0, 0): 1 - home * away * rho
        case (0, 1): 1 + home * rho
        case (1, 0): 1 + away * rho
        case (1, 1): 1 - rho
        default: 1
        }
    }

    /// The probabilities of home, draw and away.
    package var results: [Double] {
        var results = [0.0, 0, 0]
        for (first, row) in scores.enumerated() {
            for (second, probability) in row.enumerated() {
                results[first > second ? 0 : first == second ? 1 : 2] += probability
            }
        }
        return results
    }

    /// The probability of more goals than `line`, which is a half.
    package func over(_ line: Double) -> Double {
        var total = 0.0
        for (first, row) in scores.enumerated() {
            for (second, probability) in row.enumerated() where Double(first + second) > line {
                total += probability
            }
        }
        return total
    }

    /// What a match counts that lies so many days back.
    package static func weight(days: Double, decay: Double) -> Double { exp(-decay * days) }

    private static func poisson(_ rate: Double, _ countMax: Int) -> [Double] {
        var term = exp(-rate)
        return (0...countMax).map { count in
            if count > 0 { term *= rate / Double(count) }
            return term
        }
    }
}
