/// An operator's signature over a domain tag and the whole of a directive, its reason included.
/// Knows bytes, not messages; the CLI, the core and the gateways share it.
package enum DirectiveSeal {
    package static func sign(
        _ directive: [UInt8], with key: Ed25519PrivateKey
    ) throws(CryptoError) -> [UInt8] {
        try key.sign(domainTag + directive)
    }

    package static func isValid(
        _ signature: [UInt8], for directive: [UInt8], by key: Ed25519PublicKey
    ) -> Bool {
        key.isValid(signature, for: domainTag + directive)
    }

    private static let domainTag = Array("bellwether operator directive v1\0".utf8)
}
