import Cryptography
package import Federation
package import Journal
package import Trading
package import Wire

/// What a peer must not forget, in its journal. An entry is a list of frames; the record is the
/// fold of the entries.
package struct RecordJournal {
    private let store: JournalStore
    private var latestTime: Timestamp
    private var height: UInt64
    private var held: Set<HeldName>
    /// Whether something waits for `commit`.
    package private(set) var isDirty = false

    private struct HeldName: Hashable {
        let round: UInt64
        let name: CandidateName
    }

    package static let engineVersion: UInt32 = 1
    /// An entry holds a model and the sums that made it.
    package static let bodyBytesMax = 256 << 20

    /// Takes the next epoch of the journal: one for each start.
    package init(store: JournalStore, record: PeerRecord) throws(JournalError) {
        self.store = store
        latestTime = store.lastTime ?? .zero
        height = record.head.height
        held = []
        try store.begin(epoch: store.epoch.next)
    }

    package var committed: ChainHead { store.committed }

    /// Buffers what has changed; durable after `commit`.
    package mutating func append(_ record: PeerRecord, at now: Timestamp) throws(JournalError) {
        latestTime = max(latestTime, now)
        if record.head.height > height {
            for next in (height + 1)...record.head.height {
                guard let version = record.versions[next] else { continue }
                try hold(version.candidate)
                try append(version, height: next)
            }
            height = record.head.height
            held = []
        }
        if let accepted = record.accepted { try hold(accepted) }
        var list = FrameList()
        list.append(record.frame)
        try write(list, FederationRecord.templateID)
    }

    private mutating func hold(_ candidate: Candidate) throws(JournalError) {
        let name = HeldName(round: candidate.round.round, name: candidate.name)
        guard held.insert(name).inserted else { return }
        var list = FrameList()
        candidate.append(to: &list)
        try write(list, FederationCandidate.templateID)
    }

    private mutating func append(
        _ version: CertifiedVersion, height: UInt64
    ) throws(JournalError) {
        let name = version.candidate.name
        var list = FrameList()
        list.append(
            FederationVersion(height: height, attempt: name.attempt, model: name.model).frame())
        list.append(version.commit)
        try write(list, FederationVersion.templateID)
        try store.checkpoint(stateHash: SHA256.hash(name.model.bytes))
    }

    private mutating func write(_ list: FrameList, _ template: UInt16) throws(JournalError) {
        try store.append(
            epoch: store.epoch, at: latestTime, template: template, body: list.bytes)
        isDirty = true
    }

    /// Makes it durable. An error stops the process.
    package mutating func commit() throws(JournalError) {
        try store.commit()
        isDirty = false
    }
}

/// The record as a journal's entries make it.
package struct RecordFold {
    package private(set) var record: PeerRecord
    private let initial: ModelState
    private let ring: Ring
    private var candidates: [CandidateName: Candidate] = [:]
    /// Versions that are kept for peers that are behind, as the peer itself keeps them.
    private static let versionsMax: UInt64 = 64
    private let keepsAll: Bool

    /// `keepsAll`: every version, for whoever looks at the lineage.
    package init(initial: ModelState, ring: Ring, keepsAll: Bool = false) {
        self.initial = initial
        self.ring = ring
        self.keepsAll = keepsAll
        record = PeerRecord(model: initial)
    }

    /// Reads a journal from its start.
    package mutating func read(_ reader: JournalReader) throws {
        var fold = self
        _ = try reader.replay(after: reader.start()) { _, body in
            try fold.take(body.withUnsafeBytes { Array($0) })
        }
        self = fold
    }

    package mutating func take(_ body: [UInt8]) throws(WireError) {
        var reader = FrameReader(body)
        let frame = try reader.next()
        switch try WireFrame.template(of: frame) {
        case .federationCandidate:
            let candidate = try Candidate(
                frame, &reader, ring: ring, parameters: initial.parameters.count)
            candidates[candidate.name] = candidate
        case .federationVersion:
            let version = try FederationVersion(decoding: frame)
            let name = CandidateName(attempt: version.attempt, model: version.model)
            guard let candidate = candidates[name] else {
                throw .unknownTemplate(FederationCandidate.templateID)
            }
            record.versions[version.height] = CertifiedVersion(
                candidate: candidate, commit: try reader.next())
            record.head = ModelHead(height: version.height, model: version.model)
            record.model = candidate.model
            candidates = [:]
            if !keepsAll, version.height > RecordFold.versionsMax {
                record.versions[version.height - RecordFold.versionsMax] = nil
            }
        case .federationRecord:
            let stated = try FederationRecord(decoding: frame)
            record.number = stated.number
            record.previous = stated.previous
            record.attempt = stated.attempt
            record.spentThrough = stated.spentThrough
            record.rosterVersion = stated.rosterVersion
            record.rejected = Set(
                try FederationRecord.rejected(in: frame).map {
                    CandidateName(attempt: $0.attempt, model: $0.model)
                })
            record.accepted =
                candidates[
                    CandidateName(attempt: stated.acceptedAttempt, model: stated.accepted)]
        case let other: throw .unknownTemplate(other.rawValue)
        }
    }
}

extension PeerRecord {
    fileprivate var frame: [UInt8] {
        FederationRecord(
            number: number, previous: previous, height: head.height, model: head.model,
            attempt: attempt, spentThrough: spentThrough, rosterVersion: rosterVersion,
            acceptedAttempt: accepted?.round.attempt ?? 0,
            accepted: accepted?.model.digest ?? .zero
        ).frame(
            rejected: rejected.sorted().map {
                FederationRecord.RejectedEntry(attempt: $0.attempt, model: $0.model)
            })
    }
}
