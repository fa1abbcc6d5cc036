import Cryptography
import Wire

/// Reads U1 as a coordinator relays it, and rebuilds each advertisement as it was signed: what has
/// been changed in it has no valid signature.
package struct KeySetReading {
    private let facts: RoundFacts
    private let book: RosterBook

    package init(facts: RoundFacts, book: RosterBook) {
        self.facts = facts
        self.book = book
    }

    package func read(_ frame: [UInt8]) throws(RoundRefusal) -> RoundMembers {
        let keys: [FederationKeySet.KeysEntry]
        let others: [FederationKeySet.HashesEntry]
        do throws(WireError) {
            keys = try FederationKeySet.keys(in: frame)
            others = try FederationKeySet.hashes(in: frame)
        } catch {
            throw .malformed
        }
        var rows: [(peer: PeerID, hash: Digest, advertisement: Advertisement?)] = []
        rows.reserveCapacity(keys.count + others.count)
        var seen: Set<Digest> = []
        for entry in keys {
            let peer = PeerID(entry.peer)
            guard seen.insert(entry.maskKey).inserted, seen.insert(entry.shareKey).inserted else {
                throw .keyTwice
            }
            rows.append((peer, try verifiedHash(of: entry), try advertisement(of: entry)))
        }
        for entry in others {
            guard Int(entry.place) < book.roster.peers.count else { throw .unknownPeer }
            rows.append((book.roster.peers[Int(entry.place)].id, entry.hash, nil))
        }
        rows.sort { $0.peer < $1.peer }
        for (row, next) in zip(rows, rows.dropFirst()) where row.peer == next.peer {
            throw .keyTwice
        }
        guard !rows.isEmpty else { throw .tooFewPeers(0) }
        return RoundMembers(
            peers: rows.map(\.peer), hashes: rows.map(\.hash),
            advertisements: rows.map(\.advertisement), facts: facts)
    }

    private func advertisement(
        of entry: FederationKeySet.KeysEntry
    ) throws(RoundRefusal) -> Advertisement {
        do throws(CryptoError) {
            return Advertisement(
                maskKey: try X25519PublicKey(bytes: entry.maskKey.bytes),
                shareKey: try X25519PublicKey(bytes: entry.shareKey.bytes))
        } catch {
            throw .unusableKey(PeerID(entry.peer))
        }
    }

    private func verifiedHash(
        of entry: FederationKeySet.KeysEntry
    ) throws(RoundRefusal) -> Digest {
        let id = PeerID(entry.peer)
        guard let peer = book.roster.peer(id), peer.keyEpoch == entry.keyEpoch else {
            throw .unknownPeer
        }
        let bytes = KeySetReading.message(of: entry, facts: facts).signedBytes
        guard peer.identity.isValid(entry.signature.bytes, for: bytes) else {
            throw .badAdvertisement(id)
        }
        return Digest.sha256(bytes)
    }

    /// The hash of the advertisement that the frame gives a peer, or nil where it gives none.
    static func hash(of peer: PeerID, in frame: [UInt8], facts: RoundFacts) -> Digest? {
        var found: Digest?
        do throws(WireError) {
            try FederationKeySet.forEachKeys(in: frame.span.bytes) { entry in
                if PeerID(entry.peer) == peer { found = message(of: entry, facts: facts).hash }
            }
        } catch {
            return nil
        }
        return found
    }

    private static func message(
        of entry: FederationKeySet.KeysEntry, facts: RoundFacts
    ) -> SignedMessage {
        SignedMessage(
            template: FederationAdvertise.templateID, federation: facts.federation,
            round: facts.round, sender: PeerID(entry.peer), keyEpoch: entry.keyEpoch,
            number: entry.number, issuedMillis: entry.issuedMillis,
            expiresMillis: entry.expiresMillis, previous: entry.previous,
            lineage: facts.parent.model, configuration: facts.configurationHash,
            payload: FederationAdvertise(
                maskKey: entry.maskKey, shareKey: entry.shareKey
            ).frame(),
            signature: entry.signature)
    }
}
