import Cryptography
import Federation
import TestSupport
import Testing
import Wire

struct RingVectorTests {
    @Test(arguments: Ring.allCases)
    func masksCancelAndMayBeCutAnywhere(ring: Ring) throws {
        var random = SeededRandom(seed: 7)
        for count in [1, 2, 3, 1_000, 4_096, 4_097, 9_999] {
            var vector = RingVector(zeros: count, ring: ring)
            for index in 0..<count { vector[index] = random.next() }
            let plain = vector
            let seeds = (1...3).map { SecretBytes([UInt8](repeating: UInt8($0), count: 32)) }
            let masks = seeds.map { Mask(seed: $0, sign: .add) }
            try vector.apply(masks)
            #expect(vector != plain)
            var slow = plain
            for seed in seeds {
                var stream = try KeystreamAES256(key: seed)
                let bytes = stream.bytes(count * ring.byteCount)
                slow &+= try #require(RingVector(packed: bytes, ring: ring))
            }
            #expect(vector == slow)
            try vector.apply(seeds.reversed().map { Mask(seed: $0, sign: .subtract) })
            #expect(vector == plain)
            #expect(RingVector(packed: plain.packed, ring: ring) == plain)
        }
    }

    @Test func packedElementsAreWhole() {
        #expect(RingVector(packed: [1, 2, 3], ring: .bits32) == nil)
        #expect(RingVector(packed: [1, 2, 3, 4], ring: .bits64) == nil)
        #expect(RingVector(packed: [1, 0, 0, 0x80], ring: .bits32)?[0] == 0x8000_0001)
    }
}

struct QuantiserTests {
    private let checksum = ChecksumFactors(roundKey: [UInt8](repeating: 3, count: 32))

    private func quantiser(_ ring: Ring, bits: Int, count: Int) -> Quantiser {
        Quantiser(
            ring: ring, bits: bits, windows: [Double](repeating: 0.5, count: count), clip: 1e6)
    }

    /// - Threat 20: the most peers that fit, all at the edge of the window, sum exactly.
    @Test(arguments: [(Ring.bits32, 22, 512), (.bits32, 21, 1_023), (.bits64, 40, 1_023)])
    func sumsAtTheEdgeAreExact(ring: Ring, bits: Int, peers: Int) throws {
        let quantiser = quantiser(ring, bits: bits, count: 2)
        #expect(Quantiser.fits(peers: peers, bits: bits, ring: ring))
        let stream = SecretBytes([UInt8](repeating: 1, count: 32))
        let vector = try quantiser.vector(
            of: [0.5, -0.5], weight: 1, rounding: stream, checksum: checksum)
        var sum = RingVector(zeros: quantiser.count, ring: ring)
        for _ in 0..<peers { sum &+= vector }
        let edge = Int64(quantiser.scale) * Int64(peers)
        #expect(sum.signed(at: 0) == edge)
        #expect(sum.signed(at: 1) == Int64(peers))
        #expect(sum.signed(at: 3) == edge && sum.signed(at: 4) == -edge)
        #expect(sum[2] == checksum.sum(of: sum))
    }

    /// - Threat 20: one peer more than fits is refused before any round.
    @Test func refusesWhatCouldOverflow() {
        #expect(Quantiser.fits(peers: 1_023, bits: 22, ring: .bits32))
        #expect(!Quantiser.fits(peers: 1_024, bits: 22, ring: .bits32))
        #expect(!Quantiser.fits(peers: 1_023, bits: 22, ring: .bits32, noise: 1e6))
        #expect(!Quantiser.fits(peers: 0, bits: 22, ring: .bits32))
        #expect(!Quantiser.fits(peers: .max, bits: 31, ring: .bits32))
        #expect(!Quantiser.fits(peers: 3, bits: 22, ring: .bits32, noise: .infinity))
    }

    @Test func roundingAtRandomIsRightOnAverage() throws {
        let quantiser = quantiser(.bits32, bits: 12, count: 20_000)
        let deltas = [Double](repeating: 0.1234567, count: 20_000)
        let vector = try quantiser.vector(
            of: deltas, weight: 1, rounding: SecretBytes([UInt8](repeating: 5, count: 32)),
            checksum: checksum)
        let exact = 0.1234567 / 0.5 * quantiser.scale
        let values = (3..<vector.count).map { vector.signed(at: $0) }
        #expect(Set(values) == [Int64(exact.rounded(.down)), Int64(exact.rounded(.up))])
        let mean = Double(values.reduce(0, +)) / Double(values.count)
        // Four standard deviations of the mean of Bernoulli draws.
        #expect(abs(mean - exact) < 4 * 0.5 / Double(values.count).squareRoot())
    }

    @Test func clipsToTheNormAndTheWindow() throws {
        let quantiser = Quantiser(
            ring: .bits32, bits: 20, windows: [1, 1, 1], clip: 0.5)
        let vector = try quantiser.vector(
            of: [30, 0.0, -30], weight: 0.5,
            rounding: SecretBytes([UInt8](repeating: 1, count: 32)),
            checksum: checksum)
        let norm = (3...5).reduce(0.0) { sum, index in
            let value = Double(vector.signed(at: index)) / quantiser.scale
            return sum + value * value
        }.squareRoot()
        #expect(abs(norm - 0.25) < 1e-4)
        #expect(abs(Double(vector.signed(at: 0)) / quantiser.scale - 0.5) < 1e-5)
    }

    @Test func refusesWhatIsNoNumber() {
        let quantiser = quantiser(.bits32, bits: 20, count: 2)
        let stream = SecretBytes([UInt8](repeating: 1, count: 32))
        for bad in [Double.nan, .infinity, -.infinity] {
            #expect(throws: UpdateError.notFinite(index: 1)) {
                try quantiser.vector(
                    of: [0, bad], weight: 1, rounding: stream, checksum: checksum)
            }
        }
        #expect(throws: UpdateError.wrongCount(expected: 2, found: 1)) {
            try quantiser.vector(of: [0], weight: 1, rounding: stream, checksum: checksum)
        }
        for weight in [0, -1, 1.5, .nan] {
            #expect(throws: UpdateError.self) {
                try quantiser.vector(
                    of: [0, 0], weight: weight, rounding: stream, checksum: checksum)
            }
        }
    }

    /// - Threat 15: no change of one element passes the checksum.
    @Test(arguments: Ring.allCases)
    func theChecksumSeesEveryChange(ring: Ring) {
        var random = SeededRandom(seed: 11)
        var vector = RingVector(zeros: 300, ring: ring)
        for index in 0..<300 { vector[index] = random.next() }
        let sum = checksum.sum(of: vector)
        for index in 0..<300 where index != 2 {
            var other = vector
            other[index] ^= 1 << UInt64.random(in: 0..<UInt64(ring.bits), using: &random)
            #expect(checksum.sum(of: other) != sum)
        }
    }
}

struct RoundGraphTests {
    private func seed(_ number: UInt8) throws -> Digest {
        try #require(Digest(bytes: [UInt8](repeating: number, count: 32)))
    }

    @Test(arguments: [(3, 1, 0), (5, 1, 0), (128, 1, 0), (129, 1, 42), (400, 1, 54), (60, 4, 0)])
    func neighboursAreMutualAndAsManyAsAsked(count: Int, groups: Int, degree: Int) throws {
        let graph = RoundGraph(
            count: count, seed: try seed(1), groupCount: groups, degree: degree)
        for peer in 0..<count {
            let neighbours = graph.neighbours[peer]
            let size = graph.size(of: graph.groups[peer])
            let isComplete = size <= RoundGraph.completeMax
            #expect(neighbours.count == (isComplete ? size - 1 : degree))
            #expect(neighbours == Array(Set(neighbours)).sorted() && !neighbours.contains(peer))
            for other in neighbours {
                #expect(graph.neighbours[other].contains(peer))
                #expect(graph.groups[other] == graph.groups[peer])
            }
        }
        for group in 0..<groups { #expect(graph.size(of: group) >= count / groups) }
    }

    /// Harary's graph of degree k stays connected when any k - 1 peers go.
    @Test func survivesTheLossOfAnyPartSmallerThanItsDegree() throws {
        let graph = RoundGraph(count: 200, seed: try seed(2), groupCount: 1, degree: 42)
        var random = SeededRandom(seed: 3)
        for _ in 0..<50 {
            let gone = Set((0..<200).shuffled(using: &random).prefix(41))
            let start = try #require((0..<200).first { !gone.contains($0) })
            var seen: Set<Int> = [start]
            var open = [start]
            while let peer = open.popLast() {
                for next in graph.neighbours[peer] where !gone.contains(next) {
                    if seen.insert(next).inserted { open.append(next) }
                }
            }
            #expect(seen.count == 200 - gone.count)
        }
    }

    /// - Threat 4: the graph follows from the keys of U1 alone; another seed gives another one.
    @Test func theSeedFixesTheGraph() throws {
        let first = RoundGraph(count: 300, seed: try seed(1), groupCount: 1, degree: 42)
        #expect(first == RoundGraph(count: 300, seed: try seed(1), groupCount: 1, degree: 42))
        #expect(first != RoundGraph(count: 300, seed: try seed(2), groupCount: 1, degree: 42))
    }

    @Test func parametersAreThoseOfTheFinder() throws {
        let small = try #require(
            GraphParameters.floor(count: 10, adversariesPermille: 100, dropoutsPermille: 300))
        #expect(small == (9, 6))
        let large = try #require(
            GraphParameters.floor(count: 1_000, adversariesPermille: 200, dropoutsPermille: 100))
        #expect(large == (90, 62))
        #expect(
            GraphParameters.floor(count: 2_000, adversariesPermille: 100, dropoutsPermille: 100)
                == nil)
        #expect(GraphParameters.quorum(count: 10, adversariesPermille: 200) == 7)
        #expect(GraphParameters.quorum(count: 7, adversariesPermille: 0) == 4)
    }

    /// Two survivor sets with a quorum each would need more peers that sign twice than there are
    /// adversaries.
    @Test func twoQuorumsShareAnHonestPeer() {
        for count in 3...200 {
            for permille in [0, 100, 200, 330] {
                let quorum = GraphParameters.quorum(count: count, adversariesPermille: permille)
                #expect(2 * quorum - count > count * permille / 1000)
            }
        }
    }
}
