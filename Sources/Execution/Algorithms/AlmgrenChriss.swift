import Glibc

/// The optimal trajectory of Almgren and Chriss (2001, J. Risk 3(2), eqs 16–20) with linear impact.
///
/// Units: contracts, seconds, price; `riskAversion` per unit of money.
package struct AlmgrenChriss: Sendable, Hashable {
    package struct Terms: Sendable, Hashable {
        package var quantity: Double
        package var seconds: Double
        package var steps: Int
        /// Price per square root of a second. For a binary: p(1 − p) times that of the log odds.
        package var volatility: Double
        /// Temporary impact, price per (contract per second).
        package var temporaryImpact: Double
        /// Permanent impact, price per contract.
        package var permanentImpact: Double
        /// What each contract costs for being traded at all: half the spread and the fee.
        package var fixedCost: Double
        package var riskAversion: Double

        package init(
            quantity: Double, seconds: Double, steps: Int, volatility: Double,
            temporaryImpact: Double, permanentImpact: Double, fixedCost: Double,
            riskAversion: Double
        ) {
            self.quantity = quantity
            self.seconds = seconds
            self.steps = steps
            self.volatility = volatility
            self.temporaryImpact = temporaryImpact
            self.permanentImpact = permanentImpact
            self.fixedCost = fixedCost
            self.riskAversion = riskAversion
        }
    }

    /// κ: how fast the trajectory decays, per second. Zero is the straight line.
    package let urgency: Double
    package let urgencyTildeSquared: Double
    /// What is still to be traded at the start and after each step.
    package let holdings: [Double]
    package let expectedCost: Double
    package let variance: Double

    /// What each step trades.
    package var trades: [Double] { zip(holdings, holdings.dropFirst()).map { $0 - $1 } }
    /// In how many seconds the rest falls by e; infinite for the straight line.
    package var halfLife: Double { 1 / urgency }

    /// Nil where the terms have no solution: steps so long that permanent impact outweighs
    /// temporary, or a number that is not finite or has the wrong sign.
    package init?(_ terms: Terms) {
        let (steps, seconds) = (terms.steps, terms.seconds)
        let numbers = [
            terms.quantity, terms.volatility, terms.temporaryImpact, terms.permanentImpact,
            terms.fixedCost, terms.riskAversion,
        ]
        guard steps > 0, seconds > 0, seconds.isFinite,
            numbers.allSatisfy({ $0.isFinite && $0 >= 0 })
        else { return nil }
        let step = seconds / Double(steps)
        let impact = terms.temporaryImpact - terms.permanentImpact * step / 2
        guard impact > 0 else { return nil }
        let tilde = terms.riskAversion * terms.volatility * terms.volatility / impact
        let kappa = acosh(1 + tilde * step * step / 2) / step
        urgency = kappa
        urgencyTildeSquared = tilde
        holdings = (0...steps).map { index in
            let left = seconds - step * Double(index)
            return terms.quantity * AlmgrenChriss.share(left: left, of: seconds, kappa)
        }
        var (moved, squares, risk) = (0.0, 0.0, 0.0)
        for (before, after) in zip(holdings, holdings.dropFirst()) {
            moved += abs(before - after)
            squares += (before - after) * (before - after)
            risk += after * after
        }
        expectedCost =
            terms.permanentImpact * terms.quantity * terms.quantity / 2
            + terms.fixedCost * moved + impact / step * squares
        variance = terms.volatility * terms.volatility * step * risk
    }

    /// sinh(κ left) / sinh(κ whole), in a form that neither overflows nor loses the straight line.
    private static func share(left: Double, of whole: Double, _ kappa: Double) -> Double {
        guard kappa * whole > 1e-6 else { return left / whole }
        return exp(kappa * (left - whole)) * expm1(-2 * kappa * left) / expm1(-2 * kappa * whole)
    }
}
