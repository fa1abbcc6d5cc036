package import Cryptography
package import Wire

/// The name of a peer: SHA-256 of its Ed25519 identity key.
package struct PeerID: Sendable, Hashable, Comparable, BitwiseCopyable, CustomStringConvertible {
    package let digest: Digest

    package init(_ digest: Digest) { self.digest = digest }

    /// The peer that has this identity key.
    package init(identity: Ed25519PublicKey) { digest = Digest.sha256(identity.bytes) }

    /// The order of the bytes.
    package static func < (lhs: PeerID, rhs: PeerID) -> Bool { lhs.digest.precedes(rhs.digest) }

    /// The first eight bytes in hexadecimal, as people tell peers apart.
    package var description: String { String(digest.description.prefix(16)) }
}

extension Digest {
    package static func sha256(_ bytes: [UInt8]) -> Digest { Digest(SHA256.hash(bytes)) }

    package init(_ hash: SHA256Digest) {
        guard let digest = hash.withBytes({ Digest(bytes: $0) }) else {
            preconditionFailure("a SHA-256 hash is not 32 bytes long")
        }
        self = digest
    }

    /// Whether the bytes come before the other's, as numbers from the first byte on.
    package func precedes(_ other: Digest) -> Bool {
        withUnsafeBytes(of: self) { own in
            withUnsafeBytes(of: other) { own.lexicographicallyPrecedes($0) }
        }
    }
}
