import Glibc

/// The standard normal distribution.
package enum NormalDistribution {
    /// The probability of a value at most `z`, by the complementary error function, which keeps its
    /// relative accuracy in the lower tail.
    package static func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

    package static func density(_ z: Double) -> Double {
        exp(-z * z / 2) / (2 * Double.pi).squareRoot()
    }

    /// The value that has probability `p` below it: Acklam's rational approximation and one step of
    /// Halley's method, about 1e-15. Infinite at 0 and 1.
    package static func quantile(_ p: Double) -> Double {
        precondition(p >= 0 && p <= 1, "a probability lies in [0, 1], got \(p)")
        if p == 0 { return -.infinity }
        if p == 1 { return .infinity }
        let start = acklam(p)
        let error = cumulative(start) - p
        let step = error * (2 * Double.pi).squareRoot() * exp(start * start / 2)
        return start - step / (1 + start * step / 2)
    }

    /// Peter Acklam's approximation, relative error below 1.15e-9.
    private static func acklam(_ p: Double) -> Double {
        let low = 0.02425
        if p < low { return tail((-2 * log(p)).squareRoot()) }
        if p > 1 - low { return -tail((-2 * log1p(-p)).squareRoot()) }
        let q = p - 0.5
        let r = q * q
        let above = polynomial(
            r,
            [
                -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02,
                1.383577518672690e+02, -3.066479806614716e+01, 2.506628277459239e+00,
            ])
        let below = polynomial(
            r,
            [
                -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                6.680131188771972e+01, -1.328068155288572e+01, 1,
            ])
        return q * above / below
    }

    private static func tail(_ q: Double) -> Double {
        let above = polynomial(
            q,
            [
                -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                -2.549732539343734e+00, 4.374664141464968e+00, 2.938163982698783e+00,
            ])
        let below = polynomial(
            q,
            [
                7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                3.754408661907416e+00, 1,
            ])
        return above / below
    }

    /// Horner's scheme, the highest power first.
    private static func polynomial(_ x: Double, _ coefficients: [Double]) -> Double {
        coefficients.reduce(0) { $0 * x + $1 }
    }
}
