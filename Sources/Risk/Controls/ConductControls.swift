import Trading
import Wire

/// How a strategy behaves over several orders, and whether one is worth its price.
extension RiskEngine {
    /// The same order was not permitted too often lately. Recording this denial halts the strategy
    /// until an operator resumes it.
    func checkRepeatedOrder(_ context: OrderContext) -> ControlResult {
        guard let (level, stated) = tightest(.repeatMax, context) else { return .passed }
        guard let window = tightest(.repeatWindow, context)?.limit else {
            return .denied(.limitMissing, level, limit: stated)
        }
        let limit = min(stated, Int64(OrderTrail.ordersMax) * Quantity.scale)
        let book = context.chain.strategy
        let before =
            hasTrail(book, context.ordinal)
            ? books[book].trails[context.ordinal].repetitions(
                context.side, context.price, context.quantity, at: context.now,
                window: Span(nanoseconds: window)) : 0
        let value = Int64(before + 1) * Quantity.scale
        guard value <= limit else {
            return .denied(.orderRepeated, level, limit: limit, value: value)
        }
        return .passed(level, limit: limit, value: value)
    }

    /// The strategy's own prices in the instrument do not walk away little by little: a purchase
    /// goes only so far above its lowest one of the period, a sale below its highest.
    func checkPriceWalk(_ context: OrderContext) -> ControlResult {
        guard let (level, limit) = tightest(.walkMax, context) else { return .passed }
        guard let window = tightest(.walkWindow, context)?.limit else {
            return .denied(.limitMissing, level, limit: limit)
        }
        let book = context.chain.strategy
        let value =
            hasTrail(book, context.ordinal)
            ? books[book].trails[context.ordinal].distance(
                context.side, context.price, at: context.now, window: Span(nanoseconds: window))
            : 0
        guard value <= limit else {
            return .denied(.priceWalkExceeded, level, limit: limit, value: value)
        }
        return .passed(level, limit: limit, value: value)
    }

    /// An order that crosses pays no more than so much beyond its own side's touch: the spread and
    /// what goes past the other touch. An empty side of its own is as far away as can be.
    func checkSpreadCross(_ context: OrderContext) -> ControlResult {
        guard let (level, limit) = tightest(.spreadCrossMax, context) else { return .passed }
        guard let quote = context.quote else { return .denied(.quoteMissing, .instrument) }
        let price = context.price.units
        let value: Int64
        switch context.side {
        case .buy:
            guard quote.ask > .zero, context.price >= quote.ask else { return .passed }
            value = price - max(0, quote.bid.units)
        case .sell:
            guard quote.bid > .zero, context.price <= quote.bid else { return .passed }
            value = (quote.ask > .zero ? min(quote.ask, .one) : .one).units - price
        }
        guard value <= limit else {
            return .denied(.spreadCrossExceeded, level, limit: limit, value: value)
        }
        return .passed(level, limit: limit, value: value)
    }

    /// No contract is sold for next to nothing and none bought for next to a dollar, where little
    /// is won and nearly all can be lost. What only closes a position may.
    func checkTailGuard(_ context: OrderContext) -> ControlResult {
        guard let (level, limit) = tightest(.tailPrice, context) else {
            return .passed
        }
        let price = context.side == .buy ? context.price.complement : context.price
        guard price.units >= limit || reducesPosition(context) else {
            return .denied(.priceInTail, level, limit: limit, value: price.units)
        }
        return .passed(level, limit: limit, value: price.units)
    }

    /// The request states a gain after fees that is worth an order. What only closes a position
    /// needs none.
    func checkEdge(_ context: OrderContext) -> ControlResult {
        guard let (level, limit) = tightest(.edgeMin, context) else {
            return .passed
        }
        let value = context.expectedEdge.units
        guard value >= limit || reducesPosition(context) else {
            return .denied(.edgeBelowMinimum, level, limit: limit, value: value)
        }
        return .passed(level, limit: limit, value: value)
    }

    /// What the whole plan commits at its worst price, not only each child: a parent with all its
    /// quantity, a child with what was permitted before it.
    func checkPlanNotional(_ context: OrderContext) -> ControlResult {
        guard let (level, limit) = tightest(.planNotionalMax, context) else { return .passed }
        var quantity = context.quantity
        var worst = context.price
        if context.kind == .order {
            let index = context.intent
            guard index >= 0 else { return .denied(.parentUnknown) }
            guard let total = intents[index].committed.addingChecked(quantity) else {
                return .denied(.arithmeticOverflow, level, limit: limit)
            }
            quantity = total
            worst = intents[index].limitPrice
        }
        let committed = context.side == .buy ? worst : worst.complement
        guard let notional = Money(checking: committed, times: quantity, .up) else {
            return .denied(.arithmeticOverflow, level, limit: limit)
        }
        guard notional.units <= limit else {
            return .denied(.planNotionalExceeded, level, limit: limit, value: notional.units)
        }
        return .passed(level, limit: limit, value: notional.units)
    }
}
