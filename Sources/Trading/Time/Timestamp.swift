/// A moment of market time: UTC nanoseconds since 1970.
///
/// Arithmetic stops at the first and last moment that there are: times come from the wire, and none
/// of them may end a process.
public struct Timestamp: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    /// The value.
    public let nanoseconds: Int64

    /// So many nanoseconds.
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    package init(milliseconds: Int64) { nanoseconds = milliseconds * 1_000_000 }
    package init(seconds: Int64) { nanoseconds = seconds * 1_000_000_000 }

    package static var zero: Timestamp { Timestamp(nanoseconds: 0) }

    /// Numeric order.
    @inlinable public static func < (lhs: Timestamp, rhs: Timestamp) -> Bool {
        lhs.nanoseconds < rhs.nanoseconds
    }
    /// Numeric order.
    @inlinable public static func > (lhs: Timestamp, rhs: Timestamp) -> Bool {
        lhs.nanoseconds > rhs.nanoseconds
    }
    /// Numeric order.
    @inlinable public static func <= (lhs: Timestamp, rhs: Timestamp) -> Bool {
        lhs.nanoseconds <= rhs.nanoseconds
    }
    /// Numeric order.
    @inlinable public static func >= (lhs: Timestamp, rhs: Timestamp) -> Bool {
        lhs.nanoseconds >= rhs.nanoseconds
    }
    package static func + (lhs: Timestamp, rhs: Span) -> Timestamp {
        Timestamp(nanoseconds: sum(lhs.nanoseconds, rhs.nanoseconds))
    }
    package static func - (lhs: Timestamp, rhs: Span) -> Timestamp {
        Timestamp(nanoseconds: difference(lhs.nanoseconds, rhs.nanoseconds))
    }
    package static func - (lhs: Timestamp, rhs: Timestamp) -> Span {
        Span(nanoseconds: difference(lhs.nanoseconds, rhs.nanoseconds))
    }

    /// RFC 3339 in UTC with nanoseconds: `2026-07-24T00:00:01.377000000Z`.
    public var description: String {
        let days = divide(Int128(nanoseconds), by: 86_400_000_000_000, .down)
        let rest = Int64(Int128(nanoseconds) - days * 86_400_000_000_000)
        let (year, month, day) = civil(fromDays: Int64(days))
        let seconds = rest / 1_000_000_000
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T"
            + "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2))"
            + ":\(padded(seconds % 60, 2)).\(padded(rest % 1_000_000_000, 9))Z"
    }
}

/// A length of time in nanoseconds. (`Duration` is the standard library's and carries attoseconds.)
public struct Span: Sendable, Hashable, Comparable, BitwiseCopyable, CustomStringConvertible {
    /// The value.
    public let nanoseconds: Int64

    /// So many nanoseconds.
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static var zero: Span { Span(nanoseconds: 0) }
    package static func microseconds(_ value: Int64) -> Span { Span(nanoseconds: value * 1_000) }
    package static func milliseconds(_ value: Int64) -> Span {
        Span(nanoseconds: value * 1_000_000)
    }
    package static func seconds(_ value: Int64) -> Span {
        Span(nanoseconds: value * 1_000_000_000)
    }

    /// Numeric order.
    @inlinable public static func < (lhs: Span, rhs: Span) -> Bool {
        lhs.nanoseconds < rhs.nanoseconds
    }
    /// Numeric order.
    @inlinable public static func > (lhs: Span, rhs: Span) -> Bool {
        lhs.nanoseconds > rhs.nanoseconds
    }
    /// Numeric order.
    @inlinable public static func <= (lhs: Span, rhs: Span) -> Bool {
        lhs.nanoseconds <= rhs.nanoseconds
    }
    /// Numeric order.
    @inlinable public static func >= (lhs: Span, rhs: Span) -> Bool {
        lhs.nanoseconds >= rhs.nanoseconds
    }
    package static func + (lhs: Span, rhs: Span) -> Span {
        Span(nanoseconds: lhs.nanoseconds + rhs.nanoseconds)
    }
    package static func * (lhs: Span, rhs: Int64) -> Span {
        Span(nanoseconds: lhs.nanoseconds * rhs)
    }

    package var seconds: Double { Double(nanoseconds) / 1e9 }
    /// In milliseconds.
    public var description: String { "\(Double(nanoseconds) / 1e6) ms" }
}

private func sum(_ lhs: Int64, _ rhs: Int64) -> Int64 {
    Int64(clamping: Int128(lhs) + Int128(rhs))
}

private func difference(_ lhs: Int64, _ rhs: Int64) -> Int64 {
    Int64(clamping: Int128(lhs) - Int128(rhs))
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// Howard Hinnant's days-to-civil algorithm (chrono-Compatible Low-Level Date Algorithms).
private func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
        (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
    let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, day)
}
