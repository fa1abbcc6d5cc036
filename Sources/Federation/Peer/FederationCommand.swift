package import Wire

/// What happens to a peer.
package enum FederationCommand: Sendable {
    /// A message of another peer, or one that somebody says is.
    case receive(SignedMessage)
    /// A part of a vector that a message has announced.
    case receiveChunk(FederationChunk, elements: [UInt8], from: PeerID)
    /// An update of our own, to be summed as soon as a round takes it.
    case offer(LocalUpdate)
    case replaceRoster(Roster, signatures: [RootSignature])
    case revoke(PeerID, reason: UInt32, signatures: [RootSignature])
    case takePart(Bool)
    /// Time passes.
    case tick
}

/// What a peer wants done, in this order. What is to be persisted must be durable before anything
/// after it is sent.
package enum FederationEffect: Sendable {
    case persist(PeerRecord)
    case send(SignedMessage, to: PeerID)
    case sendVector(hash: Digest, vector: RingVector, to: PeerID)
    /// An update may never enter a sum again.
    case spent(update: UInt64)
    case committed(ModelHead, ModelState)
    case refused(MessageRefusal, from: PeerID)
    case left(RoundKey, RoundRefusal)
    case gaveUp(RoundKey, RoundFailure)
    case alarm(FederationAlarm)
    /// What this peer does as the coordinator of an attempt: the steps, taken again in their order,
    /// give the same sums.
    case coordinated(RoundKey, CoordinatorStep)
}

/// One step of a coordinator, for the transcript that anybody of the roster can audit.
package enum CoordinatorStep: Sendable {
    case began(RoundFacts, parent: ModelState)
    case took(SignedMessage)
    case tookChunk(FederationChunk, elements: [UInt8], from: PeerID)
    /// The stage that was closed.
    case closed(CoordinatorRound.Stage)
    case published(Candidate)
}

/// What an operator should look at.
package enum FederationAlarm: Sendable, Equatable {
    /// A peer has signed two things that exclude each other.
    case equivocation(PeerID)
    /// Two certificates at one height: the peer stops.
    case twoVersions(height: UInt64)
    case badResult(ResultProblem, from: PeerID)
    case blamed(PeerID)
    case rosterExpired
    case rosterRefused(RosterError)
    case configurationRefused(PeerID)
    /// The rosters of two rounds differ by one peer: the difference of two sums would be its input.
    case cohortChangedByOne
}

/// A result that a peer has checked, with the message that carried it.
package struct Candidate: Sendable {
    package let round: RoundKey
    package let frame: [UInt8]
    package let sums: RingVector
    package let parent: ModelHead
    package let model: ModelState

    package init(
        round: RoundKey, frame: [UInt8], sums: RingVector, parent: ModelHead, model: ModelState
    ) {
        self.round = round
        self.frame = frame
        self.sums = sums
        self.parent = parent
        self.model = model
    }

    package var name: CandidateName {
        CandidateName(attempt: round.attempt, model: model.digest)
    }
}

/// What votes are for.
package struct CandidateName: Sendable, Hashable, Comparable {
    package let attempt: UInt32
    package let model: Digest

    package init(attempt: UInt32, model: Digest) {
        self.attempt = attempt
        self.model = model
    }

    package static func < (lhs: CandidateName, rhs: CandidateName) -> Bool {
        lhs.attempt == rhs.attempt
            ? lhs.model.precedes(rhs.model) : lhs.attempt < rhs.attempt
    }
}

/// A version with its proof: what a peer that is behind needs.
package struct CertifiedVersion: Sendable {
    package let candidate: Candidate
    package let commit: [UInt8]

    package init(candidate: Candidate, commit: [UInt8]) {
        self.candidate = candidate
        self.commit = commit
    }
}

/// What a peer must not forget: it is durable before anything that follows from it is sent. Round
/// secrets are never a part of it.
package struct PeerRecord: Sendable {
    package var number: UInt64 = 0
    package var previous = Digest.zero
    package var head: ModelHead
    package var model: ModelState
    package var attempt: UInt32 = 0
    package var accepted: Candidate?
    package var rejected: Set<CandidateName> = []
    package var spentThrough: UInt64 = 0
    package var rosterVersion: UInt64 = 0
    /// The newest versions, for peers that are behind.
    package var versions: [UInt64: CertifiedVersion] = [:]

    package init(model: ModelState) {
        self.model = model
        head = ModelHead(height: 0, model: model.digest)
    }
}
