import COpenSSL

/// ChaCha20-Poly1305 (RFC 8439): encrypts, and detects every change of the ciphertext and of the
/// bytes that it is bound to. One nonce of a key is for one message only.
package enum ChaCha20Poly1305 {
    package static let keyByteCount = 32
    package static let nonceByteCount = 12
    package static let tagByteCount = 16

    /// The ciphertext, as long as `plain`, and the tag of 16 bytes after it.
    package static func seal(
        _ plain: [UInt8], key: SecretBytes, nonce: [UInt8], bound: [UInt8]
    ) throws(CryptoError) -> [UInt8] {
        let context = try started(key: key, nonce: nonce, isSealing: true)
        defer { EVP_CIPHER_CTX_free(context) }
        try bind(context, to: bound)
        var sealed = [UInt8](repeating: 0, count: plain.count + tagByteCount)
        var written: Int32 = 0
        try check(
            EVP_CipherUpdate(context, &sealed, &written, plain, Int32(plain.count)),
            "ChaCha20-Poly1305 seal")
        precondition(Int(written) == plain.count, "sealed \(written) of \(plain.count) bytes")
        try check(EVP_CipherFinal_ex(context, nil, &written), "ChaCha20-Poly1305 seal")
        let result = sealed.withUnsafeMutableBytes { bytes in
            EVP_CIPHER_CTX_ctrl(
                context, EVP_CTRL_AEAD_GET_TAG, Int32(tagByteCount),
                bytes.baseAddress?.advanced(by: plain.count))
        }
        try check(result, "ChaCha20-Poly1305 tag")
        return sealed
    }

    /// The plain bytes, or nil where anything is not as it was sealed: then nothing is given out.
    package static func open(
        _ sealed: [UInt8], key: SecretBytes, nonce: [UInt8], bound: [UInt8]
    ) throws(CryptoError) -> SecretBytes? {
        guard sealed.count >= tagByteCount else { return nil }
        let count = sealed.count - tagByteCount
        let context = try started(key: key, nonce: nonce, isSealing: false)
        defer { EVP_CIPHER_CTX_free(context) }
        try bind(context, to: bound)
        var tag = Array(sealed.suffix(tagByteCount))
        try check(
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagByteCount), &tag),
            "ChaCha20-Poly1305 tag")
        var isGenuine = false
        let plain = try SecretBytes(count: count) { target throws(CryptoError) in
            var written: Int32 = 0
            try check(
                EVP_CipherUpdate(
                    context, target.baseAddress?.assumingMemoryBound(to: UInt8.self), &written,
                    sealed, Int32(count)),
                "ChaCha20-Poly1305 open")
            isGenuine = EVP_CipherFinal_ex(context, nil, &written) == 1
            if !isGenuine { ERR_clear_error() }
        }
        return isGenuine ? plain : nil
    }

    private static func started(
        key: SecretBytes, nonce: [UInt8], isSealing: Bool
    ) throws(CryptoError) -> OpaquePointer {
        guard key.count == keyByteCount else {
            throw .wrongLength(of: "ChaCha20 key", expected: keyByteCount, found: key.count)
        }
        guard nonce.count == nonceByteCount else {
            throw .wrongLength(of: "ChaCha20 nonce", expected: nonceByteCount, found: nonce.count)
        }
        let context = try allocated(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new")
        let result = key.withUnsafeBytes { bytes in
            EVP_CipherInit_ex2(
                context, algorithm, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), nonce,
                isSealing ? 1 : 0, nil)
        }
        guard result == 1 else {
            EVP_CIPHER_CTX_free(context)
            throw CryptoError.current("ChaCha20-Poly1305")
        }
        return context
    }

    private static func bind(_ context: OpaquePointer, to bytes: [UInt8]) throws(CryptoError) {
        guard !bytes.isEmpty else { return }
        var written: Int32 = 0
        try check(
            EVP_CipherUpdate(context, nil, &written, bytes, Int32(bytes.count)),
            "ChaCha20-Poly1305 bind")
    }

    /// Fetched once; OpenSSL's algorithm objects may be used from every thread.
    nonisolated(unsafe) private static let algorithm = required(
        EVP_CIPHER_fetch(nil, "ChaCha20-Poly1305", nil), "EVP_CIPHER_fetch")
}
