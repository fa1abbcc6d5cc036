/// An operator's signature over a domain tag and the block of a command from `nonce` up to
/// `signature`. Knows bytes, not messages; the CLI, the core and the gateways share it.
package enum OperatorSeal {
    package static func sign(
        _ frame: [UInt8], range: Range<Int>, with key: Ed25519PrivateKey
    ) throws(CryptoError) -> [UInt8] {
        try key.sign(domainTag + frame[range])
    }

    package static func isValid(
        _ signature: [UInt8], for frame: [UInt8], range: Range<Int>, by key: Ed25519PublicKey
    ) -> Bool {
        key.isValid(signature, for: domainTag + frame[range])
    }

    private static let domainTag = Array("bellwether operator command v1\0".utf8)
}
