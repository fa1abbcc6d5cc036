import Cryptography
package import Federation
package import Trading
package import Transport
package import Wire

/// One parameter of a set that a federation learns.
package struct SetParameter: Sendable, Equatable {
    package let name: String
    /// What it is before anybody has learned anything.
    package let initial: Double
    /// The most that one round may move it, above zero.
    package let window: Double

    package init(name: String, initial: Double, window: Double) {
        self.name = name
        self.initial = initial
        self.window = window
    }
}

/// A peer as an invitation lists it. Label and address are for people and for connecting; who a
/// peer is follows from its keys alone.
package struct InvitedPeer: Sendable {
    package let label: ShortName
    package let address: Endpoint
    package let curve: CurvePublicKey
    package let peer: RosterPeer
    /// The peer's own signature over its CURVE key.
    package let curveProof: SignatureBytes

    package init(
        label: ShortName, address: Endpoint, curve: CurvePublicKey, peer: RosterPeer,
        curveProof: SignatureBytes
    ) {
        self.label = label
        self.address = address
        self.curve = curve
        self.peer = peer
        self.curveProof = curveProof
    }

    /// The name of the peer on links.
    package var process: ProcessID { ProcessID(peer.id.description) ?? .empty }

    /// The bytes by which an identity vouches for the key of its links.
    package static func curveStatement(_ curve: CurvePublicKey) -> [UInt8] {
        var bytes = ByteWriter(tag: "FedSync/v1/curve-key")
        bytes.append(contentsOf: curve.bytes)
        return bytes.bytes
    }
}

/// Everything that joining a federation takes, in one file that its reader can read: who belongs
/// to it, what is learned, the floors of secrecy, and the signatures of the root keys.
///
/// The federation's id is the hash of its name and of the set with all floors, so that the roots'
/// signatures over the roster hold for those too: another set is another federation.
package struct Invitation: Sendable {
    package let name: ShortName
    package let set: String
    package let parameters: [SetParameter]
    package let configuration: RoundConfiguration
    package let peers: [InvitedPeer]
    package let roster: Roster
    package let signatures: [RootSignature]

    /// The parts of a roster that an invitation states of itself.
    package struct Terms: Sendable {
        package var version: UInt64
        package var epoch: UInt64
        package var expires: Timestamp
        package var threshold: Int
        package var roots: [Digest]

        package init(
            version: UInt64, epoch: UInt64, expires: Timestamp, threshold: Int, roots: [Digest]
        ) {
            self.version = version
            self.epoch = epoch
            self.expires = expires
            self.threshold = threshold
            self.roots = roots
        }
    }

    package init(
        name: ShortName, set: String, parameters: [SetParameter],
        configuration: RoundConfiguration, peers: [InvitedPeer], terms: Terms,
        signatures: [RootSignature]
    ) {
        self.name = name
        self.set = set
        self.parameters = parameters
        var configuration = configuration
        configuration.schemaHash = Invitation.schema(set, parameters)
        self.configuration = configuration
        self.peers = peers
        roster = Roster(
            federation: Invitation.federation(name, parameters, configuration),
            version: terms.version, epoch: terms.epoch, expires: terms.expires,
            threshold: terms.threshold, roots: terms.roots, peers: peers.map(\.peer))
        self.signatures = signatures
    }

    /// The model of height zero.
    package var initial: ModelState {
        let memory = configuration.adam == nil ? 0 : 2 * parameters.count
        return ModelState(
            parameters: parameters.map(\.initial), moments: [Double](repeating: 0, count: memory))
    }

    /// What people compare with each other before they trust: the id of the federation and its
    /// root keys in 16 hexadecimal digits.
    package var fingerprint: String {
        var bytes = ByteWriter(tag: "FedSync/v1/fingerprint")
        bytes.append(roster.federation)
        bytes.append(UInt32(roster.threshold))
        for root in roster.roots { bytes.append(root) }
        return String(bytes.digest.description.prefix(16))
    }

    package func peer(_ id: PeerID) -> InvitedPeer? { peers.first { $0.peer.id == id } }

    private static func schema(_ set: String, _ parameters: [SetParameter]) -> Digest {
        var bytes = ByteWriter(tag: "FedSync/v1/schema")
        for name in [set] + parameters.map(\.name) {
            bytes.append(UInt32(name.utf8.count))
            bytes.append(contentsOf: name.utf8)
        }
        return bytes.digest
    }

    private static func federation(
        _ name: ShortName, _ parameters: [SetParameter], _ configuration: RoundConfiguration
    ) -> Digest {
        var bytes = ByteWriter(tag: "FedSync/v1/federation")
        bytes.append(UInt32(name.description.utf8.count))
        bytes.append(contentsOf: name.description.utf8)
        bytes.append(ModelState(parameters: parameters.map(\.initial)).digest)
        bytes.append(configuration.digest)
        return bytes.digest
    }
}
