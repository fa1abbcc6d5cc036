import COpenSSL

/// HMAC-SHA256 (RFC 2104) under one key, with one context that is used again for every message.
///
/// Not shared between threads: it is owned, not copied.
package struct HMACSHA256: ~Copyable {
    private let context: OpaquePointer

    package init(key: SecretBytes) {
        context = required(EVP_MAC_CTX_new(HMACSHA256.algorithm), "EVP_MAC_CTX_new")
        let result = key.withUnsafeBytes { keyBytes in
            "SHA2-256".withCString { digestName in
                var parameters = [
                    OSSL_PARAM_construct_utf8_string(
                        OSSL_MAC_PARAM_DIGEST, UnsafeMutablePointer(mutating: digestName), 0),
                    OSSL_PARAM_construct_end(),
                ]
                let bytes = keyBytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
                return EVP_MAC_init(context, bytes, keyBytes.count, &parameters)
            }
        }
        precondition(result == 1, "HMAC-SHA256 could not be started")
    }

    deinit { EVP_MAC_CTX_free(context) }

    package mutating func update(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { update($0) }
    }

    package mutating func update(_ bytes: [UInt8]) { update(bytes.span.bytes) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        let target = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let result = EVP_MAC_update(context, target, bytes.count)
        precondition(result == 1, "HMAC-SHA256 refused \(bytes.count) bytes")
    }

    /// The code of what was added; the next message starts empty under the same key.
    package mutating func finish() -> SHA256Digest {
        let code = SHA256Digest { buffer in
            var written = 0
            let target = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let result = EVP_MAC_final(context, target, &written, buffer.count)
            precondition(result == 1 && written == 32, "HMAC-SHA256 could not be finished")
        }
        precondition(
            EVP_MAC_init(context, nil, 0, nil) == 1, "HMAC-SHA256 could not be started again")
        return code
    }

    /// The code of one message.
    package static func code(for bytes: [UInt8], key: SecretBytes) -> SHA256Digest {
        var mac = HMACSHA256(key: key)
        mac.update(bytes)
        return mac.finish()
    }

    /// Whether `code` is the code of `bytes`, in constant time.
    package static func isValid(_ code: SHA256Digest, for bytes: [UInt8], key: SecretBytes) -> Bool
    {
        HMACSHA256.code(for: bytes, key: key).isEqualInConstantTime(to: code)
    }

    /// Fetched once; OpenSSL's algorithm objects may be used from every thread.
    nonisolated(unsafe) private static let algorithm = required(
        EVP_MAC_fetch(nil, OSSL_MAC_NAME_HMAC, nil), "EVP_MAC_fetch")
}
