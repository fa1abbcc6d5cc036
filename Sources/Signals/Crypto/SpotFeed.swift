import Glibc
package import Trading

/// One value of a price feed.
package struct SpotObservation: Sendable, Equatable {
    /// When the price was true, by the feed.
    package let feedAt: Timestamp
    /// When we had it. Nothing may be handed to an agent before.
    package let receivedAt: Timestamp
    package let price: Price

    package init(feedAt: Timestamp, receivedAt: Timestamp, price: Price) {
        precondition(price.units > 0, "a spot price is positive, got \(price)")
        self.feedAt = feedAt
        self.receivedAt = receivedAt
        self.price = price
    }
}

/// A price feed as far as it was received: the last values and how much they vary.
///
/// Variance comes from two clocks. Returns of a minute are the default (ALGORITHMS 5); until enough
/// of them were seen, returns of a second stand in, enlarged because the feed smooths: on the
/// recording of 2026-07-24 a minute has 2.08 times the variance of sixty independent seconds. When
/// the seconds alone vary more than the minutes, a burst has begun and the larger value holds.
package struct SpotFeed: Sendable {
    /// How variance is estimated.
    package struct Terms: Sendable, Equatable {
        package var secondDecay = 0.99
        package var minuteDecay = 0.94
        package var smoothing = 2.0
        /// How many minutes weigh as much as the seconds' substitute.
        package var minutesHalf = 5.0
        /// Fewer returns of a second than this say nothing.
        package var secondsMin = 20
        /// Over how many seconds the drift is a mean.
        package var driftSeconds = 300.0
        /// Longer pauses give no return of a second.
        package var pauseMax = Span.seconds(10)
        package init() {}
    }

    private let terms: Terms
    /// The last values in the order of the feed's time.
    private var history: [SpotObservation] = []
    private var seconds: EWMAVariance
    private var minutes: EWMAVariance
    /// The mean change of the logarithm of the price per second, over some minutes.
    package private(set) var driftPerSecond = 0.0
    /// Where the current return of a minute began.
    private var minuteStart: SpotObservation?

    /// About twenty minutes of a value a second.
    package static let historyMax = 1_200

    package init(_ terms: Terms = Terms()) {
        self.terms = terms
        seconds = EWMAVariance(decay: terms.secondDecay)
        minutes = EWMAVariance(decay: terms.minuteDecay)
    }

    /// The value that is true last, by the feed's time.
    package var latest: SpotObservation? { history.last }

    /// The variance of the logarithm of the price per second; nil until it can be estimated.
    package var variancePerSecond: Double? {
        guard seconds.count >= terms.secondsMin else { return nil }
        let substitute = seconds.value * terms.smoothing
        guard minutes.count > 0 else { return substitute }
        let weight = Double(minutes.count) / (Double(minutes.count) + terms.minutesHalf)
        let blend = weight * minutes.value + (1 - weight) * substitute
        return max(blend, seconds.value)
    }

    /// Takes a value in. A late one changes strikes, never the variance; a repeated one nothing.
    package mutating func add(_ observation: SpotObservation) {
        guard let last = history.last else {
            history.append(observation)
            minuteStart = observation
            return
        }
        if observation.feedAt > last.feedAt {
            history.append(observation)
            measure(from: last, to: observation)
        } else {
            insertLate(observation)
        }
        // Dropping half at once keeps the cost of forgetting constant per value.
        if history.count > SpotFeed.historyMax * 2 { history.removeFirst(SpotFeed.historyMax) }
    }

    /// The first value that is true at or after a moment; nil when none was received yet, or when
    /// the moment lies before everything that is remembered.
    package func first(atOrAfter moment: Timestamp) -> SpotObservation? {
        guard let oldest = history.first, let last = history.last, last.feedAt >= moment else {
            return nil
        }
        if oldest.feedAt > moment { return nil }
        return history[position(of: moment)]
    }

    private mutating func measure(from last: SpotObservation, to next: SpotObservation) {
        let pause = next.feedAt - last.feedAt
        if pause <= terms.pauseMax {
            let change = log(next.price.doubleValue / last.price.doubleValue)
            seconds.add(change / pause.seconds.squareRoot())
            driftPerSecond += (change / pause.seconds - driftPerSecond) / terms.driftSeconds
        }
        guard let start = minuteStart else { return }
        let length = next.feedAt - start.feedAt
        guard length >= .seconds(60) else { return }
        if length <= .seconds(120) {
            let change = log(next.price.doubleValue / start.price.doubleValue)
            minutes.add(change / length.seconds.squareRoot())
        }
        minuteStart = next
    }

    private mutating func insertLate(_ observation: SpotObservation) {
        let place = position(of: observation.feedAt)
        if place < history.count, history[place].feedAt == observation.feedAt { return }
        // A value older than everything remembered is of no use to anyone.
        if place > 0 { history.insert(observation, at: place) }
    }

    /// The index of the first value that is true at or after a moment.
    private func position(of moment: Timestamp) -> Int {
        var low = 0
        var high = history.count
        while low < high {
            let middle = (low + high) / 2
            if history[middle].feedAt < moment { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
