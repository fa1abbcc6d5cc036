package import Runtime
package import Signals
package import Trading

/// The `parameters` of a crypto agent: everything has a default, and an unknown key is refused.
package struct CryptoParameters: Sendable, Equatable {
    package private(set) var model = UpDownTerms()
    package private(set) var trading = TradingTerms()
    /// How often the agent acts when no venue owns market time.
    package private(set) var interval = Span.milliseconds(250)

    package init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow(
            "policy", "seed", "flip-every", "model-weight", "tail-degrees", "probability-floor",
            "volatility-error", "lag-deviations", "lead", "quiet-before-end", "feed-age-max",
            "strike-lag-max", "taker-rate", "maker-rate", "capital-cost", "edge-minimum",
            "markout-prior", "kelly-fraction", "order-quantity-min", "order-quantity-max",
            "position-max", "open-orders-max", "intent-quantity", "quote-lifetime",
            "request-interval", "rejection-pause", "requote-ticks", "move-ticks",
            "quote-distance-ticks", "book-age-max", "scan-budget", "scan-load", "scan-age-max",
            "interval")
        try readModel(section)
        try readEdge(section)
        try readSize(section)
        try readQuotes(section)
        interval = try section.duration("interval", default: interval)
    }

    private mutating func readModel(_ section: ConfigurationSection) throws(ConfigurationError) {
        model.kind = try section.choice(
            "policy", of: CryptoPolicyKind.allCases.map { ($0.rawValue, $0) },
            default: model.kind)
        model.seed = try section.seed("seed", default: model.seed)
        model.flipEvery = UInt64(
            try section.integer("flip-every", in: 1...1_000_000, default: Int(model.flipEvery)))
        model.modelWeight = try section.real(
            "model-weight", in: 0...1, default: model.modelWeight)
        if section.contains("tail-degrees") {
            model.tailDegrees = try section.real("tail-degrees", in: 2.5...200)
        }
        model.probabilityFloor = try section.real(
            "probability-floor", in: 0.001...0.25, default: model.probabilityFloor)
        model.volatilityError = try section.real(
            "volatility-error", in: 0...0.9, default: model.volatilityError)
        model.lagDeviations = try section.real(
            "lag-deviations", in: 0...5, default: model.lagDeviations)
        model.lead = try section.duration("lead", default: model.lead)
        model.quietBeforeEnd = try section.duration(
            "quiet-before-end", default: model.quietBeforeEnd)
        if model.quietBeforeEnd >= UpDownMarket.length {
            throw section.refusal(
                "quiet-before-end", expected: "less than the \(UpDownMarket.length) of a market")
        }
        model.feedAgeMax = try section.duration("feed-age-max", default: model.feedAgeMax)
        model.strikeLagMax = try section.duration("strike-lag-max", default: model.strikeLagMax)
    }

    private mutating func readEdge(_ section: ConfigurationSection) throws(ConfigurationError) {
        trading.takerRate = try rate("taker-rate", trading.takerRate, section)
        trading.makerRate = try rate("maker-rate", trading.makerRate, section)
        trading.capitalCost = try section.real(
            "capital-cost", in: 0...10, default: trading.capitalCost)
        trading.edgeMinimum = try section.real(
            "edge-minimum", in: 0...1, default: trading.edgeMinimum)
        trading.markout.prior = try section.real(
            "markout-prior", in: 0...1, default: trading.markout.prior)
        trading.kellyFraction = try section.real(
            "kelly-fraction", in: 0...1, default: trading.kellyFraction)
    }

    /// A fee coefficient between zero and one.
    private func rate(
        _ key: String, _ fallback: Price, _ section: ConfigurationSection
    ) throws(ConfigurationError) -> Price {
        let rate: Price = try section.decimal(key, default: fallback)
        if rate > .one { throw section.refusal(key, expected: "a coefficient of at most 1") }
        return rate
    }

    private mutating func readSize(_ section: ConfigurationSection) throws(ConfigurationError) {
        trading.orderQuantityMin = try quantity(
            "order-quantity-min", trading.orderQuantityMin, section)
        trading.orderQuantityMax = try quantity(
            "order-quantity-max", trading.orderQuantityMax, section)
        trading.positionMax = try quantity("position-max", trading.positionMax, section)
        trading.intentQuantity = try quantity(
            "intent-quantity", max(trading.intentQuantity, trading.orderQuantityMax), section)
        trading.openOrdersMax = try section.integer(
            "open-orders-max", in: 1...256, default: trading.openOrdersMax)
        if trading.orderQuantityMax < trading.orderQuantityMin {
            throw section.refusal(
                "order-quantity-max", expected: "at least \(trading.orderQuantityMin)")
        }
        if trading.intentQuantity < trading.orderQuantityMax {
            throw section.refusal(
                "intent-quantity", expected: "at least \(trading.orderQuantityMax)")
        }
    }

    /// A positive number of contracts, bounded so that no product overflows.
    private func quantity(
        _ key: String, _ fallback: Quantity, _ section: ConfigurationSection
    ) throws(ConfigurationError) -> Quantity {
        let quantity: Quantity = try section.decimal(key, default: fallback)
        guard quantity > .zero, quantity <= Quantity(1_000_000) else {
            throw section.refusal(key, expected: "more than 0 and at most 1000000 contracts")
        }
        return quantity
    }

    private mutating func readQuotes(_ section: ConfigurationSection) throws(ConfigurationError) {
        trading.quoteLifetime = try section.duration(
            "quote-lifetime", default: trading.quoteLifetime)
        trading.requestInterval = try section.duration(
            "request-interval", default: trading.requestInterval)
        trading.rejectionPause = try section.duration(
            "rejection-pause", default: trading.rejectionPause)
        trading.bookAgeMax = try section.duration("book-age-max", default: trading.bookAgeMax)
        trading.requoteTicks = Int64(
            try section.integer(
                "requote-ticks", in: 1...100, default: Int(trading.requoteTicks)))
        trading.moveTicks = Int64(
            try section.integer("move-ticks", in: 1...100, default: Int(trading.moveTicks)))
        trading.quoteDistanceTicks = Int64(
            try section.integer(
                "quote-distance-ticks", in: 0...100, default: Int(trading.quoteDistanceTicks)))
        trading.scanBudget = try section.integer(
            "scan-budget", in: 1...10_000, default: trading.scanBudget)
        trading.scanLoad = try section.integer(
            "scan-load", in: 1...1_000, default: trading.scanLoad)
        trading.scanAgeMax = try section.duration("scan-age-max", default: trading.scanAgeMax)
    }
}
