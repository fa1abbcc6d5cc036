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
