import COpenSSL

/// Random bytes that nobody can predict: salts, session numbers, nonces. Never in pure code.
package enum SecureRandom {
    package static func bytes(count: Int) throws(CryptoError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try check(RAND_bytes(&bytes, Int32(count)), "RAND_bytes")
        return bytes
    }

    package static func word() throws(CryptoError) -> UInt64 {
        try bytes(count: 8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
