/// Thirty-two bytes that stand for content: a SHA-256 hash or a MAC. Held inline.
package struct Digest: Sendable, Hashable, BitwiseCopyable, CustomStringConvertible {
    /// The bytes in order, eight to a word, as they lie in memory.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The number of bytes.
    package static let length = 32

    /// All bytes zero: "none".
    package static let zero = Digest(words: (0, 0, 0, 0))

    private init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// Nil unless there are exactly 32 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Digest.length else { return nil }
        self = bytes.withContiguousCopy { $0.loadUnaligned(as: Digest.self) }
    }

    /// Nil unless the text is 64 hexadecimal digits.
    package init?(hex: String) {
        guard let bytes = parseHexadecimal(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// The 32 bytes in order.
    package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// Whether all bytes are zero.
    package var isZero: Bool { words.0 | words.1 | words.2 | words.3 == 0 }

    package static func == (lhs: Digest, rhs: Digest) -> Bool { lhs.words == rhs.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }

    /// The bytes as 64 lower-case hexadecimal digits.
    package var description: String { hexadecimal(bytes) }
}

/// The sixty-four bytes of an Ed25519 signature. Held inline.
package struct SignatureBytes: Sendable, Hashable, BitwiseCopyable, CustomStringConvertible {
    private let head: Digest
    private let tail: Digest

    /// The number of bytes.
    package static let length = 64

    /// All bytes zero: not signed.
    package static let zero = SignatureBytes(head: .zero, tail: .zero)

    private init(head: Digest, tail: Digest) {
        self.head = head
        self.tail = tail
    }

    /// Nil unless there are exactly 64 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == SignatureBytes.length,
            let head = Digest(bytes: bytes.prefix(Digest.length)),
            let tail = Digest(bytes: bytes.dropFirst(Digest.length))
        else { return nil }
        self.init(head: head, tail: tail)
    }

    /// The 64 bytes in order.
    package var bytes: [UInt8] { head.bytes + tail.bytes }

    /// The bytes as 128 lower-case hexadecimal digits.
    package var description: String { head.description + tail.description }
}

extension Collection<UInt8> {
    /// Calls `body` with the bytes in one piece.
    fileprivate func withContiguousCopy<Result>(_ body: (UnsafeRawBufferPointer) -> Result)
        -> Result
    {
        if let result = withContiguousStorageIfAvailable({ body(UnsafeRawBufferPointer($0)) }) {
            return result
        }
        return Array(self).withUnsafeBytes(body)
    }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

private func parseHexadecimal(_ text: String) -> [UInt8]? {
    let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = digits[index], let low = digits[index + 1] else { return nil }
        bytes.append(UInt8(high * 16 + low))
    }
    return bytes
}
