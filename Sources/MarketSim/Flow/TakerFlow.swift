import Trading

/// Noise traders: a random side, a small size, no view.
struct NoiseFlow: Sendable {
    let account: SimAccountID

    func act(
        _ view: MarketView, _ parameters: FlowParameters, _ random: inout SimRandom,
        _ exchange: inout Exchange, into effects: inout ExchangeEffects
    ) {
        let rate = view.hasStarted ? parameters.noiseRate : parameters.noiseRateBeforeStart
        guard random.chance(min(rate * view.elapsed, 1)) else { return }
        let side: Side = random.chance(0.5) ? .buy : .sell
        let size =
            1 + min(random.below(parameters.noiseSizeMax), random.below(parameters.noiseSizeMax))
        if random.chance(parameters.noisePassive) {
            post(side, size, view, &random, &exchange, into: &effects)
        } else {
            take(side, size, view, &exchange, into: &effects)
        }
    }

    /// Takes what is there, up to two ticks through the touch.
    private func take(
        _ side: Side, _ size: Int, _ view: MarketView, _ exchange: inout Exchange,
        into effects: inout ExchangeEffects
    ) {
        guard let best = exchange.best(side.opposite, view.market) else { return }
        let definition = exchange.definition(view.market)
        let reach = definition.tick.doubleValue * 2 * Double(side.sign)
        let limit = definition.price(best.price.doubleValue + reach, .nearestEven) ?? best.price
        let terms = SimOrderTerms(
            market: view.market, side: side, price: limit, quantity: Quantity(Int64(size)),
            timeInForce: .immediateOrCancel, selfTradePrevention: .maker)
        _ = exchange.place(terms, for: account, at: view.now, into: &effects)
    }

    /// Joins the touch or improves it by a tick, and forgets the order for a while.
    private func post(
        _ side: Side, _ size: Int, _ view: MarketView, _ random: inout SimRandom,
        _ exchange: inout Exchange, into effects: inout ExchangeEffects
    ) {
        let improvement = Double(random.below(2))
        let patience = Span.milliseconds(Int64(random.uniform(4_000, 30_000)))
        guard let best = exchange.best(side, view.market) else { return }
        let definition = exchange.definition(view.market)
        let shift = definition.tick.doubleValue * improvement * Double(side.sign)
        guard let price = definition.price(best.price.doubleValue + shift, .nearestEven) else {
            return
        }
        let terms = SimOrderTerms(
            market: view.market, side: side, price: price, quantity: Quantity(Int64(size)),
            timeInForce: .goodTillTime, isPostOnly: true, expiresAt: view.now + patience,
            selfTradePrevention: .maker)
        _ = exchange.place(terms, for: account, at: view.now, into: &effects)
    }
}

/// An informed trader: knows the price before anybody else and takes what is stale.
struct InformedFlow: Sendable {
    let account: SimAccountID
    private let edge: Double

    init(
        account: SimAccountID, stream: UInt64, seed: UInt64, parameters: FlowParameters
    ) {
        self.account = account
        var random = SimRandom(
            seed: seed, stream: .character, market: stream,
            tick: UInt64(account.index))
        edge = random.uniform(parameters.informedEdgeMin, parameters.informedEdgeMax)
    }

    func act(
        _ view: MarketView, _ parameters: FlowParameters, _ random: inout SimRandom,
        _ exchange: inout Exchange, into effects: inout ExchangeEffects
    ) {
        guard view.hasStarted, random.chance(parameters.informedAttention) else { return }
        let size = 1 + random.below(parameters.informedSizeMax)
        let definition = exchange.definition(view.market)
        for side in Side.allCases {
            guard let best = exchange.best(side.opposite, view.market) else { continue }
            let price = best.price.doubleValue
            let fee = definition.fees.takerRate.doubleValue * price * (1 - price)
            let gain = (view.truth - price) * Double(side.sign) - fee
            guard gain > edge else { continue }
            let limit = view.truth - (fee + edge) * Double(side.sign)
            let rounding: Rounding = side == .buy ? .down : .up
            guard let worst = definition.price(limit, rounding) else { continue }
            let terms = SimOrderTerms(
                market: view.market, side: side, price: worst, quantity: Quantity(Int64(size)),
                timeInForce: .immediateOrCancel, selfTradePrevention: .maker)
            _ = exchange.place(terms, for: account, at: view.now, into: &effects)
        }
    }
}
