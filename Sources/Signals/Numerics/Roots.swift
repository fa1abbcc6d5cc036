import Glibc

/// Roots of functions of one variable.
package enum Roots {
    /// Where a continuous function changes sign between two points, to the last bits of a `Double`:
    /// bisection, which needs nothing but the change of sign.
    ///
    /// - Returns: nil where both ends have the same sign.
    package static func bisect(
        _ function: (Double) -> Double, from low: Double, to high: Double
    ) -> Double? {
        precondition(low <= high, "an interval runs upward, got \(low)...\(high)")
        var (low, high) = (low, high)
        let atLow = function(low)
        if atLow == 0 { return low }
        let atHigh = function(high)
        if atHigh == 0 { return high }
        guard (atLow < 0) != (atHigh < 0) else { return nil }
        for _ in 0..<200 {
            let middle = low + (high - low) / 2
            if middle <= low || middle >= high { break }
            let value = function(middle)
            if value == 0 { return middle }
            if (value < 0) == (atLow < 0) { low = middle } else { high = middle }
        }
        return low + (high - low) / 2
    }
}
