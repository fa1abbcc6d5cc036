import Cryptography
package import Trading
package import Wire

/// What two processes must have read alike before one of them may act for the other.
extension ClusterConfiguration {
    /// SHA-256 of what the core and one of its gateways or agents must share: the layout of
    /// messages, the cluster, its mode and times, and whose orders they are. What only one of the
    /// two goes by, such as an agent's parameters, may differ. Nil for a name that is neither's.
    package func terms(of process: ProcessID) -> Digest? {
        var lines = [
            "wire \(WireSchema.version) \(WireSchema.fingerprint)", "cluster \(cluster)",
            "mode \(mode)", "core \(core.name)", "heartbeat \(core.heartbeat.nanoseconds)",
            "lease \(core.lease.nanoseconds)",
        ]
        if let gateway = gateway(process) {
            lines.append(
                "gateway \(process) \(gateway.venue) \(gateway.org) \(gateway.account)"
                    + " \(gateway.isReplay)")
        } else if let agent = agent(process) {
            lines.append(
                "agent \(process) \(agent.venue) \(agent.org) \(agent.account) \(agent.strategy)")
        } else {
            return nil
        }
        return Digest(SHA256.hash(Array(lines.joined(separator: "\n").utf8)))
    }
}

extension Digest {
    /// The same 32 bytes.
    init(_ digest: SHA256Digest) { self = Digest(bytes: digest.bytes) ?? .zero }
}
