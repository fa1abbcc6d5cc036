import Trading
import Wire

/// The registry in snapshots, and what must hold of its sums.
extension RiskEngine {
    /// The registry as it was stated, sets in key order, and the changes of rules that wait for a
    /// review.
    func writeRegistry(into writer: inout SnapshotWriter) {
        if registry.exists {
            writer.append(
                SnapshotRegistry(
                    version: registry.version, digest: registry.digest,
                    operator: registry.signer, awaited: registry.awaited))
        }
        for (key, set) in registry.sets.sorted(by: { $0.key < $1.key }) {
            var statement = set.statement
            statement.envelope = .unset
            writer.append(statement)
            for link in set.standing.links {
                writer.append(
                    RegistryLink(
                        venue: key.venue, eventSet: key.eventSet, isPattern: Flag(key.isPattern),
                        bucket: registry.buckets[Int(link)].name))
            }
            for rule in set.standing.rules {
                writer.append(
                    RegistryRule(
                        venue: key.venue, eventSet: key.eventSet, isPattern: Flag(key.isPattern),
                        ruleHash: rule))
            }
        }
        let known = instruments.indices.map { instruments[$0] }
        for instrument in known.sorted(by: { $0.id < $1.id }) {
            guard let rule = instrument.changedRule else { continue }
            writer.append(SnapshotRuleChange(instrument: instrument.id, ruleHash: rule))
        }
    }

    /// Linked and disputed losses are the sums of what the books of such events can lose.
    func firstRegistryBreak() -> String? {
        var linked: [BookKey: Money] = [:]
        var disputed: [Int32: Money] = [:]
        for index in books.indices {
            let node = nodes[Int(books[index].node)]
            let set = events[books[index].event]
            for link in set.standing.links {
                let key = BookKey(node: books[index].node, event: link)
                linked[key, default: .zero] += books[index].loss
            }
            guard set.isDisputed else { continue }
            disputed[node.meter, default: .zero] += books[index].loss
            if node.level == .firm, let member = set.members.first {
                disputed[set.meter, default: .zero] += books[index].loss
                disputed[instruments[member].venueMeter, default: .zero] += books[index].loss
            }
        }
        for index in meters.indices where meters[index].disputed != disputed[index] ?? .zero {
            return "\(meters[index].key) counts \(meters[index].disputed) in dispute"
        }
        for (bucket, link) in registry.buckets.enumerated() {
            for node in nodes.indices.map(Int32.init) {
                let wanted = linked[BookKey(node: node, event: Int32(bucket))] ?? .zero
                if link[node] != wanted {
                    return "linked events \(link.name) count a loss of \(link[node])"
                }
            }
        }
        return nil
    }
}
