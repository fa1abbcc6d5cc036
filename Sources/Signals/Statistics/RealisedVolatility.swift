import Glibc

/// One bar of a price series.
package struct PriceBar: Sendable, Equatable {
    package let open: Double
    package let high: Double
    package let low: Double
    package let close: Double

    package init(open: Double, high: Double, low: Double, close: Double) {
        precondition(low > 0 && low <= high, "a bar has 0 < low <= high, got \(low), \(high)")
        precondition(open >= low && open <= high, "\(open) opens outside \(low)...\(high)")
        precondition(close >= low && close <= high, "\(close) closes outside \(low)...\(high)")
        self.open = open
        self.high = high
        self.low = low
        self.close = close
    }
}

/// Estimators of volatility from bars, in units per bar (ALGORITHMS 3.1).
package enum BarVolatility {
    /// Parkinson 1980: from the range alone.
    package static func parkinson(_ bars: [PriceBar]) -> Double {
        mean(bars.map { square(log($0.high / $0.low)) / (4 * log(2)) }).squareRoot()
    }

    /// Garman and Klass 1980.
    package static func garmanKlass(_ bars: [PriceBar]) -> Double {
        mean(
            bars.map {
                0.5 * square(log($0.high / $0.low))
                    - (2 * log(2) - 1) * square(log($0.close / $0.open))
            }
        ).squareRoot()
    }

    /// Rogers and Satchell 1991: unbiased under drift.
    package static func rogersSatchell(_ bars: [PriceBar]) -> Double {
        rogersSatchellVariance(bars).squareRoot()
    }

    /// Yang and Zhang 2000, over the bars that have a previous close.
    package static func yangZhang(_ bars: [PriceBar]) -> (volatility: Double, k: Double) {
        precondition(bars.count >= 3, "Yang-Zhang needs three bars, got \(bars.count)")
        let later = Array(bars.dropFirst())
        let overnight = zip(bars, later).map { log($1.open / $0.close) }
        let inside = later.map { log($0.close / $0.open) }
        let n = Double(later.count)
        let k = 0.34 / (1.34 + (n + 1) / (n - 1))
        let variance =
            sampleVariance(overnight) + k * sampleVariance(inside)
            + (1 - k) * rogersSatchellVariance(later)
        return (variance.squareRoot(), k)
    }

    private static func rogersSatchellVariance(_ bars: [PriceBar]) -> Double {
        mean(
            bars.map {
                log($0.high / $0.close) * log($0.high / $0.open)
                    + log($0.low / $0.close) * log($0.low / $0.open)
            })
    }
}

/// Measures of a series of returns.
package enum ReturnVolatility {
    /// The logarithmic returns of a series of prices.
    package static func returns(_ prices: [Double]) -> [Double] {
        zip(prices, prices.dropFirst()).map { log($1 / $0) }
    }

    /// The changes of log odds of a series of probabilities: the returns of a binary contract.
    package static func logitReturns(_ probabilities: [Double]) -> [Double] {
        zip(probabilities, probabilities.dropFirst()).map { Logit.of($1) - Logit.of($0) }
    }

    /// The root of the sum of squares.
    package static func realised(_ returns: [Double]) -> Double {
        returns.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }

    /// Barndorff-Nielsen and Shephard 2004: variation without jumps.
    package static func bipower(_ returns: [Double]) -> Double {
        zip(returns, returns.dropFirst()).reduce(0) { $0 + abs($1.0 * $1.1) } * Double.pi / 2
    }
}

/// An exponentially weighted variance, begun by the first squared return (RiskMetrics 1996).
package struct EWMAVariance: Sendable, Equatable {
    /// The weight that the past keeps at each step.
    package let decay: Double
    package private(set) var value: Double = 0
    package private(set) var count: Int = 0

    package init(decay: Double) {
        precondition(decay > 0 && decay < 1, "a decay lies in (0, 1), got \(decay)")
        self.decay = decay
    }

    /// Takes one return in. It must be finite.
    package mutating func add(_ change: Double) {
        precondition(change.isFinite, "a return must be finite, got \(change)")
        let square = change * change
        value = count == 0 ? square : decay * value + (1 - decay) * square
        count += 1
    }
}

private func square(_ x: Double) -> Double { x * x }

private func mean(_ values: [Double]) -> Double {
    precondition(!values.isEmpty, "the mean of nothing")
    return values.reduce(0, +) / Double(values.count)
}

private func sampleVariance(_ values: [Double]) -> Double {
    let center = mean(values)
    return values.reduce(0) { $0 + square($1 - center) } / Double(values.count - 1)
}
