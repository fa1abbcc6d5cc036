import Trading

/// An agent's own account of its cash and positions between the core's snapshots. An estimate for
/// sizing only: the core's ledger is the truth and refuses what does not fit.
struct AgentAccount: Sendable {
    private(set) var cash: Money = .zero
    private var positions: [InstrumentID: Quantity] = [:]

    /// Starts over from the core's snapshot.
    mutating func restore(cash: Money) {
        self.cash = cash
        positions.removeAll(keepingCapacity: true)
    }

    mutating func restore(_ instrument: InstrumentID, position: Quantity) {
        positions[instrument] = position.isZero ? nil : position
    }

    /// The signed position; negative is NO.
    func position(_ instrument: InstrumentID) -> Quantity { positions[instrument] ?? .zero }

    /// Takes a fill in. A buy pays the price and a sale the price of NO; every pair of YES and NO
    /// that comes together pays one.
    mutating func book(_ change: OrderChange) {
        guard let fill = change.execution else {
            restore(change.instrument, position: change.position)
            return
        }
        let before = position(change.instrument)
        let opposite = change.side == .buy ? -before : before
        let paired = max(.zero, min(opposite, fill.quantity))
        let stake = change.side == .buy ? fill.price : fill.price.complement
        cash -= Money(stake, times: fill.quantity, .up)
        cash -= fill.fee
        cash += Money(units: paired.units)
        restore(change.instrument, position: change.position)
    }

    mutating func settle(_ instrument: InstrumentID, payout: Money) {
        positions[instrument] = nil
        cash += payout
    }
}
