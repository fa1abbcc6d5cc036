import Trading
package import Wire

/// The registry that holds, in numbers and names: what a start compares with its file, and what
/// the status shows.
package struct RegistryView: Sendable, Hashable {
    /// Zero while there is none.
    package let version: UInt64
    package let digest: Digest
    package let isWhole: Bool
    package let sets: Int
    /// Instruments that are known and may not be traded, or only be wound down.
    package let watched: Int
    /// Instruments whose rule the venue has changed and nobody has reviewed since.
    package let frozen: Int
    /// Event sets whose outcome is proposed or disputed.
    package let disputed: Int
}

extension RiskEngine {
    /// The registry that holds.
    package var registryView: RegistryView {
        let members = instruments.indices.map { instruments[$0] }
        return RegistryView(
            version: registry.version, digest: registry.digest, isWhole: registry.isWhole,
            sets: registry.sets.count,
            watched: members.count {
                $0.settledAt == nil && events[$0.event].standing.lifecycle != .tradable
            },
            frozen: members.count { $0.changedRule != nil },
            disputed: events.indices.count { events[$0].isDisputed })
    }
}
