/// An operator's signature over a domain tag and the whole of a proposal of limits. Knows bytes,
/// not messages; the CLI and the core share it.
package enum LimitSeal {
    package static func sign(
        _ proposal: [UInt8], with key: Ed25519PrivateKey
    ) throws(CryptoError) -> [UInt8] {
        try key.sign(domainTag + proposal)
    }

    package static func isValid(
        _ signature: [UInt8], for proposal: [UInt8], by key: Ed25519PublicKey
    ) -> Bool {
        key.isValid(signature, for: domainTag + proposal)
    }

    private static let domainTag = Array("bellwether limit proposal v1\0".utf8)
}
