/// HKDF-SHA256 (RFC 5869): one shared secret becomes keys for named purposes.
package enum HKDFSHA256 {
    /// The longest output that the construction allows.
    package static let outputMax = 255 * SHA256Digest.byteCount

    /// Extract, then expand to `count` bytes.
    package static func derive(
        from secret: SecretBytes, salt: [UInt8], info: [UInt8], count: Int
    ) throws(CryptoError) -> SecretBytes {
        guard (1...outputMax).contains(count) else {
            throw .wrongLength(of: "HKDF output", expected: outputMax, found: count)
        }
        let extractKey = SecretBytes(
            salt.isEmpty ? [UInt8](repeating: 0, count: SHA256Digest.byteCount) : salt)
        var extract = HMACSHA256(key: extractKey)
        secret.withUnsafeBytes { extract.update($0) }
        var pseudorandom = extract.finish().bytes
        defer { wipe(&pseudorandom) }
        return expand(SecretBytes(pseudorandom), info: info, count: count)
    }

    private static func expand(_ key: SecretBytes, info: [UInt8], count: Int) -> SecretBytes {
        var expansion = HMACSHA256(key: key)
        return SecretBytes(count: count) { target in
            var block = SHA256Digest.zero
            var written = 0
            var counter: UInt8 = 1
            while written < count {
                if counter > 1 { block.withBytes { expansion.update($0) } }
                expansion.update(info)
                expansion.update([counter])
                block = expansion.finish()
                let taken = min(SHA256Digest.byteCount, count - written)
                block.withBytes { bytes in
                    let slice = UnsafeMutableRawBufferPointer(
                        rebasing: target[written..<written + taken])
                    slice.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<taken]))
                }
                written += taken
                counter &+= 1
            }
        }
    }
}
