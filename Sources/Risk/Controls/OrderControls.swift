import Trading
import Wire

/// Whether the order itself is sound, whatever else is held.
extension RiskEngine {
    /// A child belongs to a declared intent that it does not exceed; an intent has room and time.
    func checkParentChild(_ context: OrderContext) -> ControlResult {
        context.kind == .intent ? checkParent(context) : checkChild(context)
    }

    private func checkParent(_ context: OrderContext) -> ControlResult {
        guard context.expiresAt > context.now else { return .denied(.parentExpired) }
        let held = agents[Int(context.agent)].intents
        guard held.count >= AgentState.intentCapacity else { return .passed }
        let now = context.now
        guard held.contains(where: { intents[$0].isFinished(at: now) }) else {
            return .denied(
                .overload, limit: Int64(AgentState.intentCapacity), value: Int64(held.count))
        }
        return .passed
    }

    private func checkChild(_ context: OrderContext) -> ControlResult {
        guard context.intent >= 0 else { return .denied(.parentUnknown) }
        let intent = intents[context.intent]
        guard intent.strategy == context.strategy, intent.instrument == context.instrumentID,
            intent.side == context.side
        else { return .denied(.parentMismatch) }
        let isBeyond =
            context.side == .buy
            ? context.price > intent.limitPrice : context.price < intent.limitPrice
        if isBeyond {
            return .denied(
                .parentMismatch, limit: intent.limitPrice.units, value: context.price.units)
        }
        guard context.now <= intent.deadline else { return .denied(.parentExpired) }
        guard let total = intent.committed.addingChecked(context.quantity) else {
            return .denied(.arithmeticOverflow)
        }
        guard total <= intent.quantity else {
            return .denied(
                .parentExceeded, limit: intent.quantity.units, value: total.units)
        }
        return .passed(.none, limit: intent.quantity.units, value: total.units)
    }

    /// The instrument is known, open, and before its close.
    func checkInstrumentState(_ context: OrderContext) -> ControlResult {
        guard context.instrument >= 0 else { return .denied(.instrumentUnknown, .instrument) }
        let index = context.instrument
        guard instruments[index].status == .open, context.now >= instruments[index].openAt else {
            return .denied(.instrumentNotOpen, .instrument)
        }
        let closeAt = instruments[index].closeAt
        guard context.now < closeAt else {
            return .denied(
                .instrumentNotOpen, .instrument, limit: closeAt.nanoseconds,
                value: context.now.nanoseconds)
        }
        return .passed
    }

    /// The core has a fresh quote that is not crossed, and the agent priced from a fresh one.
    func checkStaleQuote(_ context: OrderContext) -> ControlResult {
        guard let (level, limit) = tightest(.quoteAgeMax, context) else {
            return .denied(.limitMissing)
        }
        guard let quote = context.quote, quote.bid > .zero || quote.ask > .zero else {
            return .denied(.quoteMissing, .instrument)
        }
        if quote.isStale { return .denied(.quoteStale, .instrument) }
        let older = min(quote.receivedAt, context.quotedAt)
        let newer = max(quote.receivedAt, context.quotedAt)
        let (age, ageOverflow) = context.now.nanoseconds.subtractingReportingOverflow(
            older.nanoseconds)
        let (lead, leadOverflow) = newer.nanoseconds.subtractingReportingOverflow(
            context.now.nanoseconds)
        if ageOverflow || leadOverflow { return .denied(.arithmeticOverflow) }
        // Clocks of processes differ by little; a quote from the far future is no quote.
        if lead > limit { return .denied(.clockSkewed, level, limit: limit, value: -lead) }
        if age > limit { return .denied(.quoteStale, level, limit: limit, value: age) }
        if quote.isCrossed { return .denied(.quoteCrossed, .instrument) }
        return .passed(level, limit: limit, value: max(0, age))
    }

    /// Between the smallest and the largest order, on the instrument's grid. A parent needs only to
    /// be positive and on the grid: its children meet the limits.
    func checkSize(_ context: OrderContext) -> ControlResult {
        let quantity = context.quantity
        let lot = instruments[context.instrument].lot
        guard quantity.units > 0 else {
            return .denied(
                .sizeBelowMinimum, .instrument, limit: lot.units, value: quantity.units)
        }
        // Whom operators let past the largest size meets the rest all the same.
        var excess: ControlResult?
        if context.kind == .order {
            guard let (level, limit) = tightest(.orderQuantityMax, context) else {
                return .denied(.limitMissing)
            }
            if quantity.units > limit {
                let denial = ControlResult.denied(
                    .sizeAboveMaximum, level, limit: limit, value: quantity.units)
                guard context.waives(denial) else { return denial }
                excess = denial
            }
            if let (level, limit) = tightest(.orderQuantityMin, context),
                quantity.units < limit
            {
                return .denied(.sizeBelowMinimum, level, limit: limit, value: quantity.units)
            }
        }
        guard quantity.isMultiple(of: lot) else {
            return .denied(.sizeOffGrid, .instrument, limit: lot.units, value: quantity.units)
        }
        return excess ?? .passed(.instrument, limit: lot.units, value: quantity.units)
    }

    /// The cash that the order commits when it opens: p × q for a purchase, (1 − p) × q for a sale,
    /// rounded against us.
    func checkNotional(_ context: OrderContext) -> ControlResult {
        guard let (level, limit) = tightest(.orderNotionalMax, context) else {
            return .denied(.limitMissing)
        }
        let (complement, overflow) = Price.scale.subtractingReportingOverflow(context.price.units)
        if overflow { return .denied(.arithmeticOverflow) }
        let committed = context.side == .buy ? context.price : Price(units: complement)
        guard let notional = Money(checking: committed, times: context.quantity, .up) else {
            return .denied(.arithmeticOverflow)
        }
        guard notional.units <= limit else {
            return .denied(.notionalAboveMaximum, level, limit: limit, value: notional.units)
        }
        return .passed(level, limit: limit, value: notional.units)
    }

    /// 0 < p < 1, on the tick, and near the market: an order that crosses may go only so far past
    /// the other touch, one that rests only so far from the middle.
    func checkPriceCollar(_ context: OrderContext) -> ControlResult {
        let price = context.price
        guard price > .zero, price < .one else {
            return .denied(
                .priceOutOfRange, .instrument, limit: Price.one.units, value: price.units)
        }
        let tick = instruments[context.instrument].tick
        guard price.isMultiple(of: tick) else {
            return .denied(.priceOffGrid, .instrument, limit: tick.units, value: price.units)
        }
        if context.kind == .intent { return .passed }
        guard let quote = context.quote else { return .denied(.quoteMissing, .instrument) }
        let touch = context.side == .buy ? quote.ask : quote.bid
        let isAggressive =
            touch > .zero && (context.side == .buy ? price >= touch : price <= touch)
        let kind: LimitKind = isAggressive ? .collarAggressive : .collarPassive
        guard let (level, limit) = tightest(kind, context) else {
            return .denied(.limitMissing)
        }
        let anchor = isAggressive ? touch : quote.middle
        let (distance, overflow) = price.units.subtractingReportingOverflow(anchor.units)
        if overflow || distance == .min { return .denied(.arithmeticOverflow) }
        guard distance.magnitude <= limit.magnitude, limit >= 0 else {
            return .denied(
                .collarExceeded, level, limit: limit, value: Int64(clamping: distance.magnitude))
        }
        if let width = collarWidth(context) {
            // An order that rests at its own touch is half a spread from the middle.
            let slack = isAggressive ? 0 : quote.halfSpread
            let narrowed = width.limit.addingReportingOverflow(slack)
            let most = narrowed.overflow ? .max : narrowed.partialValue
            guard distance.magnitude <= most.magnitude else {
                return .denied(
                    .collarExceeded, width.level, limit: most, value: Int64(distance.magnitude))
            }
        }
        if let denial = checkClose(context) { return denial }
        return .passed(level, limit: limit, value: Int64(distance.magnitude))
    }

    /// The price is near where the instrument closed the day before; nil where it is, or where no
    /// level asks.
    private func checkClose(_ context: OrderContext) -> ControlResult? {
        guard let (level, limit) = tightest(.collarClose, context) else { return nil }
        let day = LossPeriod.day(of: context.now)
        guard let close = instruments[context.instrument].close?.before(day) else {
            return .denied(.closeMissing, .instrument, limit: limit)
        }
        let (distance, overflow) = context.price.units.subtractingReportingOverflow(close.units)
        if overflow || distance == .min { return .denied(.arithmeticOverflow) }
        guard distance.magnitude <= limit.magnitude, limit >= 0 else {
            let denial = ControlResult.denied(
                .closeCollarExceeded, level, limit: limit, value: Int64(distance.magnitude))
            return context.waives(denial) ? nil : denial
        }
        return nil
    }

    /// An order that can rest carries its end, so that the venue ends it when we cannot.
    func checkExpiry(_ context: OrderContext) -> ControlResult {
        switch context.timeInForce {
        case .immediateOrCancel, .fillOrKill: return .passed
        case .goodTillCancelled, .goodTillTime:
            guard context.expiresAt > context.now else {
                return .denied(
                    .expiryMissing, limit: context.now.nanoseconds,
                    value: context.expiresAt.nanoseconds)
            }
            return .passed
        }
    }
}
