import Cryptography
import Federation
import TestSupport
import Testing
import Trading
import Wire

/// Attacks on peers and on what they remember, over a simulated network.
struct PeerThreatTests {
    private func federation(
        _ count: Int = 5, seed: UInt64 = 3
    ) throws -> SimulatedFederation {
        try SimulatedFederation(count: count, seed: seed, configuration: .simulated())
    }

    private func heads(_ federation: SimulatedFederation) -> [ModelHead] {
        federation.names.compactMap { federation.nodes[$0]?.peer.record.head }
    }

    /// Changes a message and signs it again, as its sender could.
    private func forged(
        _ message: SignedMessage, by key: Ed25519PrivateKey?,
        _ change: (inout SignedMessage) -> Void
    ) throws -> SignedMessage {
        var other = message
        change(&other)
        let signature = try #require(key).sign(other.signedBytes)
        other.signature = try #require(SignatureBytes(bytes: signature))
        return other
    }

    /// - Threat 6: each field of a proposal changed, by the coordinator whose turn it is: everyone
    ///   refuses, and no round comes of it.
    @Test(arguments: 0..<13)
    func changedProposalsAreRefused(field: Int) throws {
        var federation = try federation()
        let changes: [(inout FederationPropose) -> Void] = [
            { $0.peersMin -= 1 }, { $0.peersMax += 1 }, { $0.threshold += 1 },
            { $0.adversariesPermille = 0 }, { $0.clip *= 2 }, { $0.valueBits -= 1 },
            { $0.ring = 64 }, { $0.parameters += 1 }, { $0.schemaHash = Digest.sha256([1]) },
            { $0.windowsHash = Digest.sha256([1]) }, { $0.groupCount = 3 }, { $0.noise = 1 },
            { $0.stageMillis += 1 },
        ]
        #expect(changes.count == 13)
        federation.liars = Set(federation.names)
        let keys = federation.nodes.mapValues(\.identity)
        federation.tamper = { message, _ in
            guard message.template == FederationPropose.templateID,
                var proposal = try? FederationPropose(decoding: message.payload)
            else { return [message] }
            changes[field](&proposal)
            var other = message
            other.payload = proposal.frame()
            other.signature =
                (try? keys[message.sender]?.sign(other.signedBytes))
                .flatMap { $0.flatMap { SignatureBytes(bytes: $0) } } ?? .zero
            return [other]
        }
        for _ in 0..<200 { try federation.step() }
        #expect(heads(federation).allSatisfy { $0.height == 0 })
        #expect(
            federation.alarms.contains {
                if case .configurationRefused = $0.alarm { true } else { false }
            })
    }

    /// - Attack peer-lies, 1 try: messages of a peer that are played again.
    /// - Threat 7: every message of a run again, to everyone, also after a restart of the receiver:
    ///   nothing changes.
    @Test func replayedMessagesChangeNothing() throws {
        var federation = try federation()
        #expect(try federation.run(toHeight: 3, seconds: 60))
        let all = federation.sent
        for name in federation.names.prefix(2) { try federation.crash(name) }
        let before = heads(federation)
        for (message, to) in all { federation.apply(.receive(message), to: to) }
        #expect(heads(federation) == before)
        let templates = Set(all.map(\.message.template))
        #expect(templates.count >= 12)
        #expect(try federation.run(toHeight: 5, seconds: 120))
        #expect(federation.violations.isEmpty)
    }

    /// - Threat 8, 10: a certificate of an older height, and one of a height beyond the next, move
    ///   nobody.
    @Test func onlyTheNextHeightIsTaken() throws {
        var federation = try federation()
        #expect(try federation.run(toHeight: 4, seconds: 80))
        let name = federation.names[0]
        let node = try #require(federation.nodes[name])
        var signer = MessageSigner(
            identity: node.identity, peer: name, keyEpoch: 0, number: 1 << 40, previous: .zero)
        let context = RoundFacts(
            federation: federation.book.roster.federation, round: node.peer.roundKey,
            configuration: federation.configuration,
            rosterHash: federation.book.roster.digest, parent: node.peer.record.head
        ).context
        let before = heads(federation)
        for height in 1..<node.peer.record.head.height {
            let old = try #require(node.peer.record.versions[height]).commit
            var jump = try FederationCommit(decoding: old)
            jump.height += 100
            let frames = [old, jump.frame(votes: try FederationCommit.votes(in: old))]
            for frame in frames {
                let message = signer.sign(
                    frame, as: FederationCommit.templateID, in: context, at: federation.now)
                for other in federation.names.dropFirst() {
                    federation.apply(.receive(message), to: other)
                }
            }
        }
        #expect(heads(federation) == before)
        #expect(!federation.alarms.contains { $0.alarm == .twoVersions(height: 4) })
    }

    /// - Threat 8, 13: two certificates at one height stop a peer for good, and it says so.
    @Test func twoVersionsAtOneHeightStopAPeer() throws {
        var federation = try federation()
        #expect(try federation.run(toHeight: 2, seconds: 60))
        let name = federation.names[0]
        var peer = try #require(federation.nodes[name]).peer
        let head = peer.record.head
        let version = try #require(peer.record.versions[head.height])
        var commit = try FederationCommit(decoding: version.commit)
        commit.model = Digest.sha256([9])
        let statement = peer.voteStatement(
            height: commit.height, attempt: commit.attempt, parent: commit.parent,
            model: commit.model, isAccepted: true)
        let votes = try federation.names.prefix(peer.commitQuorum).map { voter in
            let signature = try #require(federation.nodes[voter]).identity.sign(statement)
            return FederationCommit.VotesEntry(
                peer: voter.digest, signature: try #require(SignatureBytes(bytes: signature)))
        }
        let other = federation.names[1]
        var signer = MessageSigner(
            identity: try #require(federation.nodes[other]).identity, peer: other, keyEpoch: 0,
            number: 1 << 40, previous: .zero)
        let context = RoundFacts(
            federation: federation.book.roster.federation, round: peer.roundKey,
            configuration: federation.configuration,
            rosterHash: federation.book.roster.digest, parent: head
        ).context
        for count in [peer.commitQuorum - 1, peer.commitQuorum] {
            #expect(!peer.isHalted)
            let message = signer.sign(
                commit.frame(votes: Array(votes.prefix(count))),
                as: FederationCommit.templateID, in: context, at: federation.now)
            var effects: [FederationEffect] = []
            peer.apply(.receive(message), at: federation.now, into: &effects)
        }
        #expect(peer.isHalted)
        #expect(peer.record.head == head)
    }

    /// - Threat 9: past the roster's expiry nothing new is taken, and the operator hears of it.
    @Test func anExpiredRosterFreezesNothingIn() throws {
        var federation = try federation()
        #expect(try federation.run(toHeight: 1, seconds: 30))
        let head = heads(federation)
        let name = federation.names[0]
        var peer = try #require(federation.nodes[name]).peer
        var effects: [FederationEffect] = []
        peer.apply(.tick, at: Timestamp(seconds: 2_000_000_001), into: &effects)
        #expect(
            effects.contains {
                if case .alarm(.rosterExpired) = $0 { true } else { false }
            })
        #expect(peer.record.head == head[0])
    }

    /// - Attack peer-lies, 1 try: a peer that says one thing to some and another to others.
    /// - Threat 13: two statements of one peer that exclude each other exclude it everywhere.
    @Test func anEquivocatorIsExcluded() throws {
        var federation = try federation(6)
        let liar = federation.names[2]
        let key = federation.nodes[liar]?.identity
        federation.liars = [liar]
        federation.tamper = { message, _ in
            guard message.template == FederationConsistency.templateID else { return [message] }
            var other = message
            other.payload = FederationConsistency(
                statement: Digest.sha256([4]), signature: .zero
            ).frame()
            other.number += 1
            other.previous = message.hash
            other.signature =
                (try? key?.sign(other.signedBytes)).flatMap {
                    $0.flatMap { SignatureBytes(bytes: $0) }
                }
                ?? .zero
            return [message, other]
        }
        #expect(try federation.run(toHeight: 4, seconds: 200), "\(federation.summary)")
        let told = federation.alarms.filter { $0.alarm == .equivocation(liar) }.map(\.peer)
        #expect(Set(told).count >= 5)
        #expect(federation.violations.isEmpty)
    }

    /// - Threat 18: an update that has left its peer enters no other attempt, whatever became of
    ///   the first one; also after a restart.
    @Test func aSpentUpdateIsNeverUsedAgain() throws {
        var federation = try federation()
        #expect(try federation.run(toHeight: 2, seconds: 60))
        let name = federation.names[0]
        for isRestarted in [false, true] {
            if isRestarted { try federation.crash(name) }
            let spent = try #require(federation.nodes[name]).peer.record.spentThrough
            #expect(spent > 0)
            var peer = try #require(federation.nodes[name]).peer
            var effects: [FederationEffect] = []
            for number in 0...spent {
                peer.apply(
                    .offer(LocalUpdate(number: number, deltas: [0, 0, 0, 0], weight: 1)),
                    at: federation.now, into: &effects)
            }
            #expect(peer.record.spentThrough == spent && effects.isEmpty)
        }
    }

    /// - Threat 19: a roster that differs by one peer is an event for the operator.
    @Test func aCohortThatChangesByOneIsTold() throws {
        var federation = try federation(6)
        let old = federation.book.roster
        let next = Roster(
            federation: old.federation, version: 2, epoch: 1, expires: old.expires, threshold: 1,
            roots: old.roots, peers: Array(old.peers.dropLast()))
        federation.apply(
            .replaceRoster(next, signatures: [next.signed(by: federation.root)]),
            to: federation.names[0])
        #expect(federation.alarms.map(\.alarm) == [.cohortChangedByOne])
    }

    /// - Threat 23: a second spelling of a signature, and every flipped bit, is refused.
    @Test func anotherSpellingOfASignatureIsRefused() throws {
        var federation = try federation()
        for _ in 0..<30 { try federation.step() }
        let (message, _) = try #require(federation.sent.first)
        for bit in stride(from: 0, to: 512, by: 7) {
            var gate = MessageGate()
            var bytes = message.signature.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            var other = message
            other.signature = try #require(SignatureBytes(bytes: bytes))
            #expect(throws: MessageRefusal.badSignature) {
                _ = try gate.admit(other, book: federation.book, at: federation.now)
            }
        }
    }

    /// - Threat 24: every peer is killed after each of its effects, one at a time, at every place
    ///   of a round; what it says afterwards never contradicts what it said before.
    @Test(arguments: 0..<12)
    func aKilledPeerIsADropout(step: Int) throws {
        var federation = try federation(5, seed: UInt64(100 + step))
        for turn in 0..<400 {
            try federation.step()
            if turn % 12 == step { try federation.crash(federation.names[turn / 12 % 5]) }
        }
        #expect(federation.violations.isEmpty)
        #expect(
            !federation.alarms.contains { if case .equivocation = $0.alarm { true } else { false } }
        )
        let height = try #require(federation.heights.max()) + 1
        #expect(try federation.run(toHeight: height, seconds: 120), "\(federation.summary)")
        #expect(federation.violations.isEmpty)
    }

    /// - Threat 25: a revoked peer is one that has dropped out; rounds go on without it.
    @Test func aRevokedPeerIsNotHeard() throws {
        var federation = try federation(6)
        #expect(try federation.run(toHeight: 1, seconds: 60))
        let gone = federation.names[3]
        let bytes = RosterBook.revocation(
            of: gone, roster: federation.book.roster, reason: 1)
        let signature = RootSignature(
            root: federation.book.roster.roots[0],
            signature: try #require(SignatureBytes(bytes: federation.root.sign(bytes))))
        federation.liars = [gone]
        for name in federation.names where name != gone {
            federation.apply(
                .revoke(gone, reason: 1, signatures: [signature]), to: name)
        }
        #expect(try federation.run(toHeight: 3, seconds: 200), "\(federation.summary)")
        #expect(federation.refusals.contains(.unknownSender(gone)))
        #expect(federation.violations.isEmpty)
    }

    /// - Attack peer-lies, 1 try: a coordinator that names other survivors to each half.
    /// - Threat 1, 2: a coordinator that tells halves of the peers of different survivors gets no
    ///   quorum for either, and the others go on without it.
    @Test func aLyingCoordinatorIsPassedOver() throws {
        var federation = try federation(7)
        let liar = federation.names[1]
        let key = federation.nodes[liar]?.identity
        let half = Set(federation.names.prefix(3))
        federation.liars = [liar]
        federation.tamper = { message, peer in
            guard message.template == FederationSurvivors.templateID, half.contains(peer),
                let survivors = try? FederationSurvivors(decoding: message.payload)
            else { return [message] }
            var other = message
            other.payload = survivors.frame(members: [0b0011_1111])
            other.signature =
                (try? key?.sign(other.signedBytes)).flatMap {
                    $0.flatMap { SignatureBytes(bytes: $0) }
                }
                ?? .zero
            return [other]
        }
        #expect(try federation.run(toHeight: 6, seconds: 400), "\(federation.summary)")
        #expect(federation.violations.isEmpty)
    }
}

/// Rosters: versions only rise, thresholds count keys, what has expired is none.
struct RosterThreatTests {
    private let now = Timestamp(seconds: 1_700_000_000)

    private func keys(_ count: Int) throws -> [Ed25519PrivateKey] {
        try (0..<count).map {
            try Ed25519PrivateKey(seed: SecretBytes([UInt8](repeating: UInt8($0 + 1), count: 32)))
        }
    }

    private func roster(
        _ version: UInt64, roots: [Ed25519PrivateKey], threshold: Int, peers: [RosterPeer],
        expires: Int64 = 2_000_000_000
    ) -> Roster {
        Roster(
            federation: .zero, version: version, epoch: 1, expires: Timestamp(seconds: expires),
            threshold: threshold,
            roots: roots.map { Digest(bytes: $0.publicKey.bytes) ?? .zero }, peers: peers)
    }

    /// - Threat 8, 9: an older roster, the same again, and an expired one.
    @Test func versionsOnlyRise() throws {
        let roots = try keys(3)
        let peers = try keys(5).map { RosterPeer.simulated($0) }
        let second = roster(2, roots: roots, threshold: 2, peers: peers)
        let signatures = roots.map { second.signed(by: $0) }
        var book = try RosterBook(trusting: second, signatures: signatures, at: now)
        for version in [UInt64(1), 2] {
            let old = roster(version, roots: roots, threshold: 2, peers: peers)
            #expect(throws: RosterError.versionNotHigher(known: 2, found: version)) {
                try book.accept(old, signatures: roots.map { old.signed(by: $0) }, at: now)
            }
        }
        let late = roster(3, roots: roots, threshold: 2, peers: peers, expires: 1_600_000_000)
        #expect(throws: RosterError.expired) {
            try book.accept(late, signatures: roots.map { late.signed(by: $0) }, at: now)
        }
    }

    /// - Threat 4: a key that signs twice counts once, and new roots alone replace nothing.
    @Test func theThresholdCountsDistinctKeysOfTheOldRoots() throws {
        let roots = try keys(3)
        let strangers = try keys(9).suffix(3)
        let peers = try keys(5).map { RosterPeer.simulated($0) }
        let first = roster(1, roots: roots, threshold: 2, peers: peers)
        var book = try RosterBook(
            trusting: first, signatures: roots.map { first.signed(by: $0) }, at: now)
        let next = roster(2, roots: roots, threshold: 2, peers: peers)
        #expect(throws: RosterError.tooFewSignatures(needed: 2, valid: 1)) {
            try book.accept(
                next, signatures: [next.signed(by: roots[0]), next.signed(by: roots[0])], at: now)
        }
        let taken = roster(2, roots: Array(strangers), threshold: 2, peers: peers)
        #expect(throws: RosterError.tooFewSignatures(needed: 2, valid: 0)) {
            try book.accept(
                taken, signatures: strangers.map { taken.signed(by: $0) }, at: now)
        }
        let both = strangers.map { taken.signed(by: $0) } + roots.map { taken.signed(by: $0) }
        try book.accept(taken, signatures: both, at: now)
        #expect(book.roster.version == 2)
    }

    /// - Threat 25: a rotation needs the old key and the new one, and the next number.
    @Test func aRotationIsSignedByBothKeys() throws {
        let roots = try keys(1)
        let old = try keys(5)
        let first = roster(1, roots: roots, threshold: 1, peers: old.map { .simulated($0) })
        var book = try RosterBook(
            trusting: first, signatures: [first.signed(by: roots[0])], at: now)
        let fresh = try Ed25519PrivateKey.generate()
        let peer = PeerID(identity: old[0].publicKey)
        let identity = try #require(Digest(bytes: fresh.publicKey.bytes))
        var rotation = KeyRotation(peer: peer, keyEpoch: 1, identity: identity, curveKey: .zero)
        let bytes = rotation.signedBytes(federation: .zero)
        rotation.newSignature = try #require(SignatureBytes(bytes: fresh.sign(bytes)))
        #expect(throws: RosterError.badSignature(peer)) { try book.rotate(rotation) }
        rotation.oldSignature = try #require(SignatureBytes(bytes: old[0].sign(bytes)))
        try book.rotate(rotation)
        #expect(book.activePeer(peer, at: now)?.identity == fresh.publicKey)
        #expect(throws: RosterError.wrongKeyEpoch(known: 1, found: 1)) {
            try book.rotate(rotation)
        }
    }

    /// - Threat 22, 23: an identity key of small order is in no roster.
    @Test func weakIdentitiesAreInNoRoster() throws {
        let roots = try keys(1)
        let weak = try Ed25519PublicKey(bytes: [1] + [UInt8](repeating: 0, count: 31))
        let peer = RosterPeer(
            id: PeerID(identity: weak), identity: weak, curveKey: .zero, keyEpoch: 0,
            validFrom: .zero, validUntil: Timestamp(seconds: 3_000_000_000))
        let first = roster(1, roots: roots, threshold: 1, peers: [peer])
        #expect(throws: RosterError.weakKey(peer.id)) {
            _ = try RosterBook(
                trusting: first, signatures: [first.signed(by: roots[0])], at: now)
        }
    }
}

/// Configurations that would not be safe are refused before any round.
struct ConfigurationThreatTests {
    /// - Threat 6, 17, 20: floors, the ring, groups and the graph.
    @Test func unsafeConfigurationsAreRefused() {
        func problem(_ change: (inout RoundConfiguration) -> Void) -> ConfigurationProblem? {
            var configuration = RoundConfiguration.simulated()
            change(&configuration)
            return configuration.problem
        }
        #expect(problem { _ in } == nil)
        #expect(problem { $0.peersMin = 2 } == .fewerThanThreePeers(2))
        #expect(problem { $0.bits = 26 } == .ringTooSmall(peers: 128, bits: 26))
        #expect(problem { $0.peersMax = 1_024 } != nil)
        #expect(problem { $0.windows[1] = 0 } == .badWindow)
        #expect(problem { $0.windows[1] = .nan } == .badWindow)
        #expect(problem { $0.clip = .infinity } == .badClip)
        #expect(problem { $0.groupCount = 2 } == .groupsTooSmall(groups: 2))
        #expect(problem { $0.adversariesPermille = 500 } == .adversariesOutOfRange(500))
        #expect(problem { $0.stageMillis = 0 } == .noStageTime)
        #expect(
            problem {
                $0.peersMax = 256
                $0.degree = 40
                $0.threshold = 26
            } == .graphTooThin(degree: 40, threshold: 26))
        #expect(
            problem {
                $0.peersMax = 256
                $0.degree = 42
                $0.threshold = 26
            } == nil)
    }

    /// - Threat 16: with G groups, f spoilt ones do not move the median beyond what honest groups
    ///   say; one more than half does.
    @Test func theMedianHoldsAgainstAMinorityOfGroups() throws {
        var configuration = RoundConfiguration.simulated()
        configuration.groupCount = 5
        configuration.peersMax = 100
        let rig = try RoundRig(count: 3, configuration: configuration)
        let parent = ModelState(parameters: [0, 0, 0, 0])
        let combination = SumCombination(facts: rig.facts)
        func group(_ value: Double) throws -> RingVector {
            try configuration.quantiser.vector(
                of: configuration.windows.map { $0 * value }, weight: 1,
                rounding: SecretBytes([UInt8](repeating: 3, count: 32)),
                checksum: rig.facts.checksum)
        }
        for attack in [-0.5, 0.5, 1e6] {
            for spoilt in [2, 3] {
                let sums = try (0..<5).map {
                    try group($0 < spoilt ? attack : 0.1 + 0.01 * Double($0))
                }
                let model = try combination.model(
                    after: parent, sums: sums, sizes: [1, 1, 1, 1, 1])
                let isHonest = (0.1...0.15).contains(model.parameters[0])
                #expect(isHonest == (spoilt == 2))
            }
        }
        // A group whose sum is no sum is left out, while more than half are sound.
        var broken = try (0..<5).map { try group(0.1 + 0.01 * Double($0)) }
        broken[0][3] &+= 1
        _ = try combination.model(after: parent, sums: broken, sizes: [1, 1, 1, 1, 1])
        broken[1][4] &+= 1
        broken[2][5] &+= 1
        #expect(throws: CombinationProblem.tooFewGroups(sound: 2, needed: 3)) {
            _ = try combination.model(after: parent, sums: broken, sizes: [1, 1, 1, 1, 1])
        }
    }
}
