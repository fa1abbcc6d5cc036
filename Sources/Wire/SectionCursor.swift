/// Where a repeating group lies in a frame, checked to be inside it.
struct GroupSection {
    let first: Int
    let entryLength: Int
    let count: Int
}

/// Walks what follows a frame's root block: groups, then data, then nothing.
///
/// The order of calls is the schema's. Every length is bounded before it is used.
struct SectionCursor {
    private let version: UInt16
    private var offset: Int

    /// Checks the header and the root block of a frame.
    ///
    /// A newer version may have a longer block, whose end is skipped. Our own version has exactly
    /// our length: a value then has one encoding only.
    @inline(__always)
    init(
        _ frame: RawSpan, template: UInt16, blockLength: Int
    ) throws(WireError) {
        let header = try WireHeader(peeking: frame)
        guard header.templateID == template else {
            throw .wrongTemplate(expected: template, found: header.templateID)
        }
        let length = Int(header.blockLength)
        let isLengthRight =
            header.version > WireSchema.version ? length >= blockLength : length == blockLength
        guard isLengthRight else {
            throw .badBlockLength(expected: blockLength, found: length)
        }
        version = header.version
        offset = WireFrame.headerLength + length
        guard offset <= frame.byteCount else {
            throw .truncated(needed: offset, have: frame.byteCount)
        }
    }

    /// Steps over a repeating group whose entries are at least `entryLength` bytes long.
    mutating func group(
        in frame: RawSpan, entryLength: Int, _ field: StaticString
    ) throws(WireError) -> GroupSection {
        let first = offset + 4
        guard first <= frame.byteCount else {
            throw .truncated(needed: first, have: frame.byteCount)
        }
        let length = Int(frame.load(at: offset, as: UInt16.self))
        let count = Int(frame.load(at: offset + 2, as: UInt16.self))
        let isLengthRight =
            version > WireSchema.version ? length >= entryLength : length == entryLength
        guard isLengthRight, length * count <= frame.byteCount - first else {
            throw .badGroup(field: field.description, entryLength: length, count: count)
        }
        offset = first + length * count
        return GroupSection(first: first, entryLength: length, count: count)
    }

    /// Steps over variable data and says where their bytes lie.
    mutating func data(
        in frame: RawSpan, _ field: StaticString
    ) throws(WireError) -> Range<Int> {
        let first = offset + 2
        guard first <= frame.byteCount else {
            throw .truncated(needed: first, have: frame.byteCount)
        }
        let length = Int(frame.load(at: offset, as: UInt16.self))
        guard length <= WireFrame.maximumData, length <= frame.byteCount - first else {
            throw .badLength(field: field.description, length: length)
        }
        offset = first + length
        return first..<offset
    }

    /// Checks that the frame ends here. What a newer version appended is skipped.
    @inline(__always)
    func finish(_ frame: RawSpan) throws(WireError) {
        guard offset == frame.byteCount || version > WireSchema.version else {
            throw .trailingBytes(frame.byteCount - offset)
        }
    }
}
