import Trading

#if _endian(big)
    #error("The wire is little-endian and fields are loaded in place.")
#endif

/// How generated code reads fields. Offsets are constants that lie inside the span: the span is cut
/// to the header and block, or to one entry, first, so that the bounds checks of the loads are
/// decided when the code is compiled. Offsets in the root block count from the frame's start.
extension RawSpan {
    /// A number, or a plain value whose layout is that of its numbers.
    @inline(__always)
    func load<Value: BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value {
        unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    /// A finite number.
    @inline(__always)
    func real(at offset: Int, _ field: StaticString) throws(WireError) -> Double {
        let value = load(at: offset, as: Double.self)
        guard value.isFinite else { throw .badReal(field: field.description) }
        return value
    }

    /// A name of at most 16 bytes.
    @inline(__always)
    func shortName(at offset: Int, _ field: StaticString) throws(WireError) -> ShortName {
        let high = nameWord(at: offset)
        let low = nameWord(at: offset + 8)
        guard isNameStart(high), isName(low, after: high) else {
            throw .badName(field: field.description)
        }
        return ShortName(high: high, low: low)
    }

    /// A name of at most 32 bytes.
    @inline(__always)
    func longName(at offset: Int, _ field: StaticString) throws(WireError) -> LongName {
        let first = nameWord(at: offset)
        let second = nameWord(at: offset + 8)
        let third = nameWord(at: offset + 16)
        let fourth = nameWord(at: offset + 24)
        guard isNameStart(first), isName(second, after: first), isName(third, after: second),
            isName(fourth, after: third)
        else { throw .badName(field: field.description) }
        return LongName(first: first, second: second, third: third, fourth: fourth)
    }

    /// A venue's name for something, of at most 40 bytes.
    @inline(__always)
    func venueReference(
        at offset: Int, _ field: StaticString
    ) throws(WireError) -> VenueReference {
        let head = try longName(at: offset, field)
        let tail = nameWord(at: offset + 32)
        guard isName(tail, after: head.fourth) else { throw .badName(field: field.description) }
        return VenueReference(head: head, tail: tail)
    }

    /// Eight bytes of a name, the first one most significant, as names are kept.
    @inline(__always)
    private func nameWord(at offset: Int) -> UInt64 {
        load(at: offset, as: UInt64.self).byteSwapped
    }
}

/// Whether the first eight bytes of a name are name bytes followed by zeros only.
@inline(__always)
private func isNameStart(_ word: UInt64) -> Bool {
    word == 0 || isNamePart(word)
}

/// Whether eight bytes continue a name: only a name that fills the bytes before goes on.
@inline(__always)
private func isName(_ word: UInt64, after previous: UInt64) -> Bool {
    word == 0 || (previous & 0xFF != 0 && isNamePart(word))
}

/// Whether eight bytes, not all zero, are name bytes followed by zeros only.
@inline(__always)
private func isNamePart(_ word: UInt64) -> Bool {
    let trailingZeroBits = UInt64(truncatingIfNeeded: word.trailingZeroBitCount) & ~7
    return word & highBits == 0 && nameBytes(in: word) == highBits &<< trailingZeroBits
}

private let highBits: UInt64 = 0x8080_8080_8080_8080

/// The high bit of every byte that a name may have, all eight at once ("SIMD within a register",
/// Warren, Hacker's Delight, section 6). Bytes must be below 128, so that no sum carries over.
///
/// Adding `128 - bound` sets the high bit of a byte from `bound` on; the ranges do not overlap, so
/// the exclusive or of all bounds' bits says whether a byte lies inside of one.
@inline(__always)
private func nameBytes(in word: UInt64) -> UInt64 {
    let lowerCase = word | 0x2020_2020_2020_2020
    let letters = from(UInt8(ascii: "a"), lowerCase) ^ from(UInt8(ascii: "z") + 1, lowerCase)
    let digits = from(UInt8(ascii: "0"), word) ^ from(UInt8(ascii: "9") + 1, word)
    let dashAndDot = from(UInt8(ascii: "-"), word) ^ from(UInt8(ascii: ".") + 1, word)
    let underscore = from(UInt8(ascii: "_"), word) ^ from(UInt8(ascii: "_") + 1, word)
    return (letters ^ digits ^ dashAndDot ^ underscore) & highBits
}

/// The high bit of every byte that is at least `bound`.
@inline(__always)
private func from(_ bound: UInt8, _ bytes: UInt64) -> UInt64 {
    bytes &+ 0x0101_0101_0101_0101 &* UInt64(128 - bound)
}
