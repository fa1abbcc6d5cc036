import Trading

/// What a parent covers, where an algorithm says it.
struct IntentPlan: Sendable {
    let quantity: Quantity
    let limit: Price
    let deadline: Timestamp
}

/// The parents of an agent's orders: one for every side of every market.
struct IntentBook: Sendable {
    private struct Key: Hashable, Sendable {
        let instrument: InstrumentID
        let side: Side
    }

    private struct Intent: Sendable {
        let id: IntentID
        let limit: Price
        let deadline: Timestamp
        var left: Quantity
    }

    private let terms: TradingTerms
    private var intents: [Key: Intent] = [:]
    private var last = IntentID.zero

    init(_ terms: TradingTerms) { self.terms = terms }

    /// Forgets all parents; ids begin again with the incarnation.
    mutating func clear() {
        intents.removeAll(keepingCapacity: true)
        last = .zero
    }

    /// The parent for a child: the one that there is, or a new one that is to be declared first.
    mutating func parent(
        of child: OrderIdea, _ instrument: InstrumentID, until deadline: Timestamp,
        at now: Timestamp, urgency: Double, under plan: IntentPlan? = nil
    ) -> (id: IntentID, declaration: IntentDeclaration?) {
        let key = Key(instrument: instrument, side: child.side)
        if let intent = intents[key], fits(child, in: intent, at: now) {
            intents[key]?.left -= child.quantity
            return (intent.id, nil)
        }
        last = last.next
        // The core holds a bounded number of parents until their deadlines.
        let deadline = plan?.deadline ?? min(deadline, now + terms.intentLifetime)
        let quantity = plan?.quantity ?? max(terms.intentQuantity, child.quantity)
        let limit = plan?.limit ?? limit(for: child)
        intents[key] = Intent(
            id: last, limit: limit, deadline: deadline, left: quantity - child.quantity)
        let declaration = IntentDeclaration(
            intentID: last, instrument: instrument, side: child.side, quantity: quantity,
            limitPrice: limit, deadline: deadline, urgency: urgency)
        return (last, declaration)
    }

    /// Gives back what a child did not fill.
    mutating func release(
        _ quantity: Quantity, to id: IntentID, _ instrument: InstrumentID, _ side: Side
    ) {
        let key = Key(instrument: instrument, side: side)
        guard let intent = intents[key], intent.id == id else { return }
        intents[key]?.left = intent.left + quantity
    }

    /// Gives a parent up, because the core does not hold it or it is spent.
    mutating func drop(_ id: IntentID) {
        // The one match is removed, so the order of the walk does not matter.
        for (key, intent) in intents where intent.id == id {
            intents[key] = nil
            return
        }
    }

    /// Forgets the parent of one side: the next child has a new one.
    mutating func forget(_ instrument: InstrumentID, _ side: Side) {
        intents[Key(instrument: instrument, side: side)] = nil
    }

    /// Forgets the parents of a market that is over.
    mutating func forget(_ instrument: InstrumentID) {
        for side in Side.allCases { intents[Key(instrument: instrument, side: side)] = nil }
    }

    private func fits(_ child: OrderIdea, in intent: Intent, at now: Timestamp) -> Bool {
        let isWithin =
            child.side == .buy ? child.price <= intent.limit : child.price >= intent.limit
        return isWithin && child.quantity <= intent.left && now < intent.deadline
    }

    /// The worst price of all children: the first child's and some slack, inside (0, 1).
    private func limit(for child: OrderIdea) -> Price {
        let slack = terms.intentSlack
        switch child.side {
        case .buy: return max(child.price, min(child.price + slack, Price(units: 990_000_000)))
        case .sell: return min(child.price, max(child.price - slack, Price(units: 10_000_000)))
        }
    }
}
