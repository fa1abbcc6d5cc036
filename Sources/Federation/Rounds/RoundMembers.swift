package import Cryptography
package import Wire

/// Why a peer leaves an attempt. It says nothing of any secret.
package enum RoundRefusal: Error, Equatable {
    case malformed
    case wrongStage
    case unsortedKeys
    case keyTwice
    case unknownPeer
    case badAdvertisement(PeerID)
    case ownKeysChanged
    case tooFewPeers(Int)
    case otherKeySet
    case otherShareSet
    case notASubset
    case leftOut
    case tooFewShares(Int)
    case tooFewSurvivors(Int)
    case tooFewSignatures(Int)
    case otherStatement
    case unusableKey(PeerID)
    case unusableUpdate
    case failed(CryptoError)
}

/// What a peer has advertised.
package struct Advertisement: Sendable {
    package let maskKey: X25519PublicKey
    package let shareKey: X25519PublicKey
}

/// U1: who takes part in an attempt, in the order of their names, and what follows from that.
package struct RoundMembers: Sendable {
    package let peers: [PeerID]
    /// What each has advertised; of those that are no neighbours it may be unknown.
    package let advertisements: [Advertisement?]
    /// H(U1), over every peer and the hash of its advertisement.
    package let hash: Digest
    package let graph: RoundGraph

    package init(
        peers: [PeerID], hashes: [Digest], advertisements: [Advertisement?], facts: RoundFacts
    ) {
        precondition(peers.count == hashes.count && peers.count == advertisements.count)
        self.peers = peers
        self.advertisements = advertisements
        var bytes = ByteWriter(tag: "FedSync/v1/keys", capacity: 64 + peers.count * 64)
        for (peer, hash) in zip(peers, hashes) {
            bytes.append(peer)
            bytes.append(hash)
        }
        hash = bytes.digest
        graph = RoundMembers.graph(count: peers.count, hash: hash, facts: facts)
    }

    package static func graph(count: Int, hash: Digest, facts: RoundFacts) -> RoundGraph {
        RoundGraph(
            count: count, seed: RoundGraph.seed(roundID: facts.id, keySet: hash),
            groupCount: min(facts.configuration.groupCount, count),
            degree: facts.configuration.degree)
    }

    package var count: Int { peers.count }

    package func place(of peer: PeerID) -> Int? { peers.firstIndex(of: peer) }

    /// A peer's neighbours and itself, in order: a share's slot is its place here, from 1.
    package func neighbourhood(of place: Int) -> [Int] {
        (graph.neighbours[place] + [place]).sorted()
    }

    /// Where `holder` stands in the neighbourhood of `owner`.
    package func slot(of holder: Int, in owner: Int) -> UInt16 {
        guard let index = neighbourhood(of: owner).firstIndex(of: holder) else {
            preconditionFailure("\(holder) is no neighbour of \(owner)")
        }
        return UInt16(index + 1)
    }

    package func threshold(of place: Int, _ configuration: RoundConfiguration) -> Int {
        configuration.threshold(groupOf: graph.size(of: graph.groups[place]))
    }

    /// The bytes to which a sealed pair of shares is bound.
    package func binding(facts: RoundFacts, from: Int, to: Int) -> [UInt8] {
        var bytes = ByteWriter(tag: "FedSync/v1/shares")
        bytes.append(facts.id)
        bytes.append(peers[from])
        bytes.append(peers[to])
        bytes.append(hash)
        return bytes.bytes
    }
}

/// The root over what the survivors sent: a binary tree of SHA-256 with tags for leaves and nodes.
package func merkleRoot(_ leaves: [(peer: PeerID, hash: Digest)]) -> Digest {
    var level = leaves.map { leaf in
        var bytes = ByteWriter()
        bytes.append(UInt8(0))
        bytes.append(leaf.peer)
        bytes.append(leaf.hash)
        return bytes.digest
    }
    while level.count > 1 {
        level = stride(from: 0, to: level.count, by: 2).map { index in
            guard index + 1 < level.count else { return level[index] }
            var bytes = ByteWriter()
            bytes.append(UInt8(1))
            bytes.append(level[index])
            bytes.append(level[index + 1])
            return bytes.digest
        }
    }
    return level.first ?? .zero
}

/// Two sealed shares: both secrets' and the tag.
package let sealedByteCount = 2 * SecretShare.byteCount + ChaCha20Poly1305.tagByteCount

/// Each direction of a pair has a key of its own that seals one message, so one nonce will do.
let shareNonce = [UInt8](repeating: 0, count: ChaCha20Poly1305.nonceByteCount)
