import Glibc

/// Student's t distribution, through the regularised incomplete beta function.
package struct StudentDistribution: Sendable {
    /// Degrees of freedom; more than 2, so that the variance exists.
    package let degreesOfFreedom: Double

    package init(degreesOfFreedom: Double) {
        precondition(
            degreesOfFreedom > 2 && degreesOfFreedom <= 200,
            "degrees of freedom lie in (2, 200], got \(degreesOfFreedom)")
        self.degreesOfFreedom = degreesOfFreedom
    }

    /// The probability of a value at most `t`.
    package func cumulative(_ t: Double) -> Double {
        let x = degreesOfFreedom / (degreesOfFreedom + t * t)
        let tail = 0.5 * incompleteBeta(a: degreesOfFreedom / 2, b: 0.5, x: x)
        return t > 0 ? 1 - tail : tail
    }

    /// The probability of a value at most `z` after scaling to variance one: comparable with the
    /// standard normal distribution, with fatter tails.
    package func cumulativeVarianceMatched(_ z: Double) -> Double {
        cumulative(z * (degreesOfFreedom / (degreesOfFreedom - 2)).squareRoot())
    }
}

/// The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction.
package func incompleteBeta(a: Double, b: Double, x: Double) -> Double {
    precondition(a > 0 && b > 0, "the beta function needs positive parameters, got \(a), \(b)")
    precondition(x >= 0 && x <= 1, "an incomplete beta function lives on [0, 1], got \(x)")
    if x == 0 || x == 1 { return x }
    let beta = tgamma(a) * (tgamma(b) / tgamma(a + b))
    let front = pow(x, a) * pow(1 - x, b) / beta
    // The fraction converges fast below the mean only; above it the symmetry is used.
    if x < (a + 1) / (a + b + 2) { return front * betaFraction(a: a, b: b, x: x) / a }
    return 1 - front * betaFraction(a: b, b: a, x: 1 - x) / b
}

private func betaFraction(a: Double, b: Double, x: Double) -> Double {
    let tiny = 1e-300
    var c = 1.0
    var d = 1 - (a + b) * x / (a + 1)
    d = 1 / (abs(d) < tiny ? tiny : d)
    var value = d
    for step in 1...300 {
        let m = Double(step)
        let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        var factor = 1.0
        for coefficient in [even, odd] {
            d = 1 + coefficient * d
            d = 1 / (abs(d) < tiny ? tiny : d)
            c = 1 + coefficient / c
            c = abs(c) < tiny ? tiny : c
            factor = c * d
            value *= factor
        }
        if abs(factor - 1) < 1e-16 { break }
    }
    return value
}
