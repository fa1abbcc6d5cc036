import Portfolio
import Trading
import Wire

/// What scopes have earned: everything that flowed, and what they hold at robust marks. Money that
/// comes from outside or leaves is no part of it.
extension RiskEngine {
    /// What a scope has earned.
    func profit(of node: Int32) -> Money { nodes[Int(node)].flow + nodes[Int(node)].holdings }

    /// Changes an instrument's mark and what every scope's position in it is worth.
    mutating func remark(
        _ index: Int32, into effects: inout RiskEffects, _ body: (inout RobustMark) -> Void
    ) {
        let before = instruments[index].mark
        body(&instruments[index].mark)
        let after = instruments[index].mark
        if before == after { return }
        let ordinal = instruments[index].ordinal
        var hasChanged = false
        for book in events[instruments[index].event].books {
            let quantity = exposure(book, ordinal).quantity
            if quantity.isZero { continue }
            nodes[Int(books[book].node)].holdings +=
                after.worth(of: quantity) - before.worth(of: quantity)
            hasChanged = true
        }
        guard hasChanged else { return }
        for book in events[instruments[index].event].books
        where !exposure(book, ordinal).quantity.isZero {
            refreshBrake(of: books[book].node, into: &effects)
        }
    }

    /// Takes a journalled reference as a mark, where the market is one to trust.
    mutating func takeMark(
        _ reference: ReferenceUpdated, of index: Int32, into effects: inout RiskEffects
    ) {
        refreshSettling(index, into: &effects)
        let instrument = instruments[index]
        guard instrument.settledAt == nil, instrument.status == .open, !reference.isStale.isSet
        else { return }
        let bid = instrument.bid
        let ask = instrument.ask
        let spread = markLimit(.markSpreadMax, index) ?? RobustMark.spreadMax
        remark(index, into: &effects) { $0.observe(bid: bid, ask: ask, spreadMax: spread) }
    }

    /// Notices that a market is over, or open again.
    mutating func refreshSettling(_ index: Int32, into effects: inout RiskEffects) {
        let instrument = instruments[index]
        let isOver =
            instrument.status == .closed || instrument.status == .resolved
            || instrument.status == .disputed
        let isSettling = isOver || now >= instrument.closeAt
        if instrument.settledAt != nil || isSettling == instrument.mark.isSettling { return }
        let stated = markLimit(.settlementHaircut, index) ?? 0
        let haircut = Price(units: isSettling ? min(max(stated, 0), Price.scale) : 0)
        remark(index, into: &effects) {
            $0.isSettling = isSettling
            $0.haircut = haircut
        }
    }

    /// A limit on an instrument's marks: the tightest spread, the largest haircut.
    private func markLimit(_ kind: LimitKind, _ index: Int32) -> Int64? {
        tightest(kind, marketPath(of: index))?.limit
    }

    /// The first price of an instrument in which nothing was trusted yet is a trade of ours.
    mutating func markByTrade(_ index: Int32, at price: Price) {
        if instruments[index].mark.trusted == nil { instruments[index].mark.trusted = price }
    }

    /// All that has flowed in every scope as the ledger has it: gains less fees, less what longs
    /// have cost, plus what shorts have brought, plus what operators have posted beside trades. By
    /// node.
    func ledgerFlows() -> [Money] {
        var flows = [Money](repeating: .zero, count: nodes.count)
        for key in strategyNodes.keys {
            let totals = ledger.totals(of: key)
            add(totals.realized - totals.fees, from: strategyNodes[key], to: &flows)
        }
        for (key, position) in ledger.allPositions {
            let flow = Money(pairs: position.short) - position.cost
            add(flow, from: strategyNodes[key.owner], to: &flows)
        }
        for account in accounts {
            let posted = ledger.accounts[account.ledger].balance
            add(-posted.funding - posted.corrections, from: account.node, to: &flows)
        }
        return flows
    }

    private func add(_ flow: Money, from node: Int32?, to flows: inout [Money]) {
        var node = node ?? -1
        while node >= 0 {
            flows[Int(node)] += flow
            node = nodes[Int(node)].parent
        }
    }
}
