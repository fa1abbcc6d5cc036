package import Trading

/// First in every root block: who sent the message, in which epoch, as which message of the
/// session, when, and for which trace.
package struct Envelope: Sendable, Hashable, BitwiseCopyable {
    /// The sending process; must equal the User-Id that its key authenticated as.
    package var sender: ProcessID
    /// The sender's epoch; zero where the sender has none.
    package var epoch: Epoch
    /// The message's number within the session, from 1; zero outside of sessions.
    package var sequence: SequenceNumber
    /// When the message was sent, UTC.
    package var sentAt: Timestamp
    /// The trace that the message belongs to; zero for none.
    package var traceID: UInt64

    /// An envelope that the transport has still to fill.
    package static let unset = Envelope(
        sender: .empty, epoch: .zero, sequence: .zero, sentAt: .zero, traceID: 0)

    /// Makes an envelope from its parts.
    package init(
        sender: ProcessID, epoch: Epoch, sequence: SequenceNumber, sentAt: Timestamp,
        traceID: UInt64
    ) {
        self.sender = sender
        self.epoch = epoch
        self.sequence = sequence
        self.sentAt = sentAt
        self.traceID = traceID
    }
}

extension Envelope {
    /// Reads the envelope of a frame that is long enough to have one.
    @inline(__always)
    init(in frame: RawSpan) throws(WireError) {
        sender = ProcessID(
            name: try frame.shortName(at: WireFrame.senderOffset, "envelope.sender"))
        epoch = frame.load(at: WireFrame.epochOffset, as: Epoch.self)
        sequence = frame.load(at: WireFrame.sequenceOffset, as: SequenceNumber.self)
        sentAt = frame.load(at: WireFrame.sentAtOffset, as: Timestamp.self)
        traceID = frame.load(at: WireFrame.traceOffset, as: UInt64.self)
    }

    /// Writes the envelope into a frame.
    @inline(__always)
    func store(into frame: inout MutableRawSpan) {
        frame.store(sender.name, at: WireFrame.senderOffset)
        frame.store(epoch, at: WireFrame.epochOffset)
        frame.store(sequence, at: WireFrame.sequenceOffset)
        frame.store(sentAt, at: WireFrame.sentAtOffset)
        frame.store(traceID, at: WireFrame.traceOffset)
    }
}
