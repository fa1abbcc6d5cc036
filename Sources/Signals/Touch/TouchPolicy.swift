package import Trading

/// What a touch policy does.
package enum TouchPolicyKind: String, Sendable, CaseIterable {
    /// Believes the price to which the sizes of the touch point.
    case imbalance
    /// Takes a side by the hash of seed, tick and instrument, on some ticks: a control.
    case coinFlip = "coin-flip"
}

/// How a touch policy believes.
package struct TouchTerms: Sendable, Equatable {
    package var kind = TouchPolicyKind.imbalance
    /// How far the true value may lie from the believed one, in price.
    package var halfWidth = 0.001
    package var seed: UInt64 = 1
    /// A coin is thrown on one tick of so many.
    package var flipEvery: UInt64 = 16
    /// How long before an instrument's end quoting stops.
    package var quietBeforeEnd = Span.seconds(1)

    package init() {}
}

/// Believes the book itself. It knows nothing from outside the venue, so it fits any instrument: a
/// baseline, and a driver of execution where there is no model.
package struct TouchPolicy: DomainPolicy {
    package typealias Observation = Never

    private let terms: TouchTerms

    package init(_ terms: TouchTerms = TouchTerms()) {
        precondition(terms.halfWidth >= 0 && terms.halfWidth < 0.5, "\(terms.halfWidth)")
        precondition(terms.flipEvery > 0, "a coin is thrown sometimes")
        self.terms = terms
    }

    package var version: UInt32 { 1 }
    package var modelText: String {
        "touch \(terms.kind.rawValue) v\(version): the touch weighed by its sizes"
    }
    package var canonicalText: String {
        "touch/\(version) \(terms.kind.rawValue) width=\(terms.halfWidth) seed=\(terms.seed) "
            + "every=\(terms.flipEvery) quiet=\(terms.quietBeforeEnd.nanoseconds)"
    }

    package mutating func observe(_ observation: Never) -> FactRefusal? {}
    package var sources: [(name: String, health: SourceHealth)] { [] }

    package func window(of instrument: Instrument) -> TradingWindow? {
        let until = instrument.closeAt - terms.quietBeforeEnd
        guard instrument.openAt < until else { return nil }
        return TradingWindow(
            quotesFrom: instrument.openAt, quotesUntil: until, endsAt: instrument.closeAt)
    }

    package func assess(_ market: MarketView, at now: Timestamp) -> Assessment {
        switch terms.kind {
        case .imbalance: return .believe(opinion(market))
        case .coinFlip:
            let drawn = draw(market)
            guard drawn % terms.flipEvery == 0 else { return .abstain(.notItsTurn) }
            return .gamble((drawn >> 32) % 2 == 0 ? .buy : .sell, opinion(market))
        }
    }

    private func opinion(_ market: MarketView) -> Opinion {
        let (bid, ask) = (market.bid.price.doubleValue, market.ask.price.doubleValue)
        let bidQuantity = market.bid.quantity.doubleValue
        let askQuantity = market.ask.quantity.doubleValue
        let weight = bidQuantity / (bidQuantity + askQuantity)
        let fair = min(0.999999, max(0.000001, bid + weight * (ask - bid)))
        var features = FeatureVector()
        features.add("imbalance", weight)
        features.add("model_p", fair)
        return Opinion(
            probability: fair, low: max(fair - terms.halfWidth, fair / 2),
            high: min(fair + terms.halfWidth, (1 + fair) / 2), weight: 1, basis: fair,
            sensitivity: 1, features: features, signal: "the touch leans to \(weight)")
    }

    /// SplitMix64's finaliser (Steele, Lea and Flood 2014) over seed, tick and name.
    private func draw(_ market: MarketView) -> UInt64 {
        let name = market.instrument.id.name
        let words = [market.tick.rawValue, name.first, name.second, name.third, name.fourth]
        return words.reduce(terms.seed) { state, word in
            var mixed = (state ^ word) &+ 0x9E37_79B9_7F4A_7C15
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
