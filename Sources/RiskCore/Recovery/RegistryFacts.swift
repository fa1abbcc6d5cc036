package import Risk
package import Runtime
import Trading
package import Wire

/// A signed registry as the commands that state it, or why it is not taken.
package struct RegistryFacts {
    package let began: RegistryBegan
    package private(set) var sets: [RegistrySet] = []
    package private(set) var links: [RegistryLink] = []
    package private(set) var rules: [RegistryRule] = []

    /// Nil when the engine has the whole of it already.
    ///
    /// Throws where the version is older than what the journal has, or the same with other words.
    package init?(
        _ registry: SignedRegistry, differingFrom known: RegistryView
    ) throws(ConfigurationError) {
        let version = registry.file.version
        let isSame = version == known.version && registry.digest == known.digest
        if isSame, known.isWhole { return nil }
        guard version > known.version || isSame else {
            throw registry.file.staleVersion(
                expected: "a version above \(known.version), which holds")
        }
        for entry in registry.file.sets {
            let set = entry.statement
            sets.append(set)
            for bucket in entry.links {
                links.append(
                    RegistryLink(
                        venue: set.venue, eventSet: set.eventSet, isPattern: set.isPattern,
                        bucket: bucket))
            }
            for rule in entry.rules {
                rules.append(
                    RegistryRule(
                        venue: set.venue, eventSet: set.eventSet, isPattern: set.isPattern,
                        ruleHash: rule))
            }
        }
        began = RegistryBegan(
            version: version, digest: registry.digest, operator: registry.signer,
            statements: UInt32(sets.count + links.count + rules.count))
    }
}
