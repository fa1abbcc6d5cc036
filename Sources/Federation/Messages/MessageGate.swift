import Cryptography
package import Trading
import Wire

/// Why a message is refused before anything looks at what it says.
package enum MessageRefusal: Error, Equatable {
    case unknownTemplate(UInt16)
    case unknownSuite(UInt16)
    case unknownSender(PeerID)
    case wrongKeyEpoch
    case badSignature
    case otherFederation
    case otherEpoch
    case notFresh
    case replayed
    case brokenChain
    case tooLong(Int)
    case excluded(PeerID)
    case unreadable
}

/// Two messages of one peer that exclude each other.
package struct EquivocationProof: Sendable {
    package let first: SignedMessage
    package let second: SignedMessage

    package init(first: SignedMessage, second: SignedMessage) {
        self.first = first
        self.second = second
    }

    /// Whether this proves it: both signed by one peer, for one place in a round, and different.
    package func isValid(in roster: Roster) -> Bool {
        guard first.sender == second.sender, first.template == second.template,
            first.round == second.round, first.hash != second.hash,
            MessageGate.onceTemplates.contains(first.template),
            let peer = roster.peer(first.sender)
        else { return false }
        return peer.identity.isValid(first.signature.bytes, for: first.signedBytes)
            && peer.identity.isValid(second.signature.bytes, for: second.signedBytes)
    }
}

/// Lets in what a peer of the roster has signed, once, in order and in time.
package struct MessageGate: Sendable {
    /// What is longer is not even hashed.
    package static let payloadMax = WireFrame.maximumLength
    /// How far the clocks of peers may differ.
    private static let skewMillis: UInt64 = 30_000
    /// Messages that a peer sends once in an attempt, to whomever.
    static let onceTemplates: Set<UInt16> = [
        FederationPropose.templateID, FederationAdvertise.templateID,
        FederationShares.templateID, FederationInput.templateID,
        FederationSurvivors.templateID, FederationConsistency.templateID,
        FederationUnmask.templateID,
    ]

    private struct Last: Sendable {
        var number: UInt64
        var hash: Digest
        /// Which of the 64 numbers up to the highest have come: bit 0 is the highest.
        var seen: UInt64 = 1
    }

    private struct Place: Hashable {
        let sender: PeerID
        let round: RoundKey
        let template: UInt16
    }

    private var last: [PeerID: Last] = [:]
    private var once: [Place: SignedMessage] = [:]
    package private(set) var excluded: Set<PeerID> = []

    package init() {}

    /// Checks a message against the roster and what came before. A proof of equivocation excludes
    /// its sender and is given back.
    package mutating func admit(
        _ message: SignedMessage, book: RosterBook, at now: Timestamp
    ) throws(MessageRefusal) -> EquivocationProof? {
        guard message.payload.count <= MessageGate.payloadMax else {
            throw .tooLong(message.payload.count)
        }
        guard message.suite == SignedMessage.suite else { throw .unknownSuite(message.suite) }
        guard let template = WireTemplate(rawValue: message.template), template.isFederation else {
            throw .unknownTemplate(message.template)
        }
        guard !excluded.contains(message.sender) else { throw .excluded(message.sender) }
        guard let peer = book.activePeer(message.sender, at: now) else {
            throw .unknownSender(message.sender)
        }
        guard message.keyEpoch == peer.keyEpoch else { throw .wrongKeyEpoch }
        let bytes = message.signedBytes
        guard peer.identity.isValid(message.signature.bytes, for: bytes) else {
            throw .badSignature
        }
        guard message.federation == book.roster.federation else { throw .otherFederation }
        guard message.round.epoch == book.roster.epoch else { throw .otherEpoch }
        if let proof = equivocation(message) { return proof }
        let millis = now.milliseconds
        guard message.issuedMillis <= millis + MessageGate.skewMillis,
            message.expiresMillis > millis,
            message.expiresMillis &- message.issuedMillis <= 3_600_000
        else { throw .notFresh }
        let hash = Digest.sha256(bytes)
        try note(message, hash)
        return nil
    }

    /// A number counts once. Late ones are let in while they are among the last 64: a peer that
    /// connects again may overtake itself.
    private mutating func note(
        _ message: SignedMessage, _ hash: Digest
    ) throws(MessageRefusal) {
        guard var before = last[message.sender] else {
            last[message.sender] = Last(number: message.number, hash: hash)
            return
        }
        if message.number > before.number {
            let step = message.number - before.number
            // Messages to others lie between where the numbers leave a gap.
            guard step > 1 || message.previous == before.hash else { throw .brokenChain }
            before.seen = step < 64 ? before.seen << step | 1 : 1
            before.number = message.number
            before.hash = hash
        } else {
            let age = before.number - message.number
            guard age < 64, before.seen >> age & 1 == 0 else { throw .replayed }
            before.seen |= 1 << age
        }
        last[message.sender] = before
    }

    /// Forgets what belongs to rounds before `round`: they are over.
    package mutating func forget(before round: UInt64) {
        once = once.filter { $0.key.round.round >= round }
    }

    /// Takes a proof that somebody else found.
    package mutating func exclude(by proof: EquivocationProof, roster: Roster) -> Bool {
        guard proof.isValid(in: roster) else { return false }
        excluded.insert(proof.first.sender)
        return true
    }

    private mutating func equivocation(_ message: SignedMessage) -> EquivocationProof? {
        guard MessageGate.onceTemplates.contains(message.template) else { return nil }
        let place = Place(
            sender: message.sender, round: message.round, template: message.template)
        guard let first = once[place] else {
            once[place] = message
            return nil
        }
        guard first.hash != message.hash else { return nil }
        excluded.insert(message.sender)
        return EquivocationProof(first: first, second: message)
    }
}

extension WireTemplate {
    /// Whether this is a message of a federation that travels signed.
    var isFederation: Bool {
        (200..<221).contains(rawValue) || self == .federationHeartbeat
            || self == .federationEquivocation
    }
}
