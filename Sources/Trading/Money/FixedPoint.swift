/// The vocabulary of trading: money, time, identity, instruments, books and orders.
///
/// Purpose: one set of types that every other module speaks. Forbidden here: clocks, randomness,
/// I/O, logging, Foundation. Start reading at `Money/FixedPoint.swift` and
/// `Orders/OrderState.swift`.

/// How a result that does not fit nine decimals is brought to the grid. Never implied.
public enum Rounding: Sendable {
    /// Toward negative infinity.
    case down
    /// Toward positive infinity.
    case up
    /// Toward zero.
    case towardZero
    /// To the nearest unit, ties to the even one.
    case nearestEven
}

/// A decimal with nine fractional digits in an `Int64`: the only number that money is made of.
///
/// Arithmetic traps on overflow, because a wrapped amount is a broken invariant of ours. Untrusted
/// input goes through the `checked` forms, which return nil.
///
/// Public, although nobody outside of the package sees it: generic code with package access is
/// never specialised in another module, and sums are where the risk core spends its time.
public protocol FixedPoint: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    /// The value in units of 10⁻⁹.
    var units: Int64 { get }
    init(units: Int64)
}

extension FixedPoint {
    /// Units in one whole.
    @inlinable public static var scale: Int64 { 1_000_000_000 }
    /// Nothing.
    @inlinable public static var zero: Self { Self(units: 0) }
    /// The largest value.
    @inlinable public static var max: Self { Self(units: .max) }

    /// The whole number `value`.
    @inlinable public init(_ value: Int64) { self.init(units: value * Self.scale) }

    /// Whether this is exactly zero.
    @inlinable public var isZero: Bool { units == 0 }
    /// Whether this is below zero.
    @inlinable public var isNegative: Bool { units < 0 }
    /// The distance from zero; traps for the smallest value.
    @inlinable public var magnitude: Self { Self(units: units < 0 ? -units : units) }

    /// Numeric order.
    @inlinable public static func < (lhs: Self, rhs: Self) -> Bool { lhs.units < rhs.units }
    /// Numeric order. Stated, because the standard library's form is not resolved from outside.
    @inlinable public static func > (lhs: Self, rhs: Self) -> Bool { lhs.units > rhs.units }
    /// Numeric order.
    @inlinable public static func <= (lhs: Self, rhs: Self) -> Bool { lhs.units <= rhs.units }
    /// Numeric order.
    @inlinable public static func >= (lhs: Self, rhs: Self) -> Bool { lhs.units >= rhs.units }
    /// The sum; traps on overflow.
    @inlinable public static func + (lhs: Self, rhs: Self) -> Self {
        Self(units: lhs.units + rhs.units)
    }
    /// The difference; traps on overflow.
    @inlinable public static func - (lhs: Self, rhs: Self) -> Self {
        Self(units: lhs.units - rhs.units)
    }
    /// The negation; traps for the smallest value.
    @inlinable public static prefix func - (value: Self) -> Self { Self(units: -value.units) }
    /// Adds; traps on overflow.
    @inlinable public static func += (lhs: inout Self, rhs: Self) { lhs = lhs + rhs }
    /// Subtracts; traps on overflow.
    @inlinable public static func -= (lhs: inout Self, rhs: Self) { lhs = lhs - rhs }
    /// The product with a whole number; traps on overflow.
    @inlinable public static func * (lhs: Self, rhs: Int64) -> Self {
        Self(units: lhs.units * rhs)
    }

    /// The sum, or nil where it overflows.
    @inlinable public func addingChecked(_ other: Self) -> Self? {
        let (sum, overflow) = units.addingReportingOverflow(other.units)
        return overflow ? nil : Self(units: sum)
    }

    /// The difference, or nil where it overflows.
    @inlinable public func subtractingChecked(_ other: Self) -> Self? {
        let (difference, overflow) = units.subtractingReportingOverflow(other.units)
        return overflow ? nil : Self(units: difference)
    }

    /// Parses `-12.5`, `0.000000001`: an optional sign, digits, at most nine decimals; else nil.
    public init?(decimal text: some StringProtocol) {
        var digits = Array(text.utf8)[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        let parts = digits.split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let wholeDigits = parts.first, !wholeDigits.isEmpty else { return nil }
        let fractionDigits = parts.count == 2 ? parts[1] : []
        if parts.count == 2, fractionDigits.isEmpty || fractionDigits.count > 9 { return nil }
        var units: Int64 = 0
        let padding = 9 - fractionDigits.count
        for digit in [wholeDigits, fractionDigits].joined() {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (shifted, overflowed) = units.multipliedReportingOverflow(by: 10)
            // Digits gather on the negative side, which is one unit wider.
            let (next, underflowed) = shifted.subtractingReportingOverflow(
                Int64(digit - UInt8(ascii: "0")))
            if overflowed || underflowed { return nil }
            units = next
        }
        for _ in 0..<padding {
            let (shifted, overflowed) = units.multipliedReportingOverflow(by: 10)
            if overflowed { return nil }
            units = shifted
        }
        if !isNegative, units == .min { return nil }
        self.init(units: isNegative ? units : -units)
    }

    /// The exact decimal, without trailing zeros: `0.55`, `-3`, `12.000000001`.
    public var description: String { decimal(minimumFraction: 0) }

    /// The exact decimal with at least `minimumFraction` fractional digits.
    public func decimal(minimumFraction: Int) -> String {
        let magnitude = units.magnitude
        let whole = magnitude / UInt64(Self.scale)
        var fraction = String(magnitude % UInt64(Self.scale))
        fraction = String(repeating: "0", count: 9 - fraction.count) + fraction
        while fraction.count > minimumFraction, fraction.last == "0" { fraction.removeLast() }
        let sign = units < 0 ? "-" : ""
        return fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(fraction)"
    }

    /// Converts a statistic at the border of the decision, or nil when it is not finite or too big.
    public init?(_ value: Double, rounding: Rounding) {
        let scaled = value * Double(Self.scale)
        guard scaled.isFinite, scaled.magnitude < 9.2e18 else { return nil }
        switch rounding {
        case .down: self.init(units: Int64(scaled.rounded(.down)))
        case .up: self.init(units: Int64(scaled.rounded(.up)))
        case .towardZero: self.init(units: Int64(scaled.rounded(.towardZero)))
        case .nearestEven: self.init(units: Int64(scaled.rounded(.toNearestOrEven)))
        }
    }

    /// The nearest `Double`, for statistics only.
    public var doubleValue: Double { Double(units) / Double(Self.scale) }

    /// This value brought to a multiple of `step`, which must be positive.
    public func rounded(toMultipleOf step: Self, _ rounding: Rounding) -> Self {
        precondition(step.units > 0, "a step must be positive, got \(step)")
        let quotient = divide(Int128(units), by: Int128(step.units), rounding)
        return Self(units: Int64(quotient) * step.units)
    }

    /// Whether this value lies on the grid of `step`.
    @inlinable public func isMultiple(of step: Self) -> Bool {
        step.units > 0 && units % step.units == 0
    }
}

/// The quotient of two integers under a named rounding. The divisor must be positive.
@inlinable public func divide(_ dividend: Int128, by divisor: Int128, _ rounding: Rounding)
    -> Int128
{
    precondition(divisor > 0, "divisor must be positive")
    let (quotient, remainder) = quotientAndRemainder(dividend, divisor)
    if remainder == 0 { return quotient }
    let floor = remainder < 0 ? quotient - 1 : quotient
    switch rounding {
    case .down: return floor
    case .up: return floor + 1
    case .towardZero: return quotient
    case .nearestEven:
        let above = (remainder < 0 ? remainder + divisor : remainder) * 2
        if above != divisor { return above < divisor ? floor : floor + 1 }
        return floor % 2 == 0 ? floor : floor + 1
    }
}

/// The quotient toward zero and its remainder. Where the quotient is one word of the processor it
/// divides itself, which takes a tenth of the time.
@inlinable public func quotientAndRemainder(
    _ dividend: Int128, _ divisor: Int128
) -> (quotient: Int128, remainder: Int128) {
    let (high, low) = (
        UInt64(truncatingIfNeeded: dividend >> 64), UInt64(truncatingIfNeeded: dividend)
    )
    let word = UInt64(truncatingIfNeeded: divisor)
    guard dividend >= 0, Int128(word) == divisor, high < word else {
        return dividend.quotientAndRemainder(dividingBy: divisor)
    }
    if high == 0 { return (Int128(low / word), Int128(low % word)) }
    let (quotient, remainder) = word.dividingFullWidth((high, low))
    return (Int128(quotient), Int128(remainder))
}
