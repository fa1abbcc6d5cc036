package import Cryptography
package import Trading
package import Wire

/// A peer as the roster names it.
package struct RosterPeer: Sendable {
    package let id: PeerID
    package let identity: Ed25519PublicKey
    /// The key of its links.
    package let curveKey: Digest
    /// Rises when the peer rotates its keys.
    package let keyEpoch: UInt32
    package let validFrom: Timestamp
    package let validUntil: Timestamp

    package init(
        id: PeerID, identity: Ed25519PublicKey, curveKey: Digest, keyEpoch: UInt32,
        validFrom: Timestamp, validUntil: Timestamp
    ) {
        self.id = id
        self.identity = identity
        self.curveKey = curveKey
        self.keyEpoch = keyEpoch
        self.validFrom = validFrom
        self.validUntil = validUntil
    }

    package func isValid(at now: Timestamp) -> Bool { validFrom <= now && now < validUntil }
}

/// Why a roster, a rotation or a revocation is refused.
package enum RosterError: Error, Equatable {
    case otherFederation
    case versionNotHigher(known: UInt64, found: UInt64)
    case expired
    case tooFewSignatures(needed: Int, valid: Int)
    case badThreshold(Int, roots: Int)
    case peerTwice(PeerID)
    case weakKey(PeerID)
    case wrongName(PeerID)
    case unknownPeer(PeerID)
    case wrongKeyEpoch(known: UInt32, found: UInt32)
    case badSignature(PeerID)
}

/// Who belongs to a federation. Peers stand in the order of their names.
package struct Roster: Sendable {
    package let federation: Digest
    package let version: UInt64
    package let epoch: UInt64
    package let expires: Timestamp
    /// How many root keys must sign.
    package let threshold: Int
    package let roots: [Digest]
    package let peers: [RosterPeer]

    package init(
        federation: Digest, version: UInt64, epoch: UInt64, expires: Timestamp, threshold: Int,
        roots: [Digest], peers: [RosterPeer]
    ) {
        self.federation = federation
        self.version = version
        self.epoch = epoch
        self.expires = expires
        self.threshold = threshold
        self.roots = roots
        self.peers = peers.sorted { $0.id < $1.id }
    }

    /// The bytes that the root keys sign.
    package var signedBytes: [UInt8] {
        var bytes = ByteWriter(tag: "FedSync/v1/roster", capacity: 128 + peers.count * 120)
        bytes.append(federation)
        bytes.append(version)
        bytes.append(epoch)
        bytes.append(expires.nanoseconds)
        bytes.append(UInt32(threshold))
        bytes.append(UInt32(roots.count))
        for root in roots { bytes.append(root) }
        bytes.append(UInt32(peers.count))
        for peer in peers {
            bytes.append(peer.id)
            bytes.append(contentsOf: peer.identity.bytes)
            bytes.append(peer.curveKey)
            bytes.append(peer.keyEpoch)
            bytes.append(peer.validFrom.nanoseconds)
            bytes.append(peer.validUntil.nanoseconds)
        }
        return bytes.bytes
    }

    package var digest: Digest { Digest.sha256(signedBytes) }

    /// The place of a peer among the others.
    package func place(of peer: PeerID) -> Int? {
        var low = 0
        var high = peers.count
        while low < high {
            let middle = (low + high) / 2
            if peers[middle].id < peer { low = middle + 1 } else { high = middle }
        }
        return low < peers.count && peers[low].id == peer ? low : nil
    }

    package func peer(_ id: PeerID) -> RosterPeer? { place(of: id).map { peers[$0] } }

    /// How many of `signatures` are of distinct keys of `roots` over these bytes.
    static func validSignatures(
        _ signatures: [RootSignature], over bytes: [UInt8], roots: [Digest]
    ) -> Int {
        var counted: Set<Digest> = []
        for signature in signatures where roots.contains(signature.root) {
            guard !counted.contains(signature.root),
                let key = Ed25519PublicKey.parse(signature.root), !key.isOfSmallOrder,
                key.isValid(signature.signature.bytes, for: bytes)
            else { continue }
            counted.insert(signature.root)
        }
        return counted.count
    }
}

/// A signature by a root key.
package struct RootSignature: Sendable {
    package let root: Digest
    package let signature: SignatureBytes

    package init(root: Digest, signature: SignatureBytes) {
        self.root = root
        self.signature = signature
    }
}

/// Keeps the newest roster that holds: versions only rise, a new one is signed by the roots of the
/// old one and by its own (as TUF has it), and what has expired is no roster.
package struct RosterBook: Sendable {
    package private(set) var roster: Roster
    private var revoked: Set<PeerID> = []

    /// Starts from a roster that its reader trusts: its root keys were compared by people.
    package init(
        trusting roster: Roster, signatures: [RootSignature], at now: Timestamp
    ) throws(RosterError) {
        try RosterBook.check(roster, signatures, at: now)
        self.roster = roster
    }

    /// Replaces the roster.
    package mutating func accept(
        _ next: Roster, signatures: [RootSignature], at now: Timestamp
    ) throws(RosterError) {
        guard next.federation == roster.federation else { throw .otherFederation }
        guard next.version > roster.version else {
            throw .versionNotHigher(known: roster.version, found: next.version)
        }
        let valid = Roster.validSignatures(
            signatures, over: next.signedBytes, roots: roster.roots)
        guard valid >= roster.threshold else {
            throw .tooFewSignatures(needed: roster.threshold, valid: valid)
        }
        try RosterBook.check(next, signatures, at: now)
        roster = next
        revoked = revoked.filter { next.place(of: $0) != nil }
    }

    /// Takes a peer out until a later roster leaves it out for good.
    package mutating func revoke(
        _ peer: PeerID, reason: UInt32, signatures: [RootSignature]
    ) throws(RosterError) {
        guard roster.place(of: peer) != nil else { throw .unknownPeer(peer) }
        let bytes = RosterBook.revocation(of: peer, roster: roster, reason: reason)
        let valid = Roster.validSignatures(signatures, over: bytes, roots: roster.roots)
        guard valid >= roster.threshold else {
            throw .tooFewSignatures(needed: roster.threshold, valid: valid)
        }
        revoked.insert(peer)
    }

    /// Replaces a peer's keys. Both the old and the new identity sign.
    package mutating func rotate(_ rotation: KeyRotation) throws(RosterError) {
        guard let place = roster.place(of: rotation.peer) else {
            throw .unknownPeer(rotation.peer)
        }
        let old = roster.peers[place]
        guard rotation.keyEpoch == old.keyEpoch &+ 1 else {
            throw .wrongKeyEpoch(known: old.keyEpoch, found: rotation.keyEpoch)
        }
        guard let identity = Ed25519PublicKey.parse(rotation.identity), !identity.isOfSmallOrder
        else { throw .weakKey(rotation.peer) }
        let bytes = rotation.signedBytes(federation: roster.federation)
        guard old.identity.isValid(rotation.oldSignature.bytes, for: bytes),
            identity.isValid(rotation.newSignature.bytes, for: bytes)
        else { throw .badSignature(rotation.peer) }
        var peers = roster.peers
        peers[place] = RosterPeer(
            id: old.id, identity: identity, curveKey: rotation.curveKey,
            keyEpoch: rotation.keyEpoch, validFrom: old.validFrom, validUntil: old.validUntil)
        roster = Roster(
            federation: roster.federation, version: roster.version, epoch: roster.epoch,
            expires: roster.expires, threshold: roster.threshold, roots: roster.roots,
            peers: peers)
    }

    /// The peer if it may speak now: named, not revoked, within its time.
    package func activePeer(_ id: PeerID, at now: Timestamp) -> RosterPeer? {
        guard !revoked.contains(id), let peer = roster.peer(id), peer.isValid(at: now) else {
            return nil
        }
        return peer
    }

    package func activePeers(at now: Timestamp) -> [PeerID] {
        roster.peers.lazy.filter { $0.isValid(at: now) && !revoked.contains($0.id) }.map(\.id)
    }

    package func isExpired(at now: Timestamp) -> Bool { now >= roster.expires }

    /// The bytes that revoke a peer.
    package static func revocation(
        of peer: PeerID, roster: Roster, reason: UInt32
    ) -> [UInt8] {
        var bytes = ByteWriter(tag: "FedSync/v1/revoke")
        bytes.append(roster.federation)
        bytes.append(roster.version)
        bytes.append(peer)
        bytes.append(reason)
        return bytes.bytes
    }

    private static func check(
        _ roster: Roster, _ signatures: [RootSignature], at now: Timestamp
    ) throws(RosterError) {
        let roots = Set(roster.roots).count
        guard roster.threshold > 0, roster.threshold <= roots else {
            throw .badThreshold(roster.threshold, roots: roots)
        }
        guard now < roster.expires else { throw .expired }
        let valid = Roster.validSignatures(
            signatures, over: roster.signedBytes, roots: roster.roots)
        guard valid >= roster.threshold else {
            throw .tooFewSignatures(needed: roster.threshold, valid: valid)
        }
        var names: Set<PeerID> = []
        var keys: Set<[UInt8]> = []
        for peer in roster.peers {
            guard names.insert(peer.id).inserted, keys.insert(peer.identity.bytes).inserted else {
                throw .peerTwice(peer.id)
            }
            if peer.identity.isOfSmallOrder { throw .weakKey(peer.id) }
            if peer.keyEpoch == 0, PeerID(identity: peer.identity) != peer.id {
                throw .wrongName(peer.id)
            }
        }
    }
}

/// A peer's new keys.
package struct KeyRotation: Sendable {
    package let peer: PeerID
    package let keyEpoch: UInt32
    package let identity: Digest
    package let curveKey: Digest
    package var oldSignature = SignatureBytes.zero
    package var newSignature = SignatureBytes.zero

    package init(peer: PeerID, keyEpoch: UInt32, identity: Digest, curveKey: Digest) {
        self.peer = peer
        self.keyEpoch = keyEpoch
        self.identity = identity
        self.curveKey = curveKey
    }

    package func signedBytes(federation: Digest) -> [UInt8] {
        var bytes = ByteWriter(tag: "FedSync/v1/rotate")
        bytes.append(federation)
        bytes.append(peer)
        bytes.append(keyEpoch)
        bytes.append(identity)
        bytes.append(curveKey)
        return bytes.bytes
    }
}

extension Ed25519PublicKey {
    /// The key of 32 bytes, or nil where they are none.
    package static func parse(_ digest: Digest) -> Ed25519PublicKey? {
        do throws(CryptoError) {
            return try Ed25519PublicKey(bytes: digest.bytes)
        } catch {
            return nil
        }
    }
}
