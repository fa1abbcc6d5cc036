import Portfolio
package import Trading
package import Wire

/// What the configuration says, and who has connected. All of it is journalled; repeating it
/// changes nothing.
extension RiskEngine {
    /// The core has started: it is disarmed unless it was halted, which is latched, and it believes
    /// no gateway until each has granted a lease and been reconciled.
    package mutating func apply(
        _ start: CoreStarted, at now: Timestamp, into effects: inout RiskEffects
    ) {
        let last = self.now
        advance(to: now)
        precondition(
            start.startedEpoch > epoch, "epoch \(start.startedEpoch) does not follow \(epoch)")
        epoch = start.startedEpoch
        mode = start.mode
        isCrashLoop = start.isCrashLoop.isSet
        isStopped = false
        for index in gateways.indices { gateways[index].lease = .zero }
        for index in accounts.indices { endReconciliation(of: index, at: last) }
        if arming != .halted { setArming(.disarmed, into: &effects) }
    }

    /// An account exists. Its starting balance is posted once, from external capital.
    package mutating func apply(
        _ opened: AccountOpened, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        let key = AccountKey(org: opened.org, account: opened.account, mode: opened.mode)
        guard accountIndex[key] == nil else { return }
        let gateway = gateway(opened.gateway)
        let book = ledger.deposit(opened.cash, into: key)
        let index = insertAccount(key, venue: opened.venue, gateway: gateway, ledger: book)
        accounts[Int(index)].venueCash = opened.cash
        accounts[Int(index)].venueCashAt = now
        accounts[Int(index)].fillsKnownUntil = now
    }

    /// How an account's trades release cost. What is held already has a cost, which nothing edits.
    package mutating func apply(
        _ chosen: CostMethodSet, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        let key = AccountKey(org: chosen.org, account: chosen.account, mode: chosen.mode)
        guard accountIndex[key] != nil, ledger.setCostMethod(chosen.method, of: key) else {
            alarm(.costMethodRefused(chosen.account), into: &effects)
            return
        }
    }

    /// An agent may trade a strategy, or may no longer.
    package mutating func apply(
        _ granted: StrategyGranted, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        let key = StrategyKey(
            org: granted.org, account: granted.account, mode: granted.mode,
            strategy: granted.strategy)
        guard let strategy = strategyNode(key) else { return }
        let agent = Int(agent(granted.agent))
        let grant = Grant(strategy: strategy, venue: granted.venue)
        agents[agent].grants.removeAll { $0 == grant }
        if granted.isGranted.isSet { agents[agent].grants.append(grant) }
    }

    /// A limit of the configuration at a level.
    package mutating func apply(
        _ limit: LimitSet, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        if limit.snapshot != limitSnapshot { dropPendingLimits(into: &effects) }
        limitSnapshot = limit.snapshot
        guard let scope = ScopeKey(limit) else { return }
        let place = LimitPlace(scope, limit.kind)
        setLimit(place, limit.value, into: &effects)
        limitOrigins[place] = nil
    }

    /// An agent's session opened. What an earlier incarnation declared is over; its orders go on.
    package mutating func apply(
        _ connected: AgentConnected, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        let index = Int(agent(connected.agent))
        precondition(
            connected.granted > agents[index].incarnation,
            "incarnation \(connected.granted) of \(connected.agent) was granted before")
        agents[index].incarnation = connected.granted
        agents[index].requestHighWater = 0
        agents[index].intentHighWater = 0
        agents[index].window = []
        agents[index].windowStart = 0
        forgetIntents(of: index) { $0.openChildren == 0 }
    }

    /// The incarnation that an agent's next session takes.
    package func nextIncarnation(of agent: ProcessID) -> Incarnation {
        agentIndex[agent].map { agents[Int($0)].incarnation.next } ?? Incarnation(1)
    }

    /// A gateway granted a lease, or lost it. Permits count from one under every lease; the fate of
    /// every permit of an earlier one is asked for.
    package mutating func apply(
        _ connected: GatewayConnected, at now: Timestamp,
        into effects: inout RiskEffects
    ) {
        advance(to: now)
        let index = gateway(connected.gateway)
        let state = gateways[Int(index)]
        gateways[Int(index)].highestEpoch = max(state.highestEpoch, connected.highestEpoch)
        gateways[Int(index)].isKilled = connected.isKilled.isSet
        if connected.lease == state.lease, connected.lease > .zero { return }
        gateways[Int(index)].lease = connected.lease
        for account in accounts.indices where accounts[account].gateway == index {
            endReconciliation(of: account, at: now)
        }
        guard connected.lease > .zero else { return }
        gateways[Int(index)].nextPermit = PermitSequence(1)
        for open in openOrders where orders[open].gateway == index {
            effects.append(.queryFate(fateQuery(open), gateway: connected.gateway))
        }
    }

    /// Nothing is known of an account's fills from now on. While differences stood, nothing was
    /// since the reconciliation before.
    mutating func endReconciliation(of index: Int, at time: Timestamp) {
        guard accounts[index].isReconciled else { return }
        accounts[index].isReconciled = false
        accounts[index].fillsKnownUntil = time
    }

    /// A gateway's kill latch changed. While it is set, the gateway would refuse every permit.
    package mutating func apply(
        _ latch: GatewayLatch, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard let index = gatewayIndex[latch.envelope.sender] else {
            counters.reportsIgnored += 1
            return
        }
        gateways[Int(index)].isKilled = latch.isKilled.isSet
    }

    private func fateQuery(_ index: Int32) -> FateQuery {
        let order = orders[index]
        return FateQuery(
            lease: order.lease, permit: order.permit, orderID: order.id,
            instrument: instruments[order.instrument].id, clientOrderID: order.clientOrderID)
    }

    /// A timer of the core: days end, and so do the halts of brakes.
    package mutating func apply(
        _ timer: TimerFired, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        refreshAllBrakes(into: &effects)
    }
}
