import Trading

/// A generated maker in one market: quotes around its own estimate and defends itself.
struct MakerFlow: Sendable {
    let account: SimAccountID
    private let halfSpread: Double
    private let size: Int
    private let levelCount: Int
    /// How its estimate is off now; wanders back to zero.
    private var noise = 0.0
    /// What adverse trades have added to the half spread.
    private var widening = 0.0
    private var position: Quantity = .zero
    private var quotes: [Quote] = []

    private struct Quote: Sendable {
        let id: SimOrderID
        let side: Side
        let price: Price
        let level: Int
    }

    /// The maker's character in a market follows from the seed alone.
    init(
        account: SimAccountID, stream: UInt64, seed: UInt64, parameters: FlowParameters
    ) {
        self.account = account
        var random = SimRandom(
            seed: seed, stream: .character, market: stream,
            tick: UInt64(account.index))
        halfSpread = random.uniform(parameters.halfSpreadMin, parameters.halfSpreadMax)
        size =
            parameters.makerSizeMin
            + random.below(parameters.makerSizeMax - parameters.makerSizeMin + 1)
        levelCount = 1 + random.below(2)
    }

    /// Looks at the market and brings the quotes to where they should be.
    mutating func act(
        _ view: MarketView, _ parameters: FlowParameters, _ random: inout SimRandom,
        _ exchange: inout Exchange, into effects: inout ExchangeEffects
    ) {
        noticeFills(view, parameters, exchange)
        widening *= 1 - min(0.07 * view.elapsed, 1)
        noise = 0.97 * noise + 0.243 * parameters.estimateNoise * random.normal()
        let mustPull =
            view.isStale || view.isAfterJump || view.secondsToEnd < parameters.pullBeforeEnd
        let attention =
            parameters.makerAttention * (view.isQuiet ? parameters.quietAttention : 1)
        guard mustPull || random.chance(attention) else { return }
        let wanted = mustPull ? [] : self.wanted(view, parameters, exchange.definition(view.market))
        replaceQuotes(by: wanted, view, &exchange, into: &effects)
    }

    /// A fill moves the position: whoever traded may have known more.
    private mutating func noticeFills(
        _ view: MarketView, _ parameters: FlowParameters, _ exchange: Exchange
    ) {
        let held = exchange.holding(account, view.market).quantity
        guard held != position else { return }
        position = held
        widening = min(widening + parameters.widenPerFill, parameters.widenMax)
    }

    private struct Wanted {
        let side: Side
        let price: Price
        let level: Int
    }

    private func wanted(
        _ view: MarketView, _ parameters: FlowParameters, _ definition: MarketDefinition
    ) -> [Wanted] {
        let lean = parameters.inventoryLean * position.doubleValue / Double(size)
        let centre = view.makerFair + noise - max(-0.05, min(0.05, lean))
        let half = halfSpread + parameters.sensitivityShare * view.sensitivity + widening
        let step = max(definition.tick.doubleValue, 0.01)
        var result: [Wanted] = []
        for level in 0..<levelCount {
            let distance = half + Double(level) * step
            if let bid = definition.price(centre - distance, .down) {
                result.append(Wanted(side: .buy, price: bid, level: level))
            }
            if let ask = definition.price(centre + distance, .up) {
                result.append(Wanted(side: .sell, price: ask, level: level))
            }
        }
        return result
    }

    /// Leaves a quote where it is right and whole; cancels and places the others.
    private mutating func replaceQuotes(
        by wanted: [Wanted], _ view: MarketView, _ exchange: inout Exchange,
        into effects: inout ExchangeEffects
    ) {
        var kept: [Quote] = []
        for quote in quotes {
            guard exchange.order(quote.id)?.state == .working else { continue }
            if wanted.contains(where: { isSame($0, quote) }) {
                kept.append(quote)
            } else {
                _ = exchange.cancel(quote.id, for: account, at: view.now, into: &effects)
            }
        }
        for quote in wanted where !kept.contains(where: { isSame(quote, $0) }) {
            let terms = SimOrderTerms(
                market: view.market, side: quote.side, price: quote.price,
                quantity: Quantity(Int64(size * (quote.level + 1))), isPostOnly: true,
                selfTradePrevention: .maker)
            if case .success(let order) = exchange.place(
                terms, for: account, at: view.now, into: &effects)
            {
                kept.append(
                    Quote(
                        id: order.id, side: quote.side, price: quote.price, level: quote.level))
            }
        }
        quotes = kept
    }

    private func isSame(_ wanted: Wanted, _ quote: Quote) -> Bool {
        wanted.side == quote.side && wanted.price == quote.price && wanted.level == quote.level
    }
}
