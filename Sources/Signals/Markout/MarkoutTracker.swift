import Glibc
package import Trading

/// Measures how far the market moves against us after our fills: the selection that every edge has
/// to pay for.
///
/// The adverse markout of a fill at a horizon h is side × (reference − mid(t + h)), where the
/// reference is the mid when the order was priced and the mid at t + h is the last one known then;
/// what was settled in between counts with its settlement value (ALGORITHMS 1.10). Averages are
/// weighted by quantity and forget exponentially, with what is traded and with time: a strategy
/// that was driven out of a market tries again. A prior keeps a young strategy careful.
package struct MarkoutTracker: Sendable {
    /// What the tracker starts from and how it forgets.
    package struct Terms: Sendable, Equatable {
        /// The horizons, ascending.
        package var horizons: [Span]
        /// After this many contracts a fill counts half.
        package var halfLife: Double
        /// After this long a fill counts half.
        package var memory: Span
        /// The adverse markout that is believed before anything is measured, in price.
        package var prior: Double
        /// How many contracts the prior weighs.
        package var priorQuantity: Double

        package init(
            horizons: [Span] = [.seconds(1), .seconds(5), .seconds(30)], halfLife: Double = 200,
            memory: Span = .seconds(1_800), prior: Double = 0.005, priorQuantity: Double = 50
        ) {
            precondition(!horizons.isEmpty, "a markout needs a horizon")
            precondition(zip(horizons, horizons.dropFirst()).allSatisfy { $0 < $1 }, "ascending")
            precondition(halfLife > 0 && priorQuantity > 0, "weights are positive")
            precondition(memory > .zero, "a memory has a length")
            self.horizons = horizons
            self.halfLife = halfLife
            self.memory = memory
            self.prior = prior
            self.priorQuantity = priorQuantity
        }
    }

    private struct Pending: Sendable {
        let instrument: InstrumentID
        let sign: Double
        let reference: Double
        let quantity: Double
        let filledAt: Timestamp
        /// The first horizon that is not measured yet.
        var next: Int
    }

    private struct Average: Sendable {
        var sum = 0.0
        var weight = 0.0
        /// The moment that the weight is for.
        var at = Timestamp.zero
    }

    private let terms: Terms
    private var pending: [Pending] = []
    private var averages: [Average]
    /// Fills that were not followed because too many were.
    package private(set) var dropped: UInt64 = 0

    package static let pendingMax = 1_024

    package init(_ terms: Terms = Terms()) {
        self.terms = terms
        averages = terms.horizons.map { _ in Average() }
    }

    /// Begins to follow a fill.
    package mutating func record(
        _ instrument: InstrumentID, _ side: Side, quantity: Quantity, reference: Double,
        at filledAt: Timestamp
    ) {
        guard pending.count < MarkoutTracker.pendingMax else {
            dropped += 1
            return
        }
        pending.append(
            Pending(
                instrument: instrument, sign: Double(side.sign), reference: reference,
                quantity: quantity.doubleValue, filledAt: filledAt, next: 0))
    }

    /// Measures what is due for an instrument until just before `moment`, with the mid that held
    /// until then. Called before a new mid replaces it.
    package mutating func advance(
        _ instrument: InstrumentID, before moment: Timestamp, mid: Double
    ) {
        measure(instrument, mid: mid) { $0 < moment }
    }

    /// Measures what is due for an instrument up to `now` with the mid that holds now.
    package mutating func advance(_ instrument: InstrumentID, through now: Timestamp, mid: Double) {
        measure(instrument, mid: mid) { $0 <= now }
    }

    /// Ends every measurement of an instrument with its settlement value.
    package mutating func settle(_ instrument: InstrumentID, value: Price) {
        measure(instrument, mid: value.doubleValue) { _ in true }
    }

    /// Gives up on an instrument whose mid will not be known any more.
    package mutating func forget(_ instrument: InstrumentID) {
        pending.removeAll { $0.instrument == instrument }
    }

    /// Instruments that are followed, in the order of their fills, without repetition.
    package var followed: [InstrumentID] {
        var seen: [InstrumentID] = []
        for fill in pending where !seen.contains(fill.instrument) { seen.append(fill.instrument) }
        return seen
    }

    /// The adverse markout to expect at a horizon, in price; never negative, because luck is not
    /// paid for in advance. `prior` is what an order expects of itself before anything is measured;
    /// without it the terms' holds.
    package func adverse(
        at horizon: Span, prior: Double? = nil, asOf now: Timestamp? = nil
    ) -> Double {
        max(0, mean(at: horizon, prior: prior, asOf: now))
    }

    /// The measured mean with its prior; negative where the market moved our way.
    package func mean(
        at horizon: Span, prior: Double? = nil, asOf now: Timestamp? = nil
    ) -> Double {
        let index = terms.horizons.lastIndex { $0 <= horizon } ?? 0
        let average = averages[index]
        let kept = now.map { remembered(since: average.at, at: $0) } ?? 1
        return (average.sum * kept + (prior ?? terms.prior) * terms.priorQuantity)
            / (average.weight * kept + terms.priorQuantity)
    }

    private func remembered(since past: Timestamp, at now: Timestamp) -> Double {
        now > past ? exp2(-(now - past).seconds / terms.memory.seconds) : 1
    }

    private mutating func measure(
        _ instrument: InstrumentID, mid: Double, isDue: (Timestamp) -> Bool
    ) {
        for index in pending.indices where pending[index].instrument == instrument {
            while pending[index].next < terms.horizons.count,
                isDue(pending[index].filledAt + terms.horizons[pending[index].next])
            {
                let fill = pending[index]
                add(
                    fill.sign * (fill.reference - mid), quantity: fill.quantity, to: fill.next,
                    at: fill.filledAt)
                pending[index].next += 1
            }
        }
        pending.removeAll { $0.next == terms.horizons.count }
    }

    private mutating func add(
        _ adverse: Double, quantity: Double, to index: Int, at moment: Timestamp
    ) {
        var average = averages[index]
        let kept =
            exp2(-quantity / terms.halfLife) * remembered(since: average.at, at: moment)
        average.sum = average.sum * kept + adverse * quantity
        average.weight = average.weight * kept + quantity
        average.at = max(average.at, moment)
        averages[index] = average
    }
}
