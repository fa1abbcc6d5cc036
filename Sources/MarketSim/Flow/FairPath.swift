package import Trading

/// The fair value of a market over time, as a step function.
package struct FairPath: Sendable, Hashable {
    /// From when each value holds, rising.
    private let moments: [Timestamp]
    /// Strictly between zero and one.
    private let values: [Double]

    /// A move of this much in a few seconds makes makers pull their quotes.
    package static let jump = 0.05

    /// Nil when there is no step, when they do not rise in time, or a value is no probability.
    package init?(_ steps: [(from: Timestamp, value: Double)]) {
        guard !steps.isEmpty, steps.allSatisfy({ $0.value > 0 && $0.value < 1 }),
            zip(steps, steps.dropFirst()).allSatisfy({ $0.from < $1.from })
        else { return nil }
        moments = steps.map(\.from)
        values = steps.map(\.value)
    }

    /// When the first value begins to hold.
    package var start: Timestamp { moments[0] }

    /// How many steps there are.
    package var count: Int { moments.count }

    /// The steps in order.
    package var steps: [(from: Timestamp, value: Double)] {
        zip(moments, values).map { (from: $0, value: $1) }
    }

    /// The value that holds at a moment; before the first one, the first.
    package func value(at moment: Timestamp) -> Double {
        var low = 0
        var high = moments.count
        while low < high {
            let middle = (low + high) / 2
            if moments[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return values[max(0, low - 1)]
    }

    // Two paths of one market differ in its ends already; hashing all steps would cost a tick.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(moments.count)
        hasher.combine(moments[0])
        hasher.combine(values[0])
    }
}
