package import Trading

/// Holdings over the outcomes of an event set, stated as YES and NO per outcome: the form in which
/// venues explain such sets, and in which positions are compacted.
package struct OutcomeSet: Sendable, Hashable {
    package private(set) var yes: [Quantity]
    package private(set) var no: [Quantity]
    package private(set) var cash: Money
    /// Exactly one outcome pays; otherwise "none of them" is a further state.
    package let isExhaustive: Bool

    package init(yes: [Quantity], no: [Quantity], cash: Money, isExhaustive: Bool) {
        precondition(yes.count == no.count, "\(yes.count) YES and \(no.count) NO outcomes")
        self.yes = yes
        self.no = no
        self.cash = cash
        self.isExhaustive = isExhaustive
    }

    /// What the set is worth in each state: one per outcome, and "none" unless exhaustive.
    package var payoffs: [Money] {
        let allNo = no.reduce(cash) { $0 + Money(units: $1.units) }
        let perOutcome = yes.indices.map { index in
            allNo + Money(units: yes[index].units - no[index].units)
        }
        return isExhaustive ? perOutcome : perOutcome + [allNo]
    }

    /// The worst payoff over all states.
    package var worst: Money { payoffs.min() ?? cash }

    /// Converts `amount` of NO on each of `outcomes` into (count − 1) × amount of cash and a YES on
    /// every other outcome, less a fee in basis points on both (Polymarket,
    /// NegRiskAdapter.convertPositions). Nil when the set does not hold that many.
    package func converting(
        _ amount: Quantity, of outcomes: [Int], feeBasisPoints: Int64
    ) -> OutcomeSet? {
        guard !outcomes.isEmpty, outcomes.allSatisfy({ no.indices.contains($0) }) else {
            return nil
        }
        guard outcomes.allSatisfy({ no[$0] >= amount }) else { return nil }
        let fee = Money(units: amount.units).scaled(by: feeBasisPoints, over: 10_000, .up)
        let received = Money(units: amount.units) - fee
        var converted = self
        for index in no.indices {
            if outcomes.contains(index) {
                converted.no[index] -= amount
            } else {
                converted.yes[index] += Quantity(units: received.units)
            }
        }
        converted.cash += received * Int64(outcomes.count - 1)
        return converted
    }
}
