import Cryptography
import TestSupport
import Testing

struct Ed25519Tests {
    struct Case: Sendable {
        let seed: String
        let publicKey: String
        let message: String
        let signature: String
    }

    /// RFC 8032 section 7.1, tests 1 to 3.
    static let cases = [
        Case(
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            message: "",
            signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        Case(
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            message: "72",
            signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        Case(
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            message: "af82",
            signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ]

    @Test(arguments: cases)
    func signsRFC8032Vectors(example: Case) throws {
        let key = try Ed25519PrivateKey(seed: SecretBytes(hex: example.seed))
        let message = try Hex.decode(example.message)
        #expect(Hex.encode(key.publicKey.bytes) == example.publicKey)
        let signature = try key.sign(message)
        #expect(Hex.encode(signature) == example.signature)
        let publicKey = try Ed25519PublicKey(hex: example.publicKey)
        #expect(publicKey.isValid(signature, for: message))
        #expect(!publicKey.isValid(signature, for: message + [0]))
        #expect(!publicKey.isValid(Array(signature.dropLast()), for: message))
    }

    @Test func everyFlippedBitOfASignatureIsRefused() throws {
        let key = try Ed25519PrivateKey.generate()
        let signature = try key.sign([1, 2, 3])
        for bit in 0..<signature.count * 8 {
            var forged = signature
            forged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.publicKey.isValid(forged, for: [1, 2, 3]))
        }
    }

    @Test func refusesKeysOfTheWrongLength() {
        #expect(throws: CryptoError.wrongLength(of: "Ed25519 private key", expected: 32, found: 31))
        {
            try Ed25519PrivateKey(seed: SecretBytes([UInt8](repeating: 1, count: 31)))
        }
        #expect(throws: CryptoError.wrongLength(of: "Ed25519 public key", expected: 32, found: 0)) {
            try Ed25519PublicKey(bytes: [])
        }
    }
}

struct X25519Tests {
    @Test func agreesOnRFC7748Vector() throws {
        let alice = try X25519PrivateKey(
            secret: SecretBytes(
                hex: "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
        let bob = try X25519PrivateKey(
            secret: SecretBytes(
                hex: "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
        #expect(
            Hex.encode(alice.publicKey.bytes)
                == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        #expect(
            Hex.encode(bob.publicKey.bytes)
                == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        let shared = try alice.agree(with: bob.publicKey)
        #expect(
            shared.hex == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
        #expect(try shared.isEqual(to: bob.agree(with: alice.publicKey)))
    }

    @Test func refusesAPeerOfSmallOrder() throws {
        let key = try X25519PrivateKey.generate()
        let zero = try X25519PublicKey(bytes: [UInt8](repeating: 0, count: 32))
        #expect(throws: CryptoError.self) { try key.agree(with: zero) }
    }
}

struct SecretBytesTests {
    @Test func comparesPrintsAndReadsText() throws {
        let secret = try SecretBytes(hex: " 00ff10\n")
        #expect(secret.hex == "00ff10")
        #expect(secret.description == "SecretBytes(3)")
        #expect(secret.isEqual(to: SecretBytes([0, 255, 16])))
        #expect(!secret.isEqual(to: SecretBytes([0, 255, 17])))
        #expect(!secret.isEqual(to: SecretBytes([0, 255])))
        #expect(throws: CryptoError.malformedText(encoding: "hexadecimal", offset: 2)) {
            try SecretBytes(hex: "00 10")
        }
    }

    @Test func randomSecretsDiffer() throws {
        let first = try SecretBytes.random(count: 32)
        #expect(!first.isEqual(to: try SecretBytes.random(count: 32)))
        #expect(try SecureRandom.word() != SecureRandom.word())
    }
}

struct TextEncodingTests {
    /// RFC 4648 section 10.
    @Test(arguments: [
        ("", "", ""), ("f", "Zg==", "66"), ("fo", "Zm8=", "666f"), ("foo", "Zm9v", "666f6f"),
        ("foob", "Zm9vYg==", "666f6f62"), ("fooba", "Zm9vYmE=", "666f6f6261"),
        ("foobar", "Zm9vYmFy", "666f6f626172"),
    ])
    func encodesRFC4648Vectors(plain: String, base64: String, hex: String) throws {
        let bytes = Array(plain.utf8)
        #expect(Base64.encode(bytes) == base64)
        #expect(try Base64.decode(base64) == bytes)
        #expect(Hex.encode(bytes) == hex)
        #expect(try Hex.decode(hex.uppercased()) == bytes)
    }

    @Test(arguments: ["Zg=", "Zg", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "Zm-v"])
    func refusesBase64ThatHasAnotherSpelling(text: String) {
        #expect(throws: CryptoError.self) { try Base64.decode(text) }
    }

    @Test func whatDecodesEncodesToTheSame() throws {
        let seed: UInt64 = 4_648
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 0...70, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            #expect(try Base64.decode(Base64.encode(bytes)) == bytes, "seed \(seed)")
            #expect(try Hex.decode(Hex.encode(bytes)) == bytes, "seed \(seed)")
        }
    }
}
