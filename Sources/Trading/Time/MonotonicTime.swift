/// A moment of the monotonic clock. It protects processes from each other (leases, heartbeats,
/// retries) and means nothing in another process.
package struct MonotonicTime: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    /// Nanoseconds since an arbitrary moment.
    package let nanoseconds: Int64

    /// Makes a moment from nanoseconds since an arbitrary moment.
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The arbitrary moment itself.
    package static let zero = MonotonicTime(nanoseconds: 0)
    /// A moment that never comes.
    package static let never = MonotonicTime(nanoseconds: .max)

    package static func < (lhs: MonotonicTime, rhs: MonotonicTime) -> Bool {
        lhs.nanoseconds < rhs.nanoseconds
    }

    /// The moment a span later; saturates, so that `never` stays never.
    package static func + (lhs: MonotonicTime, rhs: Span) -> MonotonicTime {
        let (sum, overflow) = lhs.nanoseconds.addingReportingOverflow(rhs.nanoseconds)
        return overflow ? .never : MonotonicTime(nanoseconds: sum)
    }

    /// The span from one moment to another.
    package static func - (lhs: MonotonicTime, rhs: MonotonicTime) -> Span {
        Span(nanoseconds: lhs.nanoseconds - rhs.nanoseconds)
    }

    package var description: String { "monotonic \(nanoseconds) ns" }
}
