package import Cryptography
package import Wire

/// Why a coordinator gives an attempt up.
package enum RoundFailure: Error, Equatable {
    case tooFewPeers(Int)
    case tooFewSurvivors(Int)
    case tooFewStatements(Int)
    case tooFewShares(of: PeerID, have: Int, need: Int)
    case unsound(CombinationProblem)
    case failed(CryptoError)
}

/// What a coordinator sends to one peer.
package struct OutgoingPayload: Sendable {
    package let peer: PeerID
    package let template: UInt16
    package let payload: [UInt8]
}

/// Runs one attempt for everybody: collects each stage, closes it, and sums. It is trusted with
/// progress and nothing else: it holds masked vectors, sealed shares and what R4 gives it.
///
/// A masked vector is added to its group's sum as soon as it is whole, so memory holds one vector
/// for each group and for each upload in flight.
package struct CoordinatorRound: Sendable {
    package enum Stage: UInt8, Sendable {
        case keys, shares, inputs, statements, unmasking, done
    }

    package let facts: RoundFacts
    package private(set) var stage = Stage.keys
    /// Those who sent what proves them wrong.
    package private(set) var blamed: [PeerID] = []
    private let book: RosterBook
    private let expected: Int
    private var advertisements: [PeerID: SignedMessage] = [:]
    private var members: RoundMembers?
    private var sealed: [Int: [UInt8]] = [:]
    private var shareSet: PeerSet?
    private var uploads: [Int: Upload] = [:]
    private var inputHashes: [Int: Digest] = [:]
    private var sums: [RingVector] = []
    private var survivors: PeerSet?
    private var root = Digest.zero
    private var statement = Digest.zero
    private var signatures: [Int: SignatureBytes] = [:]
    private var unmasked: [Int: [Int: (tag: ShareTag, share: SecretShare)]] = [:]

    private struct Upload: Sendable {
        let vectorHash: Digest
        let messageHash: Digest
        var vector: RingVector
        var missing: Set<Int>
    }

    package init(facts: RoundFacts, book: RosterBook, expected: Int) {
        self.facts = facts
        self.book = book
        self.expected = expected
    }

    private var configuration: RoundConfiguration { facts.configuration }

    /// Whether nobody is missing any more.
    package var isStageComplete: Bool {
        switch stage {
        case .keys: advertisements.count >= expected
        case .shares: sealed.count == members?.count
        case .inputs: inputHashes.count == shareSet?.members.count
        case .statements: signatures.count == survivors?.members.count
        case .unmasking: unmasked.count == survivors?.members.count
        case .done: false
        }
    }

    // MARK: What peers send

    /// Takes a message that the gate has let in. What does not belong to the stage is ignored: it
    /// came too late.
    package mutating func take(_ message: SignedMessage) {
        guard message.round == facts.round, message.configuration == facts.configurationHash,
            message.lineage == facts.parent.model
        else { return }
        if stage == .keys {
            let isOurs = message.template == FederationAdvertise.templateID
            if isOurs, advertisements[message.sender] == nil,
                advertisements.count < configuration.peersMax
            {
                advertisements[message.sender] = message
            }
            return
        }
        guard let members, let place = members.place(of: message.sender) else { return }
        do throws(WireError) {
            switch (stage, message.template) {
            case (.shares, FederationShares.templateID):
                try takeShares(message.payload, from: place, members)
            case (.inputs, FederationInput.templateID):
                try takeInput(message, from: place, members)
            case (.statements, FederationConsistency.templateID):
                try takeStatement(message.payload, from: place, members)
            case (.unmasking, FederationUnmask.templateID):
                try takeUnmask(message.payload, from: place, members)
            default: break
            }
        } catch {
            blame(place)
        }
    }

    private mutating func blame(_ place: Int) {
        guard let peer = members?.peers[place], !blamed.contains(peer) else { return }
        blamed.append(peer)
    }

    private mutating func takeShares(
        _ frame: [UInt8], from place: Int, _ members: RoundMembers
    ) throws(WireError) {
        let bytes = try FederationShares.sealed(in: frame)
        let keySetHash = try FederationShares(decoding: frame).keySetHash
        guard keySetHash == members.hash,
            bytes.count == members.graph.neighbours[place].count * sealedByteCount
        else {
            blame(place)
            return
        }
        sealed[place] = bytes
    }

    private mutating func takeInput(
        _ message: SignedMessage, from place: Int, _ members: RoundMembers
    ) throws(WireError) {
        let input = try FederationInput(decoding: message.payload)
        guard let shareSet, shareSet.contains(place), uploads[place] == nil,
            inputHashes[place] == nil, input.keySetHash == members.hash,
            input.shareSetHash == shareSet.digest(tag: "FedSync/v1/share-set")
        else { return }
        let count = configuration.quantiser.count
        let chunks = VectorChunks.count(of: count, ring: configuration.ring)
        uploads[place] = Upload(
            vectorHash: input.vectorHash, messageHash: message.hash,
            vector: RingVector(zeros: count, ring: configuration.ring), missing: Set(0..<chunks))
    }

    /// Takes a part of a vector. Parts beyond the vector, and of vectors that nobody has signed
    /// for, are dropped before anything is kept; the answer is then false.
    @discardableResult
    package mutating func take(
        chunk: FederationChunk, elements: [UInt8], from peer: PeerID
    ) -> Bool {
        guard stage == .inputs, let members, let place = members.place(of: peer),
            var upload = uploads[place], chunk.vectorHash == upload.vectorHash,
            upload.missing.contains(Int(chunk.index))
        else { return false }
        let range = VectorChunks.range(
            Int(chunk.index), of: upload.vector.count, ring: configuration.ring)
        guard elements.count == range.count * configuration.ring.byteCount else {
            blame(place)
            return true
        }
        uploads[place] = nil
        upload.vector.store(packed: elements, at: range.lowerBound)
        upload.missing.remove(Int(chunk.index))
        guard upload.missing.isEmpty else {
            uploads[place] = upload
            return true
        }
        guard Digest.sha256(upload.vector.packed) == upload.vectorHash else {
            blame(place)
            return true
        }
        sums[members.graph.groups[place]] &+= upload.vector
        inputHashes[place] = upload.messageHash
        return true
    }

    private mutating func takeStatement(
        _ frame: [UInt8], from place: Int, _ members: RoundMembers
    ) throws(WireError) {
        let message = try FederationConsistency(decoding: frame)
        guard survivors?.contains(place) == true, message.statement == statement,
            let peer = book.roster.peer(members.peers[place]),
            peer.identity.isValid(message.signature.bytes, for: statement.bytes)
        else {
            blame(place)
            return
        }
        signatures[place] = message.signature
    }

    private mutating func takeUnmask(
        _ frame: [UInt8], from place: Int, _ members: RoundMembers
    ) throws(WireError) {
        let bytes = try FederationUnmask.shares(in: frame)
        guard let survivors, let shareSet, survivors.contains(place),
            try FederationUnmask(decoding: frame).statement == statement
        else { return }
        let owners = members.neighbourhood(of: place).filter(shareSet.contains)
        guard bytes.count == owners.count * taggedShareByteCount else {
            blame(place)
            return
        }
        var given: [Int: (ShareTag, SecretShare)] = [:]
        for (index, owner) in owners.enumerated() {
            let part = bytes[index * taggedShareByteCount..<(index + 1) * taggedShareByteCount]
            let wanted = survivors.contains(owner) ? ShareTag.ownMask : .maskKey
            guard let first = part.first, let tag = ShareTag(rawValue: first), tag != .none else {
                continue
            }
            guard tag == wanted, let share = SecretShare(bytes: Array(part.dropFirst())),
                share.x == members.slot(of: place, in: owner)
            else {
                blame(place)
                return
            }
            given[owner] = (tag, share)
        }
        unmasked[place] = given
    }

    // MARK: Stages

    /// Closes the stage: what came counts, what did not has dropped out. Gives what each peer is to
    /// hear next; nothing after the last stage, whose result is `result()`.
    package mutating func closeStage() throws(RoundFailure) -> [OutgoingPayload] {
        switch stage {
        case .keys: return try closeKeys()
        case .shares: return try closeShares()
        case .inputs: return try closeInputs()
        case .statements: return try closeStatements()
        case .unmasking, .done:
            stage = .done
            return []
        }
    }

    private mutating func closeKeys() throws(RoundFailure) -> [OutgoingPayload] {
        guard advertisements.count >= configuration.peersMin * configuration.groupCount else {
            throw .tooFewPeers(advertisements.count)
        }
        let sorted = advertisements.values.sorted { $0.sender < $1.sender }
        let rows = sorted.compactMap { message in KeySetRow(message) }
        let members = RoundMembers(
            peers: rows.map(\.peer), hashes: rows.map(\.hash),
            advertisements: rows.map(\.advertisement), facts: facts)
        guard members.count >= configuration.peersMin * configuration.groupCount else {
            throw .tooFewPeers(members.count)
        }
        self.members = members
        advertisements = [:]
        sums = (0..<members.graph.groupCount).map { _ in
            RingVector(zeros: configuration.quantiser.count, ring: configuration.ring)
        }
        stage = .shares
        return members.peers.indices.map { place in
            let near = Set(members.neighbourhood(of: place))
            let keys = rows.indices.filter(near.contains).map { rows[$0].entry }
            let others = rows.indices.filter { !near.contains($0) }.compactMap { other in
                book.roster.place(of: rows[other].peer).map {
                    FederationKeySet.HashesEntry(place: UInt32($0), hash: rows[other].hash)
                }
            }
            return OutgoingPayload(
                peer: members.peers[place], template: FederationKeySet.templateID,
                payload: FederationKeySet().frame(keys: keys, hashes: others))
        }
    }

    private mutating func closeShares() throws(RoundFailure) -> [OutgoingPayload] {
        guard let members else { throw .tooFewPeers(0) }
        let set = PeerSet(count: members.count, members: sealed.keys)
        guard sealed.count >= configuration.survivorsMin(of: members.count) else {
            throw .tooFewSurvivors(sealed.count)
        }
        shareSet = set
        stage = .inputs
        defer { sealed = [:] }
        return set.members.map { place in
            var bytes: [UInt8] = []
            for neighbour in members.graph.neighbours[place] where set.contains(neighbour) {
                guard let all = sealed[neighbour],
                    let index = members.graph.neighbours[neighbour].firstIndex(of: place)
                else { continue }
                bytes += all[index * sealedByteCount..<(index + 1) * sealedByteCount]
            }
            return OutgoingPayload(
                peer: members.peers[place], template: FederationShareSet.templateID,
                payload: FederationShareSet(keySetHash: members.hash)
                    .frame(members: set.bytes, sealed: bytes))
        }
    }

    private mutating func closeInputs() throws(RoundFailure) -> [OutgoingPayload] {
        guard let members, let shareSet else { throw .tooFewPeers(0) }
        uploads = [:]
        let set = PeerSet(count: members.count, members: inputHashes.keys)
        guard inputHashes.count >= configuration.survivorsMin(of: members.count) else {
            throw .tooFewSurvivors(inputHashes.count)
        }
        root = merkleRoot(
            set.members.compactMap { place in
                inputHashes[place].map { (members.peers[place], $0) }
            })
        survivors = set
        let shareSetHash = shareSet.digest(tag: "FedSync/v1/share-set")
        statement = facts.statement(
            keySet: members.hash, shareSet: shareSetHash,
            survivors: set, of: members.peers, root: root)
        stage = .statements
        let payload = FederationSurvivors(
            keySetHash: members.hash, shareSetHash: shareSetHash, root: root
        ).frame(members: set.bytes)
        return toSurvivors(payload, as: FederationSurvivors.templateID)
    }

    private mutating func closeStatements() throws(RoundFailure) -> [OutgoingPayload] {
        guard let members else { throw .tooFewPeers(0) }
        let quorum = GraphParameters.quorum(
            count: members.count, adversariesPermille: configuration.adversariesPermille)
        guard signatures.count >= quorum else { throw .tooFewStatements(signatures.count) }
        stage = .unmasking
        let payload = FederationSurvivorCert(statement: statement)
            .frame(signatures: certificate(quorum))
        return toSurvivors(payload, as: FederationSurvivorCert.templateID)
    }

    private func certificate(_ quorum: Int) -> [FederationSurvivorCert.SignaturesEntry] {
        signatures.sorted { $0.key < $1.key }.prefix(quorum).map {
            FederationSurvivorCert.SignaturesEntry(index: UInt32($0.key), signature: $0.value)
        }
    }

    private func toSurvivors(_ payload: [UInt8], as template: UInt16) -> [OutgoingPayload] {
        guard let members, let survivors else { return [] }
        return survivors.members.map {
            OutgoingPayload(peer: members.peers[$0], template: template, payload: payload)
        }
    }

    // MARK: The sum

    /// Takes the masks off and gives the sums of the groups with all that proves them.
    package mutating func result(after parent: ModelState) throws(RoundFailure) -> RoundResult {
        guard let members, let shareSet, let survivors else { throw .tooFewPeers(0) }
        var masks = [[Mask]](repeating: [], count: sums.count)
        do {
            for place in shareSet.members {
                let secret = try secret(of: place, members, survivors)
                let group = members.graph.groups[place]
                if survivors.contains(place) {
                    masks[group].append(try ownMask(of: place, secret, members))
                } else {
                    masks[group] += try pairMasks(of: place, secret, members, survivors)
                }
            }
            for group in sums.indices { try sums[group].apply(masks[group]) }
        } catch let failure as RoundFailure {
            throw failure
        } catch let error as CryptoError {
            throw .failed(error)
        } catch {
            preconditionFailure("unexpected \(error)")
        }
        let quorum = GraphParameters.quorum(
            count: members.count, adversariesPermille: configuration.adversariesPermille)
        let unfinished = RoundResult(
            facts: facts, peers: members.peers, keySetHash: members.hash,
            shareSetHash: shareSet.digest(tag: "FedSync/v1/share-set"), root: root,
            survivors: survivors,
            signatures: certificate(quorum).map { ($0.index, $0.signature) }, sums: sums)
        do throws(CombinationProblem) {
            return try unfinished.completed(after: parent)
        } catch {
            throw .unsound(error)
        }
    }

    private func ownMask(
        of place: Int, _ secret: SecretBytes, _ members: RoundMembers
    ) throws -> Mask {
        guard let peer = members.advertisements[place] else { throw RoundFailure.tooFewPeers(0) }
        let seed = try MaskSeeds(roundID: facts.id).own(secret: secret, maskKey: peer.maskKey)
        return Mask(seed: seed, sign: .subtract)
    }

    /// The masks between one who is gone and its surviving neighbours, taken off the survivors.
    private func pairMasks(
        of place: Int, _ secret: SecretBytes, _ members: RoundMembers, _ survivors: PeerSet
    ) throws -> [Mask] {
        let key = try X25519PrivateKey(secret: secret)
        return try members.graph.neighbours[place].filter(survivors.contains).compactMap { other in
            guard let peer = members.advertisements[other] else { return nil }
            return Mask(
                seed: try MaskSeeds(roundID: facts.id).pair(own: key, peer: peer.maskKey),
                sign: MaskSeeds.sign(own: key.publicKey, peer: peer.maskKey))
        }
    }

    /// A secret from exactly as many shares as it takes. Where another share disagrees, or the key
    /// is not the one advertised, other shares are tried, and those that do not fit are blamed.
    private mutating func secret(
        of owner: Int, _ members: RoundMembers, _ survivors: PeerSet
    ) throws(RoundFailure) -> SecretBytes {
        let threshold = members.threshold(of: owner, configuration)
        let given = members.neighbourhood(of: owner).compactMap { holder in
            unmasked[holder]?[owner].map { (holder: holder, share: $0.share) }
        }
        guard given.count >= threshold else {
            throw .tooFewShares(of: members.peers[owner], have: given.count, need: threshold)
        }
        let isKey = !survivors.contains(owner)
        for start in 0..<given.count {
            let some = (0..<threshold).map { given[(start + $0) % given.count].share }
            guard let basis = ShareInterpolation(slots: some.map(\.x)),
                let secret = basis.secret(from: some)
            else { continue }
            let wrong = given.filter { !some.contains($0.share) }
                .filter { !basis.agrees(some, with: $0.share) }
            let spare = given.count - threshold
            let isSound =
                isKey
                ? isKeySecret(secret, of: owner, members)
                : wrong.count * 2 <= spare && (spare == 0 || wrong.count < spare)
            guard isSound else { continue }
            for share in wrong { blame(share.holder) }
            return secret
        }
        throw .tooFewShares(of: members.peers[owner], have: threshold - 1, need: threshold)
    }

    private func isKeySecret(
        _ secret: SecretBytes, of owner: Int, _ members: RoundMembers
    ) -> Bool {
        do throws(CryptoError) {
            let key = try X25519PrivateKey(secret: secret)
            return key.publicKey == members.advertisements[owner]?.maskKey
        } catch {
            return false
        }
    }
}

/// An advertisement with what a key set says of it.
private struct KeySetRow {
    let peer: PeerID
    let hash: Digest
    let advertisement: Advertisement
    let entry: FederationKeySet.KeysEntry

    /// Nil where the message holds no usable keys.
    init?(_ message: SignedMessage) {
        do {
            let keys = try FederationAdvertise(decoding: message.payload)
            advertisement = Advertisement(
                maskKey: try X25519PublicKey(bytes: keys.maskKey.bytes),
                shareKey: try X25519PublicKey(bytes: keys.shareKey.bytes))
            entry = FederationKeySet.KeysEntry(
                peer: message.sender.digest, maskKey: keys.maskKey, shareKey: keys.shareKey,
                keyEpoch: message.keyEpoch, number: message.number,
                issuedMillis: message.issuedMillis, expiresMillis: message.expiresMillis,
                previous: message.previous, signature: message.signature)
        } catch {
            return nil
        }
        peer = message.sender
        hash = message.hash
    }
}

/// How a vector is cut into chunks.
package enum VectorChunks {
    /// Bytes of elements in a chunk but the last.
    package static let byteCount = WireFrame.maximumData

    package static func count(of elements: Int, ring: Ring) -> Int {
        (elements * ring.byteCount + byteCount - 1) / byteCount
    }

    package static func range(_ index: Int, of elements: Int, ring: Ring) -> Range<Int> {
        let step = byteCount / ring.byteCount
        return index * step..<min((index + 1) * step, elements)
    }
}
