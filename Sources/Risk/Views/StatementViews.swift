package import Portfolio
package import Trading

/// What a statement says of a position.
package struct MarkedPosition: Sendable, Hashable {
    package let owner: StrategyKey
    package let instrument: InstrumentID
    package let quantity: Quantity
    package let cost: Money
    /// The touch that it could be closed at: a long the bid, a short the ask. The worst where the
    /// market shows none.
    package let mark: Price
    /// What closing it there would bring.
    package let value: Money

    package var unrealized: Money { value - cost }
}

/// What statements are made from: every posting, and the state between postings.
extension RiskEngine {
    /// Keeps the ledger's postings until `takeLedgerLines` fetches them.
    package mutating func keepLedgerLines() { ledger.keepLines() }

    /// The postings since the last call.
    package mutating func takeLedgerLines() -> [LedgerLine] { ledger.takeLines() }

    /// Positions that are not flat, at liquidation marks, in key order.
    package var markedPositions: [MarkedPosition] {
        ledger.heldPositions.map { key, position in
            let instrument = instrumentIndex[key.instrument].map { instruments[$0] }
            let touch = position.quantity.isNegative ? instrument?.markAsk : instrument?.markBid
            let mark = touch ?? (position.quantity.isNegative ? .one : .zero)
            return MarkedPosition(
                owner: key.owner, instrument: key.instrument, quantity: position.quantity,
                cost: position.cost, mark: mark, value: position.payout(at: mark))
        }
    }

    /// The cash of an account that its open orders may lock.
    package func reservedCash(of account: AccountKey) -> Money {
        accountIndex[account].map { accounts[Int($0)].reserved } ?? .zero
    }
}
