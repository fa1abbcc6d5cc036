import COpenSSL

/// The private half of an RSA key: signs what a venue asks to be signed with RSASSA-PSS, SHA-256.
package struct RSAPrivateKey: Sendable {
    private let key: OpenSSLKey

    /// Reads unencrypted PEM, PKCS#8 or PKCS#1.
    package init(pem: SecretBytes) throws(CryptoError) {
        key = try pem.withUnsafeBytes { bytes throws(CryptoError) in
            try readPEM(bytes, kind: "RSA private key") {
                PEM_read_bio_PrivateKey($0, nil, refusePassphrase, nil)
            }
        }
    }

    private init(key: OpenSSLKey) { self.key = key }

    /// A new key of `bits` bits.
    package static func generate(bits: Int = 2048) throws(CryptoError) -> RSAPrivateKey {
        let context = try allocated(
            EVP_PKEY_CTX_new_from_name(nil, "RSA", nil), "RSA key generation")
        defer { EVP_PKEY_CTX_free(context) }
        try check(EVP_PKEY_keygen_init(context), "RSA key generation")
        try check(EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)), "RSA key generation")
        var pointer: OpaquePointer?
        try check(EVP_PKEY_generate(context, &pointer), "RSA key generation")
        return RSAPrivateKey(key: OpenSSLKey(try allocated(pointer, "RSA key generation")))
    }

    /// PKCS#8 PEM for the key file.
    package func privatePEM() throws(CryptoError) -> SecretBytes {
        let bio = try allocated(BIO_new(BIO_s_secmem()), "BIO_new")
        defer { BIO_free_all(bio) }
        try check(
            PEM_write_bio_PKCS8PrivateKey(bio, key.pointer, nil, nil, 0, nil, nil),
            "write RSA private key")
        return try SecretBytes(count: BIO_ctrl_pending(bio)) { buffer throws(CryptoError) in
            try drain(bio, into: buffer)
        }
    }

    /// The public half, for the venue.
    package func publicPEM() throws(CryptoError) -> String {
        try RSAPublicKey(key: key).pem()
    }

    /// A randomised PSS signature: two signatures of one message differ.
    package func sign(
        _ message: [UInt8], saltByteCount: Int = rsaSaltByteCount
    ) throws(CryptoError) -> [UInt8] {
        let context = try allocated(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
        defer { EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?
        try check(
            EVP_DigestSignInit(context, &parameters, SHA256.algorithm, nil, key.pointer),
            "RSA-PSS sign")
        try setPSS(parameters, saltByteCount: saltByteCount)
        var count = Int(EVP_PKEY_get_size(key.pointer))
        var signature = [UInt8](repeating: 0, count: count)
        try check(
            EVP_DigestSign(context, &signature, &count, message, message.count), "RSA-PSS sign")
        return Array(signature.prefix(count))
    }
}

/// The public half of an RSA key.
package struct RSAPublicKey: Sendable {
    private let key: OpenSSLKey

    /// Reads PEM: SubjectPublicKeyInfo.
    package init(pem: String) throws(CryptoError) {
        let bytes = Array(pem.utf8)
        key = try bytes.span.bytes.withUnsafeBytes { buffer throws(CryptoError) in
            try readPEM(buffer, kind: "RSA public key") {
                PEM_read_bio_PUBKEY($0, nil, refusePassphrase, nil)
            }
        }
    }

    fileprivate init(key: OpenSSLKey) { self.key = key }

    /// PEM: SubjectPublicKeyInfo.
    package func pem() throws(CryptoError) -> String {
        let bio = try allocated(BIO_new(BIO_s_mem()), "BIO_new")
        defer { BIO_free_all(bio) }
        try check(PEM_write_bio_PUBKEY(bio, key.pointer), "write RSA public key")
        var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
        let read = BIO_read(bio, &bytes, Int32(bytes.count))
        guard read == bytes.count else { throw CryptoError.current("write RSA public key") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether `signature` is this key's PSS signature over `message`. Whatever is wrong: false.
    package func isValid(
        _ signature: [UInt8], for message: [UInt8], saltByteCount: Int = rsaSaltByteCount
    ) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?
        let started = EVP_DigestVerifyInit(
            context, &parameters, SHA256.algorithm, nil, key.pointer)
        guard started == 1 else { return false }
        do throws(CryptoError) {
            try setPSS(parameters, saltByteCount: saltByteCount)
        } catch {
            return false
        }
        let result = EVP_DigestVerify(
            context, signature, signature.count, message, message.count)
        if result != 1 { ERR_clear_error() }
        return result == 1
    }
}

/// The salt that the venues use: as long as the digest.
package let rsaSaltByteCount = 32

/// The smallest modulus that is accepted.
private let rsaBitsMin = 2048

private func setPSS(_ parameters: OpaquePointer?, saltByteCount: Int) throws(CryptoError) {
    try check(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), "RSA-PSS padding")
    try check(
        EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, Int32(saltByteCount)), "RSA-PSS salt length")
}

/// An encrypted key is refused: without this OpenSSL would ask on the terminal.
private let refusePassphrase:
    @convention(c) (
        UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, _, _, _ in -1 }

private func readPEM(
    _ bytes: UnsafeRawBufferPointer, kind: String, _ read: (OpaquePointer) -> OpaquePointer?
) throws(CryptoError) -> OpenSSLKey {
    let bio = try allocated(BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)), "BIO")
    defer { BIO_free_all(bio) }
    guard let pointer = read(bio) else {
        throw .unreadableKey("\(kind): \(CryptoError.current("read PEM"))")
    }
    let key = OpenSSLKey(pointer)
    guard EVP_PKEY_get_base_id(pointer) == EVP_PKEY_RSA else {
        throw .unsuitableKey("\(kind): the key is of another kind")
    }
    let bits = Int(EVP_PKEY_get_bits(pointer))
    guard bits >= rsaBitsMin else {
        throw .unsuitableKey("\(kind): expected at least \(rsaBitsMin) bits, found \(bits)")
    }
    return key
}

private func drain(
    _ bio: OpaquePointer, into buffer: UnsafeMutableRawBufferPointer
) throws(CryptoError) {
    let read = BIO_read(bio, buffer.baseAddress, Int32(buffer.count))
    guard read == buffer.count else { throw CryptoError.current("read PEM") }
}
