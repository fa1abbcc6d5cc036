import Cryptography
package import Wire

/// Why a result is not taken.
package enum ResultProblem: Error, Equatable {
    case malformed
    case otherParent
    case tooFewSurvivors(Int)
    case tooFewSignatures(Int)
    case wrongSum
    case otherModel
    case unsound(CombinationProblem)
}

/// The sums of one attempt, with all that anybody of the roster needs to check them.
package struct RoundResult: Sendable {
    package let facts: RoundFacts
    package let peers: [PeerID]
    package let keySetHash: Digest
    package let shareSetHash: Digest
    package let root: Digest
    package let survivors: PeerSet
    package let signatures: [(index: UInt32, signature: SignatureBytes)]
    package let sums: [RingVector]
    /// The model that the sums make of the parent; set once it is complete.
    package private(set) var model = ModelState(parameters: [])

    init(
        facts: RoundFacts, peers: [PeerID], keySetHash: Digest, shareSetHash: Digest,
        root: Digest, survivors: PeerSet,
        signatures: [(index: UInt32, signature: SignatureBytes)], sums: [RingVector]
    ) {
        self.facts = facts
        self.peers = peers
        self.keySetHash = keySetHash
        self.shareSetHash = shareSetHash
        self.root = root
        self.survivors = survivors
        self.signatures = signatures
        self.sums = sums
    }

    /// How many survivors each group has.
    private var sizes: [Int] {
        let graph = RoundMembers.graph(count: peers.count, hash: keySetHash, facts: facts)
        return (0..<graph.groupCount).map { group in
            survivors.members.count { graph.groups[$0] == group }
        }
    }

    func completed(after parent: ModelState) throws(CombinationProblem) -> RoundResult {
        var result = self
        result.model = try SumCombination(facts: facts).model(
            after: parent, sums: sums, sizes: sizes)
        return result
    }

    /// The sums of all groups, one after the other.
    package var elements: RingVector {
        var all = RingVector(
            zeros: sums.count * facts.configuration.quantiser.count, ring: facts.configuration.ring)
        for (group, sum) in sums.enumerated() {
            all.store(packed: sum.packed, at: group * sum.count)
        }
        return all
    }

    package var frame: [UInt8] {
        FederationResult(
            parentHeight: facts.parent.height, parentModel: facts.parent.model,
            model: model.digest, keySetHash: keySetHash, shareSetHash: shareSetHash, root: root,
            sumHash: Digest.sha256(elements.packed), sumCount: UInt32(sums.count)
        ).frame(
            peers: peers.map { FederationResult.PeersEntry(peer: $0.digest) },
            signatures: signatures.map {
                FederationResult.SignaturesEntry(index: $0.index, signature: $0.signature)
            },
            survivors: survivors.bytes)
    }

    /// Checks a result as any peer of the roster can: the quorum's statement, the sums' sentinels,
    /// the windows, and that they make the model that it names.
    package init(
        frame: [UInt8], elements: RingVector, facts: RoundFacts, parent: ModelState,
        book: RosterBook
    ) throws(ResultProblem) {
        let message: FederationResult
        let peers: [PeerID]
        let signatures: [(index: UInt32, signature: SignatureBytes)]
        let bytes: [UInt8]
        do throws(WireError) {
            message = try FederationResult(decoding: frame)
            peers = try FederationResult.peers(in: frame).map { PeerID($0.peer) }
            signatures = try FederationResult.signatures(in: frame)
                .map { ($0.index, $0.signature) }
            bytes = try FederationResult.survivors(in: frame)
        } catch {
            throw .malformed
        }
        guard message.parentModel == facts.parent.model,
            message.parentHeight == facts.parent.height, parent.digest == facts.parent.model
        else { throw .otherParent }
        let configuration = facts.configuration
        guard let survivors = PeerSet(bytes: bytes, count: peers.count), !peers.isEmpty,
            zip(peers, peers.dropFirst()).allSatisfy({ $0 < $1 }),
            Int(message.sumCount) == min(configuration.groupCount, peers.count)
        else { throw .malformed }
        let count = survivors.members.count
        guard count >= configuration.survivorsMin(of: peers.count) else {
            throw .tooFewSurvivors(count)
        }
        guard elements.count == Int(message.sumCount) * configuration.quantiser.count,
            elements.ring == configuration.ring,
            Digest.sha256(elements.packed) == message.sumHash
        else { throw .wrongSum }
        let size = configuration.quantiser.count
        let sums = (0..<Int(message.sumCount)).compactMap { group in
            RingVector(
                packed: elements.packed(in: group * size..<(group + 1) * size),
                ring: configuration.ring)
        }
        let result = RoundResult(
            facts: facts, peers: peers, keySetHash: message.keySetHash,
            shareSetHash: message.shareSetHash, root: message.root, survivors: survivors,
            signatures: signatures, sums: sums)
        try result.checkCertificate(book)
        do throws(CombinationProblem) {
            self = try result.completed(after: parent)
        } catch {
            throw .unsound(error)
        }
        guard model.digest == message.model else { throw .otherModel }
    }

    private func checkCertificate(_ book: RosterBook) throws(ResultProblem) {
        let configuration = facts.configuration
        for size in sizes where size < configuration.peersMin { throw .tooFewSurvivors(size) }
        let statement = facts.statement(
            keySet: keySetHash, shareSet: shareSetHash,
            survivors: survivors, of: peers, root: root)
        var signers: Set<UInt32> = []
        for (index, signature) in signatures where Int(index) < peers.count {
            guard survivors.contains(Int(index)),
                let peer = book.roster.peer(peers[Int(index)]),
                peer.identity.isValid(signature.bytes, for: statement.bytes)
            else { continue }
            signers.insert(index)
        }
        let quorum = GraphParameters.quorum(
            count: peers.count, adversariesPermille: configuration.adversariesPermille)
        guard signers.count >= quorum else { throw .tooFewSignatures(signers.count) }
    }
}
