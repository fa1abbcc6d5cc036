import Trading
import Wire

/// Who may ask, and whether anything may be asked now.
extension RiskEngine {
    /// The sender is who it claims to be and may trade this strategy at this instrument's venue.
    func checkIdentity(_ context: OrderContext) -> ControlResult {
        guard context.agent >= 0 else { return .denied(.identityUnknown) }
        guard context.sender == context.agentID else { return .denied(.identityMismatch) }
        guard context.strategy >= 0 else { return .denied(missingAccount(context.key)) }
        let venue =
            context.instrument >= 0
            ? instruments[context.instrument].venue : accounts[Int(context.account)].venue
        let grant = Grant(strategy: context.strategy, venue: venue)
        guard agents[Int(context.agent)].grants.contains(grant) else {
            return .denied(.grantMissing, .strategy)
        }
        // A venue's instrument can be traded only through an account of that venue.
        guard accounts[Int(context.account)].venue == venue else {
            return .denied(.grantMissing, .venue)
        }
        return .passed
    }

    /// Why there is no strategy under a key: a mode that the account does not have, or no grant.
    private func missingAccount(_ key: StrategyKey) -> RejectReason {
        let hasOtherMode = Mode.allCases.contains { mode in
            let other = StrategyKey(
                org: key.org, account: key.account, mode: mode, strategy: key.strategy)
            return strategyNodes[other] != nil
        }
        return hasOtherMode ? .modeNotAllowed : .grantMissing
    }

    /// The core is armed and the account is reconciled; in reduce-only, orders only reduce.
    func checkArming(_ context: OrderContext) -> ControlResult {
        guard arming != .disarmed else { return .denied(.notArmed, .firm) }
        guard accounts[Int(context.account)].isReconciled else {
            return .denied(.notArmed, .account)
        }
        if context.kind == .intent { return .passed }
        if arming == .reduceOnly || isAlertPathDead, !reducesPosition(context) {
            return .denied(.reduceOnly, .firm)
        }
        // What no halt covers is neither halted nor reduced.
        if halts.isEmpty { return .passed }
        for slot in 0..<7 where context.path.meters[slot] >= 0 {
            if meters[context.path.meters[slot]].isReduceOnly, !reducesPosition(context) {
                return .denied(.reduceOnly, MeterPath.level(slot))
            }
        }
        return .passed
    }

    /// Whether the order, with all open ones of its side, can only bring the strategy nearer to
    /// flat.
    func reducesPosition(_ context: OrderContext) -> Bool {
        guard context.instrument >= 0, context.quantity.units > 0 else { return false }
        let held = exposure(context.chain.strategy, context.ordinal)
        let open = context.side == .buy ? held.openBuy : held.openSell
        let reducible = context.side == .buy ? -held.quantity : held.quantity
        guard let total = open.addingChecked(context.quantity) else { return false }
        return total <= reducible
    }

    /// Nothing that the order belongs to is halted. Halts are latched: only a resume clears them.
    func checkKill(_ context: OrderContext) -> ControlResult {
        guard arming != .halted else { return .denied(.killed, .firm) }
        if halts.isEmpty { return .passed }
        for slot in 0..<7 where context.path.meters[slot] >= 0 {
            if meters[context.path.meters[slot]].isHalted {
                return .denied(.haltedScope, MeterPath.level(slot))
            }
        }
        return .passed
    }

    /// The request belongs to the agent's present incarnation and its number is new. Repetitions of
    /// a request that is still known were answered before the controls.
    func checkIdempotency(_ context: OrderContext) -> ControlResult {
        let agent = Int(context.agent)
        let incarnation = agents[agent].incarnation
        guard context.incarnation == incarnation, incarnation > .zero else {
            return .denied(
                .incarnationStale, limit: Int64(clamping: incarnation.rawValue),
                value: Int64(clamping: context.incarnation.rawValue))
        }
        let highWater =
            context.kind == .intent ? agents[agent].intentHighWater : agents[agent].requestHighWater
        guard context.number > highWater else {
            let isKnown = agents[agent].decided(context.kind, context.number) != nil
            return .denied(
                isKnown ? .duplicateMismatch : .duplicateRequest,
                limit: Int64(clamping: highWater), value: Int64(clamping: context.number))
        }
        return .passed
    }

    /// No explanation, no order.
    func checkExplanation(_ context: OrderContext) -> ControlResult {
        context.isExplained ? .passed : .denied(.explanationMissing)
    }

    /// The account's gateway has granted a lease to this epoch, is not killed, and there is room.
    func checkGateway(_ context: OrderContext) -> ControlResult {
        guard openOrderCount < Capacity.openOrders else {
            return .denied(
                .overload, .firm, limit: Int64(Capacity.openOrders), value: Int64(openOrderCount))
        }
        let gateway = gateways[Int(accounts[Int(context.account)].gateway)]
        guard gateway.lease > .zero, !gateway.isKilled, gateway.highestEpoch <= epoch else {
            return .denied(.gatewayUnavailable, .venue)
        }
        return .passed
    }
}
