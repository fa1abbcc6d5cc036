import Cryptography
import Trading

/// Computes the chain. An entry's leaf is SHA-256 of a domain tag, the entry's fields in a fixed
/// order and little endian, and the body; the chain's hash behind it is SHA-256 of a domain tag,
/// the hash before and the leaf. So an entry can be hidden behind its leaf, and the chain still
/// holds.
struct HashChain: ~Copyable {
    private(set) var head: SHA256Digest
    private var hasher = SHA256()
    private var prefix: [UInt8]

    init(head: SHA256Digest) {
        self.head = head
        prefix = HashChain.leafTag
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

    /// What stands for an entry in the chain.
    mutating func leaf(
        sequence: SequenceNumber, epoch: Epoch, engineVersion: UInt32, at: Timestamp,
        template: UInt16, body: RawSpan
    ) -> SHA256Digest {
        var offset = prefix.count - HashChain.fieldByteCount
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

    /// The hash behind the head and a leaf that follows it; the head stays.
    mutating func hash(over leaf: SHA256Digest) -> SHA256Digest {
        hasher.update(HashChain.linkTag)
        hasher.update(head)
        hasher.update(leaf)
        return hasher.finish()
    }

    /// The hash of an entry that follows the head; the head stays.
    mutating func hash(
        sequence: SequenceNumber, epoch: Epoch, engineVersion: UInt32, at: Timestamp,
        template: UInt16, body: RawSpan
    ) -> SHA256Digest {
        hash(
            over: leaf(
                sequence: sequence, epoch: epoch, engineVersion: engineVersion, at: at,
                template: template, body: body))
    }

    /// The hash that a version without leaves has written for the entry. Its journals go on.
    mutating func hashWithoutLeaf(_ header: EntryHeader, body: RawSpan) -> SHA256Digest {
        hasher.update(HashChain.firstTag)
        hasher.update(head)
        hasher.update(littleEndianBytes(header.sequence.rawValue))
        hasher.update(littleEndianBytes(header.epoch.rawValue))
        hasher.update(littleEndianBytes(header.engineVersion))
        hasher.update(littleEndianBytes(header.at.nanoseconds))
        hasher.update(littleEndianBytes(header.template))
        hasher.update(littleEndianBytes(UInt32(body.byteCount)))
        hasher.update(body)
        return hasher.finish()
    }

    /// Makes `hash` the head.
    mutating func advance(to hash: SHA256Digest) { head = hash }

    private static let firstTag = Array("bellwether journal entry v1\0".utf8)
    private static let leafTag = Array("bellwether journal leaf v2\0".utf8)
    private static let linkTag = Array("bellwether journal link v2\0".utf8)

    /// Sequence, epoch, engine version, time, template and body length.
    private static let fieldByteCount = 8 + 8 + 4 + 8 + 2 + 4

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
    /// The leaf of an entry with these fields.
    mutating func leaf(_ header: EntryHeader, body: RawSpan) -> SHA256Digest {
        leaf(
            sequence: header.sequence, epoch: header.epoch, engineVersion: header.engineVersion,
            at: header.at, template: header.template, body: body)
    }

    /// Whether the entry follows the head with the hash that it states.
    mutating func accepts(_ header: EntryHeader, body: RawSpan) -> Bool {
        hash(over: leaf(header, body: body)) == header.chainHash
            || hashWithoutLeaf(header, body: body) == header.chainHash
    }
}
