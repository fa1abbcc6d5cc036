package import Trading

/// Prices "up or down over the next five minutes" markets.
///
/// Such a market pays when the feed's price at the end is at or above the feed's price at the
/// start: a digital option whose strike is known only after the start. Before, it is a coin. The
/// volatility is realised, the drift is zero (ALGORITHMS 5, crypto).
package struct CryptoUpDownPolicy: DomainPolicy {
    package typealias Observation = SpotObservation

    private let terms: UpDownTerms
    private let rules: [SettlementRule]
    private let tails: StudentDistribution?
    private var feed: SpotFeed
    private var sampler = UpDownSampler()
    /// The newest forecasts whose outcome is known, the oldest first.
    package private(set) var rows: [UpDownRow] = []
    /// Markets whose outcome was seen, since the beginning.
    package private(set) var marketsSeen = 0
    /// What clusters have learned together, as far as it is in use.
    package private(set) var rollout: UpDownRollout

    /// About four days of markets.
    package static let rowsMax = 4_608

    package init(
        _ terms: UpDownTerms = UpDownTerms(), rules: [SettlementRule] = SettlementRule.known,
        rollout: UpDownRollout = UpDownRollout()
    ) {
        self.terms = terms
        self.rules = rules
        tails = terms.tailDegrees.map { StudentDistribution(degreesOfFreedom: $0) }
        feed = SpotFeed(terms.feed)
        self.rollout = rollout
    }

    package var version: UInt32 { 1 }

    package var modelText: String {
        let tail = terms.tailDegrees.map { "student-t(\($0)) tails" } ?? "normal"
        return "crypto \(terms.kind.rawValue) v\(version): digital option, drift 0, \(tail), "
            + "EWMA of 60 s returns, weight \(terms.modelWeight)"
    }

    package var canonicalText: String {
        let text = "crypto-updown/\(version) \(terms.canonicalText)"
        guard rollout.stage != .none else { return text }
        let used = [rollout.saved.live, rollout.candidate].compactMap { $0?.model }
        return text + " learned=\(used.joined(separator: ",")) stage=\(rollout.stage)"
    }

    package mutating func observe(_ observation: SpotObservation) -> FactRefusal? {
        feed.add(observation)
        let over = sampler.follow(observation, feed, lagMax: terms.strikeLagMax)
        if !over.isEmpty {
            marketsSeen += 1
            _ = rollout.judge(over)
            rows += over
            if rows.count > CryptoUpDownPolicy.rowsMax { rows.removeFirst(rows.count / 4) }
        }
        return nil
    }

    /// Takes a version of what clusters have learned on trial.
    package mutating func stage(_ version: UpDownRollout.Version) { rollout.stage(version) }

    /// One feed, whose age the model itself looks at.
    package var sources: [(name: String, health: SourceHealth)] { [] }

    package func window(of instrument: Instrument) -> TradingWindow? {
        guard let market = UpDownMarket(instrument.id) else { return nil }
        let until = min(market.end - terms.quietBeforeEnd, instrument.closeAt)
        return TradingWindow(
            quotesFrom: max(market.start - terms.lead, instrument.openAt), quotesUntil: until,
            endsAt: market.end)
    }

    package func assess(_ market: MarketView, at now: Timestamp) -> Assessment {
        guard let contract = UpDownMarket(market.instrument.id) else { return .abstain(.notOpen) }
        switch terms.kind {
        case .updown: return model(contract, at: now)
        case .believeMarket: return .believe(marketBelief(market))
        case .coinFlip: return flip(market)
        }
    }

    /// The price at the start, if it is known and near enough to the start to be trusted.
    package func strike(of market: UpDownMarket) -> SpotObservation? {
        feed.first(atOrAfter: market.start)
    }

    // MARK: The model

    private func model(_ market: UpDownMarket, at now: Timestamp) -> Assessment {
        guard SettlementRule.inEffect(at: market.end, in: rules)?.kind == .pointToPoint else {
            return .abstain(.ruleUnsupported)
        }
        guard let spot = feed.latest else { return .abstain(.feedMissing) }
        if now - spot.feedAt > terms.feedAgeMax { return .abstain(.feedStale) }
        guard let variance = feed.variancePerSecond, variance > 0 else {
            return .abstain(.volatilityUnknown)
        }
        if now < market.start { return .believe(coin(market, spot, variance, at: now)) }
        guard let strike = strike(of: market) else { return .abstain(.strikeUnknown) }
        if strike.feedAt - market.start > terms.strikeLagMax { return .abstain(.strikeLate) }
        // What is left counts from the feed's last value, not from now: the price is that old.
        guard market.end > spot.feedAt else { return .abstain(.nearEnd) }
        let version = rollout.version(for: market.start)
        let price = UpDownPrice(
            spot: spot, strike: strike.price, end: market.end, variancePerSecond: variance,
            terms: terms, tails: tails, learned: version?.learned,
            driftPerSecond: feed.driftPerSecond)
        var opinion = price.opinion(at: now)
        if let version { opinion.features.add("learned_version", Double(version.height)) }
        return .believe(opinion)
    }

    /// Before the start the market is a coin: the strike will be the price itself.
    private func coin(
        _ market: UpDownMarket, _ spot: SpotObservation, _ variance: Double, at now: Timestamp
    ) -> Opinion {
        var features = FeatureVector()
        features.add("spot", spot.price.doubleValue)
        features.add("feed_age", (now - spot.feedAt).seconds)
        features.add("seconds_left", (market.end - now).seconds)
        features.add("seconds_to_start", (market.start - now).seconds)
        features.add("sigma_second", variance.squareRoot())
        features.add("model_p", 0.5)
        let seconds = (market.start - now).nanoseconds / 1_000_000_000
        return Opinion(
            probability: 0.5, low: 0.495, high: 0.505, weight: terms.modelWeight,
            basis: spot.price.doubleValue, sensitivity: 0, features: features,
            signal: "the market starts in \(seconds) s: a coin")
    }

    // MARK: Controls

    /// A market that is believed entirely: no weight on a model.
    private func marketBelief(_ market: MarketView) -> Opinion {
        let mid = min(0.999, max(0.001, market.mid))
        var features = FeatureVector()
        features.add("model_p", mid)
        return Opinion(
            probability: mid, low: mid, high: mid, weight: 0, basis: mid, sensitivity: 0,
            features: features, signal: "the market is right")
    }

    /// A side by the hash of seed, tick and instrument, on some ticks.
    private func flip(_ market: MarketView) -> Assessment {
        let name = market.instrument.id.name
        var mixed = terms.seed
        for word in [
            market.tick.rawValue, name.first, name.second, name.third, name.fourth,
        ] {
            mixed = scramble(mixed ^ word)
        }
        guard mixed % terms.flipEvery == 0 else { return .abstain(.notItsTurn) }
        var opinion = marketBelief(market)
        let side: Side = (mixed >> 32) % 2 == 0 ? .buy : .sell
        opinion.signal = "the coin says \(side)"
        return .gamble(side, opinion)
    }

    /// SplitMix64's finaliser (Steele, Lea and Flood 2014).
    private func scramble(_ word: UInt64) -> UInt64 {
        var mixed = word &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
