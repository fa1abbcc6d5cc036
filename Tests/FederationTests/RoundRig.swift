import Cryptography
import Federation
import Trading
import Wire

/// The peers and the coordinator of one attempt, without a network between them: a test stands
/// there and may change what it likes.
struct RoundRig {
    let facts: RoundFacts
    let book: RosterBook
    let keys: [PeerID: Ed25519PrivateKey]
    let names: [PeerID]
    var signers: [PeerID: MessageSigner]
    var peers: [PeerID: PeerRound] = [:]
    var coordinator: CoordinatorRound
    var advertisements: [SignedMessage] = []
    var masked: [PeerID: RingVector] = [:]
    let now = Timestamp(seconds: 1_700_000_000)
    let parent: ModelState

    init(
        count: Int, attempt: UInt32 = 0, configuration: RoundConfiguration = .simulated(),
        parent: ModelState? = nil
    ) throws {
        let all = try (0..<count).map { index in
            try Ed25519PrivateKey(seed: SecretBytes(Digest.sha256([UInt8(index), 77]).bytes))
        }
        let root = try Ed25519PrivateKey(seed: SecretBytes([UInt8](repeating: 201, count: 32)))
        let roster = Roster(
            federation: Digest.sha256([2]), version: 1, epoch: 1,
            expires: Timestamp(seconds: 2_000_000_000), threshold: 1,
            roots: [Digest(bytes: root.publicKey.bytes) ?? .zero],
            peers: all.map { RosterPeer.simulated($0) })
        book = try RosterBook(
            trusting: roster, signatures: [roster.signed(by: root)], at: now)
        names = roster.peers.map(\.id)
        keys = Dictionary(
            uniqueKeysWithValues: all.map { (PeerID(identity: $0.publicKey), $0) })
        signers = keys.mapValues { key in
            MessageSigner(
                identity: key, peer: PeerID(identity: key.publicKey), keyEpoch: 0, number: 0,
                previous: .zero)
        }
        self.parent =
            parent
            ?? ModelState(
                parameters: [Double](repeating: 0, count: configuration.windows.count))
        facts = RoundFacts(
            federation: roster.federation,
            round: RoundKey(epoch: 1, round: 1, attempt: attempt), configuration: configuration,
            rosterHash: roster.digest,
            parent: ModelHead(height: 0, model: self.parent.digest))
        coordinator = CoordinatorRound(facts: facts, book: book, expected: count)
    }

    mutating func sign(
        _ payload: [UInt8], as template: UInt16, by name: PeerID, context: MessageContext? = nil
    ) throws -> SignedMessage {
        guard var signer = signers[name] else { throw RoundRefusal.unknownPeer }
        defer { signers[name] = signer }
        return signer.sign(payload, as: template, in: context ?? facts.context, at: now)
    }

    /// R0: everyone of `some` advertises; gives the key sets.
    mutating func advertise(_ some: [PeerID]? = nil, draw: UInt64 = 1) throws -> [OutgoingPayload] {
        for name in some ?? names {
            let secrets = try RoundSecrets(
                seed: SecretBytes(Digest.sha256(name.digest.bytes).bytes), counter: draw)
            let message = try sign(
                PeerRound.advertisement(secrets), as: FederationAdvertise.templateID, by: name)
            advertisements.append(message)
            peers[name] = PeerRound(facts: facts, secrets: secrets, advertisement: message)
            coordinator.take(message)
        }
        return try coordinator.closeStage()
    }

    /// R1: those of `keySets` who do not drop out send shares.
    mutating func share(
        _ keySets: [OutgoingPayload], without dropped: Set<PeerID> = []
    ) throws -> [OutgoingPayload] {
        for payload in keySets where !dropped.contains(payload.peer) {
            guard let shares = try peers[payload.peer]?.take(keySet: payload.payload, book: book)
            else { continue }
            coordinator.take(
                try sign(shares, as: FederationShares.templateID, by: payload.peer))
        }
        return try coordinator.closeStage()
    }

    /// R2: masked vectors.
    mutating func mask(
        _ shareSets: [OutgoingPayload], without dropped: Set<PeerID> = [],
        updates: (PeerID) -> LocalUpdate = RoundRig.update
    ) throws -> [OutgoingPayload] {
        for payload in shareSets where !dropped.contains(payload.peer) {
            try upload(payload, updates(payload.peer))
        }
        return try coordinator.closeStage()
    }

    mutating func upload(_ payload: OutgoingPayload, _ update: LocalUpdate) throws {
        guard
            let (header, vector) = try peers[payload.peer]?
                .take(shareSet: payload.payload, update: update)
        else { return }
        masked[payload.peer] = vector
        try upload(header, vector, from: payload.peer)
    }

    mutating func upload(_ header: [UInt8], _ vector: RingVector, from name: PeerID) throws {
        coordinator.take(try sign(header, as: FederationInput.templateID, by: name))
        for (index, part) in VectorChunks.parts(of: vector).enumerated() {
            coordinator.take(
                chunk: FederationChunk(
                    vectorHash: Digest.sha256(vector.packed), index: UInt32(index)),
                elements: part, from: name)
        }
    }

    /// R3: statements.
    mutating func state(
        _ survivors: [OutgoingPayload], without dropped: Set<PeerID> = []
    ) throws -> [OutgoingPayload] {
        for payload in survivors where !dropped.contains(payload.peer) {
            guard let signer = signers[payload.peer],
                let statement = try peers[payload.peer]?
                    .take(survivors: payload.payload, signer: signer)
            else { continue }
            coordinator.take(
                try sign(statement, as: FederationConsistency.templateID, by: payload.peer))
        }
        return try coordinator.closeStage()
    }

    /// R4: shares, and the sum.
    mutating func unmask(
        _ certificates: [OutgoingPayload], without dropped: Set<PeerID> = [],
        change: (PeerID, [UInt8]) -> [UInt8] = { $1 }
    ) throws -> RoundResult {
        for payload in certificates where !dropped.contains(payload.peer) {
            guard
                let shares = try peers[payload.peer]?
                    .take(certificate: payload.payload, book: book)
            else { continue }
            coordinator.take(
                try sign(
                    change(payload.peer, shares), as: FederationUnmask.templateID,
                    by: payload.peer))
        }
        _ = try coordinator.closeStage()
        return try coordinator.result(after: parent)
    }

    /// Small deltas that differ from peer to peer.
    static func update(of name: PeerID) -> LocalUpdate {
        let byte = Double(name.digest.bytes[0]) / 255
        return LocalUpdate(
            number: 1, deltas: [byte * 0.2, -byte * 0.1, 0.3 - byte * 0.2, 0.05],
            weight: 0.5 + byte / 2)
    }

    /// The weighted mean that the survivors should have.
    static func mean(_ names: [PeerID]) -> [Double] {
        let updates = names.map { update(of: $0) }
        let weight = updates.reduce(0) { $0 + $1.weight }
        return (0..<4).map { index in
            updates.reduce(0) { $0 + $1.weight * $1.deltas[index] } / weight
        }
    }
}
