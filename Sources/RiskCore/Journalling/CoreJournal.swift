package import Cryptography
package import Journal
package import Risk
package import Trading
package import Wire

/// The core's journal: one entry a command, with the reference and the decision that belong to it.
///
/// Knows when a checkpoint is due. Nothing here is durable before `commit`.
package struct CoreJournal {
    /// A snapshot is saved with every so many checkpoints, so that recovery stays short.
    package static let checkpointsPerSnapshot = 16

    private let store: JournalStore
    private let owner: ProcessID
    private let checkpointEvery: Int
    private var entry = WireWriter(capacity: 4_096)
    private var decision = WireWriter(capacity: 1_024)
    private var sinceCheckpoint = 0
    private var checkpoints = 0

    package init(store: JournalStore, owner: ProcessID, checkpointEvery: Int) {
        self.store = store
        self.owner = owner
        self.checkpointEvery = checkpointEvery
    }

    package var head: ChainHead { store.head }
    package var committed: ChainHead { store.committed }
    package var epoch: Epoch { store.epoch }
    package var isCheckpointDue: Bool { sinceCheckpoint >= checkpointEvery }

    /// The envelope of what the core writes itself.
    package var envelope: Envelope {
        Envelope(sender: owner, epoch: store.epoch, sequence: .zero, sentAt: .zero, traceID: 0)
    }

    /// Buffers a command that needed no decision.
    package mutating func append(
        _ template: WireTemplate, _ command: [UInt8], at now: Timestamp
    ) throws(JournalError) {
        try append(template, command, reference: [], decision: [], at: now)
    }

    /// Buffers a request with the reference that it was judged by and the decision.
    package mutating func append(
        _ template: WireTemplate, _ request: [UInt8], reference: ReferenceUpdated?,
        judgement: borrowing Judgement, at now: Timestamp
    ) throws(JournalError) {
        decision.removeAll()
        judgement.encode(into: &decision, envelope: envelope)
        var quote = reference
        quote?.envelope = envelope
        try append(
            template, request, reference: quote?.frame() ?? [], decision: decision.bytes, at: now)
    }

    /// Buffers a checkpoint of the engine's state, signed over the chain up to it.
    package mutating func checkpoint(
        stateHash: SHA256Digest, at now: Timestamp
    ) throws(JournalError) {
        let message = Checkpoint(
            envelope: envelope, stateHash: Digest(stateHash), entries: store.head.sequence.rawValue)
        try append(.checkpoint, message.frame(), at: now)
        try store.checkpoint(stateHash: stateHash)
        sinceCheckpoint = 0
        checkpoints += 1
    }

    /// Whether this checkpoint should carry a snapshot.
    package var isSnapshotDue: Bool { checkpoints % CoreJournal.checkpointsPerSnapshot == 0 }

    /// Saves the state, and seals the segment that it covers, so that it can be archived.
    package func saveSnapshot(_ bytes: [UInt8]) throws(JournalError) {
        try store.saveSnapshot(bytes)
        try store.sealSegment()
    }

    package func commit() throws(JournalError) { try store.commit() }

    private mutating func append(
        _ template: WireTemplate, _ command: [UInt8], reference: [UInt8], decision: [UInt8],
        at now: Timestamp
    ) throws(JournalError) {
        entry.removeAll()
        JournalEntry(envelope: envelope, at: now).encode(
            into: &entry, command: command, reference: reference, decision: decision)
        let epoch = store.epoch
        try entry.withBytes { bytes throws(JournalError) in
            _ = try store.append(
                epoch: epoch, at: now, template: template.rawValue, body: bytes)
        }
        sinceCheckpoint += 1
    }
}

extension Digest {
    /// The same 32 bytes.
    init(_ digest: SHA256Digest) { self = Digest(bytes: digest.bytes) ?? .zero }
}
