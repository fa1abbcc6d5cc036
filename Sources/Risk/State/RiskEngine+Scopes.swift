import Portfolio
import Trading
import Wire

extension RiskEngine {
    /// The meter of a scope, made when it is first named. Halts that cover it hold at once.
    mutating func meter(_ key: ScopeKey) -> Int32 {
        if let index = meterIndex[key] { return index }
        var meter = Meter(key: key)
        for halt in halts where halt.scope.covers(key) {
            if halt.state == .halted { meter.isHalted = true } else { meter.isReduceOnly = true }
        }
        let index = meters.insert(meter)
        limits.clear(index)
        meterIndex[key] = index
        return index
    }

    /// The node of an org in a mode, under the firm in that mode.
    private mutating func orgNode(_ org: OrgID, _ mode: Mode) -> Int32 {
        let scope = ModeScope(org: org, mode: mode)
        if let index = modeNodes[scope] { return index }
        let firm = ModeScope(org: .empty, mode: mode)
        let parent =
            modeNodes[firm]
            ?? insertNode(
                ScopeNode(
                    level: .firm, mode: mode, parent: -1, meter: meter(.firm), account: -1,
                    strategy: nil))
        modeNodes[firm] = parent
        let index = insertNode(
            ScopeNode(
                level: .org, mode: mode, parent: parent, meter: meter(.org(org)), account: -1,
                strategy: nil))
        modeNodes[scope] = index
        return index
    }

    /// Adds an account with its node, under its org.
    mutating func insertAccount(
        _ key: AccountKey, venue: VenueID, gateway: Int32, ledger: Int
    ) -> Int32 {
        let parent = orgNode(key.org, key.mode)
        let index = Int32(accounts.count)
        let meter = meter(.account(key.org, key.account, key.mode))
        let node = insertNode(
            ScopeNode(
                level: .account, mode: key.mode, parent: parent, meter: meter, account: index,
                strategy: nil))
        accounts.append(
            AccountState(
                key: key, venue: venue, gateway: gateway, node: node, meter: meter,
                ledger: ledger))
        accountIndex[key] = index
        return index
    }

    /// The node of a strategy, under its account, which must be open.
    mutating func strategyNode(_ key: StrategyKey) -> Int32? {
        if let index = strategyNodes[key] { return index }
        guard let account = accountIndex[key.accountKey] else { return nil }
        let index = insertNode(
            ScopeNode(
                level: .strategy, mode: key.mode, parent: accounts[Int(account)].node,
                meter: meter(.strategy(key)), account: account, strategy: key))
        strategyNodes[key] = index
        return index
    }

    private mutating func insertNode(_ node: ScopeNode) -> Int32 {
        nodes.append(node)
        return Int32(nodes.count - 1)
    }

    /// The gateway with a name, added when it is first named.
    mutating func gateway(_ id: ProcessID) -> Int32 {
        if let index = gatewayIndex[id] { return index }
        gateways.append(GatewayState(id: id))
        gatewayIndex[id] = Int32(gateways.count - 1)
        return Int32(gateways.count - 1)
    }

    /// The agent with a name, added when it is first named.
    mutating func agent(_ id: ProcessID) -> Int32 {
        if let index = agentIndex[id] { return index }
        agents.append(AgentState(id: id))
        agentIndex[id] = Int32(agents.count - 1)
        return Int32(agents.count - 1)
    }

    /// The meters of a strategy's order in an instrument.
    func path(strategy: Int32, instrument: Int32) -> MeterPath {
        var path = tightest.byStrategy.path(of: strategy, limits.version) ?? scopes(of: strategy)
        if instrument >= 0 { insertMarket(of: instrument, into: &path) }
        path.find(strategy: strategy, instrument: instrument)
        path.isKnown = isKnown(path)
        return path
    }

    /// The meters of a strategy and of what is above it.
    private func scopes(of strategy: Int32) -> MeterPath {
        var path = MeterPath()
        var node = strategy
        while node >= 0 {
            insert(nodes[Int(node)].meter, at: nodes[Int(node)].level, into: &path)
            node = nodes[Int(node)].parent
        }
        return path
    }

    /// The meters that count for an instrument whoever trades it: the firm's, the event set's, the
    /// venue's and its own.
    func marketPath(of instrument: Int32) -> MeterPath {
        var path = MeterPath()
        if let firm = meterIndex[.firm] { insert(firm, at: .firm, into: &path) }
        insertMarket(of: instrument, into: &path)
        return path
    }

    /// The meters that limit an account as a whole.
    func accountPath(of account: Int32) -> MeterPath {
        var path = MeterPath()
        var node = accounts[Int(account)].node
        while node >= 0 {
            insert(nodes[Int(node)].meter, at: nodes[Int(node)].level, into: &path)
            node = nodes[Int(node)].parent
        }
        if let venue = meterIndex[.venue(accounts[Int(account)].venue)] {
            insert(venue, at: .venue, into: &path)
        }
        return path
    }

    /// Takes the meters of an instrument, its event set and its venue into a path.
    private func insertMarket(of instrument: Int32, into path: inout MeterPath) {
        insert(instruments[instrument].meter, at: .instrument, into: &path)
        insert(events[instruments[instrument].event].meter, at: .event, into: &path)
        insert(instruments[instrument].venueMeter, at: .venue, into: &path)
    }

    @inline(__always) func insert(_ meter: Int32, at level: LimitLevel, into path: inout MeterPath)
    {
        path.insert(meter, at: level, stating: limits.stated(by: meter))
    }

    /// The tightest of the limits that the path's scopes state, and whose it is.
    @inline(__always) func tightest(
        _ kind: LimitKind, _ path: MeterPath
    ) -> (level: LimitLevel, limit: Int64)? {
        guard path.stated[kind] else { return nil }
        return path.isKnown
            ? tightest.known(kind, path.strategy, path.instrument) : tightestSearched(kind, path)
    }

    /// The tightest of the limits that stand over an order.
    @inline(__always) func tightest(
        _ kind: LimitKind, _ context: borrowing OrderContext
    ) -> (level: LimitLevel, limit: Int64)? {
        guard context.path.stated[kind] else { return nil }
        if context.path.isKnown {
            return tightest.known(kind, context.path.strategy, context.path.instrument)
        }
        return tightestSearched(kind, context.path)
    }

    private func tightestSearched(
        _ kind: LimitKind, _ path: MeterPath
    ) -> (level: LimitLevel, limit: Int64)? {
        var found: (level: LimitLevel, limit: Int64)?
        for slot in path.limitedSlots {
            guard let limit = limits[kind, path.meters[slot]] else { continue }
            let isTighter =
                found.map { kind.bindsHighest ? limit > $0.limit : limit < $0.limit } ?? true
            if isTighter { found = (MeterPath.level(slot), limit) }
        }
        return found
    }
}
