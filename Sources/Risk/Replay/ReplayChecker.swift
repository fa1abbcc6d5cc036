package import Trading
package import Wire

/// The first place where deciding again gives something else than the journal has.
package struct ReplayDifference: Error, Equatable, Sendable, CustomStringConvertible {
    package let entry: SequenceNumber
    package let finding: Finding

    package enum Finding: Equatable, Sendable {
        /// The entry cannot be applied at all.
        case entry(EntryError)
        /// The decision differs. Frames of Judged.
        case decision(recorded: [UInt8], redecided: [UInt8])
        /// The state after the same commands differs.
        case stateHash(recorded: Digest, found: Digest)
        /// Time went back between entries.
        case time(Timestamp, after: Timestamp)
    }

    package var description: String {
        switch finding {
        case .entry(let error): "entry \(entry): \(error)"
        case .decision(let recorded, let redecided):
            "entry \(entry): the journal has \(summary(recorded)), deciding again gives"
                + " \(summary(redecided))"
        case .stateHash(let recorded, let found):
            "entry \(entry): the journal has state hash \(recorded), replay has \(found)"
        case .time(let at, let before): "entry \(entry): time went back from \(before) to \(at)"
        }
    }

    private func summary(_ frame: [UInt8]) -> String {
        guard let judged = try? Judged(decoding: frame) else {
            // The frame is what differs; that it cannot be read is all there is to say.
            return "an unreadable decision"
        }
        return "\(judged.verdict) \(judged.reason) (order \(judged.orderID), level"
            + " \(judged.level), limit \(judged.limit), value \(judged.value))"
    }
}

/// Decides a journal again, entry by entry, and compares every decision and every checkpoint.
package struct ReplayChecker: Sendable {
    package private(set) var engine: RiskEngine
    package private(set) var entries: UInt64 = 0
    package private(set) var decisions: UInt64 = 0
    package private(set) var checkpoints: UInt64 = 0
    private let hash: @Sendable ([UInt8]) -> Digest
    private var effects = RiskEffects()
    private var writer = WireWriter(capacity: 1_024)

    /// - Parameters:
    ///   - engine: A new engine, or the one of a snapshot at the boundary.
    ///   - hash: SHA-256, which this module does not have.
    package init(from engine: RiskEngine, hash: @escaping @Sendable ([UInt8]) -> Digest) {
        self.engine = engine
        self.hash = hash
    }

    /// Takes the next entry: the body of the journal's entry `number`, a frame of JournalEntry.
    package mutating func check(
        _ number: SequenceNumber, _ body: [UInt8]
    ) throws(ReplayDifference) {
        entries += 1
        effects.removeAll()
        do {
            let parts = try EntryParts(body)
            guard parts.at >= engine.now else {
                throw ReplayDifference(
                    entry: number, finding: .time(parts.at, after: engine.now))
            }
            try check(parts, number)
        } catch let difference as ReplayDifference {
            throw difference
        } catch let error as EntryError {
            throw ReplayDifference(entry: number, finding: .entry(error))
        } catch let error as WireError {
            throw ReplayDifference(entry: number, finding: .entry(.unreadable(error)))
        } catch {
            preconditionFailure("entry \(number) failed with \(error)")
        }
    }

    private mutating func check(_ parts: EntryParts, _ number: SequenceNumber) throws {
        if let judgement = try decide(parts) {
            guard let recorded = try parts.recorded else {
                throw EntryError.decisionMissing(parts.template)
            }
            decisions += 1
            writer.removeAll()
            judgement.encode(into: &writer, envelope: recorded.envelope)
            if writer.bytes != parts.decision {
                throw ReplayDifference(
                    entry: number,
                    finding: .decision(recorded: parts.decision, redecided: writer.bytes))
            }
        } else if parts.template == .checkpoint {
            checkpoints += 1
            let recorded = try Checkpoint(decoding: parts.command).stateHash
            let found = hash(engine.snapshotBytes())
            if recorded != found {
                throw ReplayDifference(
                    entry: number, finding: .stateHash(recorded: recorded, found: found))
            }
        } else if try !engine.apply(parts, into: &effects) {
            throw EntryError.notACommand(parts.template)
        }
    }

    /// Decides a request again and records the decision; nil for other commands.
    private mutating func decide(_ parts: EntryParts) throws -> Judgement? {
        let command = parts.command
        // Who was authenticated then is in the recorded decision, not in the message.
        let agent = try parts.recorded?.agent ?? .empty
        switch parts.template {
        case .orderRequest:
            return engine.apply(
                try OrderRequest(decoding: command),
                try RequestFacts(orderRequest: command.span.bytes), from: agent,
                reference: parts.reference, at: parts.at, into: &effects)
        case .declareIntent:
            return engine.apply(
                try DeclareIntent(decoding: command),
                RequestFacts(declareIntent: command.span.bytes), from: agent, at: parts.at,
                into: &effects)
        case .cancelRequest:
            return engine.apply(
                try CancelRequest(decoding: command), from: agent, at: parts.at, into: &effects)
        default: return nil
        }
    }
}
