import Glibc

/// Options that pay one when a price that moves as a geometric Brownian motion does something.
///
/// Years have 365 days, because crypto never closes. A drift of zero makes the price a martingale.
package struct DigitalOption: Sendable, Equatable {
    package let spot: Double
    package let years: Double
    package let volatility: Double
    package let drift: Double

    package static let secondsPerYear = 365.0 * 86_400

    package init(spot: Double, years: Double, volatility: Double, drift: Double = 0) {
        precondition(spot > 0, "a spot price is positive, got \(spot)")
        precondition(years > 0, "time to expiry is positive, got \(years)")
        precondition(volatility > 0, "volatility is positive, got \(volatility)")
        self.spot = spot
        self.years = years
        self.volatility = volatility
        self.drift = drift
    }

    /// The standard deviation of the logarithm of the price at expiry.
    package var deviation: Double { volatility * years.squareRoot() }

    /// The drift of the logarithm over the whole time.
    private var logDrift: Double { (drift - volatility * volatility / 2) * years }

    /// How many deviations the expected logarithm lies above the strike.
    package func d2(strike: Double) -> Double {
        precondition(strike > 0, "a strike is positive, got \(strike)")
        return (log(spot / strike) + logDrift) / deviation
    }

    /// Pays when the price at expiry is at or above the strike.
    package func above(strike: Double) -> Double {
        NormalDistribution.cumulative(d2(strike: strike))
    }

    /// The same under Student-t returns of equal variance: what fat tails change.
    package func above(strike: Double, tails: StudentDistribution) -> Double {
        tails.cumulativeVarianceMatched(d2(strike: strike))
    }

    /// The change of `above` for one unit of the spot price.
    package func sensitivity(strike: Double) -> Double {
        NormalDistribution.density(d2(strike: strike)) / (spot * deviation)
    }

    /// Pays when the price touches the barrier before expiry (Reiner and Rubinstein 1991).
    package func touch(barrier: Double) -> Double {
        precondition(barrier > 0, "a barrier is positive, got \(barrier)")
        let distance = log(barrier / spot)
        if distance == 0 { return 1 }
        // A barrier below is the mirror image of one above.
        let level = abs(distance)
        let pull = distance > 0 ? logDrift : -logDrift
        let straight = NormalDistribution.cumulative((pull - level) / deviation)
        let reflected = NormalDistribution.cumulative((-level - pull) / deviation)
        return straight + exp(2 * pull * level / (deviation * deviation)) * reflected
    }

    /// Pays when the price stays strictly between two barriers, by the method of images.
    package func noTouch(lower: Double, upper: Double) -> Double {
        precondition(lower > 0 && lower < upper, "barriers are out of order: \(lower), \(upper)")
        guard spot > lower, spot < upper else { return 0 }
        let below = log(lower / spot)
        let above = log(upper / spot)
        let width = above - below
        let reach = (12 * deviation + abs(logDrift)) / (2 * width)
        let images = Int(min(reach, 1_000)) + 2
        var probability = 0.0
        for image in -images...images {
            let offset = 2 * Double(image) * width
            probability += imageMass(at: offset, from: below, to: above)
            probability -= imageMass(at: 2 * above + offset, from: below, to: above)
        }
        return min(1, max(0, probability))
    }

    /// The mass between two levels of the weighted image of the process that starts at `origin`.
    private func imageMass(at origin: Double, from below: Double, to above: Double) -> Double {
        let weight = exp(logDrift * origin / (deviation * deviation))
        let high = NormalDistribution.cumulative((above - origin - logDrift) / deviation)
        let low = NormalDistribution.cumulative((below - origin - logDrift) / deviation)
        return weight * (high - low)
    }

    /// Where a barrier that is looked at `observations` times acts as if it were watched all the
    /// time (Broadie, Glasserman and Kou 1997).
    package func continuousEquivalent(barrier: Double, observations: Int) -> Double {
        precondition(observations > 0, "a barrier is looked at at least once")
        let shift = 0.5826 * volatility * (years / Double(observations)).squareRoot()
        return barrier * exp(barrier >= spot ? shift : -shift)
    }
}
