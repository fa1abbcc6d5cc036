package import Trading

/// What one parent cost against the price at which it was decided (Perold 1988; ALGORITHMS 1.10).
///
/// Prices and money are statistics here, in the account's currency; the ledger has the exact ones.
package struct ImplementationShortfall: Sendable, Hashable {
    package struct Fill: Sendable, Hashable {
        package var quantity: Double
        package var price: Double
        package var fee: Double
        package init(quantity: Double, price: Double, fee: Double) {
            self.quantity = quantity
            self.price = price
            self.fee = fee
        }
    }

    package let executed: Double
    /// Nil when nothing was filled.
    package let averagePrice: Double?
    /// What the market moved between the decision and the arrival, on what was executed.
    package let delay: Double
    /// What the fills cost beyond the arrival price.
    package let trading: Double
    /// What was not executed lost by the end.
    package let opportunity: Double
    package let fees: Double
    /// Everything over what the whole parent would have cost at the decision, in basis points.
    package let basisPoints: Double
    package var total: Double { delay + trading + opportunity + fees }

    package init(
        _ side: Side, quantity: Double, decision: Double, arrival: Double, end: Double,
        fills: [Fill]
    ) {
        precondition(quantity > 0 && decision > 0, "\(quantity) decided at \(decision)")
        let sign = Double(side.sign)
        let executed = fills.reduce(0) { $0 + $1.quantity }
        let paid = fills.reduce(0) { $0 + $1.quantity * $1.price }
        self.executed = executed
        averagePrice = executed > 0 ? paid / executed : nil
        delay = sign * executed * (arrival - decision)
        trading = sign * fills.reduce(0) { $0 + $1.quantity * ($1.price - arrival) }
        opportunity = sign * (quantity - executed) * (end - decision)
        fees = fills.reduce(0) { $0 + $1.fee }
        basisPoints = (delay + trading + opportunity + fees) / (quantity * decision) * 1e4
    }
}

/// Where the market stood after fills: mids as a step function, the last one known counts and none
/// of the future is interpolated.
package struct MidHistory: Sendable, Hashable {
    private var times: [Int64] = []
    private var mids: [Double] = []
    private var settlement: (at: Int64, value: Double)?

    package init() {}

    package static func == (left: MidHistory, right: MidHistory) -> Bool {
        left.times == right.times && left.mids == right.mids
            && left.settlement?.at == right.settlement?.at
            && left.settlement?.value == right.settlement?.value
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(times)
        hasher.combine(mids)
    }

    /// Notes a mid; times do not descend.
    package mutating func add(_ mid: Double, at: Timestamp) {
        precondition(at.nanoseconds >= times.last ?? .min, "mids come in the order of time")
        times.append(at.nanoseconds)
        mids.append(mid)
    }

    /// Notes what the instrument was settled at; from then on that is its mid.
    package mutating func settle(at value: Double, from moment: Timestamp) {
        settlement = (moment.nanoseconds, value)
    }

    /// The last mid known at a moment; nil before the first.
    package func mid(at moment: Timestamp) -> Double? {
        let at = moment.nanoseconds
        if let settlement, settlement.at <= at { return settlement.value }
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if times[middle] <= at { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? mids[low - 1] : nil
    }

    /// side × (mid at t + h − price); nil where no mid was known.
    package func markout(
        _ side: Side, price: Double, at moment: Timestamp, after horizon: Span
    ) -> Double? {
        mid(at: moment + horizon).map { Double(side.sign) * ($0 - price) }
    }

    /// side × (price − mid at t): half of the spread that a fill really paid.
    package func effectiveHalfSpread(
        _ side: Side, price: Double, at moment: Timestamp
    ) -> Double? {
        mid(at: moment).map { Double(side.sign) * (price - $0) }
    }
}
