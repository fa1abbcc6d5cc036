import Histogram
import Trading
import Transport

/// How long decisions take from the receipt of a request until the decision is durable.
struct DecisionLatency {
    /// Longer than this is counted as this: a minute, in nanoseconds.
    private static let highest: UInt64 = 60_000_000_000

    private var histogram = Histogram<UInt32>(
        lowestDiscernibleValue: 100, highestTrackableValue: highest,
        numberOfSignificantValueDigits: .two)
    /// When the requests of this turn were received.
    private var received: [MonotonicTime] = []
    private(set) var count: UInt64 = 0

    /// A request was decided that had been received at that moment.
    mutating func decided(receivedAt moment: MonotonicTime) { received.append(moment) }

    /// The decisions of the turn are durable.
    mutating func committed(at now: MonotonicTime) {
        for moment in received {
            let nanoseconds = max(0, (now - moment).nanoseconds)
            histogram.record(min(UInt64(nanoseconds), DecisionLatency.highest))
        }
        count += UInt64(received.count)
        received.removeAll(keepingCapacity: true)
    }

    func nanoseconds(at percentile: Double) -> Int64 {
        count == 0 ? 0 : Int64(histogram.valueAtPercentile(percentile))
    }
}
