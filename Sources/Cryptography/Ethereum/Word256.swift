/// 32 bytes as Ethereum's contracts take them: a hash, or an unsigned number with the most
/// significant byte first.
package struct Word256: Sendable, Hashable, BitwiseCopyable {
    /// From the most significant to the least.
    private let limbs: (UInt64, UInt64, UInt64, UInt64)

    package static let byteCount = 32
    package static let zero = Word256(0)

    package init(_ number: UInt64) { limbs = (0, 0, 0, number) }

    /// Exactly 32 bytes.
    package init(bytes: some Collection<UInt8>) throws(CryptoError) {
        guard bytes.count == Word256.byteCount else {
            throw .wrongLength(
                of: "a word", expected: Word256.byteCount, found: bytes.count)
        }
        self.init(padding: bytes)
    }

    /// At most 32 bytes, with zeros before them.
    init(padding bytes: some Collection<UInt8>) {
        precondition(bytes.count <= Word256.byteCount, "\(bytes.count) bytes in a word")
        var limbs: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for byte in bytes {
            limbs.0 = limbs.0 << 8 | limbs.1 >> 56
            limbs.1 = limbs.1 << 8 | limbs.2 >> 56
            limbs.2 = limbs.2 << 8 | limbs.3 >> 56
            limbs.3 = limbs.3 << 8 | UInt64(byte)
        }
        self.limbs = limbs
    }

    /// 64 hexadecimal digits after `0x`.
    package init(hex text: some StringProtocol) throws(CryptoError) {
        guard text.hasPrefix("0x") else {
            throw .malformedText(encoding: "hexadecimal", offset: 0)
        }
        try self.init(bytes: Hex.decode(text.dropFirst(2)))
    }

    /// A whole number below 2²⁵⁶ in decimal digits.
    package init(decimal text: some StringProtocol) throws(CryptoError) {
        var limbs: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var offset = 0
        for character in text.utf8 {
            guard character >= UInt8(ascii: "0"), character <= UInt8(ascii: "9"),
                Word256.advance(&limbs, by: UInt64(character - UInt8(ascii: "0")))
            else { throw .malformedText(encoding: "256-bit number", offset: offset) }
            offset += 1
        }
        guard offset > 0 else { throw .malformedText(encoding: "256-bit number", offset: 0) }
        self.limbs = limbs
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Word256.byteCount)
        append(to: &bytes)
        return bytes
    }

    /// 64 lower-case hexadecimal digits after `0x`.
    package var hex: String { "0x" + Hex.encode(bytes) }

    /// The value of the low 64 bits.
    package var low: UInt64 { limbs.3 }

    func append(to bytes: inout [UInt8]) {
        for limb in [limbs.0, limbs.1, limbs.2, limbs.3] {
            withUnsafeBytes(of: limb.bigEndian) { bytes.append(contentsOf: $0) }
        }
    }

    package static func == (lhs: Word256, rhs: Word256) -> Bool { lhs.limbs == rhs.limbs }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(limbs.0)
        hasher.combine(limbs.1)
        hasher.combine(limbs.2)
        hasher.combine(limbs.3)
    }

    /// Times ten plus `digit`; false where that does not fit.
    private static func advance(
        _ limbs: inout (UInt64, UInt64, UInt64, UInt64), by digit: UInt64
    ) -> Bool {
        var carry = digit
        func step(_ limb: UInt64) -> UInt64 {
            let product = UInt128(limb) * 10 + UInt128(carry)
            carry = UInt64(product >> 64)
            return UInt64(truncatingIfNeeded: product)
        }
        limbs.3 = step(limbs.3)
        limbs.2 = step(limbs.2)
        limbs.1 = step(limbs.1)
        limbs.0 = step(limbs.0)
        return carry == 0
    }
}

extension Word256: CustomStringConvertible {
    package var description: String { hex }
}
