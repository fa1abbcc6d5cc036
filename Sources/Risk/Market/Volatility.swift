package import Trading

/// How much an instrument's price moves: an exponentially weighted variance of the logit of the
/// micro-price, in steps of a minute of market time (RiskMetrics, decay 0.94).
///
/// Statistics are Double. They use only operations that IEEE 754 defines exactly, so that replay
/// on any machine gives the same bits.
package struct Volatility: Sendable, Hashable, BitwiseCopyable {
    static let step = Span.seconds(60)
    static let decay = 0.94
    /// An estimate that is older than this is none.
    static let ageMax = Span.seconds(900)
    /// Gaps beyond so many steps weigh like this many.
    private static let stepsMax: Int64 = 1_000

    package private(set) var sampledAt = Timestamp.zero
    package private(set) var logit = 0.0
    /// Of the logit's change in one step.
    package private(set) var variance = 0.0
    package private(set) var samples: UInt64 = 0

    package init() {}

    init(sampledAt: Timestamp, logit: Double, variance: Double, samples: UInt64) {
        self.sampledAt = sampledAt
        self.logit = logit
        self.variance = variance
        self.samples = samples
    }

    /// Takes a price, where a step has passed since the last one that was taken.
    package mutating func add(price: Double, at now: Timestamp) {
        let sample = logarithm(price / (1 - price))
        if samples > 0 {
            let steps = (now - sampledAt).nanoseconds / Volatility.step.nanoseconds
            guard steps >= 1 else { return }
            add(
                change: sample - logit, steps: min(steps, Volatility.stepsMax),
                isFirst: samples == 1)
        }
        sampledAt = now
        logit = sample
        samples += 1
    }

    /// Takes a change that took some steps; the first one is the first estimate.
    package mutating func add(change: Double, steps: Int64, isFirst: Bool) {
        let square = change * change / Double(steps)
        var kept = 1.0
        for _ in 0..<steps { kept *= Volatility.decay }
        variance = isFirst ? square : kept * variance + (1 - kept) * square
    }

    /// Whether there is an estimate that is not too old.
    package func isFresh(at now: Timestamp) -> Bool {
        samples > 1 && now - sampledAt <= Volatility.ageMax
    }

    /// One standard deviation of the price over a time ahead, in dollars. Never less than the noise
    /// of one tick, never more than a price can expect to move until it is 0 or 1; that much where
    /// there is no fresh estimate.
    package func move(
        from price: Double, tick: Double, over span: Span, at now: Timestamp
    ) -> Double {
        let spread = price * (1 - price)
        let most = spread.squareRoot()
        guard isFresh(at: now) else { return most }
        let noise = tick / spread
        let perStep = max(variance, noise * noise / 12)
        let steps = Double(span.nanoseconds) / Double(Volatility.step.nanoseconds)
        return min(most, spread * (perStep * steps).squareRoot())
    }

    /// The price between the touches that the quantities point to: nearer to the side where less
    /// waits. Half a tick from the ends, so that it has a logit.
    static func microPrice(
        bid: Price, _ bidQuantity: Quantity, ask: Price, _ askQuantity: Quantity, tick: Price
    ) -> Double {
        let bids = Double(max(0, bidQuantity.units))
        let asks = Double(max(0, askQuantity.units))
        let share = bids + asks > 0 ? bids / (bids + asks) : 0.5
        let scale = Double(Price.scale)
        let between =
            share * (Double(ask.units) / scale) + (1 - share) * (Double(bid.units) / scale)
        return clamped(between, tick: tick)
    }

    /// A price no nearer to 0 and 1 than half a tick.
    static func clamped(_ price: Double, tick: Price) -> Double {
        let half = Double(tick.units) / Double(Price.scale) / 2
        return min(max(price, half), 1 - half)
    }
}

/// The natural logarithm of a positive finite number, to within two units in the last place. Not
/// the C library's, whose last bit may differ between machines.
package func logarithm(_ value: Double) -> Double {
    precondition(value > 0 && value.isFinite, "no logarithm of \(value)")
    var exponent = Double(value.exponent)
    var fraction = value.significand
    if fraction > 1.414_213_562_373_095_1 {
        fraction /= 2
        exponent += 1
    }
    // ln m = 2 artanh((m - 1) / (m + 1)), whose terms fall by 34 or more.
    let ratio = (fraction - 1) / (fraction + 1)
    let square = ratio * ratio
    var sum = 0.0
    for divisor in stride(from: 25.0, through: 3.0, by: -2.0) {
        sum = (sum + 1 / divisor) * square
    }
    // ln 2 in two parts: the first times an exponent is exact.
    let high = 0x1.62e42feep-1
    let low = 0x1.a39ef35793c76p-33
    return exponent * high + (2 * ratio + (2 * ratio * sum + exponent * low))
}
