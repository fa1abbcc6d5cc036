/// 32 bytes that came out of SHA-256 or HMAC-SHA256, held inline.
package struct SHA256Digest: Sendable, Hashable, BitwiseCopyable, CustomStringConvertible {
    package static let byteCount = 32
    /// All zero: the head of an empty chain.
    package static let zero = SHA256Digest()

    /// The bytes in memory order, eight to a word.
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    private init() {}

    /// Lets `fill` write the 32 bytes.
    init<E: Error>(filling fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void) throws(E) {
        var failure: E?
        withUnsafeMutableBytes(of: &words) { buffer in
            do throws(E) { try fill(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    package init(bytes: some Collection<UInt8>) throws(CryptoError) {
        guard bytes.count == SHA256Digest.byteCount else {
            throw .wrongLength(of: "digest", expected: 32, found: bytes.count)
        }
        self.init { buffer in buffer.copyBytes(from: bytes) }
    }

    package init(hex text: some StringProtocol) throws(CryptoError) {
        try self.init(bytes: Hex.decode(text))
    }

    package var bytes: [UInt8] { withBytes { Array($0) } }
    package var description: String { withBytes { Hex.encode($0) } }

    /// The 32 bytes for the length of `body`; they must not escape it.
    package func withBytes<Result, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> Result
    ) throws(E) -> Result {
        var copy = words
        return try Swift.withUnsafeBytes(of: &copy) { buffer throws(E) in try body(buffer) }
    }

    /// Whether both are the same, in time that does not depend on where they differ.
    package func isEqualInConstantTime(to other: SHA256Digest) -> Bool {
        withBytes { first in
            other.withBytes { second in areEqualInConstantTime(first, second) }
        }
    }

    package static func == (lhs: SHA256Digest, rhs: SHA256Digest) -> Bool {
        lhs.words == rhs.words
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
