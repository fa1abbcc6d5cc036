package import Trading

/// What is true of every frame: its bounds, and the envelope at fixed offsets, which the transport
/// reads and fills without decoding the message.
package enum WireFrame {
    /// The length of the header.
    package static let headerLength = 8
    /// The length of the envelope, which follows the header.
    package static let envelopeLength = 48
    /// No frame is longer.
    package static let maximumLength = 65_536
    /// No variable data are longer. A frame that is to be journalled whole must not be either.
    package static let maximumData = 32_768

    private static let envelopeEnd = headerLength + envelopeLength
    static let senderOffset = headerLength
    static let epochOffset = headerLength + 16
    static let sequenceOffset = headerLength + 24
    static let sentAtOffset = headerLength + 32
    static let traceOffset = headerLength + 40

    /// The envelope of a frame. Checks the header and the sender's name, not the rest.
    package static func envelope(of frame: RawSpan) throws(WireError) -> Envelope {
        _ = try WireHeader(peeking: frame)
        guard frame.byteCount >= envelopeEnd else {
            throw .truncated(needed: envelopeEnd, have: frame.byteCount)
        }
        return try Envelope(in: frame)
    }

    /// The envelope of a frame held in an array.
    package static func envelope(of frame: [UInt8]) throws(WireError) -> Envelope {
        try envelope(of: frame.span.bytes)
    }

    /// The message that a frame holds, by its header.
    package static func template(of frame: RawSpan) throws(WireError) -> WireTemplate {
        try WireHeader(peeking: frame).template()
    }

    /// The message that a frame held in an array is, by its header.
    package static func template(of frame: [UInt8]) throws(WireError) -> WireTemplate {
        try template(of: frame.span.bytes)
    }

    /// Replaces parts of the envelope of a frame of ours; what is nil stays.
    package static func setEnvelope(
        in frame: inout [UInt8], sender: ProcessID? = nil, epoch: Epoch? = nil,
        sequence: SequenceNumber? = nil, sentAt: Timestamp? = nil, traceID: UInt64? = nil
    ) {
        precondition(frame.count >= envelopeEnd, "a frame of \(frame.count) bytes has no envelope")
        var span = frame.mutableSpan
        var bytes = span.mutableBytes
        if let sender { bytes.store(sender.name, at: senderOffset) }
        if let epoch { bytes.store(epoch, at: epochOffset) }
        if let sequence { bytes.store(sequence, at: sequenceOffset) }
        if let sentAt { bytes.store(sentAt, at: sentAtOffset) }
        if let traceID { bytes.store(traceID, at: traceOffset) }
    }

    /// Replaces the whole envelope of a frame of ours.
    package static func setEnvelope(_ envelope: Envelope, in frame: inout [UInt8]) {
        setEnvelope(
            in: &frame, sender: envelope.sender, epoch: envelope.epoch,
            sequence: envelope.sequence, sentAt: envelope.sentAt, traceID: envelope.traceID)
    }
}
