import Portfolio
package import Trading
package import Wire

/// Where an account differs from its venue. News on the way explains most differences within
/// moments: until then the account does not trade. What stays is a break: it halts the account
/// until an operator has looked at it and says so.
extension RiskEngine {
    /// Reconciliations in a row whose differences still count as news on the way.
    private static let breaksMax: UInt32 = 3

    /// The account's cash as the venue states it: kept for comparison, never booked.
    package mutating func apply(
        _ balance: VenueBalance, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard let account = account(balance.account, of: balance.envelope.sender) else {
            counters.reportsIgnored += 1
            return
        }
        accounts[Int(account)].venueCash = balance.cash
        accounts[Int(account)].venueCashAt = now
    }

    /// A reconciliation ended. Without differences the account may trade; paper then arms itself.
    /// By now every fill has been told, so a settlement that still differs is a break.
    package mutating func apply(
        _ result: AccountReconciled, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard let account = account(result.account, of: result.gateway) else {
            counters.reportsIgnored += 1
            return
        }
        let hasGap = settlementGaps.contains { $0.account == account }
        let isSame = result.breaks == 0 && !hasGap
        accounts[Int(account)].isReconciled = isSame
        guard isSame else {
            accounts[Int(account)].breaks += 1
            alarm(.reconciliationBreaks(result.account, result.breaks), into: &effects)
            if hasGap || accounts[Int(account)].breaks >= RiskEngine.breaksMax {
                breakAccount(account, into: &effects)
            }
            return
        }
        accounts[Int(account)].breaks = 0
        accounts[Int(account)].fillsKnownUntil = now
        noteReconciled(account, into: &effects)
        armByItself(into: &effects)
    }

    private mutating func breakAccount(_ index: Int32, into effects: inout RiskEffects) {
        guard !accounts[Int(index)].isBroken else { return }
        accounts[Int(index)].isBroken = true
        alarm(.accountBroken(accounts[Int(index)].key.account), into: &effects)
        haltAccount(index, into: &effects)
    }

    /// Contracts beyond what both sides know were settled: the account does not trade before a
    /// reconciliation has found it whole again.
    mutating func addGap(
        _ quantity: Quantity, account: Int32, instrument: InstrumentID,
        into effects: inout RiskEffects
    ) {
        if quantity.isZero { return }
        let known = settlementGaps.firstIndex {
            $0.account == account && $0.instrument == instrument
        }
        var gap = SettlementGap(account: account, instrument: instrument, quantity: quantity)
        if let known { gap.quantity += settlementGaps.remove(at: known).quantity }
        endReconciliation(of: Int(account), at: now)
        if gap.quantity.isZero { return }
        alarm(.settlementDiffers(instrument, by: gap.quantity), into: &effects)
        settlementGaps.append(gap)
        // So many that they cannot all be kept: what is forgotten stays latched.
        if settlementGaps.count > Capacity.settlementGaps {
            breakAccount(settlementGaps.removeFirst().account, into: &effects)
        }
    }

    /// An operator has looked at what differs. Trading goes on when a reconciliation finds nothing.
    mutating func resolveBreak(
        _ scope: HaltScope, into effects: inout RiskEffects
    ) -> OperatorOutcome {
        guard scope.kind == .account else { return .wrongScope }
        let broken = accounts.indices.filter { accounts[$0].isBroken && scope.names(accounts[$0]) }
        if broken.isEmpty { return .nothingToResolve }
        for index in broken {
            accounts[index].isBroken = false
            accounts[index].breaks = 0
            settlementGaps.removeAll { $0.account == Int32(index) }
        }
        halts.removeAll { $0.scope == scope }
        refreshHalts()
        return .done
    }

    /// Whether a resume of the scope would let a broken account trade.
    func isBroken(_ scope: HaltScope) -> Bool {
        scope.kind == .account && accounts.contains { $0.isBroken && scope.names($0) }
    }
}

extension HaltScope {
    /// Whether a scope of an account is that of this one, in any mode.
    fileprivate func names(_ account: AccountState) -> Bool {
        org == account.key.org && self.account == account.key.account
    }
}

// MARK: - Snapshot

extension RiskEngine {
    func writeBreaks(into writer: inout SnapshotWriter) {
        let inOrder = accounts.indices.sorted { accounts[$0].key < accounts[$1].key }
        for index in inOrder {
            let account = accounts[index]
            guard account.breaks > 0 || account.isBroken else { continue }
            writer.append(
                SnapshotBreak(
                    org: account.key.org, account: account.key.account, mode: account.key.mode,
                    reconciliations: account.breaks, isBroken: Flag(account.isBroken)))
        }
        for gap in settlementGaps {
            let key = accounts[Int(gap.account)].key
            writer.append(
                SnapshotGap(
                    org: key.org, account: key.account, mode: key.mode,
                    instrument: gap.instrument, quantity: gap.quantity))
        }
    }

    mutating func restore(_ record: SnapshotBreak) -> Bool {
        let key = AccountKey(org: record.org, account: record.account, mode: record.mode)
        guard let index = accountIndex[key] else { return false }
        accounts[Int(index)].breaks = record.reconciliations
        accounts[Int(index)].isBroken = record.isBroken.isSet
        return true
    }

    mutating func restore(_ record: SnapshotGap) -> Bool {
        let key = AccountKey(org: record.org, account: record.account, mode: record.mode)
        guard let index = accountIndex[key] else { return false }
        settlementGaps.append(
            SettlementGap(
                account: index, instrument: record.instrument, quantity: record.quantity))
        return true
    }
}
