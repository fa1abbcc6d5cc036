package import Wire

/// Why a configuration is refused before any round.
package enum ConfigurationProblem: Error, Equatable {
    case fewerThanThreePeers(Int)
    case peersOutOfOrder(min: Int, max: Int)
    case ringTooSmall(peers: Int, bits: Int)
    case badWindow
    case badClip
    case graphTooThin(degree: Int, threshold: Int)
    case groupsTooSmall(groups: Int)
    case trimOutOfRange(trim: Int, groups: Int)
    case badAdam
    case adversariesOutOfRange(Int)
    case noStageTime
    case rosterTooOld(known: UInt64, found: UInt64)
}

/// How FedAdam turns combined deltas into moves (Reddi et al. 2021, Adaptive Federated
/// Optimization, Algorithm 2). All in windows of the parameters.
package struct AdamTerms: Sendable, Equatable {
    package var rate = 0.1
    package var beta1 = 0.9
    package var beta2 = 0.99
    /// What keeps small squares from making large steps.
    package var tau = 0.01

    package init() {}

    var isSound: Bool {
        rate > 0 && rate <= 10 && (0..<1).contains(beta1) && (0..<1).contains(beta2)
            && tau >= 1e-6 && tau <= 10
    }
}

/// What a federation has agreed on. Every peer holds it, and takes part in no round that proposes
/// anything else: its digest is in every signature and, by the round's id, in every seed.
package struct RoundConfiguration: Sendable, Equatable {
    package var ring: Ring = .bits32
    package var bits = 22
    /// Names and types of the parameters, hashed.
    package var schemaHash = Digest.zero
    package var windows: [Double]
    package var clip: Double = 1
    /// The fewest survivors of a secret sum, in each group.
    package var peersMin = 5
    package var peersMax = 128
    /// Neighbours and threshold where a group has more than 128 peers.
    package var degree = 0
    package var threshold = 0
    package var adversariesPermille = 100
    package var dropoutsPermille = 100
    package var groupCount = 1
    /// How many groups are left out on each side of every parameter, before the mean of the rest.
    /// Without it the median of the groups counts.
    package var trim: Int?
    /// Nil is FedAvg: the combined delta is the move.
    package var adam: AdamTerms?
    /// How long one stage of a round may take.
    package var stageMillis: UInt32 = 10_000

    package init(windows: [Double]) { self.windows = windows }

    package var quantiser: Quantiser {
        Quantiser(ring: ring, bits: bits, windows: windows, clip: clip)
    }

    /// What may move, how far, and how groups make one move of it. It is in the digest of the
    /// configuration, so that peers who combine otherwise are in no round together.
    package var windowsHash: Digest {
        var bytes = ByteWriter(tag: "FedSync/v1/windows", capacity: 32 + windows.count * 8)
        for window in windows { bytes.append(window) }
        // How many windows there are is in the proposal: this cannot be taken for one of them.
        if let trim { bytes.append(UInt32(trim)) }
        // Four numbers, and a trim is half of one: what is there follows from the length.
        if let adam {
            for term in [adam.rate, adam.beta1, adam.beta2, adam.tau] { bytes.append(term) }
        }
        return bytes.digest
    }

    /// The proposal that carries this.
    package func proposal(rosterVersion: UInt64, parent: ModelHead) -> FederationPropose {
        FederationPropose(
            rosterVersion: rosterVersion, parentHeight: parent.height, parentModel: parent.model,
            ring: UInt32(ring.bits), valueBits: UInt32(bits), parameters: UInt32(windows.count),
            schemaHash: schemaHash, windowsHash: windowsHash, clip: clip,
            peersMin: UInt32(peersMin), peersMax: UInt32(peersMax), degree: UInt32(degree),
            threshold: UInt32(threshold), adversariesPermille: UInt32(adversariesPermille),
            dropoutsPermille: UInt32(dropoutsPermille), groupCount: UInt32(groupCount), noise: 0,
            stageMillis: stageMillis)
    }

    package var digest: Digest {
        RoundConfiguration.digest(
            of: proposal(
                rosterVersion: 0, parent: ModelHead(height: 0, model: .zero)))
    }

    /// The digest of what a proposal proposes, whatever it says of roster and parent.
    package static func digest(of proposal: FederationPropose) -> Digest {
        var plain = proposal
        plain.envelope = .unset
        plain.rosterVersion = 0
        plain.parentHeight = 0
        plain.parentModel = .zero
        var bytes = ByteWriter(tag: "FedSync/v1/config", capacity: 256)
        bytes.append(SignedMessage.suite)
        bytes.append(contentsOf: plain.frame())
        return bytes.digest
    }

    /// The first thing that this build does not accept.
    package var problem: ConfigurationProblem? {
        if peersMin < 3 { return .fewerThanThreePeers(peersMin) }
        if peersMax < peersMin * groupCount || peersMax > 4_096 {
            return .peersOutOfOrder(min: peersMin, max: peersMax)
        }
        if !Quantiser.fits(peers: peersMax, bits: bits, ring: ring) || bits > 53 {
            return .ringTooSmall(peers: peersMax, bits: bits)
        }
        if windows.isEmpty || !windows.allSatisfy({ $0 > 0 && $0.isFinite }) { return .badWindow }
        if !(clip > 0 && clip.isFinite) { return .badClip }
        if !(0...333).contains(adversariesPermille) {
            return .adversariesOutOfRange(adversariesPermille)
        }
        if groupCount < 1 || groupCount > peersMax / peersMin || groupCount.isMultiple(of: 2) {
            return .groupsTooSmall(groups: groupCount)
        }
        if let trim, trim < 1 || trim > (groupCount - 1) / 2 {
            return .trimOutOfRange(trim: trim, groups: groupCount)
        }
        if let adam, !adam.isSound { return .badAdam }
        let groupMax = (peersMax + groupCount - 1) / groupCount
        if groupMax > RoundGraph.completeMax {
            let floor = GraphParameters.floor(
                count: groupMax, adversariesPermille: adversariesPermille,
                dropoutsPermille: dropoutsPermille)
            guard let floor, degree >= floor.degree, threshold >= floor.threshold,
                threshold <= degree, degree.isMultiple(of: 2)
            else { return .graphTooThin(degree: degree, threshold: threshold) }
        }
        return stageMillis == 0 ? .noStageTime : nil
    }

    /// Survivors without whom there is no sum.
    package func survivorsMin(of count: Int) -> Int {
        max(
            GraphParameters.quorum(count: count, adversariesPermille: adversariesPermille),
            peersMin)
    }

    /// Shares that give a secret back in a group of `count`.
    package func threshold(groupOf count: Int) -> Int {
        count <= RoundGraph.completeMax ? count / 2 + 1 : threshold
    }
}

/// A version of the model: heights only rise.
package struct ModelHead: Sendable, Hashable {
    package let height: UInt64
    package let model: Digest

    package init(height: UInt64, model: Digest) {
        self.height = height
        self.model = model
    }
}

/// What is fixed for one attempt before anybody speaks.
package struct RoundFacts: Sendable {
    package let federation: Digest
    package let round: RoundKey
    package let configuration: RoundConfiguration
    package let configurationHash: Digest
    package let rosterHash: Digest
    package let parent: ModelHead
    /// Salt of every key of the attempt.
    package let id: Digest

    package init(
        federation: Digest, round: RoundKey, configuration: RoundConfiguration,
        rosterHash: Digest, parent: ModelHead
    ) {
        self.federation = federation
        self.round = round
        self.configuration = configuration
        self.rosterHash = rosterHash
        self.parent = parent
        configurationHash = configuration.digest
        var bytes = ByteWriter(tag: "FedSync/v1/round")
        bytes.append(federation)
        bytes.append(round.epoch)
        bytes.append(round.round)
        bytes.append(round.attempt)
        bytes.append(configurationHash)
        bytes.append(rosterHash)
        bytes.append(parent.model)
        id = bytes.digest
    }

    package var context: MessageContext {
        MessageContext(
            federation: federation, round: round, lineage: parent.model,
            configuration: configurationHash)
    }

    package var checksum: ChecksumFactors {
        var bytes = ByteWriter(tag: "FedSync/v1/checksum")
        bytes.append(id)
        return ChecksumFactors(roundKey: bytes.digest.bytes)
    }

    /// What a survivor signs in R3. It names everyone of U1, so that nobody can be left out of a
    /// result, or be put into it, afterwards.
    package func statement(
        keySet: Digest, shareSet: Digest, survivors: PeerSet, of peers: [PeerID], root: Digest
    ) -> Digest {
        var named = ByteWriter(tag: "FedSync/v1/survivor-set", capacity: 64 + peers.count * 33)
        named.append(UInt32(peers.count))
        named.append(contentsOf: survivors.bytes)
        for peer in peers { named.append(peer) }
        var bytes = ByteWriter(tag: "FedSync/v1/survivors")
        bytes.append(id)
        bytes.append(keySet)
        bytes.append(shareSet)
        bytes.append(named.digest)
        bytes.append(root)
        return bytes.digest
    }

    /// Whose turn it is to coordinate: the lowest hash among the active peers.
    package static func coordinator(of round: RoundKey, among peers: [PeerID]) -> PeerID? {
        peers.map { peer in
            var bytes = ByteWriter(tag: "FedSync/v1/leader")
            bytes.append(round.epoch)
            bytes.append(round.round)
            bytes.append(round.attempt)
            bytes.append(peer)
            return (rank: bytes.digest, peer: peer)
        }.min { $0.rank.precedes($1.rank) }?.peer
    }
}

/// A set of peers of U1, by their places: a bit each, the lowest first.
package struct PeerSet: Sendable, Equatable {
    package private(set) var bytes: [UInt8]
    package let count: Int

    package init(count: Int, members: some Sequence<Int> = []) {
        self.count = count
        bytes = [UInt8](repeating: 0, count: (count + 7) / 8)
        for member in members { bytes[member / 8] |= 1 << UInt8(member % 8) }
    }

    /// Nil where the bytes are not for `count` peers, or name more.
    package init?(bytes: [UInt8], count: Int) {
        guard bytes.count == (count + 7) / 8 else { return nil }
        if count % 8 != 0, let last = bytes.last, last >> UInt8(count % 8) != 0 { return nil }
        self.bytes = bytes
        self.count = count
    }

    package func contains(_ member: Int) -> Bool {
        bytes[member / 8] >> UInt8(member % 8) & 1 == 1
    }

    package var members: [Int] { (0..<count).filter(contains) }

    package func isSubset(of other: PeerSet) -> Bool {
        count == other.count && zip(bytes, other.bytes).allSatisfy { $0 & ~$1 == 0 }
    }

    package func digest(tag: String) -> Digest {
        var writer = ByteWriter(tag: tag)
        writer.append(UInt32(count))
        writer.append(contentsOf: bytes)
        return writer.digest
    }
}
