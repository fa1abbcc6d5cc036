/// An operator's signature over a registry file, byte for byte, under a domain tag of its own: what
/// was signed as a command is no registry, and the other way round.
package enum RegistrySeal {
    package static func sign(
        _ file: [UInt8], with key: Ed25519PrivateKey
    ) throws(CryptoError) -> [UInt8] {
        try key.sign(domainTag + file)
    }

    package static func isValid(
        _ signature: [UInt8], for file: [UInt8], by key: Ed25519PublicKey
    ) -> Bool {
        key.isValid(signature, for: domainTag + file)
    }

    private static let domainTag = Array("bellwether registry v1\0".utf8)
}
