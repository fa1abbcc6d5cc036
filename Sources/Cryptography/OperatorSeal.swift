/// An operator's signature over a domain tag, the block of a command from `nonce` up to
/// `signature`, and the reason. Knows bytes, not messages; the CLI, the core and the gateways share
/// it. Version 1 left the reason out; no process accepts it any more.
package enum OperatorSeal {
    package static func sign(
        _ frame: [UInt8], range: Range<Int>, reason: [UInt8], with key: Ed25519PrivateKey
    ) throws(CryptoError) -> [UInt8] {
        try key.sign(domainTag + frame[range] + reason)
    }

    package static func isValid(
        _ signature: [UInt8], for frame: [UInt8], range: Range<Int>, reason: [UInt8],
        by key: Ed25519PublicKey
    ) -> Bool {
        key.isValid(signature, for: domainTag + frame[range] + reason)
    }

    private static let domainTag = Array("bellwether operator command v2\0".utf8)
}
