package import Cryptography
package import Trading

/// Everything of an entry but its body.
package struct EntryHeader: Sendable, Hashable, BitwiseCopyable {
    package let sequence: SequenceNumber
    package let epoch: Epoch
    package let engineVersion: UInt32
    /// Market time; never lower than the entry before.
    package let at: Timestamp
    /// The template of the command inside the body, so that entries can be found without decoding.
    package let template: UInt16
    package let chainHash: SHA256Digest

    package init(
        sequence: SequenceNumber, epoch: Epoch, engineVersion: UInt32, at: Timestamp,
        template: UInt16, chainHash: SHA256Digest
    ) {
        self.sequence = sequence
        self.epoch = epoch
        self.engineVersion = engineVersion
        self.at = at
        self.template = template
        self.chainHash = chainHash
    }
}

/// An entry as it is read back.
package struct StoredEntry: Sendable, Hashable {
    package let header: EntryHeader
    package let body: [UInt8]

    package init(header: EntryHeader, body: [UInt8]) {
        self.header = header
        self.body = body
    }
}

/// The end of the chain after an entry: what peers keep to compare with later.
package struct ChainHead: Sendable, Hashable, BitwiseCopyable, CustomStringConvertible {
    /// The last entry; zero before the first one.
    package let sequence: SequenceNumber
    package let hash: SHA256Digest

    package init(sequence: SequenceNumber, hash: SHA256Digest) {
        self.sequence = sequence
        self.hash = hash
    }

    package var description: String { "\(sequence):\(hash)" }
}

/// What a journal belongs to. Part of the chain's first hash, so two journals never share a head.
package struct JournalIdentity: Sendable, Hashable {
    package let cluster: String
    /// Who owns the journal: the core or a gateway.
    package let owner: String
    /// The version of the bodies' schema.
    package let schemaVersion: UInt32

    package init(cluster: String, owner: String, schemaVersion: UInt32) {
        self.cluster = cluster
        self.owner = owner
        self.schemaVersion = schemaVersion
    }
}

/// The owner's state at an entry, as it was saved.
package struct StoredSnapshot: Sendable, Hashable {
    /// The last entry that the state includes, and the chain there.
    package let head: ChainHead
    package let engineVersion: UInt32
    package let bytes: [UInt8]

    package init(head: ChainHead, engineVersion: UInt32, bytes: [UInt8]) {
        self.head = head
        self.engineVersion = engineVersion
        self.bytes = bytes
    }
}
