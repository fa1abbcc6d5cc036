import Cryptography
import FedSync
import Federation
import Runtime
import TestSupport
import Testing
import Trading
import Transport
import Wire

/// A federation of `count` peers with real keys, each with a state directory of its own.
struct FederationSample {
    struct Member {
        let identity: Ed25519PrivateKey
        let folder: FedSyncFolder
        let peer: InvitedPeer

        var id: PeerID { peer.peer.id }
    }

    static let parameters = [
        SetParameter(name: "volatility", initial: 1, window: 0.5),
        SetParameter(name: "drift", initial: 0, window: 0.25),
    ]

    let root: Ed25519PrivateKey
    let unsigned: Invitation
    let invitation: Invitation
    let members: [Member]

    init(count: Int, adam: AdamTerms? = nil) throws {
        let key = try Ed25519PrivateKey.generate()
        root = key
        var members: [Member] = []
        for index in 0..<count {
            let identity = try Ed25519PrivateKey.generate()
            let pair = try CurveKeyPair.generate()
            let proof = try identity.sign(InvitedPeer.curveStatement(pair.publicKey))
            let folder = FedSyncFolder(
                state: StateDirectory(try ScratchFolder.make("fed-\(index)")))
            try folder.prepare()
            for path in [folder.identityKey, folder.checkpointKey] {
                let secret = path == folder.identityKey ? identity.seed : try .random(count: 32)
                try SecretFile.write(SecretBytes(Array("\(secret.hex)\n".utf8)), to: path)
            }
            try SecretFile.write(
                SecretBytes(Array(pair.secretKey.reveal().utf8)), to: folder.curveKey)
            members.append(
                Member(
                    identity: identity, folder: folder,
                    peer: InvitedPeer(
                        label: try #require(ShortName("p\(index)")),
                        address: try Endpoint(path: "/p\(index)"), curve: pair.publicKey,
                        peer: RosterPeer(
                            id: PeerID(identity: identity.publicKey),
                            identity: identity.publicKey,
                            curveKey: try #require(Digest(bytes: pair.publicKey.bytes)),
                            keyEpoch: 0, validFrom: Timestamp(seconds: 1_600_000_000),
                            validUntil: Timestamp(seconds: 2_500_000_000)),
                        curveProof: try #require(SignatureBytes(bytes: proof)))))
        }
        self.members = members
        var configuration = RoundConfiguration(
            windows: FederationSample.parameters.map(\.window))
        configuration.peersMin = 3
        configuration.stageMillis = 1_000
        configuration.adam = adam
        unsigned = Invitation(
            name: try #require(ShortName("sample")), set: "crypto",
            parameters: FederationSample.parameters, configuration: configuration,
            peers: members.map(\.peer),
            terms: Invitation.Terms(
                version: 1, epoch: 1, expires: Timestamp(seconds: 2_400_000_000), threshold: 1,
                roots: [try #require(Digest(bytes: key.publicKey.bytes))]),
            signatures: [])
        invitation = try unsigned.signed(by: key)
        for member in members {
            try BinaryFile.write(invitation.yaml, to: member.folder.invitation)
            try BinaryFile.write("in\n", to: member.folder.part)
        }
    }
}
