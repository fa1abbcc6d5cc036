import COpenSSL

/// SHA-1, which proves nothing any more: only for the sums that a venue states of its own data.
package enum SHA1 {
    package static let byteCount = 20

    /// The digest of one message in lower-case hexadecimal.
    package static func hex(of bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: byteCount)
        let result = EVP_Digest(bytes, bytes.count, &digest, nil, algorithm, nil)
        precondition(result == 1, "SHA-1 refused \(bytes.count) bytes")
        return Hex.encode(digest)
    }

    /// Fetched once; OpenSSL's algorithm objects may be used from every thread.
    nonisolated(unsafe) private static let algorithm = required(
        EVP_MD_fetch(nil, "SHA1", nil), "EVP_MD_fetch")
}
