package import Trading

/// What a domain knows about its markets: the part of an agent that differs between domains.
///
/// Facts come through `FactGate` and `FactPolicy`, which ask for a belief and widen or stop it by
/// the state of the facts that it rests on.
package protocol DomainBelief: Sendable {
    /// What the facts of the domain look like.
    static var rules: [FactRule] { get }

    /// Takes a fact in; on refusal nothing changes.
    mutating func learn(_ fact: FeedFact) throws(ModelRefusal)

    /// When the instrument may be quoted; nil when it is none of this domain's.
    func window(of instrument: Instrument) -> TradingWindow?

    /// What a market of the domain is worth.
    func belief(of instrument: Instrument, at now: Timestamp) -> BeliefAnswer

    /// The model in one line.
    var modelText: String { get }

    /// Everything that the model's hash covers.
    var canonicalText: String { get }
}

/// What a domain answers about a market.
package enum BeliefAnswer: Sendable {
    case abstain(Abstention)
    case believe(Belief)
}

/// A probability of YES, what it was made of and what it rests on.
package struct Belief: Sendable {
    /// A fact that the belief would be different without.
    package struct Input: Sendable, Equatable {
        package let source: String
        package let kind: String
        package let at: Timestamp
        /// Whether the belief can stand on the others alone.
        package let isOptional: Bool

        package init(_ fact: FeedFact, isOptional: Bool = false) {
            source = fact.source
            kind = fact.kind
            at = fact.ingest
            self.isOptional = isOptional
        }
    }

    package let probability: Double
    /// One deviation of the probability itself.
    package let deviation: Double
    package let contributions: [Contribution]
    package let inputs: [Input]
    package let signal: String
    /// What part of the model's weight against the market this belief deserves, from 0 to 1: less
    /// than one where the market is known to rest on more than we have.
    package let trust: Double

    package init(
        probability: Double, deviation: Double, contributions: [Contribution], inputs: [Input],
        signal: String, trust: Double = 1
    ) {
        precondition(trust >= 0 && trust <= 1, "a part of a weight, got \(trust)")
        self.trust = trust
        self.probability = probability
        self.deviation = deviation
        self.contributions = contributions
        self.inputs = inputs
        self.signal = signal
    }
}
