import Glibc

/// The rules of a league's Elo ratings, as FiveThirtyEight published them.
package struct EloRules: Sendable, Equatable, Codable {
    /// How a margin of victory counts.
    package enum Margin: String, Sendable, Codable {
        /// ln(margin + 1) · 2.2 / (0.001 · lead + 2.2): football.
        case logarithmic
        /// (margin + 3)^0.8 / (7.5 + 0.006 · lead): basketball.
        case power
        /// Every victory counts the same.
        case none
    }

    package var margin: Margin
    package var speed: Double
    /// What playing at home is worth, in rating points.
    package var home: Double
    /// What a rating keeps of its distance from `center` between seasons.
    package var carry: Double
    package var center: Double

    package init(margin: Margin, speed: Double, home: Double, carry: Double, center: Double) {
        self.margin = margin
        self.speed = speed
        self.home = home
        self.carry = carry
        self.center = center
    }

    package static let nfl = EloRules(
        margin: .logarithmic, speed: 20, home: 65, carry: 2.0 / 3, center: 1_505)
    package static let nba = EloRules(
        margin: .power, speed: 20, home: 100, carry: 0.75, center: 1_505)

    /// The rating points by which the first team is ahead, home included.
    package func lead(_ first: Double, _ second: Double, isNeutral: Bool) -> Double {
        first - second + (isNeutral ? 0 : home)
    }

    /// The probability that the first team wins.
    package func probability(lead: Double) -> Double { 1 / (1 + pow(10, -lead / 400)) }

    /// How much a result counts, by the winner's margin and the lead that the winner had.
    package func multiplier(points: Double, lead: Double) -> Double {
        let winnersLead = points > 0 ? lead : -lead
        switch margin {
        case .logarithmic:
            // In a tie the published program divides by one.
            let surprise = points == 0 ? 2.2 : 2.2 / (0.001 * winnersLead + 2.2)
            return log(max(abs(points), 1) + 1) * surprise
        case .power: return pow(abs(points) + 3, 0.8) / (7.5 + 0.006 * winnersLead)
        case .none: return 1
        }
    }

    /// What the first team's rating gains and the second's loses. `points` is the first team's
    /// margin.
    package func shift(points: Double, lead: Double) -> Double {
        let result = points > 0 ? 1 : points < 0 ? 0 : 0.5
        return speed * multiplier(points: points, lead: lead)
            * (result - probability(lead: lead))
    }

    /// A rating at the start of the next season.
    package func reverted(_ rating: Double) -> Double { center + carry * (rating - center) }
}
