package import Trading

/// Who decides in the crypto domain.
package enum CryptoPolicyKind: String, Sendable, CaseIterable {
    /// The model.
    case updown
    /// A control that takes random sides: it must lose about the spread and the fees.
    case coinFlip = "coin-flip"
    /// A control that believes the market: it must not trade.
    case believeMarket = "believe-market"
}

/// What the model of the five-minute markets depends on.
package struct UpDownTerms: Sendable, Equatable {
    package var kind = CryptoPolicyKind.updown
    package var feed = SpotFeed.Terms()
    /// Fat tails: Student-t returns of these degrees of freedom; nil is normal.
    package var tailDegrees: Double?
    /// No probability is believed nearer to 0 or 1 than this.
    package var probabilityFloor = 0.02
    /// How far volatility may be off, as a fraction of itself: about the standard error of an
    /// average that forgets 6 % a minute, which sees 32 returns at a time.
    package var volatilityError = 0.125
    /// How many deviations the price may have moved since the feed's last value.
    package var lagDeviations = 0.25
    /// How far the model is believed against the market.
    package var modelWeight = 0.5
    /// How long before the start of a market it is quoted.
    package var lead = Span.seconds(60)
    /// No quotes stand in the last part of a market.
    package var quietBeforeEnd = Span.seconds(45)
    package var feedAgeMax = Span.seconds(5)
    /// A strike that was observed later than this after the start is not trusted.
    package var strikeLagMax = Span.seconds(2)
    /// Seeds the random sides of the coin-flip control, which acts on one look in `flipEvery`.
    package var seed: UInt64 = 1
    package var flipEvery: UInt64 = 4

    package init() {}

    /// For the model's hash.
    package var canonicalText: String {
        [
            "policy=\(kind.rawValue)", "secondDecay=\(feed.secondDecay)",
            "minuteDecay=\(feed.minuteDecay)", "smoothing=\(feed.smoothing)",
            "minutesHalf=\(feed.minutesHalf)", "secondsMin=\(feed.secondsMin)",
            "pauseMax=\(feed.pauseMax.nanoseconds)",
            "tails=\(tailDegrees.map { "student-\($0)" } ?? "normal")",
            "floor=\(probabilityFloor)", "volatilityError=\(volatilityError)",
            "lagDeviations=\(lagDeviations)", "weight=\(modelWeight)",
            "lead=\(lead.nanoseconds)", "quiet=\(quietBeforeEnd.nanoseconds)",
            "feedAgeMax=\(feedAgeMax.nanoseconds)", "strikeLagMax=\(strikeLagMax.nanoseconds)",
            "seed=\(seed)", "flipEvery=\(flipEvery)",
        ].joined(separator: " ")
    }
}
