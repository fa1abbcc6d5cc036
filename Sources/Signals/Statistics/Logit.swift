import Glibc

/// Probabilities on the logit scale, where beliefs are combined.
package enum Logit {
    /// The log odds of `p`, which must lie strictly between 0 and 1.
    package static func of(_ p: Double) -> Double {
        precondition(p > 0 && p < 1, "log odds need a probability in (0, 1), got \(p)")
        return log(p) - log1p(-p)
    }

    /// The probability whose log odds are `x`.
    package static func inverse(_ x: Double) -> Double {
        x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
    }

    /// A model's probability drawn toward the market's: `weight` is how far the model is believed,
    /// from 0 (the market) to 1 (the model). See ALGORITHMS 3.4.
    package static func shrink(model: Double, toward market: Double, weight: Double) -> Double {
        precondition(weight >= 0 && weight <= 1, "a weight lies in [0, 1], got \(weight)")
        return inverse(weight * of(model) + (1 - weight) * of(market))
    }
}
