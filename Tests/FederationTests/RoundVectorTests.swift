import Cryptography
import Federation
import TestSupport
import Testing
import Wire

/// Whole rounds as another implementation computed them: keys, masks, sums, signatures.
struct RoundVectorTests {
    struct Example: Decodable {
        let n: Int
        let t: Int
        let dim: Int
        let ring_bits: UInt8
        let qbits: Int
        let clip: Double
        let round_id: String
        let dead: [Int]
        let mask_sk: [String]
        let mask_pk: [String]
        let self_b: [String]
        let ed25519_sk: [String]
        let ed25519_pk: [String]
        let inputs: [[Double]]
        let quantised: [[UInt64]]
        let masked: [[UInt64]]
        let aggregate: [UInt64]
        let average: [Double]
        let sig_over_round_id: [String]
    }

    private struct Peers {
        let example: Example
        let keys: [X25519PrivateKey]
        let ring: Ring
        let seeds: MaskSeeds

        init(_ example: Example) throws {
            self.example = example
            keys = try example.mask_sk.map { try X25519PrivateKey(secret: SecretBytes(hex: $0)) }
            ring = try #require(Ring(rawValue: example.ring_bits))
            seeds = MaskSeeds(roundID: try #require(Digest(hex: example.round_id)))
        }

        func vector(_ elements: [UInt64]) -> RingVector {
            var vector = RingVector(zeros: elements.count, ring: ring)
            for (index, element) in elements.enumerated() { vector[index] = element }
            return vector
        }

        func pair(_ own: Int, _ peer: Int) throws -> Mask {
            Mask(
                seed: try seeds.pair(own: keys[own], peer: keys[peer].publicKey),
                sign: MaskSeeds.sign(own: keys[own].publicKey, peer: keys[peer].publicKey))
        }

        func own(_ peer: Int) throws -> Mask {
            let secret = try SecretBytes(hex: example.self_b[peer])
            return Mask(
                seed: try seeds.own(secret: secret, maskKey: keys[peer].publicKey), sign: .add)
        }
    }

    @Test(arguments: ["round_n3_r32", "round_n5_r32"])
    func everyNumberIsTheVectorsBitForBit(id: String) throws {
        guard let example = try VectorFile.decode(Example.self, "federation", id) else { return }
        let peers = try Peers(example)
        for peer in 0..<example.n {
            #expect(Hex.encode(peers.keys[peer].publicKey.bytes) == example.mask_pk[peer])
            let quantiser = Quantiser(
                ring: peers.ring, bits: example.qbits, windows: [], clip: example.clip)
            let quantised = quantiser.nearest(example.inputs[peer].map { $0 / example.clip })
            let vector = peers.vector(quantised.map { UInt64(bitPattern: $0) })
            #expect(vector == peers.vector(example.quantised[peer]))
            var masked = vector
            try masked.apply(
                [peers.own(peer)]
                    + (0..<example.n).filter { $0 != peer }.map { try peers.pair(peer, $0) })
            #expect(masked == peers.vector(example.masked[peer]))
            let identity = try Ed25519PrivateKey(seed: SecretBytes(hex: example.ed25519_sk[peer]))
            #expect(Hex.encode(identity.publicKey.bytes) == example.ed25519_pk[peer])
            let signed = Array("FedSync/v1/test\0".utf8) + (try Hex.decode(example.round_id))
            #expect(try Hex.encode(identity.sign(signed)) == example.sig_over_round_id[peer])
        }
    }

    /// The coordinator's side: the masks of the survivors themselves, and those between survivors
    /// and the dead, from shares of exactly `t` survivors.
    @Test(arguments: ["round_n3_r32", "round_n5_r32"])
    func theSumOverTheSurvivorsIsTheVectorsBitForBit(id: String) throws {
        guard let example = try VectorFile.decode(Example.self, "federation", id) else { return }
        let peers = try Peers(example)
        let living = (0..<example.n).filter { !example.dead.contains($0) }
        var sum = RingVector(zeros: example.dim, ring: peers.ring)
        for peer in living { sum &+= peers.vector(example.masked[peer]) }
        var masks: [Mask] = []
        for peer in living {
            let secret = try recovered(SecretBytes(hex: example.self_b[peer]), example, living)
            let seed = try peers.seeds.own(
                secret: secret, maskKey: peers.keys[peer].publicKey)
            masks.append(Mask(seed: seed, sign: .subtract))
            for dead in example.dead {
                let secret = try recovered(peers.keys[dead].secret, example, living)
                let key = try X25519PrivateKey(secret: secret)
                masks.append(
                    Mask(
                        seed: try peers.seeds.pair(own: key, peer: peers.keys[peer].publicKey),
                        sign: MaskSeeds.sign(
                            own: key.publicKey, peer: peers.keys[peer].publicKey)))
            }
        }
        try sum.apply(masks)
        #expect(sum == peers.vector(example.aggregate))
        let quantiser = Quantiser(
            ring: peers.ring, bits: example.qbits, windows: [], clip: example.clip)
        for (index, average) in example.average.enumerated() {
            let value =
                Double(sum.signed(at: index)) / quantiser.scale * example.clip
                / Double(living.count)
            #expect(abs(value - average) < 1e-12)
        }
    }

    private func recovered(
        _ secret: SecretBytes, _ example: Example, _ living: [Int]
    ) throws -> SecretBytes {
        let shares = try SecretSharing.split(
            secret, threshold: example.t, count: example.n,
            coefficients: SecretBytes([UInt8](repeating: 1, count: 32)))
        let some = living.prefix(example.t).map { shares[$0] }
        let basis = try #require(ShareInterpolation(slots: some.map(\.x)))
        return try #require(basis.secret(from: some))
    }
}
