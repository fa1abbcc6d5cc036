/// Where a repeating group lies in a frame, checked to be inside it.
struct GroupSection {
    let first: Int
    let entryLength: Int
    let count: Int
}

/// Walks what follows a frame's root block: groups, then data, then nothing.
///
/// The order of calls is the schema's. Every length is bounded before it is used, and a frame has
/// at most `WireFrame.maximumLength` bytes, so sums and products of lengths cannot overflow. What a
/// message needs is inlined into its decoder; errors are made out of line.
struct SectionCursor {
    private let isNewer: Bool
    private var offset: Int

    /// Checks the header and the root block of a frame.
    ///
    /// A newer version may have a longer block, whose end is skipped. Our own version has exactly
    /// our length: a value then has one encoding only.
    @inline(__always)
    init(_ frame: RawSpan, template: UInt16, blockLength: Int) throws(WireError) {
        let header = try WireHeader(peeking: frame)
        isNewer = header.version > WireSchema.version
        let length = Int(header.blockLength)
        offset = WireFrame.headerLength &+ length
        guard header.templateID == template, length >= blockLength,
            length == blockLength || isNewer, offset <= frame.byteCount
        else {
            throw rootError(
                header, template: template, blockLength: blockLength, have: frame.byteCount)
        }
    }

    /// Steps over a repeating group whose entries are at least `entryLength` bytes long.
    @inline(__always)
    mutating func group(
        in frame: RawSpan, entryLength: Int, _ field: StaticString
    ) throws(WireError) -> GroupSection {
        let first = offset &+ 4
        guard first <= frame.byteCount else {
            throw .truncated(needed: first, have: frame.byteCount)
        }
        let length = Int(frame.load(at: offset, as: UInt16.self))
        let count = Int(frame.load(at: offset &+ 2, as: UInt16.self))
        let end = first &+ length &* count
        guard length >= entryLength, length == entryLength || isNewer, end <= frame.byteCount else {
            throw .badGroup(field: field.description, entryLength: length, count: count)
        }
        offset = end
        return GroupSection(first: first, entryLength: length, count: count)
    }

    /// Steps over variable data and says where their bytes lie.
    @inline(__always)
    mutating func data(
        in frame: RawSpan, _ field: StaticString
    ) throws(WireError) -> Range<Int> {
        let first = offset &+ 2
        guard first <= frame.byteCount else {
            throw .truncated(needed: first, have: frame.byteCount)
        }
        let length = Int(frame.load(at: offset, as: UInt16.self))
        let end = first &+ length
        guard length <= WireFrame.maximumData, end <= frame.byteCount else {
            throw .badLength(field: field.description, length: length)
        }
        offset = end
        return Range(uncheckedBounds: (first, end))
    }

    /// Checks that the frame ends here. What a newer version appended is skipped.
    @inline(__always)
    func finish(_ frame: RawSpan) throws(WireError) {
        guard offset == frame.byteCount || isNewer else {
            throw .trailingBytes(frame.byteCount &- offset)
        }
    }
}

/// What is wrong with a frame whose header or root block is not as expected.
@inline(never)
private func rootError(
    _ header: WireHeader, template: UInt16, blockLength: Int, have: Int
) -> WireError {
    guard header.templateID == template else {
        return .wrongTemplate(expected: template, found: header.templateID)
    }
    let length = Int(header.blockLength)
    if length < blockLength || header.version <= WireSchema.version && length != blockLength {
        return .badBlockLength(expected: blockLength, found: length)
    }
    return .truncated(needed: WireFrame.headerLength + length, have: have)
}
