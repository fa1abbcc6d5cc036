package import Wire

/// Frames one after the other, each after its length in four bytes, little-endian.
struct SnapshotWriter {
    private var bytes: [UInt8] = []
    private var writer = WireWriter(capacity: 4_096)
    private(set) var records: UInt64 = 0

    init() { bytes.reserveCapacity(64 * 1_024) }

    mutating func append(_ message: some FixedWireMessage) {
        writer.removeAll()
        message.encode(into: &writer)
        flush()
    }

    /// Appends what `encode` writes: one frame.
    mutating func append(_ encode: (inout WireWriter) -> Void) {
        writer.removeAll()
        encode(&writer)
        flush()
    }

    consuming func finish() -> [UInt8] {
        append(SnapshotEnd(records: records))
        return bytes
    }

    private mutating func flush() {
        let length = UInt32(writer.count)
        precondition(writer.count <= WireFrame.maximumLength, "a snapshot record is too long")
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: length >> shift))
        }
        writer.withBytes { span in
            span.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        records += 1
    }
}

/// Why bytes are not a snapshot of this engine.
package enum SnapshotError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes end inside a record.
    case truncated(offset: Int)
    /// A record does not decode.
    case badRecord(offset: Int, WireError)
    /// A message that snapshots do not have.
    case unexpectedTemplate(offset: Int, UInt16)
    /// A record comes before what it refers to, or twice.
    case misplaced(offset: Int, String)
    /// The snapshot was written by another version of the engine.
    case otherVersion(found: UInt32, expected: UInt32)
    /// The end states another number of records.
    case wrongCount(found: UInt64, expected: UInt64)
    /// The records contradict each other.
    case inconsistent(String)

    package var description: String {
        switch self {
        case .truncated(let offset): "snapshot ends inside the record at byte \(offset)"
        case .badRecord(let offset, let error): "snapshot record at byte \(offset): \(error)"
        case .unexpectedTemplate(let offset, let template):
            "snapshot record at byte \(offset): template \(template) is no snapshot record"
        case .misplaced(let offset, let what): "snapshot record at byte \(offset): \(what)"
        case .otherVersion(let found, let expected):
            "snapshot of engine version \(found), expected \(expected): start the core of that"
                + " version, disarm, take a snapshot, and upgrade from there"
        case .wrongCount(let found, let expected):
            "snapshot has \(found) records, its end says \(expected)"
        case .inconsistent(let what): "snapshot contradicts itself: \(what)"
        }
    }
}
