package import Trading

/// Learned parameters on their way into use, and out of it.
///
/// A version that arrives is watched beside what is in use (shadow), then used for every fourth
/// market (canary), then for all (live). The evidence is the logarithmic score of forecasts that
/// both made of the same market. What is worse goes back at once, alone, and never returns: a
/// one-sided CUSUM (Page 1954) watches every stage, the last one too.
package struct UpDownRollout: Sendable, Equatable {
    /// A version as the federation committed it.
    package struct Version: Sendable, Equatable, Codable {
        package let height: UInt64
        /// The hash of the model.
        package let model: String
        package let learned: UpDownLearned

        package init(height: UInt64, model: String, learned: UpDownLearned) {
            self.height = height
            self.model = model
            self.learned = learned
        }
    }

    package enum Stage: UInt8, Sendable, CaseIterable {
        case none, shadow, canary, live, reverted
    }

    package struct Terms: Sendable, Equatable {
        /// Markets that a version is watched for before it is used for some, and again for all.
        package var markets = 12
        /// One market in so many is a canary's.
        package var canaryShare: Int64 = 4
        /// Nats a market by which a version may be worse on average and still go on.
        package var tolerance = 0.005
        /// Nats a market that a version may be worse before the watch counts it.
        package var slack = 0.02
        /// Nats of the watch at which a version goes back.
        package var breach = 0.5

        package init() {}
    }

    /// What must not be forgotten.
    package struct Saved: Sendable, Equatable, Codable {
        package var live: Version?
        package var fallback: Version?
        /// Hashes of models that went back.
        package var refused: [String]

        package init(live: Version? = nil, fallback: Version? = nil, refused: [String] = []) {
            self.live = live
            self.fallback = fallback
            self.refused = refused
        }
    }

    private static let refusedMax = 256

    package let terms: Terms
    package private(set) var saved: Saved
    package private(set) var candidate: Version?
    package private(set) var stage: Stage
    /// Markets that have been judged in this stage.
    package private(set) var judged = 0
    private var sum = 0.0
    private var watch = 0.0

    package init(_ terms: Terms = Terms(), saved: Saved = Saved()) {
        self.terms = terms
        self.saved = saved
        stage = saved.live == nil ? .none : .live
    }

    /// What is used for a market that begins at a moment; nil is the model as it is.
    package func version(for market: Timestamp) -> Version? {
        let length = UpDownMarket.length.nanoseconds
        let isCanary = market.nanoseconds / length % terms.canaryShare == 0
        return stage == .canary && isCanary ? candidate : saved.live
    }

    /// Takes a version on, from its beginning; one that went back, or is in use or on its way, is
    /// none.
    package mutating func stage(_ version: Version) {
        guard !saved.refused.contains(version.model), version != saved.live,
            version != candidate
        else { return }
        candidate = version
        enter(.shadow)
    }

    /// Judges by the forecasts of a market that is over; whether anything changed.
    package mutating func judge(_ rows: [UpDownRow]) -> Bool {
        guard !rows.isEmpty, let (newer, older) = watched else { return false }
        let worse =
            rows.reduce(0) { $0 + $1.score(newer) - $1.score(older) } / Double(rows.count)
        judged += 1
        sum += worse
        watch = max(0, watch + worse - terms.slack)
        if watch > terms.breach { return revert() }
        guard stage == .shadow || stage == .canary, judged >= terms.markets else { return false }
        if sum / Double(judged) > terms.tolerance { return revert() }
        if stage == .shadow {
            enter(.canary)
        } else {
            saved.fallback = saved.live
            saved.live = candidate
            candidate = nil
            enter(.live)
        }
        return true
    }

    /// What is compared: the newcomer with what is in use, else that with what was before it.
    private var watched: (UpDownLearned, UpDownLearned)? {
        if let candidate { return (candidate.learned, saved.live?.learned ?? .neutral) }
        guard let live = saved.live else { return nil }
        return (live.learned, saved.fallback?.learned ?? .neutral)
    }

    private mutating func revert() -> Bool {
        if let candidate {
            refuse(candidate)
            self.candidate = nil
        } else if let live = saved.live {
            refuse(live)
            saved.live = saved.fallback
            saved.fallback = nil
        }
        enter(.reverted)
        return true
    }

    private mutating func refuse(_ version: Version) {
        saved.refused.append(version.model)
        if saved.refused.count > UpDownRollout.refusedMax { saved.refused.removeFirst() }
    }

    private mutating func enter(_ stage: Stage) {
        self.stage = stage
        (judged, sum, watch) = (0, 0, 0)
    }
}
