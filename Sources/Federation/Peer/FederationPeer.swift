package import Cryptography
package import Trading
package import Wire

/// A cluster's part in a federation: it takes part in rounds, coordinates those that are its turn,
/// and keeps the lineage of models.
///
/// Pure: what it draws comes from a seed, time is an argument, and everything that it wants done is
/// an effect. Start reading at `apply`; a round's stages are in `PeerRound` and `CoordinatorRound`.
package struct FederationPeer: Sendable {
    package let own: PeerID
    package private(set) var record: PeerRecord
    package private(set) var isHalted = false
    var book: RosterBook
    var gate = MessageGate()
    let configuration: RoundConfiguration
    private var signer: MessageSigner
    private let seed: SecretBytes
    private var draws: UInt64 = 0
    private var rosterHash: Digest
    private var isTakingPart = true
    private var optedOut: Set<PeerID> = []
    private var update: LocalUpdate?
    private var round: PeerRound?
    private var coordinator: CoordinatorRound?
    private var stageEnds = Timestamp.zero
    private var attemptEnds = Timestamp.zero
    private var nextHeartbeat = Timestamp.zero
    private var hasWarnedOfExpiry = false
    private var incoming: [PeerID: IncomingResult] = [:]
    private var candidates: [CandidateName: Candidate] = [:]
    private var votes: [CandidateName: [PeerID: SignatureBytes]] = [:]
    private var rejections: [CandidateName: Set<PeerID>] = [:]
    private var claims: [PeerID: UInt32] = [:]
    private var commits: [CandidateName: [UInt8]] = [:]
    /// Messages to ourselves, taken before the command is over.
    private var loopback: [SignedMessage] = []
    private var now = Timestamp.zero

    private struct IncomingResult {
        let message: SignedMessage
        let hash: Digest
        var vector: RingVector
        var missing: Set<Int>
    }

    /// Attempts that a proposal may skip at once, and versions kept for those that are behind.
    private static let leapMax: UInt32 = 16
    private static let versionsMax = 64
    /// Stages that fit into an attempt: the five, the result, the votes, and one for delay.
    private static let stagesPerAttempt: Int64 = 8
    private static let restartGap: UInt64 = 1 << 20

    /// `seed` is 32 bytes from the system's generator, new at every start of the process.
    package init(
        identity: Ed25519PrivateKey, book: RosterBook, configuration: RoundConfiguration,
        record: PeerRecord, seed: SecretBytes, own: PeerID
    ) throws(ConfigurationProblem) {
        if let problem = configuration.problem { throw problem }
        guard book.roster.version >= record.rosterVersion else {
            throw .rosterTooOld(known: record.rosterVersion, found: book.roster.version)
        }
        precondition(
            record.model.parameters.count == configuration.windows.count,
            "a model of \(record.model.parameters.count) parameters")
        self.own = own
        self.record = record
        self.book = book
        self.configuration = configuration
        self.seed = seed
        rosterHash = book.roster.digest
        // Numbers may have gaps, and what was sent since the last record must not be sent again;
        // nor may an attempt be begun twice.
        signer = MessageSigner(
            identity: identity, peer: own,
            keyEpoch: book.roster.peer(own)?.keyEpoch ?? 0,
            number: record.number + FederationPeer.restartGap, previous: record.previous)
        if record.number > 0 { self.record.attempt += 1 }
        self.record.number = signer.number
        if let accepted = record.accepted { candidates[accepted.name] = accepted }
    }

    package mutating func apply(
        _ command: FederationCommand, at now: Timestamp, into effects: inout [FederationEffect]
    ) {
        guard !isHalted else { return }
        self.now = now
        switch command {
        case .receive(let message): admit(message, &effects)
        case .receiveChunk(let chunk, let elements, let sender):
            take(chunk, elements, from: sender, &effects)
        case .offer(let update): offer(update)
        case .replaceRoster(let roster, let signatures):
            replaceRoster(roster, signatures, &effects)
        case .revoke(let peer, let reason, let signatures):
            do throws(RosterError) {
                try book.revoke(peer, reason: reason, signatures: signatures)
            } catch {
                effects.append(.alarm(.rosterRefused(error)))
            }
        case .takePart(let isTakingPart): setPart(isTakingPart, &effects)
        case .tick: passTime(&effects)
        }
        while !loopback.isEmpty { handle(loopback.removeFirst(), &effects) }
        closeStages(&effects)
        while !loopback.isEmpty { handle(loopback.removeFirst(), &effects) }
    }

    // MARK: Facts

    /// The stage of the attempt that this peer is in; nil where it takes part in none.
    package var stage: PeerRound.Stage? { round?.stage }
    /// Whether this peer coordinates the attempt.
    package var isCoordinating: Bool { coordinator != nil }

    /// The round that makes the next version.
    package var roundKey: RoundKey {
        RoundKey(
            epoch: book.roster.epoch, round: record.head.height + 1, attempt: record.attempt)
    }

    /// Votes that make a version: a majority that no two versions of a height can both have.
    package var commitQuorum: Int {
        GraphParameters.quorum(
            count: book.roster.peers.count,
            adversariesPermille: configuration.adversariesPermille)
    }

    private var adversaries: Int {
        book.roster.peers.count * configuration.adversariesPermille / 1000
    }

    private func facts(_ round: RoundKey) -> RoundFacts {
        RoundFacts(
            federation: book.roster.federation, round: round, configuration: configuration,
            rosterHash: rosterHash, parent: record.head)
    }

    private func coordinator(of round: RoundKey) -> PeerID? {
        RoundFacts.coordinator(
            of: round, among: book.activePeers(at: now).filter { !optedOut.contains($0) })
    }

    private var stageTime: Span {
        Span(nanoseconds: Int64(configuration.stageMillis) * 1_000_000)
    }

    // MARK: Sending

    private mutating func send(
        _ payload: [UInt8], as template: UInt16, to peers: [PeerID],
        _ effects: inout [FederationEffect], in context: MessageContext? = nil
    ) {
        let message = signer.sign(
            payload, as: template, in: context ?? facts(roundKey).context, at: now)
        record.number = signer.number
        record.previous = signer.previous
        for peer in peers {
            if peer == own {
                loopback.append(message)
            } else {
                effects.append(.send(message, to: peer))
            }
        }
    }

    private func persist(_ effects: inout [FederationEffect]) {
        effects.append(.persist(record))
    }

    private var others: [PeerID] { book.roster.peers.map(\.id).filter { $0 != own } }
    private var everyone: [PeerID] { book.roster.peers.map(\.id) }

    // MARK: Time

    private mutating func passTime(_ effects: inout [FederationEffect]) {
        if book.isExpired(at: now) {
            if !hasWarnedOfExpiry { effects.append(.alarm(.rosterExpired)) }
            hasWarnedOfExpiry = true
            leaveRound()
            return
        }
        hasWarnedOfExpiry = false
        if attemptEnds == .zero {
            enter(record.attempt, &effects)
        } else if now >= attemptEnds {
            enter(record.attempt + 1, &effects)
        }
        if now >= nextHeartbeat {
            nextHeartbeat = now + stageTime
            sendHeartbeat(&effects)
        }
    }

    private mutating func leaveRound() {
        round = nil
        coordinator = nil
    }

    /// Begins an attempt. Whoever's turn it is proposes; an update that no sum has is kept.
    private mutating func enter(_ attempt: UInt32, _ effects: inout [FederationEffect]) {
        leaveRound()
        record.attempt = attempt
        attemptEnds =
            now
            + Span(
                nanoseconds: stageTime.nanoseconds * FederationPeer.stagesPerAttempt)
        persist(&effects)
        let facts = facts(roundKey)
        guard coordinator(of: roundKey) == own, record.accepted == nil else { return }
        coordinator = CoordinatorRound(
            facts: facts, book: book, expected: book.activePeers(at: now).count)
        effects.append(.coordinated(facts.round, .began(facts, parent: record.model)))
        stageEnds = now + stageTime
        let proposal = configuration.proposal(
            rosterVersion: book.roster.version, parent: record.head)
        send(proposal.frame(), as: FederationPropose.templateID, to: everyone, &effects)
    }

    private mutating func offer(_ update: LocalUpdate) {
        guard update.number > record.spentThrough else { return }
        self.update = update
    }

    private mutating func setPart(_ isIn: Bool, _ effects: inout [FederationEffect]) {
        isTakingPart = isIn
        if !isIn { round = nil }
        let message = FederationParticipation(
            fromRound: record.head.height + 1, isIn: isIn ? .yes : .no)
        send(message.frame(), as: FederationParticipation.templateID, to: everyone, &effects)
    }

    private mutating func replaceRoster(
        _ roster: Roster, _ signatures: [RootSignature], _ effects: inout [FederationEffect]
    ) {
        let before = Set(book.roster.peers.map(\.id))
        do throws(RosterError) {
            try book.accept(roster, signatures: signatures, at: now)
        } catch {
            effects.append(.alarm(.rosterRefused(error)))
            return
        }
        if before.symmetricDifference(roster.peers.map(\.id)).count == 1 {
            effects.append(.alarm(.cohortChangedByOne))
        }
        rosterHash = roster.digest
        record.rosterVersion = roster.version
        enter(record.attempt + 1, &effects)
    }

    // MARK: Receiving

    private mutating func admit(_ message: SignedMessage, _ effects: inout [FederationEffect]) {
        do throws(MessageRefusal) {
            if let proof = try gate.admit(message, book: book, at: now) {
                let frame = FederationEquivocation(peer: proof.first.sender.digest)
                    .frame(first: proof.first.frame, second: proof.second.frame)
                effects.append(.alarm(.equivocation(proof.first.sender)))
                send(frame, as: FederationEquivocation.templateID, to: others, &effects)
                return
            }
        } catch {
            effects.append(.refused(error, from: message.sender))
            return
        }
        handle(message, &effects)
    }

    private mutating func handle(_ message: SignedMessage, _ effects: inout [FederationEffect]) {
        do throws(WireError) {
            switch message.template {
            case FederationPropose.templateID:
                take(
                    try FederationPropose(decoding: message.payload), message, &effects)
            case FederationAdvertise.templateID, FederationShares.templateID,
                FederationInput.templateID, FederationConsistency.templateID,
                FederationUnmask.templateID:
                guard let round = coordinator?.facts.round else { return }
                coordinator?.take(message)
                effects.append(.coordinated(round, .took(message)))
            case FederationKeySet.templateID, FederationShareSet.templateID,
                FederationSurvivors.templateID, FederationSurvivorCert.templateID:
                advance(message, &effects)
            case FederationResult.templateID: try announce(message)
            case FederationVote.templateID: try takeVote(message, &effects)
            case FederationCommit.templateID: try takeCommit(message.payload, &effects)
            case FederationHeartbeat.templateID: try takeHeartbeat(message, &effects)
            case FederationParticipation.templateID:
                let part = try FederationParticipation(decoding: message.payload)
                if part.isIn == .yes {
                    optedOut.remove(message.sender)
                } else {
                    optedOut.insert(message.sender)
                }
            case FederationEquivocation.templateID: try takeProof(message.payload, &effects)
            default: break
            }
        } catch {
            effects.append(.refused(.unreadable, from: message.sender))
        }
    }

    private mutating func takeProof(
        _ frame: [UInt8], _ effects: inout [FederationEffect]
    ) throws(WireError) {
        let proof = EquivocationProof(
            first: try SignedMessage(frame: FederationEquivocation.first(in: frame)),
            second: try SignedMessage(frame: FederationEquivocation.second(in: frame)))
        let isNew = !gate.excluded.contains(proof.first.sender)
        if gate.exclude(by: proof, roster: book.roster), isNew {
            effects.append(.alarm(.equivocation(proof.first.sender)))
        }
    }

    // MARK: Taking part

    private mutating func take(
        _ proposal: FederationPropose, _ message: SignedMessage,
        _ effects: inout [FederationEffect]
    ) {
        let key = message.round
        guard key.round == roundKey.round, key.attempt >= record.attempt,
            key.attempt - record.attempt <= FederationPeer.leapMax,
            coordinator(of: key) == message.sender, !book.isExpired(at: now)
        else { return }
        guard RoundConfiguration.digest(of: proposal) == configuration.digest,
            message.configuration == configuration.digest
        else {
            effects.append(.alarm(.configurationRefused(message.sender)))
            return
        }
        guard proposal.parentHeight == record.head.height,
            proposal.parentModel == record.head.model, message.lineage == record.head.model,
            proposal.rosterVersion == book.roster.version
        else { return }
        if key.attempt > record.attempt { enter(key.attempt, &effects) }
        guard isTakingPart, round == nil, record.accepted == nil, let update,
            update.number > record.spentThrough
        else { return }
        draws += 1
        let facts = facts(key)
        do throws(CryptoError) {
            let secrets = try RoundSecrets(seed: seed, counter: draws)
            let payload = PeerRound.advertisement(secrets)
            let advertisement = signer.sign(
                payload, as: FederationAdvertise.templateID, in: facts.context, at: now)
            record.number = signer.number
            record.previous = signer.previous
            persist(&effects)
            round = PeerRound(facts: facts, secrets: secrets, advertisement: advertisement)
            if message.sender == own {
                loopback.append(advertisement)
            } else {
                effects.append(.send(advertisement, to: message.sender))
            }
        } catch {
            effects.append(.left(key, .failed(error)))
        }
    }

    /// The next stage of the round that we are in. Whatever is wrong with it ends it for us.
    private mutating func advance(_ message: SignedMessage, _ effects: inout [FederationEffect]) {
        guard var round, message.round == round.facts.round,
            coordinator(of: message.round) == message.sender,
            message.configuration == round.facts.configurationHash,
            message.lineage == round.facts.parent.model
        else { return }
        let context = round.facts.context
        do throws(RoundRefusal) {
            switch message.template {
            case FederationKeySet.templateID:
                let payload = try round.take(keySet: message.payload, book: book)
                self.round = round
                send(
                    payload, as: FederationShares.templateID, to: [message.sender], &effects,
                    in: context)
            case FederationShareSet.templateID:
                guard let update else { return }
                let (header, vector) = try round.take(shareSet: message.payload, update: update)
                self.round = round
                // From here on others can open a sum with it, whatever we hear of that.
                record.spentThrough = update.number
                self.update = nil
                persist(&effects)
                effects.append(.spent(update: update.number))
                sendInput(header, vector, to: message.sender, context, &effects)
            case FederationSurvivors.templateID:
                let payload = try round.take(survivors: message.payload, signer: signer)
                self.round = round
                send(
                    payload, as: FederationConsistency.templateID, to: [message.sender],
                    &effects, in: context)
            default:
                let payload = try round.take(certificate: message.payload, book: book)
                self.round = round
                send(
                    payload, as: FederationUnmask.templateID, to: [message.sender], &effects,
                    in: context)
            }
        } catch RoundRefusal.wrongStage {
            return
        } catch {
            self.round = nil
            effects.append(.left(message.round, error))
        }
    }

    private mutating func sendInput(
        _ header: [UInt8], _ vector: RingVector, to peer: PeerID, _ context: MessageContext,
        _ effects: inout [FederationEffect]
    ) {
        send(header, as: FederationInput.templateID, to: [peer], &effects, in: context)
        let hash = Digest.sha256(vector.packed)
        guard peer == own else {
            effects.append(.sendVector(hash: hash, vector: vector, to: peer))
            return
        }
        while !loopback.isEmpty { handle(loopback.removeFirst(), &effects) }
        for (index, elements) in VectorChunks.parts(of: vector).enumerated() {
            coordinate(
                FederationChunk(vectorHash: hash, index: UInt32(index)), elements, from: own,
                &effects)
        }
    }

    // MARK: Coordinating

    private mutating func coordinate(
        _ chunk: FederationChunk, _ elements: [UInt8], from sender: PeerID,
        _ effects: inout [FederationEffect]
    ) {
        guard let round = coordinator?.facts.round,
            coordinator?.take(chunk: chunk, elements: elements, from: sender) == true
        else { return }
        effects.append(
            .coordinated(round, .tookChunk(chunk, elements: elements, from: sender)))
    }

    private mutating func closeStages(_ effects: inout [FederationEffect]) {
        while var open = coordinator, open.isStageComplete || now >= stageEnds {
            effects.append(.coordinated(open.facts.round, .closed(open.stage)))
            do throws(RoundFailure) {
                let next = try open.closeStage()
                for payload in next {
                    send(
                        payload.payload, as: payload.template, to: [payload.peer], &effects,
                        in: open.facts.context)
                }
                coordinator = open
                stageEnds = now + stageTime
                if open.stage == .done { try publish(&open, &effects) }
            } catch {
                for peer in open.blamed { effects.append(.alarm(.blamed(peer))) }
                effects.append(.gaveUp(open.facts.round, error))
                coordinator = nil
            }
            while !loopback.isEmpty { handle(loopback.removeFirst(), &effects) }
        }
    }

    private mutating func publish(
        _ open: inout CoordinatorRound, _ effects: inout [FederationEffect]
    ) throws(RoundFailure) {
        let result = try open.result(after: record.model)
        for peer in open.blamed { effects.append(.alarm(.blamed(peer))) }
        coordinator = nil
        let candidate = Candidate(
            round: result.facts.round, frame: result.frame, sums: result.elements,
            parent: result.facts.parent, model: result.model)
        effects.append(.coordinated(candidate.round, .published(candidate)))
        // Our own vote is durable before anybody can count on the result.
        consider(candidate, &effects)
        sendResult(candidate, to: others, &effects)
    }

    private mutating func sendResult(
        _ candidate: Candidate, to peers: [PeerID], _ effects: inout [FederationEffect]
    ) {
        let context = MessageContext(
            federation: book.roster.federation, round: candidate.round,
            lineage: candidate.parent.model, configuration: configuration.digest)
        send(candidate.frame, as: FederationResult.templateID, to: peers, &effects, in: context)
        let hash = Digest.sha256(candidate.sums.packed)
        for peer in peers {
            effects.append(.sendVector(hash: hash, vector: candidate.sums, to: peer))
        }
    }

    // MARK: Results

    private mutating func announce(_ message: SignedMessage) throws(WireError) {
        guard message.round.round == roundKey.round, message.lineage == record.head.model,
            message.configuration == configuration.digest
        else { return }
        let result = try FederationResult(decoding: message.payload)
        let count = configuration.quantiser.count * Int(min(result.sumCount, 64))
        guard count > 0 else { return }
        let chunks = VectorChunks.count(of: count, ring: configuration.ring)
        incoming[message.sender] = IncomingResult(
            message: message, hash: result.sumHash,
            vector: RingVector(zeros: count, ring: configuration.ring), missing: Set(0..<chunks))
    }

    private mutating func take(
        _ chunk: FederationChunk, _ elements: [UInt8], from sender: PeerID,
        _ effects: inout [FederationEffect]
    ) {
        coordinate(chunk, elements, from: sender, &effects)
        guard var result = incoming[sender], result.hash == chunk.vectorHash,
            result.missing.contains(Int(chunk.index))
        else { return }
        let ring = configuration.ring
        let range = VectorChunks.range(Int(chunk.index), of: result.vector.count, ring: ring)
        guard elements.count == range.count * ring.byteCount else { return }
        incoming[sender] = nil
        result.vector.store(packed: elements, at: range.lowerBound)
        result.missing.remove(Int(chunk.index))
        guard result.missing.isEmpty else {
            incoming[sender] = result
            return
        }
        guard result.message.round.round == roundKey.round else { return }
        do throws(ResultProblem) {
            let checked = try RoundResult(
                frame: result.message.payload, elements: result.vector,
                facts: facts(result.message.round), parent: record.model, book: book)
            consider(
                Candidate(
                    round: result.message.round, frame: result.message.payload,
                    sums: result.vector, parent: record.head, model: checked.model), &effects)
        } catch {
            effects.append(.alarm(.badResult(error, from: sender)))
        }
    }

    /// A result that is sound: we accept it, unless another of this height has our vote.
    private mutating func consider(_ candidate: Candidate, _ effects: inout [FederationEffect]) {
        candidates[candidate.name] = candidate
        if record.accepted == nil, !record.rejected.contains(candidate.name) {
            record.accepted = candidate
            persist(&effects)
            sendVote(for: candidate.name, isAccepted: true, to: everyone, &effects)
        }
        tryCommit(candidate.name, &effects)
    }

    /// The bytes that a vote signs.
    package func voteStatement(
        height: UInt64, attempt: UInt32, parent: Digest, model: Digest, isAccepted: Bool
    ) -> [UInt8] {
        var bytes = ByteWriter(tag: "FedSync/v1/vote")
        bytes.append(book.roster.federation)
        bytes.append(book.roster.epoch)
        bytes.append(configuration.digest)
        bytes.append(height)
        bytes.append(attempt)
        bytes.append(parent)
        bytes.append(model)
        bytes.append(UInt8(isAccepted ? 1 : 0))
        return bytes.bytes
    }

    private mutating func sendVote(
        for name: CandidateName, isAccepted: Bool, to peers: [PeerID],
        _ effects: inout [FederationEffect]
    ) {
        let height = record.head.height + 1
        let statement = voteStatement(
            height: height, attempt: name.attempt, parent: record.head.model, model: name.model,
            isAccepted: isAccepted)
        let vote = FederationVote(
            height: height, attempt: name.attempt, parent: record.head.model, model: name.model,
            isAccepted: isAccepted ? .yes : .no,
            signature: signer.signature(over: statement))
        send(vote.frame(), as: FederationVote.templateID, to: peers, &effects)
    }

    private mutating func takeVote(
        _ message: SignedMessage, _ effects: inout [FederationEffect]
    ) throws(WireError) {
        let vote = try FederationVote(decoding: message.payload)
        guard vote.height == record.head.height + 1, vote.parent == record.head.model else {
            return
        }
        let isAccepted = vote.isAccepted == .yes
        let statement = voteStatement(
            height: vote.height, attempt: vote.attempt, parent: vote.parent, model: vote.model,
            isAccepted: isAccepted)
        guard let peer = book.activePeer(message.sender, at: now),
            peer.identity.isValid(vote.signature.bytes, for: statement)
        else { return }
        let name = CandidateName(attempt: vote.attempt, model: vote.model)
        if isAccepted {
            votes[name, default: [:]][message.sender] = vote.signature
            tryCommit(name, &effects)
        } else {
            rejections[name, default: []].insert(message.sender)
            release(name, &effects)
        }
    }

    /// Gives our vote back once so many have promised never to accept that no quorum is left, even
    /// where the adversaries promise both.
    private mutating func release(_ name: CandidateName, _ effects: inout [FederationEffect]) {
        guard record.accepted?.name == name, let against = rejections[name],
            against.count > book.roster.peers.count - commitQuorum + adversaries
        else { return }
        record.accepted = nil
        record.rejected.insert(name)
        persist(&effects)
    }

    // MARK: Versions

    private mutating func tryCommit(
        _ name: CandidateName, _ effects: inout [FederationEffect]
    ) {
        guard let candidate = candidates[name] else { return }
        if let commit = commits[name] {
            adopt(CertifiedVersion(candidate: candidate, commit: commit), &effects)
            return
        }
        guard let signatures = votes[name], signatures.count >= commitQuorum else { return }
        let commit = FederationCommit(
            height: record.head.height + 1, attempt: name.attempt, parent: record.head.model,
            model: name.model, result: Digest.sha256(candidate.frame)
        ).frame(
            votes: signatures.sorted { $0.key < $1.key }.map {
                FederationCommit.VotesEntry(peer: $0.key.digest, signature: $0.value)
            })
        adopt(CertifiedVersion(candidate: candidate, commit: commit), &effects)
    }

    /// The next version. Heights rise by one, and the parent is the head: compare and set.
    private mutating func adopt(
        _ version: CertifiedVersion, _ effects: inout [FederationEffect]
    ) {
        precondition(version.candidate.parent == record.head, "a version of another parent")
        let model = version.candidate.model
        update = update?.following(from: record.model, to: model)
        record.head = ModelHead(height: record.head.height + 1, model: model.digest)
        record.model = model
        record.accepted = nil
        record.rejected = []
        record.versions[record.head.height] = version
        if record.head.height > UInt64(FederationPeer.versionsMax) {
            record.versions[record.head.height - UInt64(FederationPeer.versionsMax)] = nil
        }
        candidates = [:]
        votes = [:]
        rejections = [:]
        commits = [:]
        incoming = [:]
        claims = [:]
        gate.forget(before: record.head.height)
        effects.append(.committed(record.head, model))
        enter(0, &effects)
    }

    private mutating func takeCommit(
        _ frame: [UInt8], _ effects: inout [FederationEffect]
    ) throws(WireError) {
        let commit = try FederationCommit(decoding: frame)
        let isNext = commit.height == record.head.height + 1 && commit.parent == record.head.model
        let isOther = commit.height == record.head.height && commit.model != record.head.model
        guard isNext || isOther else { return }
        let statement = voteStatement(
            height: commit.height, attempt: commit.attempt, parent: commit.parent,
            model: commit.model, isAccepted: true)
        var voters: Set<Digest> = []
        for vote in try FederationCommit.votes(in: frame) {
            guard let peer = book.roster.peer(PeerID(vote.peer)),
                peer.identity.isValid(vote.signature.bytes, for: statement)
            else { continue }
            voters.insert(vote.peer)
        }
        guard voters.count >= commitQuorum else { return }
        guard !isOther else {
            isHalted = true
            effects.append(.alarm(.twoVersions(height: commit.height)))
            return
        }
        let name = CandidateName(attempt: commit.attempt, model: commit.model)
        commits[name] = frame
        tryCommit(name, &effects)
    }

    // MARK: Heartbeats

    private mutating func sendHeartbeat(_ effects: inout [FederationEffect]) {
        let accepted = record.accepted?.name
        let heartbeat = FederationHeartbeat(
            height: record.head.height, model: record.head.model, attempt: record.attempt,
            acceptedAttempt: accepted?.attempt ?? 0, accepted: accepted?.model ?? .zero)
        send(heartbeat.frame(), as: FederationHeartbeat.templateID, to: others, &effects)
        // What we have accepted and nobody has certified, everybody should have.
        guard let candidate = record.accepted else { return }
        sendResult(candidate, to: others, &effects)
        sendVote(for: candidate.name, isAccepted: true, to: others, &effects)
    }

    private mutating func takeHeartbeat(
        _ message: SignedMessage, _ effects: inout [FederationEffect]
    ) throws(WireError) {
        let heartbeat = try FederationHeartbeat(decoding: message.payload)
        if heartbeat.height < record.head.height,
            let version = record.versions[heartbeat.height + 1]
        {
            sendResult(version.candidate, to: [message.sender], &effects)
            send(
                version.commit, as: FederationCommit.templateID, to: [message.sender], &effects)
            return
        }
        guard heartbeat.height == record.head.height else { return }
        claims[message.sender] = heartbeat.attempt
        let name = CandidateName(
            attempt: heartbeat.acceptedAttempt, model: heartbeat.accepted)
        if !heartbeat.accepted.isZero, let accepted = record.accepted, accepted.name != name {
            if record.rejected.insert(name).inserted { persist(&effects) }
            sendVote(for: name, isAccepted: false, to: others, &effects)
        }
        // One of so many is honest: nobody else can push us ahead.
        let highest = claims.values.sorted(by: >).dropFirst(adversaries).first ?? 0
        if highest > record.attempt { enter(highest, &effects) }
    }
}

extension VectorChunks {
    /// The chunks of a vector, in order.
    package static func parts(of vector: RingVector) -> [[UInt8]] {
        (0..<count(of: vector.count, ring: vector.ring)).map {
            vector.packed(in: range($0, of: vector.count, ring: vector.ring))
        }
    }
}
