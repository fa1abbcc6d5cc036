import Portfolio
package import Trading
package import Wire

/// Money that moved at the venue beside trades, as an operator states it.
extension RiskEngine {
    /// Posts a transfer, funding or a correction. The shell has verified the signature. Nothing is
    /// ever edited: what was posted wrongly is posted back.
    package mutating func apply(
        _ command: OperatorPosting, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard isFirst(command.nonce, into: &effects) else { return }
        let key = AccountKey(org: command.org, account: command.account, mode: command.mode)
        guard let account = accountIndex[key] else {
            reply(to: command.nonce, .unknownAccount, into: &effects)
            return
        }
        let amountMax = Money(1_000_000_000)
        guard !command.amount.isZero, command.amount <= amountMax, command.amount >= -amountMax
        else {
            reply(to: command.nonce, .wrongAmount, into: &effects)
            return
        }
        switch command.why {
        case .transfer: ledger.deposit(command.amount, into: key)
        case .funding:
            ledger.fund(command.amount, account: key)
            flow(command.amount, from: accounts[Int(account)].node)
        case .correction:
            ledger.correct(command.amount, account: key)
            flow(command.amount, from: accounts[Int(account)].node)
        }
        // Capital that moved is neither a gain nor a loss; what else moved is one of the account
        // and those above it, though of no strategy.
        refreshBrakes(from: accounts[Int(account)].node, into: &effects)
        reply(to: command.nonce, .done, into: &effects)
    }
}
