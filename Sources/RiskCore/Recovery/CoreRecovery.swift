import Cryptography
package import Journal
package import Risk
package import Trading
package import Wire

/// Brings the engine to where the journal ends: the newest snapshot, then the tail with the
/// decisions that were recorded. Nothing is decided again and nothing is sent.
package struct CoreRecovery {
    package let engine: RiskEngine
    /// Entries that were read behind the snapshot.
    package let entries: UInt64
    /// Checkpoints in them, whose state hash was compared.
    package let checkpoints: Int
    package let head: ChainHead

    /// Reads the journal. Throws where it is damaged, where its tail was written by another engine,
    /// where its snapshot is too old to be read or newer than this engine, and where the
    /// state differs from a checkpoint.
    package init(
        from reader: JournalReader, store: JournalStore, cluster: ShortName
    ) throws(RecoveryError) {
        var player = EntryPlayer(engine: RiskEngine(cluster: cluster))
        do {
            var start = try reader.start()
            if let snapshot = try reader.latestSnapshot() {
                let readable = RiskEngine.snapshotVersionMin...RiskEngine.version
                guard readable.contains(snapshot.engineVersion) else {
                    throw RecoveryError.otherEngine(
                        entry: snapshot.head.sequence, written: snapshot.engineVersion)
                }
                player = EntryPlayer(engine: try RiskEngine(snapshot: snapshot.bytes))
                start = snapshot.head
            } else if start.sequence > .zero {
                throw RecoveryError.missingSnapshot(entry: start.sequence)
            }
            head = try reader.replay(after: start) { header, body in
                try player.play(header, body)
            }
            entries = head.sequence.rawValue - start.sequence.rawValue
        } catch let error as RecoveryError {
            throw error
        } catch let error as JournalError {
            throw .journal(error)
        } catch {
            throw .unreadable(entry: player.last, detail: "\(error)")
        }
        guard head == store.committed else {
            throw .unreadable(
                entry: head.sequence, detail: "the journal ends at \(store.committed.sequence)")
        }
        engine = player.engine
        checkpoints = player.checkpoints
    }
}

/// Why the core cannot take up its journal, and what to do about it.
package enum RecoveryError: Error, Equatable, CustomStringConvertible {
    case journal(JournalError)
    /// The tail, or a snapshot that this version does not read, was written by another version of
    /// the engine.
    case otherEngine(entry: SequenceNumber, written: UInt32)
    /// The state is not what it was when the checkpoint was signed.
    case stateDiffers(entry: SequenceNumber, stored: Digest, found: Digest)
    /// Earlier entries were archived and no snapshot covers them.
    case missingSnapshot(entry: SequenceNumber)
    case unreadable(entry: SequenceNumber, detail: String)

    package var description: String {
        switch self {
        case .journal(let error): "\(error)"
        case .otherEngine(let entry, let written):
            "entry \(entry) was written by engine version \(written), this is version "
                + "\(RiskEngine.version). Start the old version, `supervisor disarm`, stop it "
                + "cleanly (it saves a snapshot), then start this one and `supervisor arm`."
        case .stateDiffers(let entry, let stored, let found):
            "entry \(entry): the state has hash \(found), the signed checkpoint says \(stored). "
                + "Run `supervisor journal verify`, then `supervisor journal replay`."
        case .missingSnapshot(let entry):
            "entries up to \(entry) are archived and there is no snapshot: restore the archive"
        case .unreadable(let entry, let detail): "entry \(entry) cannot be taken up: \(detail)"
        }
    }
}

/// Plays entries into an engine, one after the other.
private struct EntryPlayer {
    var engine: RiskEngine
    private var effects = RiskEffects()
    private(set) var checkpoints = 0
    private(set) var last = SequenceNumber.zero

    init(engine: RiskEngine) { self.engine = engine }

    mutating func play(_ header: EntryHeader, _ body: RawSpan) throws {
        last = header.sequence
        guard header.engineVersion == RiskEngine.version else {
            throw RecoveryError.otherEngine(entry: last, written: header.engineVersion)
        }
        // What was sent then is not sent again.
        effects.removeAll()
        switch try engine.recover(body.withUnsafeBytes { Array($0) }, into: &effects) {
        case .command: break
        case .checkpoint(let checkpoint): try compare(checkpoint)
        }
    }

    private mutating func compare(_ checkpoint: Checkpoint) throws {
        let found = Digest(SHA256.hash(engine.snapshotBytes()))
        guard found == checkpoint.stateHash else {
            throw RecoveryError.stateDiffers(
                entry: last, stored: checkpoint.stateHash, found: found)
        }
        checkpoints += 1
    }
}
