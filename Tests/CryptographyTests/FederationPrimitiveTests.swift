import Cryptography
import TestSupport
import Testing

/// What the federation's protocol stands on, by the numbers that the standards publish.
struct Ed25519EdgeCaseTests {
    /// RFC 8032 section 7.1, `TEST SHA(abc)`.
    @Test func signsTheHashOfABC() throws {
        let key = try Ed25519PrivateKey(
            seed: SecretBytes(
                hex: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"))
        let message = try Hex.decode(
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
        #expect(
            Hex.encode(key.publicKey.bytes)
                == "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf")
        #expect(
            try Hex.encode(key.sign(message))
                == "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
                + "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704")
    }

    /// The same point with S + L in the place of S: another spelling of a valid signature.
    @Test func refusesASecondSpellingOfASignature() throws {
        let order = try Hex.decode(
            "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        let key = try Ed25519PrivateKey(seed: SecretBytes([UInt8](repeating: 7, count: 32)))
        for byte in UInt8(0)..<32 {
            let message = [byte]
            var signature = try key.sign(message)
            #expect(key.publicKey.isValid(signature, for: message))
            var carry = 0
            for index in 0..<32 {
                let sum = Int(signature[32 + index]) + Int(order[index]) + carry
                signature[32 + index] = UInt8(truncatingIfNeeded: sum)
                carry = sum >> 8
            }
            #expect(!key.publicKey.isValid(signature, for: message))
            signature = try key.sign(message)
            signature.replaceSubrange(32..., with: order)
            #expect(!key.publicKey.isValid(signature, for: message))
        }
    }

    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ])
    func knowsKeysOfSmallOrder(text: String) throws {
        #expect(try Ed25519PublicKey(hex: text).isOfSmallOrder)
    }

    @Test func ordinaryKeysAreNotOfSmallOrder() throws {
        for _ in 0..<20 { #expect(try !Ed25519PrivateKey.generate().publicKey.isOfSmallOrder) }
    }
}

struct X25519EdgeCaseTests {
    /// RFC 7748 section 5.2. The second has its highest bit set, which must be ignored.
    @Test(arguments: [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
        ),
    ])
    func agreesOnRFC7748Vectors(scalar: String, point: String, shared: String) throws {
        let key = try X25519PrivateKey(secret: SecretBytes(hex: scalar))
        #expect(try key.agree(with: X25519PublicKey(hex: point)).hex == shared)
    }

    /// RFC 7748 section 5.2: the scalar becomes the point, the result the scalar.
    @Test func agreesAThousandTimesInARow() throws {
        var scalar = "09" + String(repeating: "0", count: 62)
        var point = scalar
        for round in 1...1000 {
            let key = try X25519PrivateKey(secret: SecretBytes(hex: scalar))
            let result = try key.agree(with: X25519PublicKey(hex: point)).hex
            (scalar, point) = (result, scalar)
            if round == 1 {
                #expect(
                    result == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")
            }
        }
        #expect(scalar == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")
    }

    /// Every point whose order divides 8, in every spelling of 32 bytes.
    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ])
    func refusesPointsOfLowOrder(text: String) throws {
        var bytes = try Hex.decode(text)
        for isHighBitSet in [false, true] {
            if isHighBitSet { bytes[31] |= 0x80 }
            let point = try X25519PublicKey(bytes: bytes)
            for _ in 0..<4 {
                let key = try X25519PrivateKey.generate()
                #expect(throws: CryptoError.self) { try key.agree(with: point) }
            }
        }
    }
}

struct KeystreamAES256Tests {
    /// NIST's GCM specification, test cases 13 and 14: the key of zeros at the counters 0, 1, 2.
    @Test func givesThePublishedBlocks() throws {
        let key = SecretBytes([UInt8](repeating: 0, count: 32))
        var stream = try KeystreamAES256(key: key)
        let expected =
            "dc95c078a2408989ad48a21492842087" + "530f8afbc74536b9a963b4f1c4cb738b"
            + "cea7403d4d606b6e074ec5d3baf39d18"
        #expect(Hex.encode(stream.bytes(48)) == expected)
        stream.seek(toBlock: 1)
        #expect(Hex.encode(stream.bytes(32)) == String(expected.dropFirst(32)))
    }

    @Test func everyPlaceCanBeReadAlone() throws {
        let key = SecretBytes((0..<32).map { UInt8($0) })
        var whole = try KeystreamAES256(key: key)
        let all = whole.bytes(5_000)
        var stream = try KeystreamAES256(key: key)
        for block in [0, 1, 17, 255, 256, 311] {
            stream.seek(toBlock: UInt64(block))
            #expect(stream.bytes(21) == Array(all[block * 16..<block * 16 + 21]))
        }
        var pieces = try KeystreamAES256(key: key)
        var joined: [UInt8] = []
        for count in [1, 2, 3, 5, 100, 16, 0, 873] { joined += pieces.bytes(count) }
        #expect(joined == Array(all.prefix(1_000)))
    }

    @Test func refusesAKeyOfTheWrongLength() {
        #expect(throws: CryptoError.wrongLength(of: "AES-256 key", expected: 32, found: 16)) {
            _ = try KeystreamAES256(key: SecretBytes([UInt8](repeating: 0, count: 16)))
        }
    }
}

struct ChaCha20Poly1305Tests {
    static let key = SecretBytes((0x80...0x9f).map { UInt8($0) })
    static let nonce: [UInt8] = [7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47]
    static let bound: [UInt8] = [
        0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
    ]
    static let plain = Array(
        ("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the"
            + " future, sunscreen would be it.").utf8)

    private func seal(_ plain: [UInt8]) throws -> [UInt8] {
        try ChaCha20Poly1305.seal(
            plain, key: Self.key, nonce: Self.nonce, bound: Self.bound)
    }

    private func open(_ sealed: [UInt8], bound: [UInt8] = Self.bound) throws -> [UInt8]? {
        let opened = try ChaCha20Poly1305.open(
            sealed, key: Self.key, nonce: Self.nonce, bound: bound)
        return opened.map { secret in secret.withUnsafeBytes { Array($0) } }
    }

    /// RFC 8439 section 2.8.2.
    @Test func sealsTheRFC8439Vector() throws {
        let sealed = try seal(Self.plain)
        #expect(
            Hex.encode(sealed)
                == "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
                + "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
                + "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                + "3ff4def08e4b7a9de576d26586cec64b6116" + "1ae10b594f09e26a7e902ecbd0600691")
        #expect(try open(sealed) == Self.plain)
    }

    @Test func everyFlippedBitIsNoticed() throws {
        let sealed = try seal([1, 2, 3])
        for bit in 0..<sealed.count * 8 {
            var forged = sealed
            forged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(try open(forged) == nil)
        }
        for bit in 0..<Self.bound.count * 8 {
            var other = Self.bound
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(try open(sealed, bound: other) == nil)
        }
        for count in 0..<sealed.count { #expect(try open(Array(sealed.prefix(count))) == nil) }
    }

    @Test func sealsNothingToATag() throws {
        let sealed = try seal([])
        #expect(sealed.count == ChaCha20Poly1305.tagByteCount)
        #expect(try open(sealed) == [])
    }

    @Test func refusesKeysAndNoncesOfTheWrongLength() {
        #expect(throws: CryptoError.self) {
            try ChaCha20Poly1305.seal([], key: SecretBytes([1]), nonce: Self.nonce, bound: [])
        }
        #expect(throws: CryptoError.self) {
            try ChaCha20Poly1305.seal([], key: Self.key, nonce: [1], bound: [])
        }
    }
}
