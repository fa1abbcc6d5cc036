import Portfolio
import Trading
import Wire

/// What snapshots say of the ledger beside balances, holdings and positions.
extension RiskEngine {
    func writeCosts(into writer: inout SnapshotWriter) {
        for account in accounts.sorted(by: { $0.key < $1.key }) {
            let book = ledger.accounts[account.ledger]
            writer.append(
                SnapshotLedger(
                    org: account.key.org, account: account.key.account, mode: account.key.mode,
                    costMethod: book.costMethod, resolved: book.balance.resolved,
                    rebates: book.balance.rebates, funding: book.balance.funding,
                    corrections: book.balance.corrections))
        }
        for (key, lots) in ledger.allLots {
            for lot in lots {
                writer.append(
                    SnapshotLot(
                        org: key.owner.org, account: key.owner.account, mode: key.owner.mode,
                        strategy: key.owner.strategy, instrument: key.instrument,
                        quantity: lot.quantity, cost: lot.cost))
            }
        }
        for key in strategyNodes.keys.sorted() {
            let rebates = ledger.totals(of: key).rebates
            if rebates.isZero { continue }
            writer.append(
                SnapshotRebates(
                    org: key.org, account: key.account, mode: key.mode, strategy: key.strategy,
                    rebates: rebates))
        }
        for record in ledger.allInstruments where record.book.isResolved {
            writer.append(
                SnapshotResolved(
                    org: record.account.org, account: record.account.account,
                    mode: record.account.mode, instrument: record.instrument))
        }
    }

    /// Puts one of those records back; false when it has no place.
    mutating func restoreCost(
        _ template: WireTemplate, _ frame: [UInt8]
    ) throws(WireError) -> Bool {
        switch template {
        case .snapshotLedger: restore(try SnapshotLedger(decoding: frame))
        case .snapshotLot: restore(try SnapshotLot(decoding: frame))
        case .snapshotRebates: restore(try SnapshotRebates(decoding: frame))
        case .snapshotResolved: restore(try SnapshotResolved(decoding: frame))
        case .snapshotBreak: restore(try SnapshotBreak(decoding: frame))
        case .snapshotGap: restore(try SnapshotGap(decoding: frame))
        default: false
        }
    }

    private mutating func restore(_ record: SnapshotLedger) -> Bool {
        let key = AccountKey(org: record.org, account: record.account, mode: record.mode)
        guard accountIndex[key] != nil else { return false }
        ledger.restore(
            costMethod: record.costMethod, resolved: record.resolved, rebates: record.rebates,
            funding: record.funding, corrections: record.corrections, of: key)
        return true
    }

    private mutating func restore(_ record: SnapshotLot) -> Bool {
        let owner = StrategyKey(
            org: record.org, account: record.account, mode: record.mode,
            strategy: record.strategy)
        guard strategyNodes[owner] != nil, record.quantity > .zero else { return false }
        ledger.restore(
            Lot(quantity: record.quantity, cost: record.cost),
            under: PositionKey(owner: owner, instrument: record.instrument))
        return true
    }

    private mutating func restore(_ record: SnapshotRebates) -> Bool {
        let key = StrategyKey(
            org: record.org, account: record.account, mode: record.mode,
            strategy: record.strategy)
        guard strategyNodes[key] != nil else { return false }
        let totals = ledger.totals(of: key)
        ledger.restore(
            StrategyBook(
                key: key, realized: totals.realized, fees: totals.fees, rebates: record.rebates))
        return true
    }

    private mutating func restore(_ record: SnapshotResolved) -> Bool {
        let key = AccountKey(org: record.org, account: record.account, mode: record.mode)
        guard accountIndex[key] != nil else { return false }
        return ledger.restoreResolved(key, record.instrument)
    }
}
