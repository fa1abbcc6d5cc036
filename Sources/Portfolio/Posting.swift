package import Trading

/// One double entry: what each kind of ledger account receives. Debits are positive, credits
/// negative, and the lines of every posting sum to zero.
///
/// Assets (`cash`, `reserved`, `position`, `resolved`, `redeemable`) and expenses (`fees`) grow by
/// debits; capital and gains grow by credits, so a gain of 3 is a `realized` line of −3.
package struct Posting: Sendable, Hashable, BitwiseCopyable {
    /// External capital: money that came from or went to the owner.
    package var capital: Money = .zero
    /// Cash at the venue that is free.
    package var cash: Money = .zero
    /// Cash at the venue that open orders may lock.
    package var reserved: Money = .zero
    /// Positions at cost: YES at the price paid, NO at one minus the price sold.
    package var position: Money = .zero
    /// Positions at cost whose outcome the venue has determined and may still amend. No gain is
    /// taken before they are settled.
    package var resolved: Money = .zero
    /// Realised profit and loss; a gain is a credit.
    package var realized: Money = .zero
    /// Fees charged by the venue.
    package var fees: Money = .zero
    /// What the venue gave back for trades; credits.
    package var rebates: Money = .zero
    /// Interest, incentives and the price of holding positions; what was received is a credit.
    package var funding: Money = .zero
    /// What an operator has posted to bring the ledger to what the venue has; credits where the
    /// venue has more.
    package var corrections: Money = .zero
    /// What settled positions are due less what the venue has paid.
    package var redeemable: Money = .zero
    /// Pairs of YES and NO that different strategies of one account hold against each other. The
    /// venue nets them and has already paid one per pair, so the balance is minus the pairs.
    package var pairing: Money = .zero

    package init() {}

    /// Zero for every posting that is in balance.
    package var sum: Money {
        let assets = cash + reserved + position + resolved + redeemable + pairing
        return assets + capital + realized + fees + rebates + funding + corrections
    }

    package static func += (lhs: inout Posting, rhs: Posting) {
        lhs.capital += rhs.capital
        lhs.cash += rhs.cash
        lhs.reserved += rhs.reserved
        lhs.position += rhs.position
        lhs.resolved += rhs.resolved
        lhs.realized += rhs.realized
        lhs.fees += rhs.fees
        lhs.rebates += rhs.rebates
        lhs.funding += rhs.funding
        lhs.corrections += rhs.corrections
        lhs.redeemable += rhs.redeemable
        lhs.pairing += rhs.pairing
    }
}
