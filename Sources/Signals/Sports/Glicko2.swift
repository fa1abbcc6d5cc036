import Glibc

/// Glicko-2 (Glickman 2013): a rating with its uncertainty and volatility, for who plays seldom.
package struct Glicko2: Sendable, Equatable, Codable {
    /// On Glicko's scale, where 1500 is the middle.
    package var rating: Double
    package var deviation: Double
    package var volatility: Double

    /// One result of a rating period: 1 won, 0.5 drawn, 0 lost.
    package struct Game: Sendable, Equatable {
        package let opponentRating: Double
        package let opponentDeviation: Double
        package let score: Double
        package init(opponentRating: Double, opponentDeviation: Double, score: Double) {
            self.opponentRating = opponentRating
            self.opponentDeviation = opponentDeviation
            self.score = score
        }
    }

    package init(rating: Double = 1_500, deviation: Double = 350, volatility: Double = 0.06) {
        precondition(deviation > 0 && volatility > 0, "deviations are positive")
        self.rating = rating
        self.deviation = deviation
        self.volatility = volatility
    }

    private static let scale = 173.7178

    /// The probability of beating an opponent, with the uncertainty of both.
    package func probability(against other: Glicko2) -> Double {
        let both =
            (deviation * deviation + other.deviation * other.deviation).squareRoot()
            / Glicko2.scale
        return Logit.inverse(Glicko2.weight(both) * (rating - other.rating) / Glicko2.scale)
    }

    /// The rating after a period; without games only the uncertainty grows.
    package func after(_ games: [Game], tau: Double) -> Glicko2 {
        let phi = deviation / Glicko2.scale
        var next = self
        guard !games.isEmpty else {
            next.deviation = Glicko2.scale * (phi * phi + volatility * volatility).squareRoot()
            return next
        }
        let mu = (rating - 1_500) / Glicko2.scale
        var (information, pull) = (0.0, 0.0)
        for game in games {
            let weight = Glicko2.weight(game.opponentDeviation / Glicko2.scale)
            let gap = mu - (game.opponentRating - 1_500) / Glicko2.scale
            let expected = Logit.inverse(weight * gap)
            information += weight * weight * expected * (1 - expected)
            pull += weight * (game.score - expected)
        }
        let variance = 1 / information
        next.volatility = nextVolatility(phi, variance, variance * pull, tau)
        let spread = phi * phi + next.volatility * next.volatility
        let narrowed = 1 / (1 / spread + information)
        next.deviation = Glicko2.scale * narrowed.squareRoot()
        next.rating = rating + Glicko2.scale * narrowed * pull
        return next
    }

    private static func weight(_ phi: Double) -> Double {
        1 / (1 + 3 * phi * phi / (Double.pi * Double.pi)).squareRoot()
    }

    /// The root of Glickman's step 5, bracketed as he does it.
    private func nextVolatility(
        _ phi: Double, _ variance: Double, _ delta: Double, _ tau: Double
    ) -> Double {
        let a = log(volatility * volatility)
        func f(_ x: Double) -> Double {
            let spread = phi * phi + variance + exp(x)
            return exp(x) * (delta * delta - spread) / (2 * spread * spread)
                - (x - a) / (tau * tau)
        }
        let excess = delta * delta - phi * phi - variance
        var low = a
        if excess > 0 {
            let other = log(excess)
            guard let root = Roots.bisect(f, from: min(a, other), to: max(a, other)) else {
                return volatility
            }
            return exp(root / 2)
        }
        repeat { low -= tau } while f(low) < 0 && low > a - 100
        return Roots.bisect(f, from: low, to: a).map { exp($0 / 2) } ?? volatility
    }
}
