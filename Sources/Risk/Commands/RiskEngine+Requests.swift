package import Trading
package import Wire

/// What agents ask for: decided without change, then recorded.
extension RiskEngine {
    // MARK: - Deciding

    /// Decides an order request. Changes nothing.
    ///
    /// - Parameters:
    ///   - agent: The authenticated sender.
    ///   - reference: The market as the shell has it and journals it with the request; nil when it
    ///     has none.
    package func decide(
        _ request: OrderRequest, _ facts: RequestFacts, from agent: ProcessID,
        reference: ReferenceUpdated?, at now: Timestamp
    ) -> Judgement {
        var judgement = Judgement(
            kind: .order, agent: agent, requestID: request.requestID, intentID: request.intentID)
        let claim = OrderClaim(request, facts)
        if recall(claim, facts, from: agent, into: &judgement) { return judgement }
        judgement.orderID = lastOrderID.next
        judgement.limitSnapshot = limitSnapshot
        let quote = reference.flatMap { $0.instrument == claim.instrument ? $0 : nil }
            .map {
                OrderContext.Quote(
                    bid: $0.bid, ask: $0.ask, bidDepth: $0.bidDepth, askDepth: $0.askDepth,
                    receivedAt: $0.receivedAt, isStale: $0.isStale.isSet)
            }
        let context = context(claim, from: agent, quote: quote, at: now)
        evaluate(context, into: &judgement)
        if judgement.isPermitted { fillPermit(context, into: &judgement) }
        return judgement
    }

    /// Decides an intent. Changes nothing.
    package func decide(
        _ intent: DeclareIntent, _ facts: RequestFacts, from agent: ProcessID,
        at now: Timestamp
    ) -> Judgement {
        var judgement = Judgement(
            kind: .intent, agent: agent, requestID: .zero, intentID: intent.intentID)
        let claim = OrderClaim(intent)
        if recall(claim, facts, from: agent, into: &judgement) { return judgement }
        judgement.limitSnapshot = limitSnapshot
        evaluate(context(claim, from: agent, quote: nil, at: now), into: &judgement)
        return judgement
    }

    /// Decides a cancel: refused only when the order is not the agent's, or is done.
    package func decide(
        _ cancel: CancelRequest, from agent: ProcessID, at now: Timestamp
    ) -> Judgement {
        var judgement = Judgement(
            kind: .cancel, agent: agent, requestID: cancel.requestID, intentID: .zero)
        judgement.orderID = cancel.orderID
        judgement.limitSnapshot = limitSnapshot
        var result = ControlResult.passed
        if agentIndex[agent] == nil {
            result = .denied(.identityUnknown)
        } else if cancel.envelope.sender != agent {
            result = .denied(.identityMismatch)
        } else if let index = orderIndex[cancel.orderID],
            agents[Int(orders[index].agent)].id == agent
        {
            if orders[index].state.isTerminal { result = .denied(.orderTerminal) }
        } else {
            result = .denied(.orderUnknown)
        }
        judgement.results[0] = result
        judgement.verdict = result.isDenied ? .rejected : .accepted
        judgement.reason = result.reason
        return judgement
    }

    // MARK: - Recording

    /// Records a decision on an order request: counts it, takes its tokens, and, where it is
    /// permitted, makes the order and the permit.
    package mutating func record(
        _ request: OrderRequest, _ facts: RequestFacts, _ judgement: Judgement,
        at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        effects.append(.decide(judgement.decision(at: now), agent: judgement.agent))
        if judgement.verdict == .duplicate {
            counters.duplicates += 1
            return
        }
        precondition(judgement.orderID > lastOrderID, "order ids must grow: \(judgement.orderID)")
        lastOrderID = judgement.orderID
        let claim = OrderClaim(request, facts)
        count(judgement)
        remember(claim, facts, judgement)
        let path = chargeMessage(claim, judgement, at: now)
        if judgement.reason == .orderRepeated { disable(claim.key, into: &effects) }
        guard judgement.isPermitted else { return }
        takeTokens(path, .orders, at: now)
        let index = insertOrder(request, judgement, path: path, at: now)
        effects.append(.permit(permit(for: index, parentCumulative: judgement.parentCumulative)))
    }

    /// Records a decision on an intent.
    package mutating func record(
        _ intent: DeclareIntent, _ facts: RequestFacts, _ judgement: Judgement,
        at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        effects.append(.decide(judgement.decision(at: now), agent: judgement.agent))
        if judgement.verdict == .duplicate {
            counters.duplicates += 1
            return
        }
        let claim = OrderClaim(intent)
        remember(claim, facts, judgement)
        _ = chargeMessage(claim, judgement, at: now)
        guard judgement.verdict == .accepted else { return }
        counters.intents += 1
        declare(intent, by: judgement.agent, at: now)
    }

    /// Records a decision on a cancel and passes it to the gateway.
    package mutating func record(
        _ cancel: CancelRequest, _ judgement: Judgement, at now: Timestamp,
        into effects: inout RiskEffects
    ) {
        advance(to: now)
        effects.append(.decide(judgement.decision(at: now), agent: judgement.agent))
        guard judgement.verdict == .accepted, let index = orderIndex[cancel.orderID] else {
            return
        }
        counters.cancels += 1
        cancelOrder(index, because: .cancelledByRequest, into: &effects)
    }

    // MARK: - Deciding and recording

    /// Decides an order request and records the decision.
    @discardableResult
    package mutating func apply(
        _ request: OrderRequest, _ facts: RequestFacts, from agent: ProcessID,
        reference: ReferenceUpdated?, at now: Timestamp, into effects: inout RiskEffects
    ) -> Judgement {
        let judgement = decide(request, facts, from: agent, reference: reference, at: now)
        record(request, facts, judgement, at: now, into: &effects)
        return judgement
    }

    /// Decides an intent and records the decision.
    @discardableResult
    package mutating func apply(
        _ intent: DeclareIntent, _ facts: RequestFacts, from agent: ProcessID,
        at now: Timestamp, into effects: inout RiskEffects
    ) -> Judgement {
        let judgement = decide(intent, facts, from: agent, at: now)
        record(intent, facts, judgement, at: now, into: &effects)
        return judgement
    }

    /// Decides a cancel and records the decision.
    @discardableResult
    package mutating func apply(
        _ cancel: CancelRequest, from agent: ProcessID, at now: Timestamp,
        into effects: inout RiskEffects
    ) -> Judgement {
        let judgement = decide(cancel, from: agent, at: now)
        record(cancel, judgement, at: now, into: &effects)
        return judgement
    }

    // MARK: - Parts

    /// Answers the repetition of a request that is still known: the earlier decision, never the
    /// permit. False when the request is new or differs.
    private func recall(
        _ claim: OrderClaim, _ facts: RequestFacts, from agent: ProcessID,
        into judgement: inout Judgement
    ) -> Bool {
        guard let index = agentIndex[agent], claim.sender == agent,
            claim.incarnation == agents[Int(index)].incarnation
        else { return false }
        let highWater =
            claim.kind == .intent
            ? agents[Int(index)].intentHighWater : agents[Int(index)].requestHighWater
        guard claim.number <= highWater,
            let earlier = agents[Int(index)].decided(claim.kind, claim.number),
            earlier.contentHash == facts.contentHash
        else { return false }
        judgement.verdict = .duplicate
        judgement.orderID = earlier.orderID
        judgement.reason = earlier.reason
        judgement.level = earlier.level
        judgement.limit = earlier.limit
        judgement.value = earlier.value
        return true
    }

    /// What the permit names beyond the request.
    private func fillPermit(
        _ context: OrderContext, into judgement: inout Judgement
    ) {
        let gateway = gateways[Int(accounts[Int(context.account)].gateway)]
        judgement.gateway = gateway.id
        judgement.lease = gateway.lease
        judgement.permit = gateway.nextPermit
        judgement.clientOrderID = clientOrderID(
            epoch: epoch, lease: gateway.lease, permit: gateway.nextPermit, cluster: cluster)
        let key = IntentKey(
            agent: context.agentID, incarnation: context.incarnation, id: context.intentID)
        if let intent = intentIndex[key] {
            judgement.parentCumulative = intents[intent].committed + context.quantity
        }
    }

    private mutating func count(_ judgement: Judgement) {
        counters.requested += 1
        let agent = agentIndex[judgement.agent].map(Int.init)
        if let agent { agents[agent].counters.requested += 1 }
        if judgement.isPermitted {
            counters.permitted += 1
            if let agent { agents[agent].counters.permitted += 1 }
        } else {
            counters.rejected += 1
            counters[judgement.reason] += 1
            if let agent { agents[agent].counters.rejected += 1 }
        }
    }

    /// Keeps the decision for repetitions, unless the request was not this incarnation's or its
    /// number was not new.
    private mutating func remember(
        _ claim: OrderClaim, _ facts: RequestFacts, _ judgement: Judgement
    ) {
        guard let index = agentIndex[judgement.agent].map(Int.init),
            claim.sender == judgement.agent, claim.incarnation == agents[index].incarnation
        else { return }
        let isIntent = claim.kind == .intent
        let highWater = isIntent ? agents[index].intentHighWater : agents[index].requestHighWater
        guard claim.number > highWater else { return }
        if isIntent {
            agents[index].intentHighWater = claim.number
        } else {
            agents[index].requestHighWater = claim.number
        }
        agents[index].remember(
            DecidedRequest(
                kind: claim.kind, number: claim.number, contentHash: facts.contentHash,
                orderID: judgement.orderID, reason: judgement.reason, level: judgement.level,
                limit: judgement.limit, value: judgement.value))
    }

    /// Takes a message token in every scope of the request, whatever was decided, unless the sender
    /// had no business in them. Returns the path.
    private mutating func chargeMessage(
        _ claim: OrderClaim, _ judgement: Judgement, at now: Timestamp
    ) -> MeterPath {
        switch judgement.reason {
        case .identityUnknown, .identityMismatch, .grantMissing, .modeNotAllowed:
            return MeterPath()
        default:
            guard let strategy = strategyNodes[claim.key] else { return MeterPath() }
            let path = path(
                strategy: strategy, instrument: instrumentIndex[claim.instrument] ?? -1)
            takeTokens(path, .messages, at: now)
            return path
        }
    }

    private mutating func declare(
        _ intent: DeclareIntent, by agentID: ProcessID, at now: Timestamp
    ) {
        let claim = OrderClaim(intent)
        guard let strategy = strategyNodes[claim.key], let agent = agentIndex[agentID].map(Int.init)
        else { preconditionFailure("an accepted intent of \(agentID) has no strategy") }
        if agents[agent].intents.count >= AgentState.intentCapacity {
            forgetIntents(of: agent) { $0.isFinished(at: now) }
        }
        let key = IntentKey(
            agent: agentID, incarnation: intent.incarnation, id: intent.intentID)
        let index = intents.insert(
            IntentState(
                key: key, strategy: strategy, instrument: intent.instrument, side: intent.side,
                quantity: intent.quantity, limitPrice: intent.limitPrice,
                deadline: intent.deadline))
        intentIndex[key] = index
        agents[agent].intents.append(index)
    }

    /// Drops an agent's intents that match.
    mutating func forgetIntents(of agent: Int, where isDone: (IntentState) -> Bool) {
        var remaining: [Int32] = []
        for index in agents[agent].intents {
            if isDone(intents[index]) {
                intentIndex[intents[index].key] = nil
                intents.remove(at: index)
            } else {
                remaining.append(index)
            }
        }
        agents[agent].intents = remaining
    }
}
