import COpenSSL

/// Hashes byte after byte with one OpenSSL context that is used again for every message, so that a
/// chain of entries allocates nothing.
///
/// Not shared between threads: it is owned, not copied.
package struct SHA256: ~Copyable {
    private let context: OpaquePointer

    package init() {
        context = required(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
        reset()
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Forgets what was added since the last digest.
    package mutating func reset() {
        let result = EVP_DigestInit_ex2(context, SHA256.algorithm, nil)
        precondition(result == 1, "SHA-256 could not be started")
    }

    package mutating func update(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { update($0) }
    }

    package mutating func update(_ bytes: [UInt8]) { update(bytes.span.bytes) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        let result = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(result == 1, "SHA-256 refused \(bytes.count) bytes")
    }

    package mutating func update(_ digest: SHA256Digest) {
        digest.withBytes { update($0) }
    }

    /// The digest of what was added; the next message starts empty.
    package mutating func finish() -> SHA256Digest {
        let digest = SHA256Digest { buffer in
            let target = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let result = EVP_DigestFinal_ex(context, target, nil)
            precondition(result == 1, "SHA-256 could not be finished")
        }
        reset()
        return digest
    }

    /// The digest of one message.
    package static func hash(_ bytes: RawSpan) -> SHA256Digest {
        var hasher = SHA256()
        hasher.update(bytes)
        return hasher.finish()
    }

    package static func hash(_ bytes: [UInt8]) -> SHA256Digest { hash(bytes.span.bytes) }

    /// Fetched once; OpenSSL's algorithm objects may be used from every thread.
    nonisolated(unsafe) static let algorithm = required(
        EVP_MD_fetch(nil, "SHA2-256", nil), "EVP_MD_fetch")
}
