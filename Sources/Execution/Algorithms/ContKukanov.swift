import Glibc

/// How many contracts leave the queue at our price until the horizon, by trades and by cancels
/// ahead of us.
package enum QueueOutflow: Sendable, Hashable {
    case exponential(mean: Double)
    /// What was observed, ascending.
    case observed([Double])

    /// The chance that at most `quantity` leave.
    func probability(atMost quantity: Double) -> Double {
        switch self {
        case .exponential(let mean): return quantity <= 0 ? 0 : -expm1(-quantity / mean)
        case .observed(let samples):
            let below = samples.count { $0 <= quantity }
            return Double(below) / Double(samples.count)
        }
    }

    /// The least quantity that is not exceeded with this chance.
    func quantile(_ probability: Double) -> Double {
        switch self {
        case .exponential(let mean): return -mean * log1p(-probability)
        case .observed(let samples):
            let index = Int((probability * Double(samples.count)).rounded(.up)) - 1
            return samples[min(max(index, 0), samples.count - 1)]
        }
    }
}

/// How to split an order between a limit and a market order at one exchange: Cont and Kukanov
/// (2017, Quant. Finance 17(1), proposition 3).
package struct ContKukanovSplit: Sendable, Hashable {
    package struct Terms: Sendable, Hashable {
        /// Contracts wanted.
        package var quantity: Double
        /// Contracts in front of ours.
        package var queue: Double
        package var halfSpread: Double
        /// What a taker pays and a maker gets, per contract.
        package var fee: Double
        package var rebate: Double
        /// What each contract costs that is not had in the end.
        package var shortfallPenalty: Double
        package var outflow: QueueOutflow

        package init(
            quantity: Double, queue: Double, halfSpread: Double, fee: Double, rebate: Double,
            shortfallPenalty: Double, outflow: QueueOutflow
        ) {
            precondition(quantity > 0 && queue >= 0, "\(quantity) wanted behind \(queue)")
            precondition(halfSpread + rebate + fee > 0, "crossing costs something")
            switch outflow {
            case .exponential(let mean): precondition(mean > 0, "a mean outflow of \(mean)")
            case .observed(let samples): precondition(!samples.isEmpty, "no outflow was observed")
            }
            self.quantity = quantity
            self.queue = queue
            self.halfSpread = halfSpread
            self.fee = fee
            self.rebate = rebate
            self.shortfallPenalty = shortfallPenalty
            self.outflow = outflow
        }
    }

    /// Up to this penalty everything waits, from the other one on everything crosses.
    package let penaltyLow: Double
    package let penaltyHigh: Double
    package let market: Double
    package let limit: Double

    package init(_ terms: Terms) {
        let (size, queue) = (terms.quantity, terms.queue)
        let gain = 2 * terms.halfSpread + terms.fee + terms.rebate
        let kept = terms.halfSpread + terms.rebate
        penaltyLow = gain / terms.outflow.probability(atMost: queue + size) - kept
        penaltyHigh = gain / terms.outflow.probability(atMost: queue) - kept
        let penalty = terms.shortfallPenalty
        if penalty <= penaltyLow {
            market = 0
        } else if penalty >= penaltyHigh {
            market = size
        } else {
            let quantile = terms.outflow.quantile(gain / (penalty + kept))
            market = min(max(size + queue - quantile, 0), size)
        }
        limit = size - market
    }
}
