import Runtime
import Trading
import Transport

/// Who a command of the supervisor is in the cluster, without the rest of a daemon: no log, no
/// signals, no state of its own.
struct ClusterParty: Sendable {
    let configuration: ClusterConfiguration
    let state: StateDirectory
    let keys: KeyRing
    let identity: LinkIdentity

    init(configuration: ClusterConfiguration, state: StateDirectory, name: ProcessID) {
        self.configuration = configuration
        self.state = state
        keys = KeyRing(
            process: name, files: KeyFiles(root: state.keys(configuration.keys)),
            credentials: Variables.current()["CREDENTIALS_DIRECTORY"])
        identity = LinkIdentity(
            cluster: configuration.cluster, name: name,
            incarnation: Incarnation(UInt64(WallClock.now().nanoseconds)))
    }

    /// The party's own key pair and the public keys of those it talks to.
    func security(peers: [ProcessID]) throws(ProcessFailure) -> LoopSecurity {
        var directory: [ProcessID: CurvePublicKey] = [:]
        do {
            for peer in peers {
                directory[peer] = try CurvePublicKey(z85: keys.publicCurveText(of: peer))
            }
            return LoopSecurity(
                identity: try CurveIdentity(
                    name: identity.name, secretKey: CurveSecretKey(z85: keys.curveSecretText())),
                directory: try PeerDirectory(directory))
        } catch let failure as ProcessFailure {
            throw failure
        } catch {
            throw ProcessFailure(.usage, "the keys of \(identity.name) cannot be used: \(error)")
        }
    }

    func endpoint(of process: ProcessID, _ role: SocketRole) throws(ProcessFailure) -> Endpoint {
        do {
            return try Endpoint(parsing: configuration.address(of: process, role, in: state))
        } catch {
            throw ProcessFailure(.usage, "\(process), socket \(role.rawValue): \(error)")
        }
    }

    func link(_ process: ProcessID, _ role: SocketRole) throws(ProcessFailure) -> LinkName {
        let domain = ClusterConfiguration.domain(of: process, role)
        guard let link = LinkName(domain) else {
            throw ProcessFailure(.usage, "\(domain) is no name of a link")
        }
        return link
    }
}
