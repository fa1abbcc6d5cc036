import Cryptography
import Trading

/// Computes the chain: SHA-256 of a domain tag, the hash before, the entry's fields in a fixed
/// order and little endian, and the body.
struct HashChain: ~Copyable {
    private(set) var head: SHA256Digest
    private var hasher = SHA256()
    private var prefix: [UInt8]

    init(head: SHA256Digest) {
        self.head = head
        prefix = Array("bellwether journal entry v1\0".utf8)
        prefix.append(contentsOf: repeatElement(0, count: HashChain.fieldByteCount))
    }

    /// The head of a journal without entries.
    static func genesis(of identity: JournalIdentity) -> SHA256Digest {
        var hasher = SHA256()
        hasher.update(Array("bellwether journal v1\0".utf8))
        for text in [identity.cluster, identity.owner] {
            hasher.update(littleEndianBytes(UInt32(text.utf8.count)))
            hasher.update(Array(text.utf8))
        }
        hasher.update(littleEndianBytes(identity.schemaVersion))
        return hasher.finish()
    }

    /// The hash of an entry that follows the head; the head stays.
    mutating func hash(
        sequence: SequenceNumber, epoch: Epoch, engineVersion: UInt32, at: Timestamp,
        template: UInt16, body: RawSpan
    ) -> SHA256Digest {
        var offset = prefix.count - HashChain.fieldByteCount
        head.withBytes { bytes in
            for byte in bytes {
                prefix[offset] = byte
                offset += 1
            }
        }
        store(sequence.rawValue, at: &offset)
        store(epoch.rawValue, at: &offset)
        store(engineVersion, at: &offset)
        store(UInt64(bitPattern: at.nanoseconds), at: &offset)
        store(template, at: &offset)
        store(UInt32(body.byteCount), at: &offset)
        precondition(offset == prefix.count, "fields end at \(offset) of \(prefix.count)")
        hasher.update(prefix)
        hasher.update(body)
        return hasher.finish()
    }

    /// Makes `hash` the head.
    mutating func advance(to hash: SHA256Digest) { head = hash }

    /// Previous hash, sequence, epoch, engine version, time, template and body length.
    private static let fieldByteCount = 32 + 8 + 8 + 4 + 8 + 2 + 4

    private mutating func store<Word: FixedWidthInteger>(_ word: Word, at offset: inout Int) {
        var rest = word
        for _ in 0..<Word.bitWidth / 8 {
            prefix[offset] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
            offset += 1
        }
    }
}

/// The bytes of a number, lowest first.
func littleEndianBytes(_ word: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: word.littleEndian) { Array($0) }
}

extension HashChain {
    /// The hash that an entry with these fields has behind the head.
    mutating func hash(_ header: EntryHeader, body: RawSpan) -> SHA256Digest {
        hash(
            sequence: header.sequence, epoch: header.epoch, engineVersion: header.engineVersion,
            at: header.at, template: header.template, body: body)
    }
}
