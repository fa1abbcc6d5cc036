import Trading

/// Collects encoded frames in one buffer that is used again and again: once it has grown to what a
/// turn needs, encoding allocates nothing.
package struct WireWriter: Sendable {
    /// The buffer; what lies beyond `count` is left over from earlier use.
    private var storage: [UInt8]

    /// How many bytes have been written.
    package private(set) var count = 0

    /// A writer with room for `capacity` bytes; it grows when needed.
    package init(capacity: Int = 1024) {
        precondition(capacity > 0, "capacity must be positive, got \(capacity)")
        storage = [UInt8](repeating: 0, count: capacity)
    }

    /// Forgets what was written and keeps the room.
    package mutating func removeAll() { count = 0 }

    /// Forgets what was written after the first `newCount` bytes.
    package mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count, "cannot cut \(count) to \(newCount)")
        count = newCount
    }

    /// A copy of what was written.
    package var bytes: [UInt8] { Array(storage[..<count]) }

    /// A copy of a part of what was written: one frame among several.
    package func bytes(in range: Range<Int>) -> [UInt8] {
        precondition(range.upperBound <= count, "\(range) ends after \(count)")
        return Array(storage[range])
    }

    /// Calls `body` with what was written, without a copy.
    package func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(storage.span.bytes.extracting(first: count))
    }

    /// What was written; the writer is empty and without room afterwards.
    package consuming func takeBytes() -> [UInt8] {
        storage.removeLast(storage.count - count)
        return storage
    }

    /// Appends bytes as they are: a frame that was encoded before.
    package mutating func append(_ bytes: [UInt8]) {
        let start = extend(by: bytes.count)
        withRoom(at: start, length: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// Appends a frame's header and root block. `body` stores every field of the block, at offsets
    /// from the frame's start.
    @inline(__always)
    mutating func appendBlock(
        _ template: UInt16, length: Int, _ body: (inout MutableRawSpan) -> Void
    ) {
        let start = extend(by: WireFrame.headerLength + length)
        withFields(at: start, length: WireFrame.headerLength + length) { block in
            block.store(UInt16(length), at: 0)
            block.store(template, at: 2)
            block.store(WireSchema.id, at: 4)
            block.store(WireSchema.version, at: 6)
            body(&block)
        }
    }

    /// Appends a repeating group. `body` stores every field of an entry.
    @inline(__always)
    mutating func appendGroup<Entry>(
        _ entries: [Entry], entryLength: Int, _ body: (Entry, inout MutableRawSpan) -> Void
    ) {
        precondition(entries.count <= Int(UInt16.max), "\(entries.count) entries in a group")
        var start = extend(by: 4 + entryLength * entries.count)
        withFields(at: start, length: 4) { header in
            header.store(UInt16(entryLength), at: 0)
            header.store(UInt16(entries.count), at: 2)
        }
        start += 4
        for entry in entries {
            withFields(at: start, length: entryLength) { block in body(entry, &block) }
            start += entryLength
        }
    }

    /// Appends variable data: their length, then the bytes.
    mutating func appendData(_ data: [UInt8]) {
        precondition(data.count <= WireFrame.maximumData, "\(data.count) bytes of data")
        let start = extend(by: 2 + data.count)
        withRoom(at: start, length: 2 + data.count) { room in
            room.storeBytes(of: UInt16(data.count), as: UInt16.self)
            UnsafeMutableRawBufferPointer(rebasing: room[2...]).copyBytes(from: data)
        }
    }

    /// Makes room for `length` more bytes and returns where they start.
    @inline(__always)
    private mutating func extend(by length: Int) -> Int {
        let start = count
        count += length
        if count > storage.count { grow() }
        return start
    }

    /// Calls `body` with a part of the buffer.
    @inline(__always)
    private mutating func withRoom(
        at start: Int, length: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        precondition(start + length <= storage.count, "no room for \(length) bytes at \(start)")
        storage.withUnsafeMutableBytes { buffer in
            body(UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + length]))
        }
    }

    /// Calls `body` with a part of the buffer as a span. Where `length` is a constant, the bounds
    /// of stores at constant offsets are decided when the code is compiled.
    @inline(__always)
    private mutating func withFields(
        at start: Int, length: Int, _ body: (inout MutableRawSpan) -> Void
    ) {
        withRoom(at: start, length: length) { room in
            var span = room.mutableBytes
            body(&span)
        }
    }

    private mutating func grow() {
        let wanted = max(count, storage.count * 2)
        storage.append(contentsOf: repeatElement(0, count: wanted - storage.count))
    }
}

/// How generated code writes fields, at constant offsets of a block of constant length.
extension MutableRawSpan {
    /// A number, or a plain value whose layout is that of its numbers.
    @inline(__always)
    mutating func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
        storeBytes(of: value, toByteOffset: offset, as: Value.self)
    }

    /// A name of at most 16 bytes.
    @inline(__always)
    mutating func store(_ name: ShortName, at offset: Int) {
        store(name.high.byteSwapped, at: offset)
        store(name.low.byteSwapped, at: offset + 8)
    }

    /// A name of at most 32 bytes.
    @inline(__always)
    mutating func store(_ name: LongName, at offset: Int) {
        store(name.first.byteSwapped, at: offset)
        store(name.second.byteSwapped, at: offset + 8)
        store(name.third.byteSwapped, at: offset + 16)
        store(name.fourth.byteSwapped, at: offset + 24)
    }

    /// A venue's name for something, of at most 40 bytes.
    @inline(__always)
    mutating func store(_ reference: VenueReference, at offset: Int) {
        store(reference.head, at: offset)
        store(reference.tail.byteSwapped, at: offset + 32)
    }
}
