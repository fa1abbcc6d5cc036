package import Cryptography
import Trading

/// A journal for the eyes of one party: its entries as they are, all others as their leaves, and
/// the owner's signed checkpoints. It verifies without the journal: the chain goes through every
/// leaf, and nothing stands behind the last checkpoint.
///
/// The file: a magic, the identity and the subject, where the chain starts, the owner's public
/// key, then items (hidden, clear, checkpoint), an end with the number of entries, and SHA-256 of
/// it all.
package enum AuditExport {
    static let magic = Array("bellwether audit export v1\0".utf8)

    enum Tag {
        static let hidden: UInt8 = 0
        static let clear: UInt8 = 1
        static let checkpoint: UInt8 = 2
        static let end: UInt8 = 3
    }

    /// What verifying an export came to.
    package struct Report: Sendable {
        package let identity: JournalIdentity
        /// Whom it was made for.
        package let subject: String
        package let entries: UInt64
        package let clear: [StoredEntry]
        package let checkpoints: Int
        package let head: ChainHead
        /// Who signed the checkpoints. Compare it with the key that the owner has made known.
        package let key: Ed25519PublicKey
    }

    /// Writes a journal's entries up to its last signed checkpoint, `isClear` as they are.
    package static func write(
        _ reader: JournalReader, subject: String, key: Ed25519PublicKey,
        isClear: (StoredEntry) throws -> Bool
    ) throws -> [UInt8] {
        let start = try reader.start()
        let checkpoints = try reader.checkpoints().filter { $0.head.sequence > start.sequence }
        guard let last = checkpoints.last else {
            throw JournalError(.refusedArchive, "there is no signed checkpoint to export up to")
        }
        var bytes = magic
        for text in [reader.identity.cluster, reader.identity.owner, subject] {
            bytes += littleEndianBytes(UInt32(text.utf8.count)) + Array(text.utf8)
        }
        bytes += littleEndianBytes(reader.identity.schemaVersion)
        bytes += littleEndianBytes(start.sequence.rawValue) + start.hash.bytes
        bytes += key.bytes
        var remaining = checkpoints[...]
        var chain = HashChain(head: start.hash)
        try reader.walk(from: start.sequence.next, through: last.head.sequence) { header, body in
            let leaf = chain.leaf(header, body: body)
            guard chain.hash(over: leaf) == header.chainHash else {
                throw JournalError(
                    .refusedArchive,
                    "it was changed, or written by a version whose entries cannot be hidden",
                    entry: header.sequence)
            }
            chain.advance(to: header.chainHash)
            let entry = StoredEntry(header: header, body: body.withUnsafeBytes { Array($0) })
            bytes += try isClear(entry) ? clear(entry) : [Tag.hidden] + leaf.bytes
            if let checkpoint = remaining.first, checkpoint.head.sequence == header.sequence {
                bytes += [Tag.checkpoint] + checkpoint.stateHash.bytes + checkpoint.signature
                remaining.removeFirst()
            }
            return true
        }
        let count = last.head.sequence.rawValue - start.sequence.rawValue
        bytes += [Tag.end] + littleEndianBytes(count)
        bytes += SHA256.hash(bytes).bytes
        // What was written must hold: the checkpoints were not compared with the chain yet.
        _ = try verify(bytes)
        return bytes
    }

    private static func clear(_ entry: StoredEntry) -> [UInt8] {
        let header = entry.header
        return [Tag.clear] + littleEndianBytes(header.epoch.rawValue)
            + littleEndianBytes(header.engineVersion) + littleEndianBytes(header.at.nanoseconds)
            + littleEndianBytes(header.template) + littleEndianBytes(UInt32(entry.body.count))
            + entry.body
    }

    /// Checks an export: its own hash, the chain over every entry, time and epochs of the clear
    /// ones, and the signature of every checkpoint, the last of which ends it.
    package static func verify(_ bytes: [UInt8]) throws(JournalError) -> Report {
        var reading = ExportReading(bytes: bytes)
        return try reading.report()
    }
}

/// An export being read. Every byte has one meaning; whatever is left over is damage.
private struct ExportReading {
    private let bytes: [UInt8]
    private var offset = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func report() throws(JournalError) -> AuditExport.Report {
        let trailer = bytes.count - SHA256Digest.byteCount
        guard trailer > AuditExport.magic.count, bytes.starts(with: AuditExport.magic) else {
            throw JournalError(.damaged, "this is no audit export")
        }
        guard SHA256.hash(Array(bytes[..<trailer])).bytes == Array(bytes[trailer...]) else {
            throw JournalError(.damaged, "the export does not have the hash that stands at its end")
        }
        offset = AuditExport.magic.count
        let (cluster, owner, subject) = (try text(), try text(), try text())
        let identity = JournalIdentity(
            cluster: cluster, owner: owner, schemaVersion: try number())
        let start = ChainHead(sequence: SequenceNumber(try number()), hash: try digest())
        // An entry takes a byte at least, so no number in the file comes near the largest.
        let isPossible = start.sequence.rawValue <= UInt64(Int64.max)
        let isGenesis = start.sequence == .zero && start.hash == HashChain.genesis(of: identity)
        guard isPossible, start.sequence > .zero || isGenesis else {
            throw JournalError(.damaged, "the chain does not start at its cluster")
        }
        let keyBytes = try take(32)
        let key: Ed25519PublicKey
        do throws(CryptoError) {
            key = try Ed25519PublicKey(bytes: keyBytes)
        } catch {
            throw JournalError(.damaged, "the owner's key is none: \(error)")
        }
        return try items(identity, subject, start, key)
    }

    private mutating func items(
        _ identity: JournalIdentity, _ subject: String, _ start: ChainHead,
        _ key: Ed25519PublicKey
    ) throws(JournalError) -> AuditExport.Report {
        var chain = HashChain(head: start.hash)
        var sequence = start.sequence
        var clear: [StoredEntry] = []
        var signed = start
        var checkpoints = 0
        while true {
            let tag: UInt8 = try number()
            switch tag {
            case AuditExport.Tag.hidden:
                chain.advance(to: chain.hash(over: try digest()))
                sequence = sequence.next
            case AuditExport.Tag.clear:
                sequence = sequence.next
                clear.append(try entry(sequence, &chain, after: clear.last?.header))
            case AuditExport.Tag.checkpoint:
                signed = ChainHead(sequence: sequence, hash: chain.head)
                let checkpoint = SignedCheckpoint(
                    head: signed, stateHash: try digest(),
                    signature: try take(Ed25519PublicKey.signatureByteCount))
                guard checkpoint.isValid(for: identity, by: key) else {
                    throw JournalError(
                        .damaged, "the checkpoint here is not signed by the owner's key",
                        entry: sequence)
                }
                checkpoints += 1
            case AuditExport.Tag.end:
                let count: UInt64 = try number()
                guard count == sequence.rawValue - start.sequence.rawValue, checkpoints > 0,
                    signed.sequence == sequence,
                    offset == bytes.count - SHA256Digest.byteCount
                else { throw JournalError(.damaged, "the export does not end at a checkpoint") }
                return AuditExport.Report(
                    identity: identity, subject: subject, entries: count, clear: clear,
                    checkpoints: checkpoints, head: signed, key: key)
            default:
                throw JournalError(.damaged, "byte \(offset) is no item", entry: sequence)
            }
        }
    }

    private mutating func entry(
        _ sequence: SequenceNumber, _ chain: inout HashChain, after last: EntryHeader?
    ) throws(JournalError) -> StoredEntry {
        let epoch = Epoch(try number())
        let version: UInt32 = try number()
        let at = Timestamp(nanoseconds: try number())
        let template: UInt16 = try number()
        let length: UInt32 = try number()
        let body = try take(Int(length))
        let leaf = chain.leaf(
            sequence: sequence, epoch: epoch, engineVersion: version, at: at, template: template,
            body: body.span.bytes)
        chain.advance(to: chain.hash(over: leaf))
        if let last, at < last.at || epoch < last.epoch {
            throw JournalError(.damaged, "its time or epoch is before another's", entry: sequence)
        }
        return StoredEntry(
            header: EntryHeader(
                sequence: sequence, epoch: epoch, engineVersion: version, at: at,
                template: template, chainHash: chain.head),
            body: body)
    }

    // MARK: - Parts

    private mutating func take(_ count: Int) throws(JournalError) -> [UInt8] {
        guard count <= bytes.count - offset else {
            throw JournalError(.damaged, "the export ends within an item")
        }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    private mutating func number<Word: FixedWidthInteger>() throws(JournalError) -> Word {
        try take(Word.bitWidth / 8).reversed().reduce(0) { $0 << 8 | Word(truncatingIfNeeded: $1) }
    }

    private mutating func digest() throws(JournalError) -> SHA256Digest {
        let taken = try take(SHA256Digest.byteCount)
        do throws(CryptoError) {
            return try SHA256Digest(bytes: taken)
        } catch {
            preconditionFailure("32 bytes are no digest: \(error)")
        }
    }

    private mutating func text() throws(JournalError) -> String {
        let length: UInt32 = try number()
        return String(decoding: try take(Int(length)), as: UTF8.self)
    }
}
