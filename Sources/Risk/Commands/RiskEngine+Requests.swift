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
        find(claim, from: agent, in: &judgement.places)
        let context = context(claim, judgement.places, from: agent, quote: quote, at: now)
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
        find(claim, from: agent, in: &judgement.places)
        let context = context(claim, judgement.places, from: agent, quote: nil, at: now)
        evaluate(context, into: &judgement)
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

    /// Records a decision on an order request: notes the market that it was made on, counts it,
    /// takes its tokens, and, where it is permitted, makes the order and the permit.
    package mutating func record(
        _ request: OrderRequest, _ facts: RequestFacts, _ judgement: Judgement,
        reference: ReferenceUpdated?, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        effects.append(.decide(judgement.decision(at: now), agent: judgement.agent))
        if judgement.verdict == .duplicate {
            counters.duplicates += 1
            return
        }
        if let reference { noteQuote(reference, at: now, into: &effects) }
        precondition(judgement.orderID > lastOrderID, "order ids must grow: \(judgement.orderID)")
        lastOrderID = judgement.orderID
        let claim = OrderClaim(request, facts)
        let places = located(judgement, claim)
        count(judgement, by: places.agent)
        remember(claim, facts, judgement, by: places.agent)
        learn(places.path)
        chargeMessage(judgement, places.path, at: now)
        if judgement.reason == .orderRepeated { disable(claim.key, into: &effects) }
        guard judgement.isPermitted else { return }
        if !overrides.isEmpty { overrides.use(for: claim.overriddenOrder, at: now) }
        takeTokens(places.path, .orders, at: now)
        let index = insertOrder(request, judgement, places, at: now)
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
        let places = located(judgement, claim)
        remember(claim, facts, judgement, by: places.agent)
        learn(places.path)
        chargeMessage(judgement, places.path, at: now)
        guard judgement.verdict == .accepted else { return }
        counters.intents += 1
        declare(intent, places, by: judgement.agent, at: now)
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
        record(request, facts, judgement, reference: reference, at: now, into: &effects)
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
        let index = agentIndex[agent] ?? -1
        judgement.places.agent = index
        guard index >= 0, claim.sender == agent,
            claim.incarnation.rawValue == agents[Int(index)].incarnation.rawValue
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
        if context.intent >= 0 {
            judgement.parentCumulative = intents[context.intent].committed + context.quantity
        }
    }

    /// Where a decision that is recorded has its scopes: as they were found when it was made here a
    /// moment ago, or looked up for one that the journal has.
    private func located(_ judgement: Judgement, _ claim: OrderClaim) -> Judgement.Places {
        if judgement.places.strategy >= 0 { return judgement.places }
        var places = Judgement.Places()
        places.agent = agentIndex[judgement.agent] ?? -1
        find(claim, from: judgement.agent, in: &places)
        return places
    }

    private mutating func count(_ judgement: Judgement, by agent: Int32) {
        counters.requested += 1
        if agent >= 0 { agents[Int(agent)].counters.requested += 1 }
        if judgement.isPermitted {
            counters.permitted += 1
            if agent >= 0 { agents[Int(agent)].counters.permitted += 1 }
        } else {
            counters.rejected += 1
            counters[judgement.reason] += 1
            if agent >= 0 { agents[Int(agent)].counters.rejected += 1 }
        }
    }

    /// Keeps the decision for repetitions, unless the request was not this incarnation's or its
    /// number was not new.
    private mutating func remember(
        _ claim: OrderClaim, _ facts: RequestFacts, _ judgement: Judgement, by agent: Int32
    ) {
        let index = Int(agent)
        guard agent >= 0, claim.sender == judgement.agent,
            claim.incarnation == agents[index].incarnation
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
    /// had no business in them.
    private mutating func chargeMessage(
        _ judgement: Judgement, _ path: MeterPath, at now: Timestamp
    ) {
        switch judgement.reason {
        case .identityUnknown, .identityMismatch, .grantMissing, .modeNotAllowed: return
        default: takeTokens(path, .messages, at: now)
        }
    }

    private mutating func declare(
        _ intent: DeclareIntent, _ places: Judgement.Places, by agentID: ProcessID,
        at now: Timestamp
    ) {
        let (strategy, agent) = (places.strategy, Int(places.agent))
        precondition(
            strategy >= 0 && agent >= 0, "an accepted intent of \(agentID) has no strategy")
        if agents[agent].intents.count >= AgentState.intentCapacity {
            forgetIntents(of: agent) { $0.isFinished(at: now) }
        }
        let key = IntentKey(
            agent: agentID, incarnation: intent.incarnation, id: intent.intentID)
        let index = intents.insert(
            IntentState(
                key: key, strategy: strategy, instrument: intent.instrument,
                place: places.instrument, side: intent.side,
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
