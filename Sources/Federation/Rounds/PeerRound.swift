package import Cryptography
package import Wire

/// Secrets for one attempt, drawn from a seed that the shell gives at the start of a process and
/// that never leaves memory. So a peer that starts again has none of them: it has dropped out.
package struct RoundSecrets: Sendable {
    package let maskKey: X25519PrivateKey
    package let shareKey: X25519PrivateKey
    package let selfSecret: SecretBytes
    let selfCoefficients: SecretBytes
    let keyCoefficients: SecretBytes
    let rounding: SecretBytes

    package init(seed: SecretBytes, counter: UInt64) throws(CryptoError) {
        var info = ByteWriter(tag: "FedSync/v1/round-secrets")
        info.append(counter)
        let all = try HKDFSHA256.derive(
            from: seed, salt: [], info: info.bytes, count: 6 * 32)
        func part(_ index: Int) -> SecretBytes {
            SecretBytes(count: 32) { target in
                all.withUnsafeBytes { source in
                    target.copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: source[32 * index..<32 * index + 32])
                    )
                }
            }
        }
        maskKey = try X25519PrivateKey(secret: part(0))
        shareKey = try X25519PrivateKey(secret: part(1))
        selfSecret = part(2)
        selfCoefficients = part(3)
        keyCoefficients = part(4)
        rounding = part(5)
    }
}

/// A peer's own update for one round.
package struct LocalUpdate: Sendable {
    /// Rises from update to update; each enters at most one sum.
    package let number: UInt64
    package let deltas: [Double]
    /// The share of the largest possible weight, above 0 and at most 1.
    package let weight: Double
    /// Whether the deltas are differences from the model of the moment: then they follow it while
    /// they wait, so that what they lead to stays the same.
    package let followsModel: Bool

    package init(number: UInt64, deltas: [Double], weight: Double, followsModel: Bool = false) {
        self.number = number
        self.deltas = deltas
        self.weight = weight
        self.followsModel = followsModel
    }

    func following(from old: ModelState, to new: ModelState) -> LocalUpdate {
        guard followsModel, deltas.count == old.parameters.count,
            old.parameters.count == new.parameters.count
        else { return self }
        return LocalUpdate(
            number: number,
            deltas: deltas.indices.map { deltas[$0] + (old.parameters[$0] - new.parameters[$0]) },
            weight: weight, followsModel: true)
    }
}

/// What one peer does in one attempt: it answers each stage once, and only to what it can check.
package struct PeerRound: Sendable {
    package enum Stage: Int, Sendable, Comparable {
        case advertised, shared, masked, acknowledged, unmasked

        package static func < (lhs: Stage, rhs: Stage) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    package let facts: RoundFacts
    package let own: PeerID
    package private(set) var stage = Stage.advertised
    package private(set) var members: RoundMembers?
    private let secrets: RoundSecrets
    private let ownAdvertisement: Digest
    private var ownPlace = 0
    /// The shares of others that we hold, by their place: of the own mask, and of the mask key.
    private var held: [Int: (own: SecretShare, key: SecretShare)] = [:]
    private var shareSet: PeerSet?
    private var survivors: PeerSet?
    private var statement = Digest.zero

    /// `advertisement` is the signed message that carries the public halves of `secrets`.
    package init(facts: RoundFacts, secrets: RoundSecrets, advertisement: SignedMessage) {
        self.facts = facts
        self.secrets = secrets
        own = advertisement.sender
        ownAdvertisement = advertisement.hash
    }

    package static func advertisement(_ secrets: RoundSecrets) -> [UInt8] {
        guard let maskKey = Digest(bytes: secrets.maskKey.publicKey.bytes),
            let shareKey = Digest(bytes: secrets.shareKey.publicKey.bytes)
        else { preconditionFailure("a public key is not 32 bytes long") }
        return FederationAdvertise(maskKey: maskKey, shareKey: shareKey).frame()
    }

    private var configuration: RoundConfiguration { facts.configuration }
    private var seeds: MaskSeeds { MaskSeeds(roundID: facts.id) }

    // MARK: R1

    /// Checks U1 and answers with a share of each of our two secrets for every neighbour.
    package mutating func take(
        keySet frame: [UInt8], book: RosterBook
    ) throws(RoundRefusal) -> [UInt8] {
        guard stage == .advertised else { throw .wrongStage }
        let members = try KeySetReading(facts: facts, book: book).read(frame)
        guard let place = members.place(of: own) else { throw .leftOut }
        guard members.count >= configuration.peersMin * configuration.groupCount,
            members.count <= configuration.peersMax
        else { throw .tooFewPeers(members.count) }
        guard let advertised = members.advertisements[place],
            advertised.maskKey == secrets.maskKey.publicKey,
            advertised.shareKey == secrets.shareKey.publicKey,
            KeySetReading.hash(of: own, in: frame, facts: facts) == ownAdvertisement
        else { throw .ownKeysChanged }
        for neighbour in members.graph.neighbours[place]
        where members.advertisements[neighbour] == nil {
            throw .badAdvertisement(members.peers[neighbour])
        }
        self.members = members
        ownPlace = place
        let sealed: [UInt8]
        do throws(CryptoError) { sealed = try sealShares(members) } catch { throw .failed(error) }
        stage = .shared
        return FederationShares(keySetHash: members.hash).frame(sealed: sealed)
    }

    private mutating func sealShares(_ members: RoundMembers) throws(CryptoError) -> [UInt8] {
        let holders = members.neighbourhood(of: ownPlace)
        let threshold = members.threshold(of: ownPlace, configuration)
        let selfShares = try SecretSharing.split(
            secrets.selfSecret, threshold: threshold, count: holders.count,
            coefficients: secrets.selfCoefficients)
        let keyShares = try SecretSharing.split(
            secrets.maskKey.secret, threshold: threshold, count: holders.count,
            coefficients: secrets.keyCoefficients)
        var sealed: [UInt8] = []
        sealed.reserveCapacity(holders.count * sealedByteCount)
        for (slot, holder) in holders.enumerated() {
            guard holder != ownPlace, let peer = members.advertisements[holder] else {
                held[ownPlace] = (selfShares[slot], keyShares[slot])
                continue
            }
            let key = try seeds.shareKey(
                own: secrets.shareKey, peer: peer.shareKey, isSending: true)
            sealed += try ChaCha20Poly1305.seal(
                selfShares[slot].bytes + keyShares[slot].bytes, key: key, nonce: shareNonce,
                bound: members.binding(facts: facts, from: ownPlace, to: holder))
        }
        return sealed
    }

    // MARK: R2

    /// Opens the shares of U2 and answers with the masked update.
    package mutating func take(
        shareSet frame: [UInt8], update: LocalUpdate
    ) throws(RoundRefusal) -> (header: [UInt8], vector: RingVector) {
        guard stage == .shared, let members else { throw .wrongStage }
        let (set, sealed) = try readShareSet(frame, members)
        let neighbours = members.graph.neighbours[ownPlace].filter(set.contains)
        let threshold = members.threshold(of: ownPlace, configuration)
        guard neighbours.count + 1 >= threshold else { throw .tooFewShares(neighbours.count + 1) }
        guard sealed.count == neighbours.count * sealedByteCount else { throw .malformed }
        var vector: RingVector
        do {
            try open(sealed, from: neighbours, members)
            vector = try configuration.quantiser.vector(
                of: update.deltas, weight: update.weight, rounding: secrets.rounding,
                checksum: facts.checksum)
            try vector.apply(masks(for: neighbours, members))
        } catch let error as CryptoError {
            throw .failed(error)
        } catch {
            throw .unusableUpdate
        }
        guard held.count >= threshold else { throw .tooFewShares(held.count) }
        shareSet = set
        stage = .masked
        let header = FederationInput(
            keySetHash: members.hash, shareSetHash: set.digest(tag: "FedSync/v1/share-set"),
            vectorHash: Digest.sha256(vector.packed)
        ).frame()
        return (header, vector)
    }

    private func readShareSet(
        _ frame: [UInt8], _ members: RoundMembers
    ) throws(RoundRefusal) -> (PeerSet, [UInt8]) {
        let keySetHash: Digest
        let bytes: [UInt8]
        let sealed: [UInt8]
        do throws(WireError) {
            keySetHash = try FederationShareSet(decoding: frame).keySetHash
            bytes = try FederationShareSet.members(in: frame)
            sealed = try FederationShareSet.sealed(in: frame)
        } catch {
            throw .malformed
        }
        guard keySetHash == members.hash else { throw .otherKeySet }
        guard let set = PeerSet(bytes: bytes, count: members.count) else { throw .malformed }
        guard set.contains(ownPlace) else { throw .leftOut }
        return (set, sealed)
    }

    /// What does not open is a share that we do not have; its owner can be summed without us.
    private mutating func open(
        _ sealed: [UInt8], from neighbours: [Int], _ members: RoundMembers
    ) throws(CryptoError) {
        for (index, neighbour) in neighbours.enumerated() {
            guard let peer = members.advertisements[neighbour] else { continue }
            let key = try seeds.shareKey(
                own: secrets.shareKey, peer: peer.shareKey, isSending: false)
            let bytes = Array(sealed[index * sealedByteCount..<(index + 1) * sealedByteCount])
            let plain = try ChaCha20Poly1305.open(
                bytes, key: key, nonce: shareNonce,
                bound: members.binding(facts: facts, from: neighbour, to: ownPlace))
            let slot = members.slot(of: ownPlace, in: neighbour)
            plain?.withUnsafeBytes { plain in
                let half = SecretShare.byteCount
                guard
                    let own = SecretShare(
                        bytes: UnsafeRawBufferPointer(rebasing: plain[..<half])),
                    let key = SecretShare(
                        bytes: UnsafeRawBufferPointer(rebasing: plain[half...])),
                    own.x == slot, key.x == slot
                else { return }
                held[neighbour] = (own, key)
            }
        }
    }

    private func masks(
        for neighbours: [Int], _ members: RoundMembers
    ) throws(CryptoError) -> [Mask] {
        let ownKey = secrets.maskKey.publicKey
        var masks = [
            Mask(seed: try seeds.own(secret: secrets.selfSecret, maskKey: ownKey), sign: .add)
        ]
        for neighbour in neighbours {
            guard let peer = members.advertisements[neighbour] else { continue }
            masks.append(
                Mask(
                    seed: try seeds.pair(own: secrets.maskKey, peer: peer.maskKey),
                    sign: MaskSeeds.sign(own: ownKey, peer: peer.maskKey)))
        }
        return masks
    }

    // MARK: R3

    /// Checks U3 and states it, once.
    package mutating func take(
        survivors frame: [UInt8], signer: MessageSigner
    ) throws(RoundRefusal) -> [UInt8] {
        guard stage == .masked, let members, let shareSet else { throw .wrongStage }
        let message: FederationSurvivors
        let bytes: [UInt8]
        do throws(WireError) {
            message = try FederationSurvivors(decoding: frame)
            bytes = try FederationSurvivors.members(in: frame)
        } catch {
            throw .malformed
        }
        guard message.keySetHash == members.hash else { throw .otherKeySet }
        let shareSetHash = shareSet.digest(tag: "FedSync/v1/share-set")
        guard message.shareSetHash == shareSetHash else { throw .otherShareSet }
        guard let set = PeerSet(bytes: bytes, count: members.count) else { throw .malformed }
        guard set.isSubset(of: shareSet) else { throw .notASubset }
        guard set.contains(ownPlace) else { throw .leftOut }
        try checkFloors(set, members)
        survivors = set
        statement = facts.statement(
            keySet: members.hash, shareSet: shareSetHash,
            survivors: set, of: members.peers, root: message.root)
        stage = .acknowledged
        return FederationConsistency(
            statement: statement, signature: signer.signature(over: statement.bytes)
        ).frame()
    }

    private func checkFloors(
        _ set: PeerSet, _ members: RoundMembers
    ) throws(RoundRefusal) {
        let count = set.members.count
        guard count >= configuration.survivorsMin(of: members.count) else {
            throw .tooFewSurvivors(count)
        }
        for group in 0..<members.graph.groupCount {
            let size = set.members.count { members.graph.groups[$0] == group }
            guard size >= configuration.peersMin else { throw .tooFewSurvivors(size) }
        }
    }

    // MARK: R4

    /// Checks the certificate and gives one share for each peer of U2 around us: of the own mask of
    /// a survivor, or of the mask key of one who is gone. Once; afterwards the update is spent.
    package mutating func take(
        certificate frame: [UInt8], book: RosterBook
    ) throws(RoundRefusal) -> [UInt8] {
        guard stage == .acknowledged, let members, let shareSet, let survivors else {
            throw .wrongStage
        }
        let valid = try SurvivorCertificate.count(
            frame, statement: statement, survivors: survivors, members: members, book: book)
        let quorum = GraphParameters.quorum(
            count: members.count, adversariesPermille: configuration.adversariesPermille)
        guard valid >= quorum else { throw .tooFewSignatures(valid) }
        stage = .unmasked
        var shares: [UInt8] = []
        for owner in members.neighbourhood(of: ownPlace) where shareSet.contains(owner) {
            guard let pair = held[owner] else {
                shares += [UInt8](repeating: 0, count: taggedShareByteCount)
                continue
            }
            shares +=
                survivors.contains(owner)
                ? [ShareTag.ownMask.rawValue] + pair.own.bytes
                : [ShareTag.maskKey.rawValue] + pair.key.bytes
        }
        held = [:]
        return FederationUnmask(statement: statement).frame(shares: shares)
    }
}

/// Which of a peer's two secrets a share is of.
package enum ShareTag: UInt8, Sendable {
    case none = 0
    case ownMask = 1
    case maskKey = 2
}

/// A tag and a share.
package let taggedShareByteCount = 1 + SecretShare.byteCount

/// A quorum of statements of R3.
package enum SurvivorCertificate {
    /// How many distinct survivors have signed the statement.
    package static func count(
        _ frame: [UInt8], statement: Digest, survivors: PeerSet, members: RoundMembers,
        book: RosterBook
    ) throws(RoundRefusal) -> Int {
        let entries: [FederationSurvivorCert.SignaturesEntry]
        let stated: Digest
        do throws(WireError) {
            stated = try FederationSurvivorCert(decoding: frame).statement
            entries = try FederationSurvivorCert.signatures(in: frame)
        } catch {
            throw .malformed
        }
        guard stated == statement else { throw .otherStatement }
        var signers: Set<UInt32> = []
        for entry in entries {
            let place = Int(entry.index)
            guard place < members.count, survivors.contains(place),
                let peer = book.roster.peer(members.peers[place]),
                peer.identity.isValid(entry.signature.bytes, for: statement.bytes)
            else { continue }
            signers.insert(entry.index)
        }
        return signers.count
    }
}
