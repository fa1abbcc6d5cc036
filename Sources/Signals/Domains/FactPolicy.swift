package import Trading

/// How a belief becomes an opinion.
package struct BeliefTerms: Sendable, Equatable {
    /// How far the model is believed against the market.
    package var modelWeight = 0.5
    /// The interval is the probability and so many of its deviations to each side.
    package var deviations = 1.0
    /// No probability is believed nearer to 0 or 1 than this.
    package var probabilityFloor = 0.02
    /// Inputs older than so many times their freshness stop the model.
    package var overdueMax = 3.0
    /// What an optional input in doubt does to the interval.
    package var doubtFactor = 2.0

    package init() {}

    /// For the model's hash.
    package var canonicalText: String {
        "weight=\(modelWeight) deviations=\(deviations) floor=\(probabilityFloor) "
            + "overdueMax=\(overdueMax) doubt=\(doubtFactor)"
    }
}

/// The policy of every domain whose facts come from named sources: judges the facts, asks the
/// domain for a belief, and says how far it can be trusted.
package struct FactPolicy<Domain: DomainBelief>: DomainPolicy {
    package typealias Observation = FeedFact

    package private(set) var domain: Domain
    package private(set) var gate: FactGate
    private let terms: BeliefTerms
    private let rules: [FactRule]

    package init(
        _ domain: Domain, _ terms: BeliefTerms = BeliefTerms(), rules: [FactRule]? = nil
    ) {
        self.domain = domain
        self.terms = terms
        self.rules = rules ?? Domain.rules
        gate = FactGate(self.rules)
    }

    package var version: UInt32 { 1 }

    package var modelText: String {
        "\(domain.modelText), weight \(terms.modelWeight)"
    }

    package var canonicalText: String {
        "\(domain.canonicalText) \(terms.canonicalText) "
            + rules.map(\.canonicalText).joined(separator: ";")
    }

    package var sources: [(name: String, health: SourceHealth)] { gate.sources }

    package mutating func observe(_ fact: FeedFact) -> FactRefusal? {
        switch gate.take(fact) {
        case .refused(let refusal): return refusal
        case .duplicate: return nil
        case .accepted:
            do {
                try domain.learn(fact)
                return nil
            } catch {
                gate.disown(fact)
                return .implausible
            }
        }
    }

    package func window(of instrument: Instrument) -> TradingWindow? {
        domain.window(of: instrument)
    }

    package func assess(_ market: MarketView, at now: Timestamp) -> Assessment {
        switch domain.belief(of: market.instrument, at: now) {
        case .abstain(let reason): return .abstain(reason)
        case .believe(let belief):
            var doubt = InputDoubt()
            for input in belief.inputs {
                if let reason = add(input, to: &doubt, at: now) { return .abstain(reason) }
            }
            return .believe(opinion(belief, doubt))
        }
    }

    /// Weighs one input; a reason where nothing can be said without it.
    private func add(
        _ input: Belief.Input, to doubt: inout InputDoubt, at now: Timestamp
    ) -> Abstention? {
        doubt.count += 1
        let age = max(0, (now - input.at).seconds)
        doubt.age = max(doubt.age, age)
        if let cause = gate.health(of: input.source)?.quarantine {
            guard input.isOptional else { return .feedQuarantined }
            doubt.quarantined += 1
            doubt.factor *= terms.doubtFactor
            doubt.words.append("\(input.source) is in quarantine (\(cause))")
            return nil
        }
        guard let freshness = gate.rule(of: input.kind)?.freshness else { return nil }
        let overdue = age / freshness.seconds
        guard overdue > 1 else { return nil }
        if overdue > terms.overdueMax, !input.isOptional { return .feedStale }
        doubt.stale += 1
        doubt.factor *= min(overdue, terms.overdueMax)
        doubt.words.append("\(input.kind) of \(input.source) is \(Int(age)) s old")
        return nil
    }

    private func opinion(_ belief: Belief, _ doubt: InputDoubt) -> Opinion {
        let floor = terms.probabilityFloor
        func bounded(_ value: Double) -> Double { min(1 - floor, max(floor, value)) }
        let middle = bounded(belief.probability)
        // An interval that does not even cover a cent pretends to know too much.
        let half = max(0.005, terms.deviations * belief.deviation) * doubt.factor
        var features = FeatureVector()
        for contribution in belief.contributions { features.add(contribution) }
        features.add("model_p", middle)
        features.add("model_deviation", belief.deviation)
        features.add("trust", belief.trust)
        features.add("inputs", Double(doubt.count))
        features.add("input_age", doubt.age)
        features.add("inputs_stale", Double(doubt.stale))
        features.add("inputs_quarantined", Double(doubt.quarantined))
        features.add("widened", doubt.factor)
        let percent = Int((middle * 100).rounded())
        let words = doubt.words.isEmpty ? "" : "; widened: " + doubt.words.joined(separator: ", ")
        return Opinion(
            probability: middle, low: bounded(middle - half), high: bounded(middle + half),
            weight: terms.modelWeight * belief.trust, basis: middle, sensitivity: 1,
            features: features,
            signal: "\(belief.signal): \(percent) %\(words)")
    }
}

/// What the state of the inputs does to a belief.
private struct InputDoubt {
    var count = 0
    var age = 0.0
    var stale = 0
    var quarantined = 0
    var factor = 1.0
    var words: [String] = []
}

extension FeatureVector {
    /// Adds a contribution under its label, with what a name may not contain as an underscore.
    mutating func add(_ contribution: Contribution) {
        let plain = contribution.label.utf8.prefix(LongName.capacity).map { byte in
            let isAllowed =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            return isAllowed ? byte : UInt8(ascii: "_")
        }
        guard let name = LongName(String(decoding: plain, as: UTF8.self)),
            !features.contains(where: { $0.label == name }), features.count < 24
        else { return }
        add(copying: name, contribution.value)
    }
}
