package import Trading

/// A strategy's holding in one instrument at cost.
///
/// A long position holds YES, bought at the price. A short one holds NO, bought at one minus the
/// price: the venue's cash model, in which every position is paid for in full.
package struct Position: Sendable, Hashable, BitwiseCopyable {
    /// Contracts; negative when short.
    package private(set) var quantity: Quantity
    /// What the contracts held now have cost; never negative, zero when flat.
    package private(set) var cost: Money
    /// Realised profit and loss since the position was first opened, before fees.
    package private(set) var realized: Money
    /// Fees paid since the position was first opened.
    package private(set) var fees: Money

    package static let flat = Position(
        quantity: .zero, cost: .zero, realized: .zero, fees: .zero)

    package init(quantity: Quantity, cost: Money, realized: Money, fees: Money) {
        self.quantity = quantity
        self.cost = cost
        self.realized = realized
        self.fees = fees
    }

    /// Contracts held as NO.
    package var short: Quantity { quantity.isNegative ? -quantity : .zero }
    package var isFlat: Bool { quantity.isZero }

    /// What a trade did to a position.
    package struct Change: Sendable, Hashable, BitwiseCopyable {
        /// By how much the position's cost grew.
        package var cost: Money = .zero
        /// What was realised.
        package var gain: Money = .zero
        /// By how much the contracts held as NO grew.
        package var short: Quantity = .zero

        package init() {}
        package init(cost: Money, gain: Money, short: Quantity) {
            self.cost = cost
            self.gain = gain
            self.short = short
        }

        package static prefix func - (change: Change) -> Change {
            Change(cost: -change.cost, gain: -change.gain, short: -change.short)
        }
    }

    /// What a trade would close of what is held on the other side.
    func closing(_ side: Side, _ traded: Quantity) -> Quantity {
        quantity.units.signum() == -side.sign ? min(quantity.magnitude, traded) : .zero
    }

    /// Trades `quantity` for `notional` (price × quantity in the venue's rounding): closes what is
    /// held on the other side, then opens with the rest.
    ///
    /// What is closed releases the cost that `lots` say, else its share of the average. A share
    /// that does not fit nine decimals leaves its residue in the position, and the trade that makes
    /// it flat releases all of it: nothing is lost.
    package mutating func trade(
        _ side: Side, _ traded: Quantity, notional: Money, fee: Money, releasing lots: Money? = nil
    ) -> Change {
        precondition(traded.units > 0, "a trade must be positive, got \(traded)")
        precondition(!notional.isNegative, "a notional cannot be negative, got \(notional)")
        let closing = closing(side, traded)
        let opening = traded - closing
        let closingNotional = share(notional, closing, of: traded)
        let openingNotional = notional - closingNotional
        var change = Change()
        if closing.units > 0 {
            let released = lots ?? share(cost, closing, of: quantity.magnitude)
            let proceeds =
                side == .sell ? closingNotional : Money(pairs: closing) - closingNotional
            change.cost -= released
            change.gain = proceeds - released
        }
        if opening.units > 0 {
            change.cost +=
                side == .buy ? openingNotional : Money(pairs: opening) - openingNotional
        }
        let shortBefore = short
        quantity += Quantity(units: side.sign * traded.units)
        change.short = short - shortBefore
        apply(change, fee: fee)
        return change
    }

    /// Takes a trade back exactly as it was posted, where the position still allows it: the same
    /// contracts must come off the same side and leave a cost that such a position can have.
    /// Otherwise false, and nothing changed: the caller trades back at the same price instead.
    package mutating func takeBack(
        _ side: Side, _ traded: Quantity, _ change: Change, fee: Money
    ) -> Bool {
        var remaining = self
        remaining.quantity -= Quantity(units: side.sign * traded.units)
        guard short - remaining.short == change.short else { return false }
        let remainingCost = cost - change.cost
        guard !remainingCost.isNegative else { return false }
        guard remainingCost <= Money(pairs: remaining.quantity.magnitude) else { return false }
        remaining.apply(-change, fee: -fee)
        self = remaining
        return true
    }

    /// Settles the whole position at `value` per YES and returns the payout and the gain.
    package mutating func settle(at value: Price) -> (payout: Money, change: Change) {
        let payout = payout(at: value)
        let change = Change(cost: -cost, gain: payout - cost, short: -short)
        quantity = .zero
        apply(change, fee: .zero)
        return (payout, change)
    }

    /// What the position pays when a YES is worth `value`, rounded down.
    package func payout(at value: Price) -> Money {
        precondition(value >= .zero && value <= .one, "a payout lies in 0...1, got \(value)")
        let perContract = quantity.isNegative ? value.complement : value
        return Money(perContract, times: quantity.magnitude, .down)
    }

    /// Profit or loss if the position were closed at the other side's touch: a long at the bid, a
    /// short at the ask. A missing touch is the worst one.
    package func unrealized(bid: Price?, ask: Price?) -> Money {
        if isFlat { return .zero }
        let mark = quantity.isNegative ? ask ?? .one : bid ?? .zero
        return payout(at: min(max(mark, .zero), .one)) - cost
    }

    private mutating func apply(_ change: Change, fee: Money) {
        cost += change.cost
        realized += change.gain
        fees += fee
        precondition(!cost.isNegative, "a position's cost became negative: \(cost)")
        precondition(!isFlat || cost.isZero, "a flat position has a cost of \(cost)")
    }
}

extension Money {
    /// What `pairs` of one YES and one NO are worth: one each.
    package init(pairs: Quantity) { self.init(units: pairs.units) }
}

/// `amount × part / whole`, rounded down; all of it when the part is the whole.
private func share(_ amount: Money, _ part: Quantity, of whole: Quantity) -> Money {
    if part == whole { return amount }
    return amount.scaled(by: part.units, over: whole.units, .down)
}
