package import Trading

/// Judges facts before a model hears them: form, unit, range, time, repetition, jumps; and keeps
/// sources apart that are wrong too often (design: data quality).
///
/// Pure: a judgement depends on the facts before it alone.
package struct FactGate: Sendable {
    /// What became of a fact.
    package enum Verdict: Sendable, Equatable {
        case accepted
        /// Said before, word for word.
        case duplicate
        case refused(FactRefusal)
    }

    private struct Topic: Hashable {
        let source: String
        let kind: String
        let topic: String
        let names: [String]
    }

    private struct Memory {
        var last: FeedFact
        /// A jump that waits for a second fact that agrees.
        var pending: FeedFact?
    }

    private let rules: [String: FactRule]
    private var memory: [Topic: Memory] = [:]
    private var topicCounts: [String: Int] = [:]
    private var health: [String: SourceHealth] = [:]
    /// Facts of sources beyond the most that are kept.
    package private(set) var strangers: UInt64 = 0

    package static let sourcesMax = 64
    /// The topics of one source that are remembered, so that none can crowd out another.
    package static let topicsMax = 4_096
    /// A topic of which nothing was said for so long makes room for others.
    package static let memorySpan = Span.seconds(7 * 86_400)
    /// Clocks differ by a little.
    package static let skew = Span.seconds(2)

    package init(_ rules: [FactRule]) {
        precondition(Set(rules.map(\.kind)).count == rules.count, "one rule for a kind")
        self.rules = Dictionary(uniqueKeysWithValues: rules.map { ($0.kind, $0) })
    }

    package func rule(of kind: String) -> FactRule? { rules[kind] }

    /// The sources in the order of their names.
    package var sources: [(name: String, health: SourceHealth)] {
        health.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    package func health(of source: String) -> SourceHealth? { health[source] }

    /// Judges a fact and remembers it where it is believed.
    package mutating func take(_ fact: FeedFact) -> Verdict {
        guard health[fact.source] != nil || health.count < FactGate.sourcesMax else {
            strangers += 1
            return .refused(.tooManySources)
        }
        let topic = Topic(
            source: fact.source, kind: fact.kind, topic: fact.topic,
            names: fact.names.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        let before = memory[topic]
        if let before, before.last.event == fact.event, before.last.values == fact.values {
            health[fact.source, default: SourceHealth()].noteDuplicate()
            return .duplicate
        }
        if let refusal = fault(of: fact, after: before) {
            if refusal == .jump { memory[topic]?.pending = fact }
            return refuse(fact, because: refusal)
        }
        guard before != nil || makeRoom(for: fact) else {
            return refuse(fact, because: .tooManyTopics)
        }
        guard health[fact.source, default: SourceHealth()].noteGood(at: fact.ingest) else {
            return .refused(.quarantined)
        }
        if before == nil { topicCounts[fact.source, default: 0] += 1 }
        memory[topic] = Memory(last: fact)
        return .accepted
    }

    /// The model found impossible what the gate had let through.
    package mutating func disown(_ fact: FeedFact) {
        health[fact.source]?.note(.implausible)
    }

    /// Forgets what the source has long been silent about, if it has to.
    private mutating func makeRoom(for fact: FeedFact) -> Bool {
        guard topicCounts[fact.source, default: 0] >= FactGate.topicsMax else { return true }
        memory = memory.filter { topic, kept in
            topic.source != fact.source || fact.ingest - kept.last.ingest < FactGate.memorySpan
        }
        let left = memory.count { $0.key.source == fact.source }
        topicCounts[fact.source] = left
        return left < FactGate.topicsMax
    }

    private mutating func refuse(_ fact: FeedFact, because refusal: FactRefusal) -> Verdict {
        health[fact.source, default: SourceHealth()].note(refusal)
        return .refused(refusal)
    }

    private func fault(of fact: FeedFact, after before: Memory?) -> FactRefusal? {
        guard fact.schema == FeedFact.schema else { return .unknownSchema }
        guard let rule = rules[fact.kind] else { return .unknownKind }
        guard fact.unit == rule.unit else { return .wrongUnit }
        if fact.event > fact.ingest + FactGate.skew { return .fromTheFuture }
        for field in rule.fields {
            guard let value = fact.values[field.label] else { return .fieldMissing }
            guard field.range.contains(value) else { return .outOfRange }
        }
        for name in rule.names where fact.names[name]?.isEmpty ?? true { return .fieldMissing }
        guard let before else { return nil }
        if fact.event < before.last.event { return .outOfOrder }
        if fact.event == before.last.event { return .contradiction }
        return jumps(fact, from: before, rule) ? .jump : nil
    }

    /// A jump is believed when the fact that follows agrees with it.
    private func jumps(_ fact: FeedFact, from before: Memory, _ rule: FactRule) -> Bool {
        rule.fields.contains { field in
            guard let most = field.jumpMax, let value = fact.values[field.label],
                let last = before.last.values[field.label], abs(value - last) > most
            else { return false }
            guard let pending = before.pending?.values[field.label] else { return true }
            return abs(value - pending) > most
        }
    }
}
