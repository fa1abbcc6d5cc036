package import Trading

/// What a posting was made for.
package enum PostingKind: Sendable, Hashable {
    /// Capital from outside, or back to it.
    case transfer
    /// A fill, or the reversal of one that was busted.
    case fill
    case bust
    /// A position's value at its settlement.
    case settlement
    /// What the venue paid for settled positions.
    case payout
    /// A determined outcome, or its revocation: what is held changes its line.
    case resolution
    case funding
    case correction
}

/// A posting with what it was made for: one line of the journal in the bookkeeper's sense.
package struct LedgerLine: Sendable, Hashable {
    package let kind: PostingKind
    package let account: AccountKey
    /// Whose trade or position it was; nil for what concerns the account as a whole.
    package let strategy: StrategyID?
    package let posting: Posting
    /// Contracts that were traded, or taken back.
    package let quantity: Quantity
    /// Price × quantity of what was traded, or taken back.
    package let notional: Money
}

extension Ledger {
    /// Keeps every posting from now on until `takeLines` fetches it. For statements; a ledger that
    /// decides keeps none.
    package mutating func keepLines() { keepsLines = true }

    /// The postings since the last call, in order.
    package mutating func takeLines() -> [LedgerLine] {
        defer { lines.removeAll(keepingCapacity: true) }
        return lines
    }

    /// Remembers a posting where postings are kept.
    mutating func keep(
        _ kind: PostingKind, _ posting: Posting, account: Int, strategy: StrategyID? = nil,
        quantity: Quantity = .zero, notional: Money = .zero
    ) {
        guard keepsLines else { return }
        lines.append(
            LedgerLine(
                kind: kind, account: accounts[account].key, strategy: strategy, posting: posting,
                quantity: quantity, notional: notional))
    }
}
