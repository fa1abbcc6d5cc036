import Portfolio
package import Trading
package import Wire

/// Money that moved at the venue beside trades, as operators state it.
extension RiskEngine {
    /// A posting as an older version has journalled it. The shell takes none.
    package mutating func apply(
        _ command: OperatorPosting, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard isFirst(command.nonce, into: &effects) else { return }
        let key = AccountKey(org: command.org, account: command.account, mode: command.mode)
        let outcome = post(command.amount, as: command.why, to: key, into: &effects)
        reply(to: command.nonce, outcome, into: &effects)
    }

    /// Posts a transfer, funding or a correction. Nothing is ever edited: what was posted wrongly
    /// is posted back.
    mutating func post(
        _ amount: Money, as why: PostingReason, to key: AccountKey, into effects: inout RiskEffects
    ) -> OperatorOutcome {
        guard let account = accountIndex[key] else { return .unknownAccount }
        let amountMax = Money(1_000_000_000)
        guard !amount.isZero, amount <= amountMax, amount >= -amountMax else {
            return .wrongAmount
        }
        switch why {
        case .transfer: ledger.deposit(amount, into: key)
        case .funding:
            ledger.fund(amount, account: key)
            flow(amount, from: accounts[Int(account)].node)
        case .correction:
            ledger.correct(amount, account: key)
            flow(amount, from: accounts[Int(account)].node)
        }
        // Capital that moved is neither a gain nor a loss; what else moved is one of the account
        // and those above it, though of no strategy.
        refreshBrakes(from: accounts[Int(account)].node, into: &effects)
        return .done
    }
}
