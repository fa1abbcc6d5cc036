/// The eight bytes before every message.
package struct WireHeader: Sendable, Equatable, BitwiseCopyable {
    /// The length of the root block that the sender wrote.
    package let blockLength: UInt16
    /// The message's number in the schema.
    package let templateID: UInt16
    /// The schema's number; always `WireSchema.id` in a header that was read.
    package let schemaID: UInt16
    /// The version of the schema that the sender speaks; at least 1.
    package let version: UInt16

    /// Reads the header of a frame and nothing else.
    ///
    /// Throws when the frame cannot be ours: too short, too long, another schema, version zero.
    @inline(__always)
    package init(peeking frame: RawSpan) throws(WireError) {
        guard frame.byteCount >= WireFrame.headerLength,
            frame.byteCount <= WireFrame.maximumLength
        else { throw lengthError(frame.byteCount) }
        blockLength = frame.load(at: 0, as: UInt16.self)
        templateID = frame.load(at: 2, as: UInt16.self)
        schemaID = frame.load(at: 4, as: UInt16.self)
        version = frame.load(at: 6, as: UInt16.self)
        guard schemaID == WireSchema.id else { throw .unknownSchema(schemaID) }
        guard version > 0 else { throw .unknownVersion(version) }
    }

    /// Reads the header of a frame held in an array.
    package init(peeking frame: [UInt8]) throws(WireError) {
        try self.init(peeking: frame.span.bytes)
    }

    /// The message that the header names.
    package func template() throws(WireError) -> WireTemplate {
        guard let template = WireTemplate(rawValue: templateID) else {
            throw .unknownTemplate(templateID)
        }
        return template
    }
}

@inline(never)
private func lengthError(_ length: Int) -> WireError {
    length > WireFrame.maximumLength
        ? .frameTooLong(length: length)
        : .truncated(needed: WireFrame.headerLength, have: length)
}
