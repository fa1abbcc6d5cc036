package import Trading

/// What one account of the ledger must satisfy, and by how much it does not.
package struct LedgerBreak: Sendable, Hashable, CustomStringConvertible {
    package let account: AccountKey
    package let rule: String
    package let difference: Money

    package var description: String { "\(account): \(rule), off by \(difference)" }
}

extension Ledger {
    /// Looks at every account from scratch: balances sum to zero; cash equals capital plus all
    /// that moved at the venue; positions, pairs, gains and fees equal their details. Returns the
    /// first break, or nil.
    package func firstBreak() -> LedgerBreak? {
        for (index, account) in accounts.enumerated() {
            if let found = firstBreak(of: account, at: index) { return found }
        }
        return nil
    }

    /// Traps when an invariant of the ledger does not hold.
    package func checkInvariants() {
        let found = firstBreak()
        precondition(found == nil, "ledger: \(found?.description ?? "")")
    }

    private func firstBreak(of account: AccountBook, at index: Int) -> LedgerBreak? {
        let books = instruments.filter { $0.key.account == index }.values
        let held = positions.filter { $0.key.owner.accountKey == account.key }.values
        let traders = strategies.filter { $0.key.accountKey == account.key }
        let shorts = books.reduce(Money.zero) { $0 + Money(pairs: $1.short) }
        let moved =
            account.tradeFlow - account.feesPaid + account.payouts - shorts
            - account.collateralConsumed - account.balance.funding - account.balance.corrections
        let balance = account.balance
        let resolved = instruments.filter { $0.key.account == index && $0.value.isResolved }
            .map(\.key.instrument)
        let inDoubt = positions.filter {
            $0.key.owner.accountKey == account.key && resolved.contains($0.key.instrument)
        }.values.sum { $0.cost }
        let rules: [(String, Money)] = [
            ("the balances do not sum to zero", balance.sum),
            ("cash is not capital plus venue moves", account.cash - account.capital - moved),
            ("position is not the cost held", account.cost - held.sum { $0.cost }),
            ("resolved is not the cost held", balance.resolved - inDoubt),
            ("pairing is not the pairs offset", balance.pairing - books.sum { $0.pairing }),
            (
                "realised is not the strategies' gains",
                balance.realized + traders.sum { $0.realized }
            ),
            ("fees are not the strategies' fees", account.fees - traders.sum { $0.fees }),
            (
                "rebates are not the strategies' rebates",
                balance.rebates + traders.sum { $0.rebates }
            ),
            ("lots are not the cost held", lotBreak(of: account)),
        ]
        for (rule, difference) in rules where !difference.isZero {
            return LedgerBreak(account: account.key, rule: rule, difference: difference)
        }
        return nil
    }

    /// By how much lots and positions differ, in cost or in contracts.
    private func lotBreak(of account: AccountBook) -> Money {
        guard account.costMethod == .fifo else { return .zero }
        return positions.filter { $0.key.owner.accountKey == account.key }.reduce(.zero) {
            let queue = lots[$1.key] ?? LotQueue()
            let contracts = Money(pairs: queue.quantity - $1.value.quantity.magnitude)
            return $0 + contracts.magnitude + (queue.cost - $1.value.cost).magnitude
        }
    }
}

extension Sequence {
    fileprivate func sum(_ amount: (Element) -> Money) -> Money {
        reduce(.zero) { $0 + amount($1) }
    }
}
