package import Execution
package import Journal
package import Trading
import Wire

/// The gateway's durable facts in its own journal. A fact is one entry whose command is the fact's
/// message; the gateway's state is the fold of them.
package struct GatewayJournal {
    private let store: JournalStore
    private var epoch: Epoch
    private var entriesSinceSnapshot = 0
    private var latestTime: Timestamp

    /// What the entries of a gateway's journal are written with.
    package static let engineVersion: UInt32 = 1
    private static let snapshotEvery = 20_000

    /// Takes the next epoch of the gateway's own journal: one per start of the gateway.
    package init(store: JournalStore) throws(JournalError) {
        self.store = store
        epoch = store.epoch.next
        latestTime = store.lastTime ?? .zero
        try store.begin(epoch: epoch)
    }

    /// The end of what is durable.
    package var committed: ChainHead { store.committed }

    /// Reads the facts back: the newest snapshot, then every entry after it.
    package static func restore(
        from reader: JournalReader, into engine: inout GatewayEngine
    ) throws {
        var head = try reader.start()
        if let snapshot = try reader.latestSnapshot() {
            head = snapshot.head
            for frame in try SnapshotFrames.split(snapshot.bytes) {
                engine.restore(try GatewayFact(frame: frame))
            }
        }
        var restored = engine
        _ = try reader.replay(after: head) { _, body in
            let bytes = body.withUnsafeBytes { Array($0) }
            restored.restore(try GatewayFact(frame: try JournalEntry.command(in: bytes)))
        }
        engine = restored
    }

    /// Buffers a fact; durable after `commit`.
    package mutating func append(_ fact: GatewayFact, at now: Timestamp) throws(JournalError) {
        latestTime = max(latestTime, now)
        let (template, frame) = fact.frame
        let entry = JournalEntry(at: latestTime).frame(command: frame, reference: [], decision: [])
        _ = try store.append(epoch: epoch, at: latestTime, template: template, body: entry)
        entriesSinceSnapshot += 1
    }

    /// Makes the buffered facts durable. An error stops the process.
    package func commit() throws(JournalError) { try store.commit() }

    /// With no order open, the latches are all there is: a snapshot keeps recovery short.
    package mutating func compact(_ engine: GatewayEngine) throws(JournalError) {
        guard entriesSinceSnapshot >= GatewayJournal.snapshotEvery,
            engine.openOrderCount == 0
        else { return }
        try store.saveSnapshot(SnapshotFrames.join(engine.snapshotFacts.map(\.frame.1)))
        entriesSinceSnapshot = 0
    }
}

/// Frames one after another, each behind its length in four bytes, little-endian.
enum SnapshotFrames {
    static func join(_ frames: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for frame in frames {
            let length = UInt32(frame.count)
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: length >> shift))
            }
            bytes += frame
        }
        return bytes
    }

    static func split(_ bytes: [UInt8]) throws(WireError) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard rest.count >= 4 else { throw .truncated(needed: 4, have: rest.count) }
            let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard rest.count >= length else { throw .truncated(needed: length, have: rest.count) }
            frames.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return frames
    }
}

extension GatewayFact {
    /// The fact's message and its template.
    package var frame: (UInt16, [UInt8]) {
        switch self {
        case .leaseGranted(let fact): (LeaseGranted.templateID, fact.frame())
        case .leaseRetired(let fact): (LeaseRetired.templateID, fact.frame())
        case .permitConsumed(let fact): (OrderPermit.templateID, fact.frame())
        case .fate(let fact): (PermitFate.templateID, fact.frame(detail: []))
        case .fill(let fact): (FillReport.templateID, fact.frame())
        case .operatorCommand(let fact, let reason):
            (OperatorCommand.templateID, fact.frame(reason: reason))
        case .directive(let fact): (DirectiveGiven.templateID, fact.frame)
        case .directiveNoted(let fact): (SnapshotDirective.templateID, fact.frame())
        case .settled(let fact): (InstrumentSettlement.templateID, fact.frame())
        }
    }

    /// Reads a fact back from its message.
    package init(frame: [UInt8]) throws {
        switch try WireFrame.template(of: frame) {
        case .leaseGranted: self = .leaseGranted(try LeaseGranted(decoding: frame))
        case .leaseRetired: self = .leaseRetired(try LeaseRetired(decoding: frame))
        case .orderPermit: self = .permitConsumed(try OrderPermit(decoding: frame))
        case .permitFate: self = .fate(try PermitFate(decoding: frame))
        case .fillReport: self = .fill(try FillReport(decoding: frame))
        case .operatorCommand:
            self = .operatorCommand(
                try OperatorCommand(decoding: frame),
                reason: try OperatorCommand.reason(in: frame))
        case .directiveGiven: self = .directive(try GivenDirective(decoding: frame))
        case .snapshotDirective:
            self = .directiveNoted(try SnapshotDirective(decoding: frame))
        case .instrumentSettlement: self = .settled(try InstrumentSettlement(decoding: frame))
        case let other: throw WireError.unknownTemplate(other.rawValue)
        }
    }
}
