import COpenSSL

/// The private half of an Ed25519 key (RFC 8032): signs checkpoints and operators' commands.
package struct Ed25519PrivateKey: Sendable {
    /// The 32 bytes that the key is made from, for its key file.
    package let seed: SecretBytes
    package let publicKey: Ed25519PublicKey
    private let key: OpenSSLKey

    package init(seed: SecretBytes) throws(CryptoError) {
        self.seed = seed
        key = try OpenSSLKey.rawPrivate(.ed25519, seed)
        publicKey = try Ed25519PublicKey(bytes: key.rawPublicBytes())
    }

    package static func generate() throws(CryptoError) -> Ed25519PrivateKey {
        try Ed25519PrivateKey(seed: SecretBytes.random(count: rawKeyByteCount))
    }

    /// 64 bytes, the same for the same message.
    package func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        let context = try allocated(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
        defer { EVP_MD_CTX_free(context) }
        try check(EVP_DigestSignInit(context, nil, nil, nil, key.pointer), "Ed25519 sign")
        var signature = [UInt8](repeating: 0, count: Ed25519PublicKey.signatureByteCount)
        var count = signature.count
        try check(
            EVP_DigestSign(context, &signature, &count, message, message.count), "Ed25519 sign")
        precondition(count == signature.count, "an Ed25519 signature of \(count) bytes")
        return signature
    }
}

/// The public half of an Ed25519 key.
package struct Ed25519PublicKey: Sendable, Equatable {
    package static let signatureByteCount = 64

    package let bytes: [UInt8]
    private let key: OpenSSLKey

    package init(bytes: [UInt8]) throws(CryptoError) {
        self.bytes = bytes
        key = try OpenSSLKey.rawPublic(.ed25519, bytes)
    }

    package init(hex text: some StringProtocol) throws(CryptoError) {
        try self.init(bytes: Hex.decode(text))
    }

    /// Whether `signature` is this key's over `message`. Whatever is wrong with it: false.
    package func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == Ed25519PublicKey.signatureByteCount,
            let context = EVP_MD_CTX_new()
        else { return false }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit(context, nil, nil, nil, key.pointer) == 1 else { return false }
        let result = EVP_DigestVerify(
            context, signature, signature.count, message, message.count)
        if result != 1 { ERR_clear_error() }
        return result == 1
    }

    package static func == (lhs: Ed25519PublicKey, rhs: Ed25519PublicKey) -> Bool {
        lhs.bytes == rhs.bytes
    }
}

extension Ed25519PublicKey {
    /// Whether the key is a point of small order, under which a signature proves nothing: some
    /// signature is valid for many messages. Nobody makes such a key by accident.
    package var isOfSmallOrder: Bool {
        var plain = bytes
        plain[plain.count - 1] &= 0x7f
        return Ed25519PublicKey.smallOrderOrdinates.contains(plain)
    }

    /// The y of every point whose order divides 8, without the sign of x, in both spellings where
    /// there are two.
    private static let smallOrderOrdinates: [[UInt8]] = {
        let zeros = [UInt8](repeating: 0, count: 30)
        let ones = [UInt8](repeating: 0xff, count: 30)
        let first: [UInt8] = [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ]
        let second: [UInt8] = [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ]
        return [
            [0] + zeros + [0], [1] + zeros + [0], [0xec] + ones + [0x7f], [0xed] + ones + [0x7f],
            [0xee] + ones + [0x7f], first, second,
        ]
    }()
}
