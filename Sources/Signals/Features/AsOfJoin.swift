package import Trading

/// A number that was measured at one time and became known at another.
package struct FeatureRow: Sendable, Equatable {
    /// When it was true.
    package let event: Timestamp
    /// When it was known here.
    package let ingest: Timestamp
    package let value: Double

    package init(event: Timestamp, ingest: Timestamp, value: Double) {
        self.event = event
        self.ingest = ingest
        self.value = value
    }
}

/// An append-only history of one feature of many entities, asked as of a moment: what was known
/// then, and nothing that came or was revised later.
package struct FeatureHistory<Key: Hashable & Sendable>: Sendable {
    private var rows: [Key: [FeatureRow]] = [:]
    package private(set) var count = 0

    package init() {}

    /// Adds a row. Rows of one entity are kept by event time, then ingest time.
    package mutating func add(_ row: FeatureRow, for key: Key) {
        var list = rows[key] ?? []
        rows[key] = nil
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            let other = list[middle]
            if (other.event, other.ingest) <= (row.event, row.ingest) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        list.insert(row, at: low)
        rows[key] = list
        count += 1
    }

    /// The row with the latest event time among those that had happened and were known at `moment`
    /// and are not older than `timeToLive`; of several at that time the one that was known last.
    package func row(
        for key: Key, asOf moment: Timestamp, timeToLive: Span
    ) -> FeatureRow? {
        guard let list = rows[key] else { return nil }
        for row in list.reversed() where row.event <= moment {
            if row.event < moment - timeToLive { return nil }
            if row.ingest <= moment { return row }
        }
        return nil
    }
}
