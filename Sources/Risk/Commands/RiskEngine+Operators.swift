import Portfolio
package import Trading
package import Wire

/// What operators order. The shell has verified the signature; the engine may still refuse.
extension RiskEngine {
    /// Halts, resumes, arms or disarms. Halting is never refused. The shell takes only what stops
    /// this way; the rest is what an older version has journalled.
    package mutating func apply(
        _ command: OperatorCommand, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard isFirst(command.nonce, into: &effects) else { return }
        let scope = HaltScope(command)
        if scope.isEmpty {
            reply(to: command.nonce, .emptyScope, into: &effects)
            return
        }
        var cancelled: UInt32 = 0
        let outcome: OperatorOutcome
        switch command.action {
        case .halt:
            cancelled = halt(scope, as: .halted, into: &effects)
            outcome = .done
        case .reduceOnly:
            cancelled = halt(scope, as: .reduceOnly, into: &effects)
            outcome = .done
        case .resume, .resolveBreak, .arm: outcome = loosen(command.action, scope, into: &effects)
        case .disarm:
            outcome = disarm(scope, into: &effects)
            if outcome == .done { isDisarmedByOperator = true }
        case .stop:
            // The end of a run: nothing more is permitted, and nothing is left resting.
            outcome = disarm(scope, into: &effects)
            if outcome == .done {
                isStopped = true
                cancelled = cancelAll(under: scope, into: &effects)
            }
        }
        reply(to: command.nonce, outcome, cancelled: cancelled, into: &effects)
    }

    /// Alerts reach nobody, or somebody again. What rests stays; nothing is latched.
    package mutating func apply(
        _ change: AlertPathChanged, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard change.isDead.isSet != isAlertPathDead else { return }
        isAlertPathDead = change.isDead.isSet
        alarm(.alertPath(isDead: isAlertPathDead), into: &effects)
    }

    /// Clears what is latched in a scope, or arms.
    mutating func loosen(
        _ action: OperatorAction, _ scope: HaltScope, into effects: inout RiskEffects
    ) -> OperatorOutcome {
        if scope.isEmpty { return .emptyScope }
        let outcome: OperatorOutcome
        switch action {
        case .resume: outcome = resume(scope, into: &effects)
        case .resolveBreak: outcome = resolveBreak(scope, into: &effects)
        case .arm: outcome = arm(scope, into: &effects)
        case .halt, .reduceOnly, .disarm, .stop: return .directiveRefused(.noDirective)
        }
        if outcome == .done { haltNumbers.remove(under: scope) }
        return outcome
    }

    /// Remembers a command's number; answers a repetition.
    mutating func isFirst(_ nonce: UInt64, into effects: inout RiskEffects) -> Bool {
        if nonces.contains(nonce) {
            reply(to: nonce, .repeated, into: &effects)
            return false
        }
        nonces.append(nonce)
        if nonces.count > Capacity.nonces { nonces.removeFirst() }
        return true
    }

    func reply(
        to nonce: UInt64, _ outcome: OperatorOutcome, cancelled: UInt32 = 0,
        into effects: inout RiskEffects
    ) {
        effects.append(
            .reply(
                nonce: nonce, isAccepted: outcome.isAccepted, cancelled: cancelled, outcome))
    }

    /// Latches a halt, or reduce-only, and cancels what is open under a halt.
    private mutating func halt(
        _ scope: HaltScope, as state: ArmingState, into effects: inout RiskEffects
    ) -> UInt32 {
        if scope.kind == .all, state == .halted {
            haltNumbers.add(scope)
            setArming(.halted, into: &effects)
        } else {
            latch(scope, as: state, into: &effects)
            if scope.kind == .all, arming == .armed { setArming(.armed, into: &effects) }
        }
        return state == .halted ? cancelAll(under: scope, into: &effects) : 0
    }

    private mutating func latch(
        _ scope: HaltScope, as state: ArmingState, into effects: inout RiskEffects
    ) {
        haltNumbers.add(scope)
        if let known = halts.firstIndex(where: { $0.scope == scope }) {
            // A halt is not weakened by a later reduce-only; only a resume clears it.
            if state == .halted {
                halts[known] = Halt(scope: scope, state: state, since: now)
            }
        } else if halts.count < Capacity.halts {
            let place = halts.firstIndex { scope < $0.scope } ?? halts.endIndex
            halts.insert(Halt(scope: scope, state: state, since: now), at: place)
        } else {
            alarm(.haltsExhausted, into: &effects)
            setArming(.halted, into: &effects)
        }
        refreshHalts()
    }

    /// Sets every meter's flags from the list of halts.
    mutating func refreshHalts() {
        for index in meters.indices {
            let key = meters[index].key
            let covering = halts.filter { $0.scope.covers(key) }
            meters[index].isHalted = covering.contains { $0.state == .halted }
            meters[index].isReduceOnly = covering.contains { $0.state == .reduceOnly }
        }
    }

    private mutating func resume(
        _ scope: HaltScope, into effects: inout RiskEffects
    ) -> OperatorOutcome {
        if isBroken(scope) { return .breakUnresolved }
        let hasUnblocked = releaseMarkouts(under: scope)
        let released = releaseBrakes(under: scope, into: &effects) ?? (hasUnblocked ? .done : nil)
        let count = halts.count
        halts.removeAll { $0.scope == scope }
        refreshHalts()
        guard scope.kind == .all, arming == .halted || arming == .reduceOnly else {
            guard halts.count < count else { return released ?? .nothingToResume }
            forgetRepetitions(under: scope)
            return .done
        }
        setArming(.disarmed, into: &effects)
        return arm(scope, into: &effects)
    }

    private mutating func arm(
        _ scope: HaltScope, into effects: inout RiskEffects
    ) -> OperatorOutcome {
        guard scope.kind == .all else { return .wrongScope }
        guard arming != .halted else { return .halted }
        guard !isGatewayAhead else { return .gatewayAhead }
        guard mode != .live || registry.isWhole else { return .registryMissing }
        isCrashLoop = false
        isDisarmedByOperator = false
        isStopped = false
        setArming(.armed, into: &effects)
        return .done
    }

    private mutating func disarm(
        _ scope: HaltScope, into effects: inout RiskEffects
    ) -> OperatorOutcome {
        guard scope.kind == .all else { return .wrongScope }
        guard arming != .halted else { return .halted }
        setArming(.disarmed, into: &effects)
        return .done
    }

    /// Paper arms by itself once an account is reconciled, unless an operator has disarmed it; an
    /// account that is not reconciled stays shut.
    mutating func armByItself(into effects: inout RiskEffects) {
        guard mode == .paper, !isCrashLoop, !isDisarmedByOperator, !isStopped, arming == .disarmed,
            !isGatewayAhead
        else { return }
        setArming(.armed, into: &effects)
    }

    /// A gateway that has seen a later epoch than ours proves that our journal is not the newest.
    private var isGatewayAhead: Bool { gateways.contains { $0.highestEpoch > epoch } }

    /// Whoever arms, it stays reduce-only while that is latched for everything.
    mutating func setArming(_ wanted: ArmingState, into effects: inout RiskEffects) {
        let isHeld = halts.contains { $0.scope.kind == .all && $0.state == .reduceOnly }
        let state = wanted == .armed && isHeld ? .reduceOnly : wanted
        if arming == state { return }
        arming = state
        if state != .armed { haltNumbers.add(HaltScope(.all)) }
        effects.append(.arm(state))
    }

    /// Halts an account of which something is not understood.
    mutating func haltAccount(_ index: Int32, into effects: inout RiskEffects) {
        let key = accounts[Int(index)].key
        let scope = HaltScope(.account, org: key.org, account: key.account)
        latch(scope, as: .halted, into: &effects)
        _ = cancelAll(under: scope, into: &effects)
    }

    /// Halts a strategy that has got out of hand; only an operator's resume lets it go on.
    mutating func disable(_ key: StrategyKey, into effects: inout RiskEffects) {
        let scope = HaltScope(
            .strategy, org: key.org, account: key.account, strategy: key.strategy)
        latch(scope, as: .halted, into: &effects)
        _ = cancelAll(under: scope, into: &effects)
        alarm(.strategyDisabled(key), into: &effects)
    }

    /// Asks for the cancel of every open order under a scope, in the order of their ids.
    private mutating func cancelAll(
        under scope: HaltScope, into effects: inout RiskEffects
    ) -> UInt32 {
        var cancelled: UInt32 = 0
        for index in openOrders {
            let path = path(
                strategy: orders[index].strategy, instrument: orders[index].instrument)
            let isCovered = (0..<7).contains { slot in
                path.meters[slot] >= 0 && scope.covers(meters[path.meters[slot]].key)
            }
            guard isCovered else { continue }
            cancelOrder(index, because: .killed, into: &effects)
            cancelled += 1
        }
        return cancelled
    }
}
