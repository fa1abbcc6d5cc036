import Execution
package import Runtime
package import Signals
import Trading

/// What the `parameters` of an agent say about trading: the same keys in every domain.
package struct TradingParameters: Sendable, Equatable {
    package private(set) var terms = TradingTerms()

    /// The keys that are read here.
    package static let keys = [
        "taker-rate", "maker-rate", "capital-cost", "edge-minimum", "markout-prior",
        "kelly-fraction", "order-quantity-min", "order-quantity-max", "position-max",
        "open-orders-max", "intent-quantity", "quote-lifetime", "request-interval",
        "rejection-pause", "requote-ticks", "move-ticks", "quote-distance-ticks", "book-age-max",
        "scan-budget", "scan-load", "scan-age-max", "execution",
    ]

    package init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try readEdge(section)
        try readSize(section)
        try readQuotes(section)
        if section.contains("execution") {
            terms.execution = try execution(section.section("execution"))
        }
    }

    private enum Style: CaseIterable {
        case twap, passive, iceberg, urgency
    }

    /// The algorithm that works the agent's parents, with the keys of its style alone.
    private func execution(
        _ section: ConfigurationSection
    ) throws(ConfigurationError) -> ExecutionPlan {
        let common = ["style", "horizon", "child-share", "usual-spread", "crosses-at-deadline"]
        let style = try section.choice("style", of: Style.allCases.map { ("\($0)", $0) })
        switch style {
        case .twap: try section.allow(common + ["slices"])
        case .passive: try section.allow(common)
        case .iceberg: try section.allow(common + ["display", "display-max", "seed"])
        case .urgency:
            try section.allow(
                common + ["slices", "volatility", "temporary-impact", "risk-aversion"])
        }
        return ExecutionPlan(
            style: try self.style(style, section),
            horizon: try section.duration("horizon", default: .seconds(60)),
            childShare: try section.real("child-share", in: 0.001...1, default: 0.2),
            usualSpread: try section.real("usual-spread", in: 0.0001...1, default: 0.02),
            crossesAtDeadline: try section.flag("crosses-at-deadline", default: false))
    }

    private func style(
        _ style: Style, _ section: ConfigurationSection
    ) throws(ConfigurationError) -> ExecutionStyle {
        switch style {
        case .passive: return .passive
        case .twap: return .twap(slices: try section.integer("slices", in: 1...10_000, default: 6))
        case .iceberg:
            return .iceberg(
                display: try section.real("display", in: 0.001...1, default: 0.1),
                displayMax: try quantity("display-max", terms.orderQuantityMax, section),
                seed: try section.seed("seed", default: 1))
        case .urgency:
            return .urgency(
                steps: try section.integer("slices", in: 1...10_000, default: 6),
                volatility: try section.real("volatility", in: 0...1, default: 0.001),
                temporaryImpact: try section.real(
                    "temporary-impact", in: 1e-9...1, default: 0.01),
                riskAversion: try section.real("risk-aversion", in: 0...1e6, default: 1))
        }
    }

    private mutating func readEdge(_ section: ConfigurationSection) throws(ConfigurationError) {
        terms.takerRate = try rate("taker-rate", terms.takerRate, section)
        terms.makerRate = try rate("maker-rate", terms.makerRate, section)
        terms.capitalCost = try section.real(
            "capital-cost", in: 0...10, default: terms.capitalCost)
        terms.edgeMinimum = try section.real(
            "edge-minimum", in: 0...1, default: terms.edgeMinimum)
        terms.markout.prior = try section.real(
            "markout-prior", in: 0...1, default: terms.markout.prior)
        terms.kellyFraction = try section.real(
            "kelly-fraction", in: 0...1, default: terms.kellyFraction)
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
        terms.orderQuantityMin = try quantity(
            "order-quantity-min", terms.orderQuantityMin, section)
        terms.orderQuantityMax = try quantity(
            "order-quantity-max", terms.orderQuantityMax, section)
        terms.positionMax = try quantity("position-max", terms.positionMax, section)
        terms.intentQuantity = try quantity(
            "intent-quantity", max(terms.intentQuantity, terms.orderQuantityMax), section)
        terms.openOrdersMax = try section.integer(
            "open-orders-max", in: 1...256, default: terms.openOrdersMax)
        if terms.orderQuantityMax < terms.orderQuantityMin {
            throw section.refusal(
                "order-quantity-max", expected: "at least \(terms.orderQuantityMin)")
        }
        if terms.intentQuantity < terms.orderQuantityMax {
            throw section.refusal(
                "intent-quantity", expected: "at least \(terms.orderQuantityMax)")
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
        terms.quoteLifetime = try section.duration(
            "quote-lifetime", default: terms.quoteLifetime)
        terms.requestInterval = try section.duration(
            "request-interval", default: terms.requestInterval)
        terms.rejectionPause = try section.duration(
            "rejection-pause", default: terms.rejectionPause)
        terms.bookAgeMax = try section.duration("book-age-max", default: terms.bookAgeMax)
        terms.requoteTicks = Int64(
            try section.integer(
                "requote-ticks", in: 1...100, default: Int(terms.requoteTicks)))
        terms.moveTicks = Int64(
            try section.integer("move-ticks", in: 1...100, default: Int(terms.moveTicks)))
        terms.quoteDistanceTicks = Int64(
            try section.integer(
                "quote-distance-ticks", in: 0...100, default: Int(terms.quoteDistanceTicks)))
        terms.scanBudget = try section.integer(
            "scan-budget", in: 1...10_000, default: terms.scanBudget)
        terms.scanLoad = try section.integer(
            "scan-load", in: 1...1_000, default: terms.scanLoad)
        terms.scanAgeMax = try section.duration("scan-age-max", default: terms.scanAgeMax)
    }
}
