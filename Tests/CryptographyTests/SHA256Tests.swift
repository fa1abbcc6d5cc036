import Cryptography
import TestSupport
import Testing

/// FIPS 180-4 examples, as NIST publishes them ("SHA_All.pdf"), and RFC 4231 and 5869.
struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func hashesNISTVectors(message: String, expected: String) {
        #expect(SHA256.hash(Array(message.utf8)).description == expected)
    }

    @Test func hashesAMillionLettersAsNISTVector() {
        var hasher = SHA256()
        let block = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000)
        for _ in 0..<1_000 { hasher.update(block) }
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        let digest = hasher.finish()
        #expect(digest.description == expected)
    }

    @Test func oneContextHashesManyMessages() {
        var hasher = SHA256()
        for length in 0..<300 {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            hasher.update(Array(message.prefix(length / 3)))
            hasher.update(Array(message.dropFirst(length / 3)))
            let digest = hasher.finish()
            #expect(digest == SHA256.hash(message))
        }
    }

    @Test func resetForgetsWhatWasAdded() {
        var hasher = SHA256()
        hasher.update([1, 2, 3])
        hasher.reset()
        let digest = hasher.finish()
        #expect(digest == SHA256.hash([UInt8]()))
    }

    @Test func digestsRoundTripThroughBytesAndText() throws {
        let digest = SHA256.hash([1, 2, 3])
        #expect(try SHA256Digest(bytes: digest.bytes) == digest)
        #expect(try SHA256Digest(hex: digest.description) == digest)
        #expect(digest.isEqualInConstantTime(to: digest))
        #expect(!digest.isEqualInConstantTime(to: .zero))
        #expect(throws: CryptoError.wrongLength(of: "digest", expected: 32, found: 31)) {
            try SHA256Digest(bytes: digest.bytes.dropLast())
        }
    }
}

struct HMACSHA256Tests {
    struct Case: Sendable {
        let key: String
        let message: String
        let code: String
        /// RFC 4231 case 5 truncates its output.
        var prefix = 64
    }

    static let cases = [
        Case(
            key: String(repeating: "0b", count: 20), message: Hex.encode("Hi There".utf8),
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Case(
            key: Hex.encode("Jefe".utf8), message: Hex.encode("what do ya want for nothing?".utf8),
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Case(
            key: String(repeating: "aa", count: 20), message: String(repeating: "dd", count: 50),
            code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Case(
            key: "0102030405060708090a0b0c0d0e0f10111213141516171819",
            message: String(repeating: "cd", count: 50),
            code: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Case(
            key: String(repeating: "0c", count: 20),
            message: Hex.encode("Test With Truncation".utf8),
            code: "a3b6167473100ee06e0c796c2955552b", prefix: 32),
        Case(
            key: String(repeating: "aa", count: 131),
            message: Hex.encode("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Case(
            key: String(repeating: "aa", count: 131),
            message: Hex.encode(
                ("This is a test using a larger than block-size key and a larger than "
                    + "block-size data. The key needs to be hashed before being used by the "
                    + "HMAC algorithm.").utf8),
            code: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ]

    @Test(arguments: cases)
    func authenticatesRFC4231Vectors(example: Case) throws {
        let key = try SecretBytes(hex: example.key)
        let message = try Hex.decode(example.message)
        let code = HMACSHA256.code(for: message, key: key)
        #expect(code.description.prefix(example.prefix) == example.code[...])
        #expect(HMACSHA256.isValid(code, for: message, key: key))
        #expect(!HMACSHA256.isValid(code, for: message + [0], key: key))
    }

    @Test func oneContextServesManyMessages() throws {
        let key = SecretBytes([1, 2, 3])
        var mac = HMACSHA256(key: key)
        for length in 0..<200 {
            let message = [UInt8](repeating: UInt8(length), count: length)
            mac.update(message)
            let code = mac.finish()
            #expect(code == HMACSHA256.code(for: message, key: key))
        }
    }
}

struct HKDFSHA256Tests {
    @Test func derivesRFC5869Vectors() throws {
        let first = try HKDFSHA256.derive(
            from: SecretBytes([UInt8](repeating: 0x0b, count: 22)),
            salt: Hex.decode("000102030405060708090a0b0c"),
            info: Hex.decode("f0f1f2f3f4f5f6f7f8f9"), count: 42)
        #expect(
            first.hex
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                + "34007208d5b887185865")
        let second = try HKDFSHA256.derive(
            from: SecretBytes((0x00...0x4f).map { UInt8($0) }),
            salt: (0x60...0xaf).map { UInt8($0) }, info: (0xb0...0xff).map { UInt8($0) },
            count: 82)
        #expect(
            second.hex
                == "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                + "cc30c58179ec3e87c14c01d5c1f3434f1d87")
        let third = try HKDFSHA256.derive(
            from: SecretBytes([UInt8](repeating: 0x0b, count: 22)), salt: [], info: [], count: 42)
        #expect(
            third.hex
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                + "9d201395faa4b61a96c8")
    }

    @Test func refusesAnImpossibleLength() {
        let secret = SecretBytes([1])
        for count in [0, HKDFSHA256.outputMax + 1] {
            #expect(throws: CryptoError.self) {
                try HKDFSHA256.derive(from: secret, salt: [], info: [], count: count)
            }
        }
    }
}
