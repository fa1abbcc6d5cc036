import Trading
import Wire

/// Limits that follow the market: what is visible, and how much the price moves.
extension RiskEngine {
    /// What `volatilityBudget` looks ahead.
    static let volatilityHorizon = Span.seconds(3_600)
    /// What `collarSigmas` looks ahead.
    static let collarHorizon = Span.seconds(60)

    /// The order is at most so large a part of what is visible on the side that it would take from.
    func checkLiquidity(_ context: OrderContext) -> ControlResult {
        guard let (level, share) = tightest(.depthShareMax, context) else { return .passed }
        guard let quote = context.quote else { return .denied(.quoteMissing, .instrument) }
        let depth = context.side == .buy ? quote.askDepth : quote.bidDepth
        guard depth > .zero else { return .denied(.depthMissing, level, limit: share) }
        let part = divide(
            Int128(depth.units) * Int128(share), by: Int128(Quantity.scale), .down)
        let limit = Int64(clamping: part)
        guard context.quantity.units <= limit else {
            return .denied(
                .depthShareExceeded, level, limit: limit, value: context.quantity.units)
        }
        return .passed(level, limit: limit, value: context.quantity.units)
    }

    /// A move of one standard deviation over the horizon costs the position, with all open orders
    /// of its worse side, no more than the budget.
    func checkVolatility(_ context: OrderContext) -> ControlResult {
        guard tightest(.volatilityBudget, context) != nil else { return .passed }
        guard context.load != nil else { return .denied(.arithmeticOverflow) }
        guard let move = move(context, over: RiskEngine.volatilityHorizon) else {
            return .denied(.quoteMissing, .instrument)
        }
        let worst = context.worstPosition
        var costs = OrderContext.BookColumn()
        for book in 0..<4 { costs[book] = worst[book].flatMap { cost(of: move, $0) } }
        return eachBook(.volatilityBudget, context, .volatilityExceeded, costs) {
            engine, context, book, _ in
            context.worstPosition[book].flatMap { engine.cost(of: move, $0) }
        }
    }

    /// What a move costs a position; nil where that does not fit.
    @inline(__always) private func cost(of move: Double, _ position: Int64) -> Int64? {
        Int64(exactly: (Double(position) * move).rounded(.up))
    }

    /// How wide volatility lets a collar be: never narrower than two ticks. Nil where no level
    /// ties collars to it.
    func collarWidth(_ context: OrderContext) -> (level: LimitLevel, limit: Int64)? {
        guard let (level, sigmas) = tightest(.collarSigmas, context) else { return nil }
        let floor = instruments[context.instrument].tick.units * 2
        let state = instruments[context.instrument].volatility
        guard state.isFresh(at: context.now),
            let move = move(context, over: RiskEngine.collarHorizon)
        else { return (level, floor) }
        let width = (move * Double(sigmas)).rounded(.down)
        return (level, max(floor, Int64(exactly: width) ?? .max))
    }

    /// One standard deviation of the price over a time ahead, from the middle of the quote.
    private func move(_ context: OrderContext, over span: Span) -> Double? {
        guard let quote = context.quote else { return nil }
        let tick = instruments[context.instrument].tick
        let scale = Double(Price.scale)
        let middle = Volatility.clamped(Double(quote.middle.units) / scale, tick: tick)
        return instruments[context.instrument].volatility.move(
            from: middle, tick: Double(tick.units) / scale, over: span, at: context.now)
    }

    /// Takes a mark into the estimate, where it is a whole and trusted book.
    mutating func sample(_ reference: ReferenceUpdated, of index: Int32) {
        let isWhole =
            reference.bid > .zero && reference.ask < .one && reference.bid < reference.ask
        guard isWhole, !reference.isStale.isSet else { return }
        let price = Volatility.microPrice(
            bid: reference.bid, reference.bidQuantity, ask: reference.ask, reference.askQuantity,
            tick: instruments[index].tick)
        instruments[index].volatility.add(price: price, at: now)
    }
}
