import Cryptography
import Federation
import TestSupport
import Testing
import Trading
import Wire

/// Attacks on one attempt: by its coordinator, by peers, by somebody between them.
struct RoundThreatTests {
    private func expectMean(_ result: RoundResult, _ names: [PeerID]) {
        for (found, expected) in zip(result.model.parameters, RoundRig.mean(names)) {
            #expect(abs(found - expected) < 1e-5)
        }
        #expect(result.survivors.members.map { result.peers[$0] } == names)
    }

    /// Who drops out: `count` of the names, from the end.
    private func dropped(_ rig: RoundRig, _ count: Int, _ isAt: Bool) -> Set<PeerID> {
        isAt ? Set(rig.names.suffix(count)) : []
    }

    /// - Threat 30: 0, 10 and 30 % drop out at each stage. The sum is exact over the survivors.
    @Test(arguments: [0, 1, 3], [0, 1, 2, 3, 4])
    func dropoutsAtEveryStageLeaveAnExactSum(count: Int, stage: Int) throws {
        var rig = try RoundRig(count: 10)
        let all = rig.names
        let living = Array(all.dropLast(count))
        let keySets = try rig.advertise(stage == 0 ? living : all)
        let shareSets = try rig.share(keySets, without: dropped(rig, count, stage == 1))
        let survivors = try rig.mask(shareSets, without: dropped(rig, count, stage == 2))
        let certificates = try rig.state(survivors, without: dropped(rig, count, stage == 3))
        let result = try rig.unmask(certificates, without: dropped(rig, count, stage >= 3))
        expectMean(result, stage <= 2 ? living : all)
    }

    /// - Threat 30: when too many drop out, there is no sum, and the failure says why.
    @Test(arguments: [1, 2, 3, 4])
    func tooManyDropoutsEndCleanly(stage: Int) throws {
        var rig = try RoundRig(count: 10)
        let gone = Set(rig.names.suffix(6))
        #expect(throws: RoundFailure.self) {
            let keySets = try rig.advertise()
            let shareSets = try rig.share(keySets, without: stage == 1 ? gone : [])
            let survivors = try rig.mask(shareSets, without: stage == 2 ? gone : [])
            let certificates = try rig.state(survivors, without: stage == 3 ? gone : [])
            _ = try rig.unmask(certificates, without: stage == 4 ? gone : [])
        }
    }

    /// - Threat 1: two survivor sets for two halves. Each peer states one; neither reaches the
    ///   quorum, and nobody gives a share.
    @Test func noTwoSurvivorSetsGetAQuorum() throws {
        var rig = try RoundRig(count: 8)
        let survivors = try rig.mask(rig.share(rig.advertise()))
        let first = try #require(survivors.first)
        let message = try FederationSurvivors(decoding: first.payload)
        var fewer = PeerSet(count: 8, members: 0..<7)
        fewer = try #require(PeerSet(bytes: fewer.bytes, count: 8))
        let other = message.frame(members: fewer.bytes)
        var entries: [Digest: [FederationSurvivorCert.SignaturesEntry]] = [:]
        for (place, name) in rig.names.enumerated() {
            let signer = try #require(rig.signers[name])
            let frame = place < 4 ? other : first.payload
            let statement = try #require(
                try rig.peers[name]?.take(survivors: frame, signer: signer))
            let told = try FederationConsistency(decoding: statement)
            entries[told.statement, default: []].append(
                .init(index: UInt32(place), signature: told.signature))
            // The second set is not stated by anyone who has stated the first.
            #expect(throws: RoundRefusal.wrongStage) {
                try rig.peers[name]?.take(
                    survivors: place < 4 ? first.payload : other, signer: signer)
            }
        }
        #expect(entries.count == 2)
        for (place, name) in rig.names.enumerated() {
            for (statement, signatures) in entries {
                let certificate = FederationSurvivorCert(statement: statement)
                    .frame(signatures: signatures)
                #expect(throws: RoundRefusal.self, "peer \(place)") {
                    try rig.peers[name]?.take(certificate: certificate, book: rig.book)
                }
            }
        }
    }

    /// - Threat 1: signatures that stand twice, of those who are gone, and of others count nothing.
    @Test func aCertificateCountsDistinctSurvivors() throws {
        var rig = try RoundRig(count: 7)
        let gone = rig.names[6]
        let survivors = try rig.mask(rig.share(rig.advertise()), without: [gone])
        let certificates = try rig.state(survivors)
        let good = try #require(certificates.first)
        var entries = try FederationSurvivorCert.signatures(in: good.payload)
        let statement = try FederationSurvivorCert(decoding: good.payload).statement
        entries[1] = entries[0]
        let key = try #require(rig.keys[gone])
        entries[2] = .init(
            index: 6, signature: try #require(SignatureBytes(bytes: key.sign(statement.bytes))))
        let forged = FederationSurvivorCert(statement: statement).frame(signatures: entries)
        #expect(throws: RoundRefusal.tooFewSignatures(entries.count - 2)) {
            try rig.peers[good.peer]?.take(certificate: forged, book: rig.book)
        }
        // The release happens once.
        _ = try rig.peers[good.peer]?.take(certificate: good.payload, book: rig.book)
        #expect(throws: RoundRefusal.wrongStage) {
            try rig.peers[good.peer]?.take(certificate: good.payload, book: rig.book)
        }
    }

    /// - Threat 2: a live peer that is said to have dropped out stops.
    @Test func aPeerThatIsLeftOutStops() throws {
        var rig = try RoundRig(count: 6)
        let survivors = try rig.mask(rig.share(rig.advertise()))
        let first = try #require(survivors.first)
        let message = try FederationSurvivors(decoding: first.payload)
        let place = try #require(rig.names.firstIndex(of: first.peer))
        let others = PeerSet(count: 6, members: (0..<6).filter { $0 != place })
        let signer = try #require(rig.signers[first.peer])
        #expect(throws: RoundRefusal.leftOut) {
            try rig.peers[first.peer]?.take(
                survivors: message.frame(members: others.bytes), signer: signer)
        }
    }

    /// - Threat 2, 21: what a peer sends stays uniform to whoever knows all the pairs' masks: the
    ///   own mask is on it. A chi-square test of the bytes, beyond one in a million.
    @Test func aMaskedVectorIsUniformWithoutTheOwnMask() throws {
        var configuration = RoundConfiguration(windows: [Double](repeating: 1, count: 20_000))
        configuration.peersMin = 3
        configuration.stageMillis = 1_000
        var rig = try RoundRig(count: 3, configuration: configuration)
        let shareSets = try rig.share(rig.advertise())
        let zeros = LocalUpdate(
            number: 1, deltas: [Double](repeating: 0, count: 20_000), weight: 1)
        _ = try rig.mask(shareSets, updates: { _ in zeros })
        for name in rig.names {
            let bytes = try #require(rig.masked[name]).packed
            var counts = [Double](repeating: 0, count: 256)
            for byte in bytes { counts[Int(byte)] += 1 }
            let expected = Double(bytes.count) / 256
            let chi = counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
            // 255 degrees of freedom: mean 255, deviation 22.6.
            #expect(chi < 255 + 5.5 * 22.6)
        }
    }

    /// - Threat 21: the same pair has another mask in another attempt.
    @Test func aPairHasAMaskOfItsOwnInEveryAttempt() throws {
        let first = try X25519PrivateKey(secret: SecretBytes([UInt8](repeating: 1, count: 32)))
        let second = try X25519PrivateKey(secret: SecretBytes([UInt8](repeating: 2, count: 32)))
        let seeds = try (UInt32(0)..<3).map { attempt in
            let facts = try RoundRig(count: 3, attempt: attempt).facts
            return try MaskSeeds(roundID: facts.id).pair(own: first, peer: second.publicKey)
        }
        #expect(!seeds[0].isEqual(to: seeds[1]) && !seeds[1].isEqual(to: seeds[2]))
        let facts = try RoundRig(count: 3).facts
        let other = try MaskSeeds(roundID: facts.id).pair(own: second, peer: first.publicKey)
        #expect(seeds[0].isEqual(to: other))
    }

    /// - Threat 3: a swapped key, another's advertisement, and one of an earlier attempt have no
    ///   valid signature. Every key set is refused by everyone whom it concerns.
    @Test func changedAdvertisementsAreNoticed() throws {
        var rig = try RoundRig(count: 5)
        let keySets = try rig.advertise()
        let good = try #require(keySets.first)
        let keys = try FederationKeySet.keys(in: good.payload)
        var earlier = try RoundRig(count: 5, attempt: 1)
        let replayed = try FederationKeySet.keys(
            in: #require(earlier.advertise(draw: 9).first).payload)
        var swapped = keys
        swapped[1].maskKey = keys[2].maskKey
        var forged = keys
        forged[3].shareKey = Digest.sha256([3])
        var old = keys
        old[2] = replayed[2]
        var twice = keys
        twice[4] = keys[3]
        for wrong in [swapped, forged, old, twice] {
            for name in rig.names {
                var peer = try #require(rig.peers[name])
                #expect(throws: RoundRefusal.self) {
                    try peer.take(
                        keySet: FederationKeySet().frame(keys: wrong, hashes: []), book: rig.book)
                }
            }
        }
    }

    /// - Threat 3: a peer whose own keys are not those that it sent stops.
    @Test func aPeerChecksItsOwnAdvertisement() throws {
        var rig = try RoundRig(count: 5)
        let keySets = try rig.advertise()
        let name = rig.names[0]
        // The same peer, after it advertised other keys: what is relayed is not its newest word.
        let secrets = try RoundSecrets(
            seed: SecretBytes([UInt8](repeating: 8, count: 32)), counter: 1)
        let message = try rig.sign(
            PeerRound.advertisement(secrets), as: FederationAdvertise.templateID, by: name)
        var peer = PeerRound(facts: rig.facts, secrets: secrets, advertisement: message)
        let own = try #require(keySets.first { $0.peer == name })
        #expect(throws: RoundRefusal.ownKeysChanged) {
            try peer.take(keySet: own.payload, book: rig.book)
        }
    }

    /// - Attack peer-lies, 1 try: keys of a process that is in no roster.
    /// - Threat 4: peers outside the roster are in no key set, and the graph is everyone's own.
    @Test func strangersAreInNoKeySet() throws {
        var rig = try RoundRig(count: 5)
        let keySets = try rig.advertise()
        let good = try #require(keySets.first)
        var keys = try FederationKeySet.keys(in: good.payload)
        let stranger = try Ed25519PrivateKey.generate()
        keys[1].peer = PeerID(identity: stranger.publicKey).digest
        var peer = try #require(rig.peers[good.peer])
        #expect(throws: RoundRefusal.self) {
            try peer.take(keySet: FederationKeySet().frame(keys: keys, hashes: []), book: rig.book)
        }
    }

    /// - Threat 5, 11: two peers that were given another parent share no key with the others, so
    ///   nothing can be summed.
    @Test func anotherParentModelEndsTheRound() throws {
        var rig = try RoundRig(count: 5)
        let other = try RoundRig(
            count: 5, parent: ModelState(parameters: [1, 2, 3, 4]))
        #expect(rig.facts.id != other.facts.id)
        let keySets = try rig.advertise()
        let name = rig.names[0]
        let secrets = try RoundSecrets(
            seed: SecretBytes(Digest.sha256(name.digest.bytes).bytes), counter: 1)
        var signer = try #require(other.signers[name])
        let message = signer.sign(
            PeerRound.advertisement(secrets), as: FederationAdvertise.templateID,
            in: other.facts.context, at: other.now)
        var misled = PeerRound(facts: other.facts, secrets: secrets, advertisement: message)
        let own = try #require(keySets.first { $0.peer == name })
        #expect(throws: RoundRefusal.self) {
            try misled.take(keySet: own.payload, book: rig.book)
        }
        // And the coordinator does not take what was signed for another parent.
        rig.coordinator.take(message)
        #expect(rig.coordinator.stage == .shares)
    }

    /// - Threat 12: a vector with a part too many, a part of another length and a huge index.
    @Test func onlyThePartsOfASignedVectorAreKept() throws {
        var rig = try RoundRig(count: 5)
        let shareSets = try rig.share(rig.advertise())
        let payload = shareSets[0]
        let (header, vector) = try #require(
            try rig.peers[payload.peer]?.take(
                shareSet: payload.payload, update: RoundRig.update(of: payload.peer)))
        let message = try rig.sign(header, as: FederationInput.templateID, by: payload.peer)
        rig.coordinator.take(message)
        let hash = Digest.sha256(vector.packed)
        for index in [1, 2, UInt32.max] {
            rig.coordinator.take(
                chunk: FederationChunk(vectorHash: hash, index: index),
                elements: vector.packed, from: payload.peer)
        }
        rig.coordinator.take(
            chunk: FederationChunk(vectorHash: hash, index: 0),
            elements: vector.packed + [0, 0, 0, 0], from: payload.peer)
        #expect(rig.coordinator.blamed == [payload.peer])
        rig.coordinator.take(
            chunk: FederationChunk(vectorHash: .zero, index: 0), elements: vector.packed,
            from: payload.peer)
        for other in shareSets.dropFirst() {
            try rig.upload(other, RoundRig.update(of: other.peer))
        }
        #expect(!rig.coordinator.isStageComplete)
        rig.coordinator.take(
            chunk: FederationChunk(vectorHash: hash, index: 0), elements: vector.packed,
            from: payload.peer)
        #expect(rig.coordinator.isStageComplete)
    }

    /// - Attack peer-lies, 1 try: a share that is not the one that was dealt.
    /// - Threat 14: wrong shares of R4. The sum is still right, and who gave them is named; or
    ///   there is no sum.
    @Test func aWrongShareIsFoundAndNamed() throws {
        var rig = try RoundRig(count: 9)
        let liar = rig.names[2]
        let gone = rig.names[8]
        let survivors = try rig.mask(rig.share(rig.advertise()), without: [gone])
        let certificates = try rig.state(survivors)
        let result = try rig.unmask(certificates) { name, frame in
            guard name == liar else { return frame }
            // The lowest byte of the first limb of every share.
            var wrong = frame
            let start = frame.count - 9 * taggedShareByteCount
            for slot in 0..<9 { wrong[start + slot * taggedShareByteCount + 3] ^= 1 }
            return wrong
        }
        expectMean(result, Array(rig.names.dropLast()))
        #expect(rig.coordinator.blamed == [liar])
    }

    /// - Threat 14: without a share to spare, a wrong one makes no sum.
    @Test func aWrongShareWithNoneToSpareMakesNoSum() throws {
        var rig = try RoundRig(count: 5)
        let certificates = try rig.state(rig.mask(rig.share(rig.advertise())))
        let liar = rig.names[0]
        let gone = Set(rig.names.suffix(2))
        #expect(throws: RoundFailure.self) {
            _ = try rig.unmask(certificates, without: gone) { name, frame in
                guard name == liar else { return frame }
                var wrong = frame
                wrong[frame.count - taggedShareByteCount + 5] ^= 1
                return wrong
            }
        }
    }

    /// - Threat 15: random numbers in the place of a masked vector make no model.
    @Test func aGarbageInputMakesNoModel() throws {
        var rig = try RoundRig(count: 5)
        let shareSets = try rig.share(rig.advertise())
        for payload in shareSets.dropFirst() {
            try rig.upload(payload, RoundRig.update(of: payload.peer))
        }
        let (header, honest) = try #require(
            try rig.peers[shareSets[0].peer]?.take(
                shareSet: shareSets[0].payload,
                update: RoundRig.update(of: shareSets[0].peer)))
        var random = SeededRandom(seed: 15)
        var garbage = honest
        for index in 0..<garbage.count { garbage[index] = random.next() }
        var input = try FederationInput(decoding: header)
        input.vectorHash = Digest.sha256(garbage.packed)
        try rig.upload(input.frame(), garbage, from: shareSets[0].peer)
        let certificates = try rig.state(rig.coordinator.closeStage())
        #expect(throws: RoundFailure.self) { _ = try rig.unmask(certificates) }
    }

    /// - Threat 17: one survivor fewer than the floor: no peer states it, so nothing is released.
    @Test func belowTheFloorNobodyReleasesAnything() throws {
        var rig = try RoundRig(count: 6, configuration: .simulated(peersMin: 5))
        let survivors = try rig.mask(rig.share(rig.advertise()), without: [rig.names[5]])
        let first = try #require(survivors.first)
        let message = try FederationSurvivors(decoding: first.payload)
        let four = PeerSet(count: 6, members: 0..<4)
        let signer = try #require(rig.signers[first.peer])
        #expect(throws: RoundRefusal.tooFewSurvivors(4)) {
            try rig.peers[first.peer]?.take(
                survivors: message.frame(members: four.bytes), signer: signer)
        }
    }

    /// - Threat 22: an advertised point of low order ends the attempt; no seed is made of it.
    @Test func aKeyOfLowOrderGivesNoMask() throws {
        let key = try X25519PrivateKey.generate()
        let point = try X25519PublicKey(bytes: [1] + [UInt8](repeating: 0, count: 31))
        let seeds = MaskSeeds(roundID: Digest.sha256([1]))
        #expect(throws: CryptoError.self) { try seeds.pair(own: key, peer: point) }
        #expect(throws: CryptoError.self) {
            try seeds.shareKey(own: key, peer: point, isSending: true)
        }
    }

    /// - Attack peer-lies, 1 try: a sum that is not that of the inputs.
    /// - Threat 27: a sum to which the coordinator added one, and each field of the result changed:
    ///   every peer that checks it refuses it.
    @Test func aWrongSumIsRefusedByEveryone() throws {
        var rig = try RoundRig(count: 5)
        let result = try rig.unmask(rig.state(rig.mask(rig.share(rig.advertise()))))
        func check(_ frame: [UInt8], _ elements: RingVector) throws(ResultProblem) {
            _ = try RoundResult(
                frame: frame, elements: elements, facts: rig.facts, parent: rig.parent,
                book: rig.book)
        }
        try check(result.frame, result.elements)
        for index in 0..<result.elements.count {
            var wrong = result.elements
            wrong[index] &+= 1
            var message = try FederationResult(decoding: result.frame)
            message.sumHash = Digest.sha256(wrong.packed)
            let frame = message.frame(
                peers: try FederationResult.peers(in: result.frame),
                signatures: try FederationResult.signatures(in: result.frame),
                survivors: try FederationResult.survivors(in: result.frame))
            #expect(throws: ResultProblem.self) { try check(frame, wrong) }
            #expect(throws: ResultProblem.self) { try check(result.frame, wrong) }
        }
        for offset in stride(from: 56, to: result.frame.count, by: 3) {
            var wrong = result.frame
            wrong[offset] ^= 0x10
            #expect(throws: ResultProblem.self) { try check(wrong, result.elements) }
        }
    }
}
