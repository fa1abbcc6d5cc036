/// A name of at most 16 bytes held inline, so that keys are compared without touching the heap.
///
/// Allowed bytes: `A–Z a–z 0–9 . _ -`. Order is the byte order of the text.
package struct ShortName: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    /// Bytes 0–7 and 8–15, most significant first, so that integer order is text order.
    package let high: UInt64
    package let low: UInt64

    package static let capacity = 16
    package static let empty = ShortName(high: 0, low: 0)

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Nil when the text is empty, longer than 16 bytes, or has a byte that names may not have.
    package init?(_ text: some StringProtocol) {
        guard let words = packName(text.utf8, words: 2) else { return nil }
        self.init(high: words.0, low: words.1)
    }

    package var isEmpty: Bool { high == 0 }

    package static func < (lhs: ShortName, rhs: ShortName) -> Bool {
        (lhs.high, lhs.low) < (rhs.high, rhs.low)
    }

    package var description: String { unpackName(high, low, 0, 0) }
}

/// A name of at most 32 bytes held inline: instruments and event sets.
package struct LongName: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    package let first: UInt64
    package let second: UInt64
    package let third: UInt64
    package let fourth: UInt64

    package static let capacity = 32
    package static let empty = LongName(first: 0, second: 0, third: 0, fourth: 0)

    package init(first: UInt64, second: UInt64, third: UInt64, fourth: UInt64) {
        self.first = first
        self.second = second
        self.third = third
        self.fourth = fourth
    }

    /// Nil when the text is empty, longer than 32 bytes, or has a byte that names may not have.
    package init?(_ text: some StringProtocol) {
        guard let words = packName(text.utf8, words: 4) else { return nil }
        self.init(first: words.0, second: words.1, third: words.2, fourth: words.3)
    }

    package var isEmpty: Bool { first == 0 }

    package static func < (lhs: LongName, rhs: LongName) -> Bool {
        (lhs.first, lhs.second, lhs.third, lhs.fourth)
            < (rhs.first, rhs.second, rhs.third, rhs.fourth)
    }

    package var description: String { unpackName(first, second, third, fourth) }
}

/// Whether `byte` may stand in a name.
package func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "-"):
        true
    default: false
    }
}

private func packName(
    _ bytes: some Collection<UInt8>, words: Int
) -> (UInt64, UInt64, UInt64, UInt64)? {
    guard !bytes.isEmpty, bytes.count <= words * 8 else { return nil }
    var packed: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    for (index, byte) in bytes.enumerated() {
        guard isNameByte(byte) else { return nil }
        let shifted = UInt64(byte) << UInt64(56 - index % 8 * 8)
        switch index / 8 {
        case 0: packed.0 |= shifted
        case 1: packed.1 |= shifted
        case 2: packed.2 |= shifted
        default: packed.3 |= shifted
        }
    }
    return packed
}

private func unpackName(_ words: UInt64...) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * 8)
    for word in words {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            let byte = UInt8(truncatingIfNeeded: word >> shift)
            if byte == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
