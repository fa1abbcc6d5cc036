import Trading
import Wire

/// An order's story in words and numbers that anyone can read, and as JSON.
struct Explanation: Codable, Sendable, Equatable {
    struct Feature: Codable, Sendable, Equatable {
        let name: String
        let value: Double
    }

    struct Check: Codable, Sendable, Equatable {
        let control: String
        let outcome: String
        let level: String
        let limit: String
        let value: String
    }

    struct Route: Codable, Sendable, Equatable {
        let at: String
        let state: String
        let reason: String
        let venueOrder: String
        let detail: String
    }

    struct Fill: Codable, Sendable, Equatable {
        let at: String
        let price: String
        let quantity: String
        let fee: String
        let liquidity: String
        let trade: String
        let finality: String
        /// What a contract had gained 5, 30 and 300 seconds later; null until then, empty where
        /// there are no traces.
        let markouts: [String?]
    }

    struct Quote: Codable, Sendable, Equatable {
        let bid: String
        let bidQuantity: String
        let ask: String
        let askQuantity: String
        let book: UInt64
        let ageMillis: Double
    }

    /// What was taken for granted of the order's chances and costs.
    struct Assumptions: Codable, Sendable, Equatable {
        /// Where in its queue the order would begin, by the book that the decision saw.
        let queue: String
        let fees: String
        /// Whom it meets; nil at a real venue.
        let counterparties: String?
    }

    struct Permit: Codable, Sendable, Equatable {
        let gateway: String
        let lease: UInt64
        let permit: UInt64
        let clientOrder: String
        let limitSnapshot: UInt64
    }

    struct Settlement: Codable, Sendable, Equatable {
        let at: String
        let outcome: String
        let value: String
    }

    let order: UInt64
    let entry: UInt64
    let at: String
    let state: String
    let agent: String
    let owner: String
    let intent: UInt64
    let request: UInt64
    let instrument: String
    let title: String
    let side: String
    let quantity: String
    let price: String
    let timeInForce: String
    let isPostOnly: Bool
    let signal: String
    let features: [Feature]
    let model: String
    let modelHash: String
    let policyVersion: UInt32
    let fairValue: String
    let confidence: Double
    let expectedEdge: String
    let quote: Quote?
    let assumptions: Assumptions
    let controls: [Check]
    let verdict: String
    let rejection: String?
    let permit: Permit?
    let route: [Route]
    let cancelRequestedAt: [String]
    let fills: [Fill]
    let filled: String
    let cost: String
    let fees: String
    let settlement: Settlement?
    let mark: String?
    let profit: String?
}

extension Explanation.Fill {
    /// What of the edge was still there, in words; nil while nothing was measured.
    var decay: String? {
        let told = zip(MarkoutFold.horizons, markouts).compactMap { horizon, gain in
            gain.map { "\($0) after \(horizon.nanoseconds / 1_000_000_000) s" }
        }
        return told.isEmpty ? nil : "a contract had gained " + told.joined(separator: ", ")
    }
}

extension Explanation {
    /// Nil when the journal has no such order.
    ///
    /// - Parameter markouts: By trade, from the traces: the story alone has no trusted marks.
    init?(_ story: OrderStory, markouts: [String: [String?]] = [:]) {
        guard let request = story.request, let judged = story.judged else { return nil }
        order = story.order.rawValue
        entry = story.entry.rawValue
        at = story.at.description
        state = story.state.description
        agent = judged.agent.description
        owner = "\(request.org)/\(request.account)/\(request.mode)/\(request.strategy)"
        intent = request.intentID.rawValue
        self.request = request.requestID.rawValue
        instrument = request.instrument.description
        title = story.title
        side = request.side.description
        quantity = request.quantity.description
        price = request.price.description
        timeInForce = request.timeInForce.wireName
        isPostOnly = request.isPostOnly.isSet
        signal = story.signal
        features = story.features.map { Feature(name: $0.label.description, value: $0.value) }
        model = story.model
        modelHash = request.modelHash.description
        policyVersion = request.policyVersion
        fairValue = request.fairValue.description
        confidence = request.confidence
        expectedEdge = request.expectedEdge.description
        quote = story.reference.map { Quote($0, at: story.at) }
        assumptions = Assumptions(request, story)
        controls = story.controls.map(Check.init)
        verdict = judged.verdict.wireName
        rejection = judged.reason == .none ? nil : Explanation.rejection(judged)
        permit = judged.verdict == .permitted ? Permit(judged) : nil
        route = story.steps.map(Route.init)
        cancelRequestedAt = story.cancelRequests.map(\.description)
        fills = story.fills.map { Fill($0, markouts) }
        filled = story.filled.description
        cost = story.cost.description
        fees = story.fees.description
        settlement = story.settlement.map {
            Settlement(
                at: (story.settledAt ?? .zero).description, outcome: $0.outcome.wireName,
                value: $0.value.description)
        }
        mark = story.value.map { $0.price.description }
        profit = story.profit?.description
    }

    private static func rejection(_ judged: Judged) -> String {
        var text = judged.reason.code
        if judged.level != .none {
            text +=
                " at the \(judged.level.wireName)'s level: limit \(judged.limit), "
                + "would be \(judged.value) (in the bound's units)"
        }
        return text
    }
}

extension Explanation.Quote {
    init(_ reference: ReferenceUpdated, at now: Timestamp) {
        bid = reference.bid.description
        bidQuantity = reference.bidQuantity.description
        ask = reference.ask.description
        askQuantity = reference.askQuantity.description
        book = reference.bookSequence.rawValue
        ageMillis = Double((now - reference.receivedAt).nanoseconds) / 1e6
    }
}

extension Explanation.Assumptions {
    init(_ request: OrderRequest, _ story: OrderStory) {
        queue = story.reference.map { Self.queue(request, $0) } ?? "no book was at hand"
        fees = Self.fees(request, story)
        counterparties =
            request.mode == .live
            ? nil
            : "simulated: orders meet generated ones by price, then time; no fill is evidence"
    }

    private static func queue(_ request: OrderRequest, _ book: ReferenceUpdated) -> String {
        let isBuy = request.side == .buy
        let (own, ownQuantity) = isBuy ? (book.bid, book.bidQuantity) : (book.ask, book.askQuantity)
        let (other, offered) = isBuy ? (book.ask, book.askQuantity) : (book.bid, book.bidQuantity)
        let crosses = !other.isZero && (isBuy ? request.price >= other : request.price <= other)
        if crosses { return "none: it takes the \(offered) shown at \(other), what is left rests" }
        if own.isZero { return "first: nothing was shown on its side" }
        if request.price == own { return "behind the \(ownQuantity) shown at its price" }
        let isBetter = isBuy ? request.price > own : request.price < own
        return isBetter
            ? "first at its price, which is better than \(own)"
            : "behind the \(ownQuantity) shown at \(own) and whatever else is better or was there"
    }

    private static func fees(_ request: OrderRequest, _ story: OrderStory) -> String {
        let expected = story.features.first { $0.label.description == "fee" }?.value
        let told = expected.map { "\($0) a contract expected" } ?? "none stated by the agent"
        guard !story.fills.isEmpty else { return told }
        let kinds = Set(story.fills.map(\.fill.liquidity.wireName)).sorted()
        return told + ", \(story.fees) charged as \(kinds.joined(separator: " and "))"
    }
}

extension Explanation.Permit {
    init(_ judged: Judged) {
        gateway = judged.gateway.description
        lease = judged.lease.rawValue
        permit = judged.permit.rawValue
        clientOrder = judged.clientOrderID.description
        limitSnapshot = judged.limitSnapshot
    }
}

extension Explanation.Route {
    init(_ step: OrderStory.Step) {
        at = step.at.description
        state = step.fate.state.description
        reason = step.fate.reason == .none ? "" : step.fate.reason.wireName
        venueOrder = step.fate.venueOrderID.description
        detail = step.detail
    }
}

extension Explanation.Fill {
    init(_ execution: OrderStory.Execution, _ markouts: [String: [String?]]) {
        at = execution.fill.filledAt.description
        price = execution.fill.price.description
        quantity = execution.fill.quantity.description
        fee = execution.fill.fee.description
        liquidity = execution.fill.liquidity.wireName
        trade = execution.fill.tradeID.description
        finality = execution.fill.finality.wireName
        self.markouts = markouts[trade] ?? []
    }
}

extension Explanation.Check {
    init(_ entry: Judged.ControlsEntry) {
        control = entry.control.wireName
        outcome = entry.outcome.wireName
        level = entry.level == .none ? "" : entry.level.wireName
        let isBound = entry.outcome != .notReached && entry.level != .none
        limit = isBound ? Explanation.Check.text(entry.limit, of: entry.control) : ""
        value = isBound ? Explanation.Check.text(entry.value, of: entry.control) : ""
    }

    /// A number in the unit of what the control bounds.
    private static func text(_ units: Int64, of control: Control) -> String {
        switch control {
        case .staleQuote: "\(Double(units) / 1e6) ms"
        case .expiry, .identity, .arming, .kill, .idempotency, .explanation, .instrumentState,
            .lifecycle, .ruleChange, .settlementWindow, .liveGuard, .gateway:
            String(units)
        // Messages, orders, contracts and dollars: all of them decimals with nine digits.
        case .messageRate, .orderRate, .openOrders, .size, .notional, .priceCollar, .position,
            .eventLoss, .linkedLoss, .dispute, .collateral, .parentChild, .selfTrade, .lossLimit,
            .drawdown, .adverseSelection, .repeatedOrder, .planNotional, .priceWalk, .spreadCross,
            .tailGuard, .edge,
            .orderToTrade, .grossAndNet, .concentration, .liquidity, .volatility:
            Money(units: units).description
        }
    }
}
