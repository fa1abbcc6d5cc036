import Portfolio
package import Trading
package import Wire

/// What gateways report. Venue facts are believed; what contradicts ours raises an alarm.
extension RiskEngine {
    // MARK: - Fates

    /// What became of a permit or an order, without a fill.
    package mutating func apply(
        _ fate: PermitFate, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard let index = orderIndex[fate.orderID] else {
            counters.reportsIgnored += 1
            return
        }
        guard isOwn(fate.envelope.sender, index, into: &effects) else { return }
        guard fate.filled >= .zero, fate.filled <= orders[index].quantity else {
            refuse(.permitFate, index, into: &effects)
            return
        }
        orders[index].reportedFilled = max(orders[index].reportedFilled, fate.filled)
        orders[index].touchedAt = now
        guard orders[index].state.canBecome(fate.state) else {
            // A repetition, or news that came after newer news. Only what it says of fills counts.
            counters.reportsIgnored += 1
            reserve(index)
            return
        }
        noteAnswer(index, fate.state, into: &effects)
        if fate.state.isTerminal {
            end(index, as: fate.state)
        } else {
            orders[index].state = fate.state
        }
        let agent = agents[Int(orders[index].agent)].id
        effects.append(.update(update(of: index, reason: fate.reason), agent: agent))
    }

    // MARK: - Fills

    /// One fill, or the bust of one. Late fills are booked like any other; a fill that was seen
    /// before is not booked again.
    package mutating func apply(
        _ report: FillReport, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard isPlausible(report) else {
            refuse(report, into: &effects)
            return
        }
        guard let index = order(of: report) else {
            bookUnknown(report, into: &effects)
            return
        }
        guard isOwn(report.envelope.sender, index, into: &effects) else { return }
        let order = orders[index]
        guard report.instrument == instruments[order.instrument].id, report.side == order.side,
            report.account == accounts[Int(order.account)].key.account
        else {
            refuse(report, into: &effects)
            return
        }
        if report.finality == .busted {
            bust(report, order: index, into: &effects)
        } else if let known = order.fills.firstIndex(where: { $0.tradeID == report.tradeID }) {
            if report.finality == .final, orders[index].fills[known].finality == .provisional {
                orders[index].fills[known].finality = .final
            }
            counters.reportsIgnored += 1
        } else {
            book(report, order: index, into: &effects)
        }
    }

    private mutating func book(
        _ report: FillReport, order index: Int32, into effects: inout RiskEffects
    ) {
        let order = orders[index]
        guard let owner = nodes[Int(order.strategy)].strategy else {
            preconditionFailure("order \(order.id) belongs to no strategy")
        }
        let change = move(
            LedgerFill(
                owner: owner, instrument: report.instrument, side: report.side,
                price: report.price, quantity: report.quantity, fee: report.fee),
            strategy: order.strategy, instrument: order.instrument, into: &effects)
        orders[index].fills.append(
            FillRecord(
                tradeID: report.tradeID, price: report.price, quantity: report.quantity,
                fee: report.fee, change: change, filledAt: report.filledAt,
                finality: report.finality))
        orders[index].filled += report.quantity
        orders[index].touchedAt = now
        noteAnswer(index, .filled, into: &effects)
        counters.fills += 1
        agents[Int(order.agent)].counters.fills += 1
        refreshBrakes(from: order.strategy, into: &effects)
        watch(report, of: index, into: &effects)
        countActivity(
            path(strategy: order.strategy, instrument: order.instrument), isTrade: true)
        if orders[index].filled > order.quantity {
            alarm(.overfill(order.id), into: &effects)
            haltAccount(order.account, into: &effects)
        }
        settleState(index)
        reserve(index)
        let agent = agents[Int(order.agent)].id
        let update = update(of: index, reason: .none, fill: report)
        effects.append(.update(update, agent: agent))
    }

    /// A fill proves that the order worked; the last one proves that it is filled.
    private mutating func settleState(_ index: Int32) {
        let order = orders[index]
        if order.filled >= order.quantity {
            if order.state.canBecome(.filled) { end(index, as: .filled) }
        } else if order.state != .cancelling, order.state.canBecome(.working) {
            orders[index].state = .working
        }
    }

    /// Takes a fill back. What the parent may still send does not grow by it.
    private mutating func bust(
        _ report: FillReport, order index: Int32, into effects: inout RiskEffects
    ) {
        let order = orders[index]
        guard let known = order.fills.firstIndex(where: { $0.tradeID == report.tradeID }) else {
            alarm(.bustWithoutFill(order.id), into: &effects)
            return
        }
        let fill = order.fills[known]
        guard fill.finality != .busted else {
            counters.reportsIgnored += 1
            return
        }
        guard let owner = nodes[Int(order.strategy)].strategy else {
            preconditionFailure("order \(order.id) belongs to no strategy")
        }
        let booked = BookedFill(
            fill: LedgerFill(
                owner: owner, instrument: report.instrument, side: order.side, price: fill.price,
                quantity: fill.quantity, fee: fill.fee),
            change: fill.change)
        reverse(
            booked, strategy: order.strategy, instrument: order.instrument, into: &effects)
        orders[index].fills[known].finality = .busted
        orders[index].filled -= fill.quantity
        orders[index].reportedFilled = max(
            .zero, order.reportedFilled - fill.quantity)
        orders[index].touchedAt = now
        counters.busts += 1
        reserve(index)
        refreshBrakes(from: order.strategy, into: &effects)
        let agent = agents[Int(order.agent)].id
        effects.append(.update(update(of: index, reason: .none), agent: agent))
    }

    /// The order that was filled. A gateway that has forgotten which it was reports no id: then the
    /// venue's name for the order tells.
    private func order(of report: FillReport) -> Int32? {
        if report.orderID > .zero { return orderIndex[report.orderID] }
        guard !report.clientOrderID.isEmpty else { return nil }
        return orders.indices.first { orders[$0].clientOrderID == report.clientOrderID }
    }

    /// Whether the report's order was once permitted here.
    private func isNamedByUs(_ report: FillReport) -> Bool {
        if report.orderID > .zero { return report.orderID <= lastOrderID }
        guard let name = ClientOrderName(report.clientOrderID) else { return false }
        return name.epoch <= epoch
            && clientOrderID(
                epoch: name.epoch, lease: name.lease, permit: name.permit, cluster: cluster)
                == report.clientOrderID
    }

    /// A fill of no order that is known. Of one that was forgotten, it is a repetition; otherwise
    /// it is booked once, to a strategy of its own, and the account is halted.
    private mutating func bookUnknown(
        _ report: FillReport, into effects: inout RiskEffects
    ) {
        let isForgotten = isNamedByUs(report) && report.filledAt <= forgottenThrough
        let isBooked = foreignFills.contains { $0.tradeID == report.tradeID }
        if isForgotten || isBooked && report.finality != .busted {
            counters.reportsIgnored += 1
            return
        }
        alarm(.fillWithoutOrder(report.orderID, report.instrument), into: &effects)
        guard let account = account(report.account, of: report.envelope.sender) else { return }
        haltAccount(account, into: &effects)
        guard let instrument = instrumentIndex[report.instrument] else { return }
        let key = accounts[Int(account)].key
        let owner = StrategyKey(
            org: key.org, account: key.account, mode: key.mode, strategy: RiskEngine.unattributed)
        guard report.finality != .busted, let strategy = strategyNode(owner) else { return }
        counters.fills += 1
        let change = move(
            LedgerFill(
                owner: owner, instrument: report.instrument, side: report.side,
                price: report.price, quantity: report.quantity, fee: report.fee),
            strategy: strategy, instrument: instrument, into: &effects)
        refreshBrakes(from: strategy, into: &effects)
        foreignFills.append(
            FillRecord(
                tradeID: report.tradeID, price: report.price, quantity: report.quantity,
                fee: report.fee, change: change, filledAt: report.filledAt,
                finality: report.finality))
        if foreignFills.count > Capacity.foreignFills { foreignFills.removeFirst() }
    }

    /// Books a fill in the ledger and in the exposure of every scope.
    private mutating func move(
        _ fill: LedgerFill, strategy: Int32, instrument: Int32, into effects: inout RiskEffects
    ) -> Position.Change {
        markByTrade(instrument, at: fill.price)
        let booked = ledger.book(fill)
        if instruments[instrument].status == .resolved {
            ledger.setResolved(true, fill.owner.accountKey, fill.instrument)
        }
        let isPurchase = fill.side == .buy
        let cash = (isPurchase ? -fill.notional : fill.notional) - fill.fee
        let quantity = isPurchase ? fill.quantity : -fill.quantity
        moveExposure(strategy: strategy, instrument: instrument, cash: cash, quantity: quantity)
        explain(-quantity, strategy, fill, into: &effects)
        return booked.change
    }

    private mutating func reverse(
        _ booked: BookedFill, strategy: Int32, instrument: Int32, into effects: inout RiskEffects
    ) {
        ledger.bust(booked)
        let fill = booked.fill
        let isPurchase = fill.side == .buy
        let cash = (isPurchase ? fill.notional : -fill.notional) + fill.fee
        let quantity = isPurchase ? -fill.quantity : fill.quantity
        moveExposure(strategy: strategy, instrument: instrument, cash: cash, quantity: quantity)
        explain(-quantity, strategy, fill, into: &effects)
    }

    /// A trade that is heard of after the settlement: the venue had it in its count, or has not.
    private mutating func explain(
        _ quantity: Quantity, _ strategy: Int32, _ fill: LedgerFill,
        into effects: inout RiskEffects
    ) {
        guard ledger.settledValue(fill.owner.accountKey, fill.instrument) != nil else { return }
        addGap(
            quantity, account: nodes[Int(strategy)].account, instrument: fill.instrument,
            into: &effects)
    }

    /// Moves exposure by a trade. After settlement the ledger settles the contracts at once, so
    /// only cash of an event that is not over is left to move.
    private mutating func moveExposure(
        strategy: Int32, instrument: Int32, cash: Money, quantity: Quantity
    ) {
        let account = accounts[Int(nodes[Int(strategy)].account)].key
        guard let value = ledger.settledValue(account, instruments[instrument].id) else {
            change(strategy: strategy, instrument: instrument) {
                $0.move(cash: cash, quantity: quantity)
            }
            return
        }
        let payout = Money(value, times: quantity, .down)
        if events[instruments[instrument].event].isClosed {
            flow(cash + payout, from: strategy)
            return
        }
        change(strategy: strategy, instrument: instrument) {
            $0.move(cash: cash + payout, quantity: .zero)
        }
    }

    /// Counts what flows for no event that is open, in a scope and those above it.
    mutating func flow(_ cash: Money, from node: Int32) {
        var node = node
        while node >= 0 {
            nodes[Int(node)].flow += cash
            node = nodes[Int(node)].parent
        }
    }

    // MARK: - Parts

    /// The account of a gateway with a name. A gateway serves one account.
    func account(_ id: AccountID, of gateway: ProcessID) -> Int32? {
        guard let gateway = gatewayIndex[gateway] else { return nil }
        return accounts.firstIndex { $0.gateway == gateway && $0.key.account == id }
            .map(Int32.init)
    }

    private mutating func isOwn(
        _ sender: ProcessID, _ index: Int32, into effects: inout RiskEffects
    ) -> Bool {
        if gateways[Int(orders[index].gateway)].id == sender { return true }
        alarm(.wrongGateway(sender, orders[index].id), into: &effects)
        return false
    }

    /// Numbers that a fill can have: what lies outside would be the adapter's error, and booking it
    /// would be worse than asking a person.
    private func isPlausible(_ report: FillReport) -> Bool {
        let quantityMax = Quantity(1_000_000)
        let feeMax = Money(1_000_000)
        return report.price >= .zero && report.price <= .one && report.quantity > .zero
            && report.quantity <= quantityMax && report.fee >= -feeMax && report.fee <= feeMax
    }

    private mutating func refuse(
        _ report: FillReport, into effects: inout RiskEffects
    ) {
        alarm(.reportRefused(.fillReport, report.instrument), into: &effects)
        if let account = account(report.account, of: report.envelope.sender) {
            haltAccount(account, into: &effects)
        }
    }

    private mutating func refuse(
        _ template: WireTemplate, _ index: Int32, into effects: inout RiskEffects
    ) {
        alarm(
            .reportRefused(template, instruments[orders[index].instrument].id), into: &effects)
        haltAccount(orders[index].account, into: &effects)
    }
}

// MARK: - News

/// A gateway states in every reconciliation what it stated before. What is no news need not be
/// applied: it would change nothing.
extension RiskEngine {
    /// Whether a fill, or what is said of one, is not yet known.
    package func isNews(_ report: FillReport) -> Bool {
        guard isPlausible(report) else { return true }
        guard let index = order(of: report) else {
            let isBooked = foreignFills.contains { $0.tradeID == report.tradeID }
            let isForgotten = isNamedByUs(report) && report.filledAt <= forgottenThrough
            return !isForgotten && (!isBooked || report.finality == .busted)
        }
        let order = orders[index]
        guard gateways[Int(order.gateway)].id == report.envelope.sender,
            report.instrument == instruments[order.instrument].id, report.side == order.side,
            report.account == accounts[Int(order.account)].key.account,
            let known = order.fills.first(where: { $0.tradeID == report.tradeID })
        else { return true }
        return switch report.finality {
        case .busted: known.finality != .busted
        case .final: known.finality == .provisional
        case .provisional: false
        }
    }

    /// Whether the venue states other cash than it last did.
    package func isNews(_ balance: VenueBalance) -> Bool {
        account(balance.account, of: balance.envelope.sender).map {
            accounts[Int($0)].venueCash != balance.cash
        } ?? true
    }
}
