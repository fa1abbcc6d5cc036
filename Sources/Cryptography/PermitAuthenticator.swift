/// Proves that a permit comes from the risk core: HMAC-SHA256 over a domain tag and the permit's
/// block from `permitEpoch` up to `mac`. Knows bytes, not messages; core and gateway share it.
///
/// It proves origin only. Lease and permit sequence prove freshness.
package struct PermitAuthenticator: ~Copyable {
    private var mac: HMACSHA256

    package init(key: SecretBytes) { mac = HMACSHA256(key: key) }

    /// The authenticator between the risk core and one gateway. Either side calls it with its own
    /// private and the other's public key and gets the same key:
    /// HKDF(X25519, salt: cluster, info: "permit" and the gateway's name).
    package init(
        own: X25519PrivateKey, peer: X25519PublicKey, cluster: String, gateway: String
    ) throws(CryptoError) {
        self.init(
            key: try HKDFSHA256.derive(
                from: own.agree(with: peer), salt: Array(cluster.utf8),
                info: Array("permit".utf8) + Array(gateway.utf8),
                count: SHA256Digest.byteCount))
    }

    /// The code for the permit's block.
    package mutating func seal(_ block: RawSpan) -> SHA256Digest {
        mac.update(PermitAuthenticator.domainTag)
        mac.update(block)
        return mac.finish()
    }

    /// The code for the permit's block, which lies in `frame` at `range`.
    package mutating func seal(_ frame: [UInt8], range: Range<Int>) -> SHA256Digest {
        seal(frame.span.bytes.extracting(range))
    }

    /// Whether `code` is the code of the block, in constant time.
    package mutating func verify(_ block: RawSpan, code: SHA256Digest) -> Bool {
        seal(block).isEqualInConstantTime(to: code)
    }

    /// Whether `code` is the code of the block, which lies in `frame` at `range`.
    package mutating func verify(_ frame: [UInt8], range: Range<Int>, code: SHA256Digest) -> Bool {
        verify(frame.span.bytes.extracting(range), code: code)
    }

    private static let domainTag = Array("bellwether permit v1\0".utf8)
}
