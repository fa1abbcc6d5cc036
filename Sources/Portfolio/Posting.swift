package import Trading

/// One double entry: what each kind of ledger account receives. Debits are positive, credits
/// negative, and the lines of every posting sum to zero.
///
/// Assets (`cash`, `position`, `settlement`) and expenses (`fees`) grow by debits; capital and
/// gains grow by credits, so a gain of 3 is a `realized` line of −3.
package struct Posting: Sendable, Hashable, BitwiseCopyable {
    /// External capital: money that came from or went to the owner.
    package var capital: Money = .zero
    /// Cash at the venue.
    package var cash: Money = .zero
    /// Positions at cost: YES at the price paid, NO at one minus the price sold.
    package var position: Money = .zero
    /// Realised profit and loss; a gain is a credit.
    package var realized: Money = .zero
    /// Fees paid to the venue.
    package var fees: Money = .zero
    /// Settlement clearing: what settled positions are due less what the venue has paid.
    package var settlement: Money = .zero
    /// Pairs of YES and NO that different strategies of one account hold against each other. The
    /// venue nets them and has already paid one per pair, so the balance is minus the pairs.
    package var pairing: Money = .zero

    package init() {}

    /// Zero for every posting that is in balance.
    package var sum: Money {
        capital + cash + position + realized + fees + settlement + pairing
    }

    package static func += (lhs: inout Posting, rhs: Posting) {
        lhs.capital += rhs.capital
        lhs.cash += rhs.cash
        lhs.position += rhs.position
        lhs.realized += rhs.realized
        lhs.fees += rhs.fees
        lhs.settlement += rhs.settlement
        lhs.pairing += rhs.pairing
    }
}
