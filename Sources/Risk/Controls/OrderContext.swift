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
    /// What operators let the order past; nothing but for one that they named.
    let waived: ReasonSet
    /// What the order would add; nil where that does not fit.
    var load: OrderLoad?
    /// What the load buys, sells and commits; zero where there is none.
    var bought: Int64 = 0
    var sold: Int64 = 0
    var notional: Int64 = 0
    /// What the path's scopes have used.
    var readings = PathReadings()
    /// What the books of the chain come to with it: only what controls ask for. Each thing by
    /// itself, because a book's things together would be copied for one of them.
    ///
    /// The largest position of the member; by how much the gross reach grows; what the event set
    /// could lose, and by how much that is more than before.
    var worstPosition = BookColumn()
    var addedGross = BookColumn()
    var loss = BookColumn()
    var addedLoss = BookColumn()
    /// By how much what the venue locks for the account grows; nil where that does not fit.
    var addedNeed: Int128?

    /// A value for each book of a chain; nil where it does not fit.
    struct BookColumn: BitwiseCopyable {
        private(set) var firm: Int64 = 0
        private(set) var org: Int64 = 0
        private(set) var account: Int64 = 0
        private(set) var strategy: Int64 = 0
        private var fitting: UInt8 = 0

        /// Every book has its value.
        @inline(__always) var isWhole: Bool { fitting == 0b1111 }

        @inline(__always) subscript(book: Int) -> Int64? {
            get {
                guard fitting & (1 << UInt8(book)) != 0 else { return nil }
                switch book {
                case 0: return firm
                case 1: return org
                case 2: return account
                default: return strategy
                }
            }
            set {
                guard let newValue else { return }
                put(newValue, book)
            }
        }

        /// The value of a book, or one that is above every limit.
        @inline(__always) func value(_ book: Int) -> Int64 {
            guard isWhole else { return PathReadings.unfit }
            switch book {
            case 0: return firm
            case 1: return org
            case 2: return account
            default: return strategy
            }
        }

        @inline(__always) mutating func put(_ value: Int64, _ book: Int) {
            switch book {
            case 0: firm = value
            case 1: org = value
            case 2: account = value
            default: strategy = value
            }
            fitting |= 1 << UInt8(book)
        }
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
    /// Gathers what the controls of a claim look at, at its places.
    func context(
        _ claim: OrderClaim, _ places: Judgement.Places, from agentID: ProcessID,
        quote: OrderContext.Quote?, at now: Timestamp
    ) -> OrderContext {
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
            chain: hasScope ? chain(strategy: strategy, event: event) : BookChain(),
            waived: waived(claim, at: now))
        if hasScope { read(into: &context) }
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
        (context.bought, context.sold) = (load.buy.units, load.sell.units)
        context.notional = load.notional.units
        let members = MemberRules(events[context.event])
        add(load, members, to: 0, of: &context)
        add(load, members, to: 1, of: &context)
        add(load, members, to: 2, of: &context)
        add(load, members, to: 3, of: &context)
    }

    /// What of an event set decides how its members add up.
    private struct MemberRules: BitwiseCopyable {
        let isExclusive: Bool
        let isExhaustive: Bool
        let count: Int

        @inline(__always) init(_ event: borrowing EventState) {
            isExclusive = event.isExclusive
            isExhaustive = event.isExhaustiveSet
            count = event.members.count
        }
    }

    /// In single words where all amounts are far from their end, else in double ones.
    @inline(__always) private func add(
        _ load: OrderLoad, _ members: MemberRules, to slot: Int, of context: inout OrderContext
    ) {
        let book = context.chain[slot: slot]
        let held = exposure(book, context.ordinal)
        let sums = book < 0 ? MemberSums() : books[book].sums
        guard sums.isNarrow, held.isNarrow, load.isNarrow else {
            return addWide(load, to: slot, of: &context)
        }
        let long = held.quantity.units &+ held.openBuy.units
        let short = held.openSell.units &- held.quantity.units
        let worst = max(long &+ load.buy.units, short &+ load.sell.units, 0)
        context.worstPosition.put(worst, slot)
        context.addedGross.put(worst &- max(long, short, 0), slot)
        if slot == BookChain.slot(of: .account) {
            context.addedNeed = Int128(need(held, load) &- need(held, .none))
        }
        let known = book < 0 ? 0 : books[book].exposures.count
        let (cash, quantity) = (held.cash.units, held.quantity.units)
        let (yesLoss, noLoss) = (held.lossIfYes.units, held.lossIfNo.units)
        let (ifYes, ifNo) = (cash &+ quantity &- yesLoss, cash &- noLoss)
        let (yes, no) = (ifYes &- load.lossIfYes.units, ifNo &- load.lossIfNo.units)
        let loss: Int64
        if members.isExclusive {
            var least = min(sums.least(without: context.ordinal), yes &- no)
            let hasEmpty =
                context.ordinal > known || members.count > max(known, context.ordinal &+ 1)
            if hasEmpty || !members.isExhaustive { least = min(least, 0) }
            let worst = sums.ifNo &- load.lossIfNo.units &+ least
            loss = 0 &- min(worst, sums.ifVoid &- load.lossIfVoid.units)
        } else {
            loss = min(ifYes, ifNo) &- min(yes, no) &- sums.ofWorst
        }
        context.loss.put(loss, slot)
        context.addedLoss.put(max(0, loss) &- (book < 0 ? 0 : books[book].loss.units), slot)
    }

    /// The cash that the venue will lock for a member with a load more: `Exposure.cashNeed` in
    /// single words.
    @inline(__always) private func need(_ held: Exposure, _ load: OrderLoad) -> Int64 {
        let quantity = held.quantity.units
        let openBuy = held.openBuy.units &+ load.buy.units
        let openSell = held.openSell.units &+ load.sell.units
        let buys =
            held.buyCost.units &+ load.buyCost.units
            &- min(max(0 &- quantity, 0), openBuy)
        let sells =
            openSell &- held.sellProceeds.units &- load.sellProceeds.units
            &- min(max(quantity, 0), openSell)
        return max(0, buys, sells) &+ held.feeReserve.units &+ load.feeReserve.units
    }

    private func addWide(
        _ load: OrderLoad, to slot: Int, of context: inout OrderContext
    ) {
        let book = context.chain[slot: slot]
        let before = exposure(book, context.ordinal)
        var after = before
        guard after.add(load) else { return }
        context.worstPosition[slot] = after.worstPosition?.units
        // Never more than the order itself, so it fits.
        context.addedGross[slot] = Int64(
            truncatingIfNeeded: Reach(after).gross - Reach(before).gross)
        if slot == BookChain.slot(of: .account) {
            context.addedNeed = after.cashNeed - before.cashNeed
        }
        guard
            let loss = loss(
                book, event: context.event, ordinal: context.ordinal, replacedBy: after)
        else { return }
        context.loss[slot] = loss.units
        let now = book < 0 ? Money.zero : books[book].loss
        context.addedLoss[slot] = (max(.zero, loss) - now).units
    }

    /// Looks up what a claim names, beside the agent. A child of an intent that is known is where
    /// the intent is, so that only the intent is looked up.
    func find(
        _ claim: OrderClaim, from agent: ProcessID, in places: inout Judgement.Places
    ) {
        if claim.kind == .order {
            let parent = IntentKey(agent: agent, incarnation: claim.incarnation, id: claim.intentID)
            places.intent = intentIndex[parent] ?? -1
        }
        if places.intent >= 0 {
            (places.strategy, places.instrument) = owner(of: places.intent, claim)
        }
        if places.strategy < 0 { places.strategy = strategyNodes[claim.key] ?? -1 }
        if places.instrument < 0 { places.instrument = instrumentIndex[claim.instrument] ?? -1 }
        if places.strategy >= 0 {
            places.path = path(strategy: places.strategy, instrument: places.instrument)
        }
    }

    /// The strategy and the instrument of an intent where the claim names the same, else −1.
    private func owner(of intent: Int32, _ claim: OrderClaim) -> (Int32, Int32) {
        let (strategy, instrument) = (intents[intent].strategy, intents[intent].place)
        let isStrategy = nodes[Int(strategy)].strategy.map { $0 == claim.key } ?? false
        let isInstrument =
            instruments.contains(instrument) && instruments[instrument].id == claim.instrument
        return (isStrategy ? strategy : -1, isInstrument ? instrument : -1)
    }
}
