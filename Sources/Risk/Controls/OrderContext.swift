import Trading
import Wire

/// Everything that the controls look at, gathered once: the command's own facts and where its
/// scopes, limits and exposure stand in the engine. −1 stands for what does not exist; an earlier
/// control denies before a later one would need it.
struct OrderContext: BitwiseCopyable {
    let kind: JudgedKind
    let now: Timestamp
    /// The authenticated sender, and what the message claims.
    let agentID: ProcessID
    let sender: ProcessID
    let key: StrategyKey
    let incarnation: Incarnation
    /// The request id, or the intent id of an intent.
    let number: UInt64
    let intentID: IntentID
    let instrumentID: InstrumentID
    let side: Side
    let price: Price
    let quantity: Quantity
    let timeInForce: TimeInForce
    let expiresAt: Timestamp
    /// The explanation is complete and its numbers can be.
    let isExplained: Bool
    /// What the agent expects to gain, after fees.
    let expectedEdge: Money
    let quotedAt: Timestamp
    let quote: Quote?

    let agent: Int32
    let strategy: Int32
    /// The parent of an order.
    let intent: Int32
    let account: Int32
    let instrument: Int32
    let event: Int32
    let ordinal: Int
    let path: MeterPath
    let chain: BookChain
    /// What the order would add; nil where that does not fit.
    var load: OrderLoad?
    /// What the books of the chain come to with it.
    var candidates = InlineArray<4, Candidate>(repeating: Candidate())

    /// A member of an event set in one book, with the order added: only what controls ask for.
    /// Nil where it does not fit.
    struct Candidate: BitwiseCopyable {
        var isValid = false
        var worstPosition: Int64?
        /// By how much the book's reach grows.
        var reach = Reach()
        /// What the event set could lose, and by how much that is more than before.
        var loss: Int64?
        var addedLoss: Int64?
        /// By how much what the venue locks grows.
        var addedNeed: Int128 = 0
    }

    /// The touch that the decision uses; zero where a side is empty.
    struct Quote: BitwiseCopyable {
        let bid: Price
        let ask: Price
        /// All that is visible of a side.
        let bidDepth: Quantity
        let askDepth: Quantity
        let receivedAt: Timestamp
        let isStale: Bool

        /// From the middle to a touch, rounded up; zero where a side is empty.
        var halfSpread: Int64 {
            guard bid > .zero, ask > bid else { return 0 }
            return ask.units / 2 - bid.units / 2 + 1
        }

        var isCrossed: Bool { bid > .zero && ask > .zero && bid >= ask }
        /// Half the sum of the touches, or the only one; zero when both sides are empty.
        var middle: Price {
            if bid.isZero { return ask }
            if ask.isZero { return bid }
            return Price(units: bid.units / 2 + ask.units / 2 + (bid.units & ask.units & 1))
        }
    }
}

/// What a command says, before the engine is asked where it belongs.
struct OrderClaim: BitwiseCopyable {
    var kind: JudgedKind
    var sender: ProcessID
    var key: StrategyKey
    var incarnation: Incarnation
    var number: UInt64
    var intentID: IntentID
    var instrument: InstrumentID
    var side: Side
    var price: Price
    var quantity: Quantity
    var timeInForce: TimeInForce
    var expiresAt: Timestamp
    var isExplained: Bool
    var expectedEdge: Money
    var quotedAt: Timestamp

    init(_ request: OrderRequest, _ facts: RequestFacts) {
        kind = .order
        sender = request.envelope.sender
        key = StrategyKey(
            org: request.org, account: request.account, mode: request.mode,
            strategy: request.strategy)
        incarnation = request.incarnation
        number = request.requestID.rawValue
        intentID = request.intentID
        instrument = request.instrument
        side = request.side
        price = request.price
        quantity = request.quantity
        timeInForce = request.timeInForce
        expiresAt = request.expiresAt
        expectedEdge = request.expectedEdge
        quotedAt = request.quotedAt
        isExplained =
            request.policyVersion > 0 && !request.modelHash.isZero && !request.featureHash.isZero
            && request.confidence >= 0 && request.confidence <= 1
            && request.fairValue > .zero && request.fairValue < .one
            && facts.hasSignal && facts.hasModel && facts.hasFeatures
    }

    init(_ intent: DeclareIntent) {
        kind = .intent
        sender = intent.envelope.sender
        key = StrategyKey(
            org: intent.org, account: intent.account, mode: intent.mode,
            strategy: intent.strategy)
        incarnation = intent.incarnation
        number = intent.intentID.rawValue
        intentID = intent.intentID
        instrument = intent.instrument
        side = intent.side
        price = intent.limitPrice
        quantity = intent.quantity
        timeInForce = .goodTillTime
        expiresAt = intent.deadline
        expectedEdge = .zero
        quotedAt = .zero
        isExplained = true
    }
}

extension RiskEngine {
    /// Finds where a claim belongs.
    func context(
        _ claim: OrderClaim, from agentID: ProcessID,
        quote: OrderContext.Quote?, at now: Timestamp
    ) -> OrderContext {
        let places = places(of: claim, from: agentID)
        let (strategy, instrument) = (places.strategy, places.instrument)
        let event = instrument < 0 ? -1 : instruments[instrument].event
        let hasScope = strategy >= 0 && instrument >= 0
        var context = OrderContext(
            kind: claim.kind, now: now, agentID: agentID, sender: claim.sender, key: claim.key,
            incarnation: claim.incarnation, number: claim.number, intentID: claim.intentID,
            instrumentID: claim.instrument, side: claim.side, price: claim.price,
            quantity: claim.quantity, timeInForce: claim.timeInForce, expiresAt: claim.expiresAt,
            isExplained: claim.isExplained, expectedEdge: claim.expectedEdge,
            quotedAt: claim.quotedAt, quote: quote, agent: places.agent, strategy: strategy,
            intent: places.intent,
            account: strategy < 0 ? -1 : nodes[Int(strategy)].account, instrument: instrument,
            event: event, ordinal: instrument < 0 ? 0 : instruments[instrument].ordinal,
            path: places.path,
            chain: hasScope ? chain(strategy: strategy, event: event) : BookChain())
        if hasScope, claim.kind == .order { addLoad(&context) }
        return context
    }

    /// Computes what the order comes to in each book, once for all controls. A price or quantity
    /// that none can have is denied before any of them asks.
    private func addLoad(_ context: inout OrderContext) {
        guard context.price >= .zero, context.price <= .one, !context.quantity.isNegative,
            let load = OrderLoad(context.side, context.price, context.quantity)
        else { return }
        context.load = load
        for slot in 0..<4 {
            let book = context.chain[slot: slot]
            context.candidates[slot] = candidate(
                load, book, event: context.event, ordinal: context.ordinal)
        }
    }

    private func candidate(
        _ load: OrderLoad, _ book: Int32, event: Int32, ordinal: Int
    ) -> OrderContext.Candidate {
        var candidate = OrderContext.Candidate()
        let before = exposure(book, ordinal)
        var after = before
        guard after.add(load) else { return candidate }
        candidate.isValid = true
        candidate.worstPosition = after.worstPosition?.units
        candidate.reach = Reach(after) - Reach(before)
        candidate.addedNeed = after.cashNeed - before.cashNeed
        guard let loss = loss(book, event: event, ordinal: ordinal, replacedBy: after) else {
            return candidate
        }
        candidate.loss = loss.units
        let now = book < 0 ? Money.zero : books[book].loss
        candidate.addedLoss = (max(.zero, loss) - now).units
        return candidate
    }

    /// Looks up what a claim names.
    func places(of claim: OrderClaim, from agent: ProcessID) -> Judgement.Places {
        var places = Judgement.Places()
        places.agent = agentIndex[agent] ?? -1
        places.strategy = strategyNodes[claim.key] ?? -1
        places.instrument = instrumentIndex[claim.instrument] ?? -1
        if claim.kind == .order {
            let parent = IntentKey(agent: agent, incarnation: claim.incarnation, id: claim.intentID)
            places.intent = intentIndex[parent] ?? -1
        }
        if places.strategy >= 0 {
            places.path = path(strategy: places.strategy, instrument: places.instrument)
        }
        return places
    }
}
