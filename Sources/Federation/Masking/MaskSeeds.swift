package import Cryptography
package import Wire

/// How the keys of a round derive from what peers agree on. The round's id is the salt of each, so
/// that no key serves in two rounds or attempts.
package struct MaskSeeds: Sendable {
    package let roundID: Digest

    package init(roundID: Digest) { self.roundID = roundID }

    /// The seed of the mask that two peers share. Both derive the same.
    package func pair(
        own: X25519PrivateKey, peer: X25519PublicKey
    ) throws(CryptoError) -> SecretBytes {
        let keys = [own.publicKey.bytes, peer.bytes].sorted { $0.lexicographicallyPrecedes($1) }
        return try derive(
            own.agree(with: peer), tag: "FedSync/v1/pair-mask", keys[0] + keys[1])
    }

    /// The seed of a peer's own mask.
    package func own(
        secret: SecretBytes, maskKey: X25519PublicKey
    ) throws(CryptoError) -> SecretBytes {
        try derive(secret, tag: "FedSync/v1/self-mask", maskKey.bytes)
    }

    /// The key under which shares go from one peer to another; the way back has another key.
    package func shareKey(
        own: X25519PrivateKey, peer: X25519PublicKey, isSending: Bool
    ) throws(CryptoError) -> SecretBytes {
        let keys =
            isSending
            ? own.publicKey.bytes + peer.bytes : peer.bytes + own.publicKey.bytes
        return try derive(own.agree(with: peer), tag: "FedSync/v1/share-key", keys)
    }

    /// The peer with the smaller public key adds the mask of a pair, the other takes it off.
    package static func sign(own: X25519PublicKey, peer: X25519PublicKey) -> Mask.Sign {
        own.bytes.lexicographicallyPrecedes(peer.bytes) ? .add : .subtract
    }

    private func derive(
        _ secret: SecretBytes, tag: String, _ keys: [UInt8]
    ) throws(CryptoError) -> SecretBytes {
        var info = ByteWriter(tag: tag)
        info.append(contentsOf: keys)
        return try HKDFSHA256.derive(
            from: secret, salt: roundID.bytes, info: info.bytes,
            count: KeystreamAES256.keyByteCount)
    }
}
