import Cryptography
import Federation
import TestSupport
import Testing

struct FieldElementTests {
    /// The slow way: remainders of 128 bits.
    private func product(_ first: UInt64, _ second: UInt64) -> UInt64 {
        UInt64(UInt128(first) * UInt128(second) % UInt128(FieldElement.modulus))
    }

    @Test func computesAsRemaindersDo() throws {
        let p = FieldElement.modulus
        var random = SeededRandom(seed: 61)
        var values: [UInt64] = [0, 1, 2, p - 1, p - 2, p / 2, p / 2 + 1, 1 << 60, (1 << 60) - 1]
        values += (0..<60).map { _ in UInt64.random(in: 0..<p, using: &random) }
        for first in values {
            let a = try #require(FieldElement(first))
            for second in values {
                let b = try #require(FieldElement(second))
                #expect((a * b).value == product(first, second))
                #expect((a + b).value == (first + second) % p)
                #expect((a - b).value == (first + p - second) % p)
            }
            if first != 0 { #expect(a * a.inverse == .one) }
        }
    }

    @Test func anElementHasOneSpelling() {
        #expect(FieldElement(FieldElement.modulus) == nil)
        #expect(FieldElement(UInt64.max) == nil)
        #expect(FieldElement(FieldElement.modulus - 1) != nil)
    }
}

struct SecretSharingTests {
    private let secret = SecretBytes((0..<32).map { UInt8(255 - $0) })
    private let stream = SecretBytes([UInt8](repeating: 9, count: 32))

    private func shares(_ threshold: Int, of count: Int) throws -> [SecretShare] {
        try SecretSharing.split(
            secret, threshold: threshold, count: count, coefficients: stream)
    }

    private func reconstruct(_ shares: [SecretShare]) throws -> SecretBytes? {
        try #require(ShareInterpolation(slots: shares.map(\.x))).secret(from: shares)
    }

    @Test func everySubsetOfTheThresholdGivesTheSecret() throws {
        let all = try shares(3, of: 6)
        for first in 0..<6 {
            for second in 0..<6 where second != first {
                for third in 0..<6 where third != first && third != second {
                    let some = [all[first], all[second], all[third]]
                    #expect(try reconstruct(some)?.isEqual(to: secret) == true)
                }
            }
        }
    }

    @Test func fewerSharesGiveSomethingElse() throws {
        let all = try shares(3, of: 6)
        #expect(try reconstruct([all[0], all[1]])?.isEqual(to: secret) != true)
    }

    @Test func oneMoreShareShowsThatOneIsWrong() throws {
        var all = try shares(4, of: 9)
        let basis = try #require(ShareInterpolation(slots: all.prefix(4).map(\.x)))
        for extra in all[4...] { #expect(basis.agrees(Array(all.prefix(4)), with: extra)) }
        var limbs = all[2].y
        limbs[3] = limbs[3] + .one
        all[2] = SecretShare(x: all[2].x, y: limbs)
        for extra in all[4...] { #expect(!basis.agrees(Array(all.prefix(4)), with: extra)) }
    }

    @Test func aShareHasOneSpelling() throws {
        for share in try shares(2, of: 3) {
            #expect(SecretShare(bytes: share.bytes) == share)
            #expect(SecretShare(bytes: Array(share.bytes.dropLast())) == nil)
            #expect(SecretShare(bytes: share.bytes + [0]) == nil)
            var beyond = share.bytes
            beyond.replaceSubrange(2..<10, with: [UInt8](repeating: 0xff, count: 8))
            #expect(SecretShare(bytes: beyond) == nil)
            #expect(SecretShare(bytes: [0, 0] + share.bytes.dropFirst(2)) == nil)
        }
    }

    @Test func slotsAreDistinctAndNotZero() {
        #expect(ShareInterpolation(slots: [1, 1]) == nil)
        #expect(ShareInterpolation(slots: [0, 1]) == nil)
        #expect(ShareInterpolation(slots: []) == nil)
    }
}

struct SecretSharingVectorTests {
    struct File: Decodable {
        let vectors: [Example]
    }

    struct Example: Decodable {
        let t: Int
        let n: Int
        let secret: String
        let coef_stream_key: String
        let shares: [String]
        let last_share: String
        let sha256_all_shares: String
    }

    @Test func sharesAreTheVectorsBitForBit() throws {
        guard let file = try VectorFile.decode(File.self, "federation", "shamir_m61") else {
            return
        }
        #expect(!file.vectors.isEmpty)
        for example in file.vectors {
            let secret = try SecretBytes(hex: example.secret)
            let shares = try SecretSharing.split(
                secret, threshold: example.t, count: example.n,
                coefficients: SecretBytes(hex: example.coef_stream_key))
            let texts = shares.map { Hex.encode($0.bytes) }
            #expect(Array(texts.prefix(example.shares.count)) == example.shares)
            #expect(texts.last == example.last_share)
            #expect(
                SHA256.hash(shares.flatMap(\.bytes)).description == example.sha256_all_shares)
            let some = Array(shares.suffix(example.t))
            let basis = try #require(ShareInterpolation(slots: some.map(\.x)))
            #expect(basis.secret(from: some)?.isEqual(to: secret) == true)
            if let extra = shares.first, example.n > example.t {
                #expect(basis.agrees(some, with: extra))
            }
        }
    }
}
