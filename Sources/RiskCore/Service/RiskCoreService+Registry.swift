import Logging
import Risk
import Runtime
import Trading
import Wire

/// The registry of what may be traded: read at the start and whenever its file changes, journalled,
/// and then the engine's.
extension RiskCoreService {
    /// How often the file is looked at.
    static let registryInterval = Span.seconds(1)

    /// How many were refused.
    package var registriesRefused: Int64 { counters.registriesRefused }

    /// Takes a registry that was changed. One that is refused leaves the old one as it is.
    func takeRegistryWhereChanged() {
        guard let found = parts.registry?.look() else { return }
        do {
            try take(try found.get())
        } catch {
            counters.registriesRefused += 1
            log.error(
                "registry_refused",
                metadata: [
                    "why": "\(error)", "stays": "version \(engine.registryView.version)",
                ])
        }
    }

    private func take(_ registry: SignedRegistry) throws(ConfigurationError) {
        guard let facts = try RegistryFacts(registry, differingFrom: engine.registryView) else {
            return
        }
        apply(own: facts.began)
        for set in facts.sets { apply(own: set) }
        for link in facts.links { apply(own: link) }
        for rule in facts.rules { apply(own: rule) }
        let view = engine.registryView
        log.notice(
            "registry",
            metadata: [
                "version": "\(view.version)", "operator": "\(registry.signer)",
                "sets": "\(view.sets)", "watched": "\(view.watched)", "frozen": "\(view.frozen)",
            ])
    }
}
