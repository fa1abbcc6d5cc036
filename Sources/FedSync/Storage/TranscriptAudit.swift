import Cryptography
package import Federation
package import Wire

/// What an audit found.
package struct AuditReport: Sendable, Equatable {
    package var round: RoundKey?
    package var coordinator: PeerID?
    package var survivors: [PeerID] = []
    package var model = Digest.zero
    package var messages = 0
    package var chunks = 0
    /// What is wrong, the first cause first. None: the sum follows from what the peers signed.
    package var findings: [String] = []

    package init() {}
}

/// Takes the steps of a transcript again, with the coordinator's own machine, and compares what
/// comes out with what was published.
package struct TranscriptAudit {
    private let invitation: Invitation
    private let book: RosterBook
    /// The version of a height as the auditor's own journal has it.
    private let published: (UInt64) -> CertifiedVersion?
    private var report = AuditReport()
    private var causes: [String] = []

    package init(
        invitation: Invitation, book: RosterBook,
        published: @escaping (UInt64) -> CertifiedVersion?
    ) {
        self.invitation = invitation
        self.book = book
        self.published = published
    }

    package mutating func run(_ bytes: [UInt8]) -> AuditReport {
        var reader = FrameReader(bytes)
        do throws(WireError) {
            try follow(&reader)
        } catch {
            causes.append("byte \(reader.offset): what stands there is no frame: \(error)")
        }
        report.findings = causes
        return report
    }

    private mutating func follow(_ reader: inout FrameReader) throws(WireError) {
        let start = try FederationAttempt(decoding: try reader.next())
        let round = RoundKey(
            epoch: start.federationEpoch, round: start.round, attempt: start.attempt)
        report.round = round
        report.coordinator = PeerID(start.coordinator)
        let packed = try reader.elements(Int(start.parameters) * 8, named: start.parentModel)
        guard let parent = ModelState(packed: packed, parameters: invitation.parameters.count)
        else {
            return causes.append("the parent model is of another set")
        }
        let configuration = invitation.configuration
        let facts = RoundFacts(
            federation: book.roster.federation, round: round, configuration: configuration,
            rosterHash: book.roster.digest,
            parent: ModelHead(height: start.parentHeight, model: start.parentModel))
        guard start.federation == facts.federation else {
            return causes.append("the transcript is of another federation")
        }
        guard start.configuration == facts.configurationHash else {
            return causes.append("the transcript is of another set or other floors")
        }
        guard start.rosterHash == facts.rosterHash else {
            return causes.append("the transcript is of another roster")
        }
        guard parent.digest == start.parentModel else {
            return causes.append("the parent model is not the one that its hash names")
        }
        var coordinator = CoordinatorRound(
            facts: facts, book: book, expected: book.roster.peers.count)
        while !reader.isAtEnd {
            let offset = reader.offset
            let frame = try reader.next()
            switch try WireFrame.template(of: frame) {
            case .federationSigned: try take(frame, at: offset, facts, &coordinator)
            case .federationChunk: try takeChunk(frame, at: offset, &coordinator)
            case .federationStage: close(try FederationStage(decoding: frame), &coordinator)
            case .federationCandidate:
                let candidate = try Candidate(
                    frame, &reader, ring: configuration.ring,
                    parameters: invitation.parameters.count)
                return compare(candidate, &coordinator, parent)
            case let other: throw .unknownTemplate(other.rawValue)
            }
        }
        causes.append("the transcript ends before anything was published")
    }

    private mutating func take(
        _ frame: [UInt8], at offset: Int, _ facts: RoundFacts,
        _ coordinator: inout CoordinatorRound
    ) throws(WireError) {
        let message = try SignedMessage(frame: frame)
        report.messages += 1
        let name = "byte \(offset): \(label(message.template)) of peer \(message.sender)"
        guard let peer = book.roster.peer(message.sender) else {
            return causes.append("\(name): it is not in the roster")
        }
        guard peer.identity.isValid(message.signature.bytes, for: message.signedBytes) else {
            return causes.append("\(name): the signature does not hold, it was changed")
        }
        guard message.round == facts.round, message.federation == facts.federation else {
            return causes.append("\(name): it belongs to another attempt")
        }
        coordinator.take(message)
    }

    private mutating func takeChunk(
        _ frame: [UInt8], at offset: Int, _ coordinator: inout CoordinatorRound
    ) throws(WireError) {
        let chunk = try FederationChunk(decoding: frame)
        report.chunks += 1
        let sender = book.roster.peers.first { $0.id.process == chunk.envelope.sender }
        let name = "byte \(offset): part \(chunk.index) of a vector"
        guard let sender else {
            return causes.append("\(name): its sender is not in the roster")
        }
        let before = coordinator.blamed
        let isTaken = coordinator.take(
            chunk: chunk, elements: try FederationChunk.elements(in: frame), from: sender.id)
        if !isTaken {
            causes.append("\(name) of peer \(sender.id): nobody has signed for it")
        } else if coordinator.blamed != before {
            causes.append(
                "\(name) of peer \(sender.id): the vector is not the one that the peer signed for")
        }
    }

    private mutating func close(
        _ message: FederationStage, _ coordinator: inout CoordinatorRound
    ) {
        guard message.stage == UInt32(coordinator.stage.rawValue) else {
            return causes.append(
                "stage \(message.stage) is closed where stage \(coordinator.stage.rawValue) is open"
            )
        }
        do throws(RoundFailure) {
            _ = try coordinator.closeStage()
        } catch {
            causes.append("stage \(message.stage) cannot have been closed: \(error)")
        }
    }

    private mutating func compare(
        _ candidate: Candidate, _ coordinator: inout CoordinatorRound, _ parent: ModelState
    ) {
        report.model = candidate.model.digest
        if let known = published(candidate.round.round)?.candidate {
            if known.round != candidate.round {
                causes.append(
                    "version \(known.round.round) is of attempt \(known.round.attempt), not of "
                        + "this one")
            } else if known.frame != candidate.frame || known.sums != candidate.sums {
                causes.append("what is published here is not what our journal has")
            }
        }
        let result: RoundResult
        do throws(RoundFailure) {
            result = try coordinator.result(after: parent)
        } catch {
            return causes.append("no sum follows from the transcript: \(error)")
        }
        report.survivors = result.survivors.members.map { result.peers[$0] }
        for (index, difference) in differences(result.elements, candidate.sums) {
            causes.append(
                "element \(index) of the sum is \(difference.published), and the transcript gives "
                    + "\(difference.recomputed)")
        }
        if result.model != candidate.model {
            causes.append("the sums make another model than the one that was published")
        }
        if result.frame != candidate.frame {
            causes.append("the published result is not the one of this transcript")
        }
        do throws(ResultProblem) {
            _ = try RoundResult(
                frame: candidate.frame, elements: candidate.sums, facts: result.facts,
                parent: parent, book: book)
        } catch {
            causes.append("the published result does not hold: \(error)")
        }
    }

    private func differences(
        _ recomputed: RingVector, _ published: RingVector
    ) -> [(Int, (recomputed: UInt64, published: UInt64))] {
        guard recomputed.count == published.count else { return [] }
        return (0..<recomputed.count).lazy
            .filter { recomputed[$0] != published[$0] }
            .prefix(3).map { ($0, (recomputed[$0], published[$0])) }
    }

    private func label(_ template: UInt16) -> String {
        WireTemplate(rawValue: template).map { "\($0)" } ?? "message \(template)"
    }
}
