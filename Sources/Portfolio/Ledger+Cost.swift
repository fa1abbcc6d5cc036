import Trading

/// What trades release of the cost held, by the account's method.
extension Ledger {
    /// Trades a fill's contracts at its price, on its side or, to trade a bust back, on the other.
    mutating func trade(
        _ fill: LedgerFill, _ side: Side, fee: Money, _ position: inout Position,
        _ key: PositionKey, _ account: Int
    ) -> Position.Change {
        guard accounts[account].costMethod == .fifo else {
            return position.trade(side, fill.quantity, notional: fill.notional, fee: fee)
        }
        let closing = position.closing(side, fill.quantity)
        let released = lots[key, default: LotQueue()].release(closing)
        let change = position.trade(
            side, fill.quantity, notional: fill.notional, fee: fee,
            releasing: closing.units > 0 ? released : nil)
        let opening = fill.quantity - closing
        if opening.units > 0 {
            lots[key, default: LotQueue()].append(opening, cost: change.cost + released)
        }
        return change
    }

    /// Takes a fill back exactly as it was posted; false, with nothing changed, where the position
    /// or its lots no longer allow it.
    mutating func takeBack(
        _ booked: BookedFill, _ position: inout Position, _ key: PositionKey, _ account: Int
    ) -> Bool {
        let fill = booked.fill
        let change = booked.change
        var queue = lots[key] ?? LotQueue()
        if accounts[account].costMethod == .fifo {
            // Contracts that the fill opened: all of it, none of it, or a part.
            let opened = fill.side == .sell ? change.short : fill.quantity + change.short
            if opened == fill.quantity {
                guard queue.remove(fill.quantity, cost: change.cost) else { return false }
            } else {
                let isOnOtherSide = position.quantity.units.signum() != fill.side.sign
                guard opened.isZero, isOnOtherSide else { return false }
                queue.putBack(fill.quantity, cost: -change.cost)
            }
        }
        guard position.takeBack(fill.side, fill.quantity, change, fee: fill.fee) else {
            return false
        }
        if accounts[account].costMethod == .fifo { lots[key] = queue }
        return true
    }
}
