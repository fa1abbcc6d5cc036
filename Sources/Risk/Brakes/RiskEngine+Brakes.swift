import Portfolio
package import Trading
import Wire

/// Brakes: what a scope has lost decides how much it may still do.
extension RiskEngine {
    /// Looks at the brakes of a strategy and of all above it, after something has flowed.
    mutating func refreshBrakes(from strategy: Int32, into effects: inout RiskEffects) {
        var node = strategy
        while node >= 0 {
            refreshBrake(of: node, into: &effects)
            node = nodes[Int(node)].parent
        }
    }

    /// Looks at every brake: time has passed, or limits have changed.
    mutating func refreshAllBrakes(into effects: inout RiskEffects) {
        for node in nodesInOrder { refreshBrake(of: node, into: &effects) }
    }

    /// Looks at one brake. A change is told; a halt cancels what is open in the scope.
    mutating func refreshBrake(of node: Int32, into effects: inout RiskEffects) {
        let index = Int(node)
        let before = nodes[index].brake
        nodes[index].brake.observe(
            earned: profit(of: node), capital: capital(of: node), brakeRules(of: node), at: now,
            isHealthy: isHealthy(node))
        tell(node, before, into: &effects)
    }

    private mutating func tell(
        _ node: Int32, _ before: Brake, into effects: inout RiskEffects
    ) {
        let brake = nodes[Int(node)].brake
        if brake.face == before.face { return }
        let until = brake.drawdown.until
        let change = BrakeChange(
            scope: meters[nodes[Int(node)].meter].key, mode: nodes[Int(node)].mode,
            face: brake.face, until: brake.isHalted && until < .distantFuture ? until : nil,
            earned: brake.profit)
        alarm(.brake(change), into: &effects)
        guard brake.isHalted, !before.isHalted else { return }
        haltNumbers.add(HaltScope(change.scope))
        for order in openOrders where isUnder(orders[order].strategy, node) {
            cancelOrder(order, because: .killed, into: &effects)
        }
    }

    /// A person ends the halts of a scope, on probation. A loss beyond its limit stands: then only
    /// the end of its period or a wider limit helps.
    mutating func releaseBrakes(
        under scope: HaltScope, into effects: inout RiskEffects
    ) -> OperatorOutcome? {
        var outcome: OperatorOutcome?
        for node in nodesInOrder where nodes[Int(node)].brake.isHalted {
            guard scope.covers(meters[nodes[Int(node)].meter].key) else { continue }
            let before = nodes[Int(node)].brake
            if before.worstStage == .halted {
                outcome = .lossLimitStands
                continue
            }
            nodes[Int(node)].brake.drawdown.resume()
            nodes[Int(node)].brake.cause = .none
            nodes[Int(node)].brake.multiplier = nodes[Int(node)].brake.drawdown
                .multiplierUnits(brakeRules(of: node).drawdown)
            tell(node, before, into: &effects)
            outcome = outcome ?? .done
        }
        return outcome
    }

    /// A limit has changed. Where it was a loss's and is wider now, its ladder is measured again.
    mutating func brakeLimitChanged(
        _ kind: LimitKind, of meter: Int32, from before: Int64?, into effects: inout RiskEffects
    ) {
        guard kind.isBrake else { return }
        let after = limits[kind, meter]
        if let before, let after, after > before {
            for index in nodes.indices where nodes[index].meter == meter {
                if kind == .lossDailyMax { nodes[index].brake.day.stage = .none }
                if kind == .lossWeeklyMax { nodes[index].brake.week.stage = .none }
            }
        }
        refreshAllBrakes(into: &effects)
    }

    /// Whether a timer would change a brake now: a halt is over, or a day with losses is.
    package func isBrakeTimerDue(at now: Timestamp) -> Bool {
        nodes.indices.contains { index in
            let brake = nodes[index].brake
            return brake.isPeriodOver(at: now)
                || brake.isHaltOver(at: now) && isHealthy(Int32(index))
        }
    }

    // MARK: - Parts

    /// Scopes in the order of their names, which never depends on how they came to be known.
    var nodesInOrder: [Int32] {
        nodes.indices.map(Int32.init).sorted { isBefore($0, $1) }
    }

    func isBefore(_ first: Int32, _ second: Int32) -> Bool {
        let left = nodes[Int(first)]
        let right = nodes[Int(second)]
        if left.meter != right.meter { return meters[left.meter].key < meters[right.meter].key }
        return left.mode < right.mode
    }

    func isUnder(_ node: Int32, _ ancestor: Int32) -> Bool {
        var node = node
        while node >= 0, node != ancestor { node = nodes[Int(node)].parent }
        return node >= 0
    }

    /// What equity is counted from: what the scope states, else the capital of its accounts.
    func capital(of node: Int32) -> Money {
        let scope = nodes[Int(node)]
        if let stated = limits[.brakeCapital, scope.meter] {
            // What cannot be stated by a change has room for no profit above it.
            return Money(units: min(max(stated, 0), LimitUnit.money.valueMax))
        }
        if scope.account >= 0 {
            return ledger.accounts[accounts[Int(scope.account)].ledger].capital
        }
        return accounts.reduce(Money.zero) { sum, account in
            isUnder(account.node, node) ? sum + ledger.accounts[account.ledger].capital : sum
        }
    }

    /// Whether the accounts of a scope are reconciled and their gateways have a lease: nothing
    /// begins again before.
    private func isHealthy(_ node: Int32) -> Bool {
        let scope = nodes[Int(node)]
        if scope.account >= 0 { return isHealthy(accounts[Int(scope.account)]) }
        return accounts.allSatisfy { !isUnder($0.node, node) || isHealthy($0) }
    }

    private func isHealthy(_ account: AccountState) -> Bool {
        let gateway = gateways[Int(account.gateway)]
        return account.isReconciled && gateway.lease > .zero && !gateway.isKilled
    }

    /// The limits that a scope states for itself. Floor and cooldown are policies: the most careful
    /// of the scope's and those above.
    func brakeRules(of node: Int32) -> Brake.Rules {
        let meter = nodes[Int(node)].meter
        let cooldown = brakePolicy(.brakeCooldown, of: node, isFloor: true)
        return Brake.Rules(
            drawdown: DrawdownRule(
                soft: limits[.drawdownSoftMax, meter], hard: limits[.drawdownHardMax, meter],
                floor: brakePolicy(.drawdownFloor, of: node, isFloor: false)
                    ?? DrawdownRule.one / 10,
                cooldown: cooldown.map { Span(nanoseconds: max(0, $0)) }),
            lossDaily: limits[.lossDailyMax, meter], lossWeekly: limits[.lossWeeklyMax, meter],
            lossTotal: limits[.lossTotalMax, meter])
    }

    private func brakePolicy(_ kind: LimitKind, of node: Int32, isFloor: Bool) -> Int64? {
        var found: Int64?
        var node = node
        while node >= 0 {
            if let stated = limits[kind, nodes[Int(node)].meter] {
                found = found.map { isFloor ? max($0, stated) : min($0, stated) } ?? stated
            }
            node = nodes[Int(node)].parent
        }
        return found
    }
}

extension LimitKind {
    /// Whether a change of the limit may move a brake.
    var isBrake: Bool {
        switch self {
        case .lossDailyMax, .lossWeeklyMax, .lossTotalMax, .drawdownSoftMax, .drawdownHardMax,
            .drawdownFloor, .brakeCooldown, .brakeCapital:
            true
        default: false
        }
    }
}
