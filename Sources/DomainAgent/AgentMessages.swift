package import Signals
package import Trading
package import Wire

/// From the engine's values to messages.
extension IntentDeclaration {
    /// The message that declares this parent.
    package func message(for key: StrategyKey, _ incarnation: Incarnation) -> DeclareIntent {
        DeclareIntent(
            incarnation: incarnation, intentID: intentID, org: key.org, account: key.account,
            mode: key.mode, strategy: key.strategy, instrument: instrument, side: side,
            quantity: quantity, limitPrice: limitPrice, deadline: deadline, urgency: urgency)
    }
}

extension ChildRequest {
    /// The frame that asks for this order, with its explanation.
    package func frame(
        for key: StrategyKey, _ incarnation: Incarnation, modelHash: Digest, featureHash: Digest
    ) -> [UInt8] {
        OrderRequest(
            incarnation: incarnation, requestID: requestID, intentID: intentID, org: key.org,
            account: key.account, mode: key.mode, strategy: key.strategy, instrument: instrument,
            side: side, timeInForce: timeInForce, isPostOnly: Flag(isPostOnly), price: price,
            quantity: quantity, expiresAt: expiresAt ?? .zero,
            policyVersion: explanation.policyVersion, modelHash: modelHash,
            featureHash: featureHash, confidence: explanation.confidence,
            fairValue: explanation.fairValue, expectedEdge: explanation.expectedEdge,
            quoteSequence: explanation.quoteSequence, quotedAt: explanation.quotedAt
        ).frame(
            features: explanation.features.features.map {
                OrderRequest.FeaturesEntry(label: $0.label, value: $0.value)
            },
            signal: Array(explanation.signal.utf8.prefix(1_024)),
            model: Array(explanation.model.utf8.prefix(1_024)))
    }
}

/// From messages to the engine's values. What would break an invariant of ours is nil: the message
/// is counted and dropped.
extension Decision {
    /// The decision as the engine takes it.
    package var command: CoreDecision {
        let subject: CoreDecision.Subject =
            switch kind {
            case .order: .order(requestID, intentID)
            case .cancel: .cancel(requestID)
            case .intent: .intent(intentID)
            }
        let isAllowed =
            switch verdict {
            case .permitted, .accepted: true
            case .rejected: false
            // The earlier decision on the same request, which its reason tells.
            case .duplicate: reason == .none
            }
        let isParentSpent =
            switch reason {
            case .parentUnknown, .parentExceeded, .parentMismatch, .parentExpired: true
            default: false
            }
        return CoreDecision(
            subject: subject, orderID: orderID, isAllowed: isAllowed,
            isParentSpent: isParentSpent)
    }
}

extension OrderUpdate {
    /// The change as the engine takes it.
    package var change: OrderChange? {
        guard remaining.isSane, position.magnitudeIsSane, lastQuantity.isSane,
            lastPrice >= .zero, lastPrice <= .one
        else { return nil }
        let execution =
            lastQuantity.isZero
            ? nil
            : OrderChange.Execution(
                price: lastPrice, quantity: lastQuantity, fee: lastFee, liquidity: lastLiquidity)
        return OrderChange(
            orderID: orderID, requestID: requestID, instrument: instrument, side: side,
            state: state, remaining: remaining, position: position, execution: execution)
    }
}

extension AgentOrder {
    /// The order as the engine takes it over.
    package var restored: RestoredOrder? {
        guard quantity.isSane, filled.isSane, filled <= quantity, price > .zero, price < .one
        else { return nil }
        return RestoredOrder(
            orderID: orderID, instrument: instrument, side: side, price: price,
            remaining: quantity - filled, state: state)
    }
}

extension InstrumentDefined {
    /// The instrument, or nil where its grid or its times cannot be.
    package func instrument(title: [UInt8]) -> Instrument? {
        guard tick > .zero, tick < .one, lot > .zero, lot.isSane, openAt.isSane, closeAt.isSane
        else { return nil }
        return Instrument(
            id: instrument, venue: venue, eventSet: eventSet, tick: tick, lot: lot,
            openAt: openAt, closeAt: closeAt, title: String(decoding: title, as: UTF8.self),
            ruleHash: ruleHash == .zero ? "" : ruleHash.description)
    }
}

extension BookSnapshot {
    /// The book, or nil where a level cannot be.
    package static func book(in frame: [UInt8], sequence: SequenceNumber) throws(WireError)
        -> OrderBook?
    {
        let bids = try bids(in: frame).map { BookLevel(price: $0.price, quantity: $0.quantity) }
        let asks = try asks(in: frame).map { BookLevel(price: $0.price, quantity: $0.quantity) }
        let isSane = (bids + asks).allSatisfy {
            $0.price > .zero && $0.price < .one && $0.quantity.isSane
        }
        return isSane ? OrderBook(bids: bids, asks: asks, sequence: sequence) : nil
    }
}

extension Quantity {
    /// Not negative and small enough that no product of ours overflows.
    var isSane: Bool { !isNegative && self <= Quantity(1_000_000_000) }
    var magnitudeIsSane: Bool {
        self >= Quantity(-1_000_000_000) && self <= Quantity(1_000_000_000)
    }
}

extension Timestamp {
    /// Between 1970 and 2100, so that adding a span never overflows.
    var isSane: Bool { nanoseconds >= 0 && nanoseconds < 4_102_444_800_000_000_000 }
}
