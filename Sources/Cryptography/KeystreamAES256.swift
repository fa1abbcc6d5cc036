import COpenSSL

/// The keystream of AES-256 in counter mode with a zero initial counter (NIST SP 800-38A): a key's
/// one stream of bytes, which can be read from any block on.
///
/// A key is for one stream only. Not shared between threads: it is owned, not copied.
package struct KeystreamAES256: ~Copyable {
    package static let keyByteCount = 32
    package static let blockByteCount = 16

    private let context: OpaquePointer

    package init(key: SecretBytes) throws(CryptoError) {
        guard key.count == KeystreamAES256.keyByteCount else {
            throw .wrongLength(
                of: "AES-256 key", expected: KeystreamAES256.keyByteCount, found: key.count)
        }
        let context = try allocated(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new")
        let zero = [UInt8](repeating: 0, count: KeystreamAES256.blockByteCount)
        let result = key.withUnsafeBytes { bytes in
            EVP_EncryptInit_ex2(
                context, KeystreamAES256.algorithm,
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), zero, nil)
        }
        guard result == 1 else {
            EVP_CIPHER_CTX_free(context)
            throw CryptoError.current("AES-256-CTR")
        }
        self.context = context
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    /// Goes to the start of a block of 16 bytes; the next bytes come from there.
    package mutating func seek(toBlock block: UInt64) {
        var counter = [UInt8](repeating: 0, count: KeystreamAES256.blockByteCount)
        for index in 0..<8 {
            counter[15 - index] = UInt8(truncatingIfNeeded: block >> UInt64(8 * index))
        }
        let result = EVP_EncryptInit_ex2(context, nil, nil, counter, nil)
        precondition(result == 1, "AES-256-CTR refused the counter \(block)")
    }

    /// Overwrites `target` with the next bytes of the stream.
    package mutating func fill(_ target: UnsafeMutableRawBufferPointer) {
        guard let start = target.baseAddress else { return }
        _ = target.initializeMemory(as: UInt8.self, repeating: 0)
        var written: Int32 = 0
        let bytes = start.assumingMemoryBound(to: UInt8.self)
        let result = EVP_EncryptUpdate(context, bytes, &written, bytes, Int32(target.count))
        precondition(
            result == 1 && Int(written) == target.count,
            "AES-256-CTR gave \(written) of \(target.count) bytes")
    }

    /// The next `count` bytes of the stream.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { fill($0) }
        return bytes
    }

    /// Fetched once; OpenSSL's algorithm objects may be used from every thread.
    nonisolated(unsafe) private static let algorithm = required(
        EVP_CIPHER_fetch(nil, "AES-256-CTR", nil), "EVP_CIPHER_fetch")
}
