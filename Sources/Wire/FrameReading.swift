import Trading

#if _endian(big)
    #error("The wire is little-endian and fields are loaded in place.")
#endif

/// How generated code reads fields. Offsets are constants that lie inside the span: the span is cut
/// to the block's length first, so that the checks below are decided when the code is compiled.
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

    /// A value of an enumeration.
    @inline(__always)
    func enumeration<Value: RawRepresentable>(
        at offset: Int, _ field: StaticString
    ) throws(WireError) -> Value where Value.RawValue: FixedWidthInteger & BitwiseCopyable {
        let number = load(at: offset, as: Value.RawValue.self)
        guard let value = Value(rawValue: number) else {
            throw .badEnum(field: field.description, value: UInt64(number))
        }
        return value
    }

    /// A name of at most 16 bytes.
    @inline(__always)
    func shortName(at offset: Int, _ field: StaticString) throws(WireError) -> ShortName {
        let high = nameWord(at: offset)
        let low = nameWord(at: offset + 8)
        guard isName(high, endingWith: low), isName(low, endingWith: 0) else {
            throw .badName(field: field.description)
        }
        return ShortName(high: high, low: low)
    }

    /// A name of at most 32 bytes.
    @inline(__always)
    func longName(at offset: Int, _ field: StaticString) throws(WireError) -> LongName {
        try longName(at: offset, before: 0, field)
    }

    /// A venue's name for something, of at most 40 bytes.
    @inline(__always)
    func venueReference(
        at offset: Int, _ field: StaticString
    ) throws(WireError) -> VenueReference {
        let tail = nameWord(at: offset + 32)
        let head = try longName(at: offset, before: tail, field)
        guard isName(tail, endingWith: 0) else { throw .badName(field: field.description) }
        return VenueReference(head: head, tail: tail)
    }

    @inline(__always)
    private func longName(
        at offset: Int, before tail: UInt64, _ field: StaticString
    ) throws(WireError) -> LongName {
        let first = nameWord(at: offset)
        let second = nameWord(at: offset + 8)
        let third = nameWord(at: offset + 16)
        let fourth = nameWord(at: offset + 24)
        guard isName(first, endingWith: second), isName(second, endingWith: third),
            isName(third, endingWith: fourth), isName(fourth, endingWith: tail)
        else { throw .badName(field: field.description) }
        return LongName(first: first, second: second, third: third, fourth: fourth)
    }

    /// Eight bytes of a name, the first one most significant, as names are kept.
    @inline(__always)
    private func nameWord(at offset: Int) -> UInt64 {
        load(at: offset, as: UInt64.self).byteSwapped
    }
}

/// Whether eight bytes are name bytes followed by zeros, and what follows is empty once they end.
@inline(__always)
private func isName(_ word: UInt64, endingWith next: UInt64) -> Bool {
    let trailingZeroBits = UInt64(truncatingIfNeeded: word.trailingZeroBitCount) & ~7
    let expected: UInt64 = word == 0 ? 0 : highBits &<< trailingZeroBits
    return nameBytes(in: word) == expected && (next == 0 || word & 0xFF != 0)
}

private let highBits: UInt64 = 0x8080_8080_8080_8080
private let everyByte: UInt64 = 0x0101_0101_0101_0101

/// The high bit of every byte that a name may have, all eight at once ("SIMD within a register",
/// Warren, Hacker's Delight, section 6). Bytes of 128 and more are masked out, so no sum carries.
@inline(__always)
private func nameBytes(in word: UInt64) -> UInt64 {
    let ascii = word & ~highBits
    let lowerCase = ascii | (everyByte &* 0x20)
    let letters = within(lowerCase, UInt8(ascii: "a"), UInt8(ascii: "z"))
    let digits = within(ascii, UInt8(ascii: "0"), UInt8(ascii: "9"))
    let dashOrDot = within(ascii, UInt8(ascii: "-"), UInt8(ascii: "."))
    let underscore = within(ascii, UInt8(ascii: "_"), UInt8(ascii: "_"))
    return (letters | digits | dashOrDot | underscore) & ~word & highBits
}

/// The high bit of every byte that lies within the bounds; bytes must be below 128.
@inline(__always)
private func within(_ bytes: UInt64, _ lowest: UInt8, _ highest: UInt8) -> UInt64 {
    let reachesLowest = bytes &+ everyByte &* UInt64(128 - lowest)
    let passesHighest = bytes &+ everyByte &* UInt64(127 - highest)
    return reachesLowest & ~passesHighest & highBits
}
