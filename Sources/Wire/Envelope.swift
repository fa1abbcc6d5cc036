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
    /// Reads the envelope at the start of a root block.
    @inline(__always)
    init(in block: RawSpan) throws(WireError) {
        sender = ProcessID(name: try block.shortName(at: 0, "envelope.sender"))
        epoch = block.load(at: 16, as: Epoch.self)
        sequence = block.load(at: 24, as: SequenceNumber.self)
        sentAt = block.load(at: 32, as: Timestamp.self)
        traceID = block.load(at: 40, as: UInt64.self)
    }

    /// Writes the envelope at the start of a root block.
    @inline(__always)
    func store(into block: inout MutableRawSpan) {
        block.store(sender.name, at: 0)
        block.store(epoch, at: 16)
        block.store(sequence, at: 24)
        block.store(sentAt, at: 32)
        block.store(traceID, at: 40)
    }
}
