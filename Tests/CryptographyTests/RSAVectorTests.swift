import Cryptography
import Foundation
import Testing

/// Signatures that the venue's official clients and NIST's validation programme made.
struct RSAVectorTests {
    private struct Vectors: Decodable {
        struct DER: Decodable {
            let der_base64: String
        }
        struct Key: Decodable {
            let id: Int
            let pkcs8_pem: DER
            let pkcs1_pem: DER
            let public_pem: DER
        }
        struct ClientSignature: Decodable {
            let key: Int
            let message: String
            let headers: [String: String]
            let valid: Bool
        }
        struct Forgery: Decodable {
            let key: Int
            let message: String
            let signature_b64: String
            let reason: String
        }
        struct FixedSalt: Decodable {
            let key: Int
            let message: String
            let signature_b64: String
        }
        struct NIST: Decodable {
            let n: String
            let e: String
            let msg_hex: String
            let salt_len: Int
            let signature_hex: String
            let valid: Bool
            let nist_result: String
        }
        let keys: [Key]
        let client_generated: [ClientSignature]
        let negative: [Forgery]
        let fixed_salt: [FixedSalt]
        let nist: [NIST]
    }

    private static func load() throws -> Vectors? {
        let name = "kalshi_rsa_pss.json"
        var file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Fixtures/" + name)
        if let folder = ProcessInfo.processInfo.environment["BELLWETHER_VECTORS"] {
            file = URL(filePath: folder).appending(path: "venues/" + name)
            guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        }
        return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))
    }

    @Test func clientsSignaturesVerify() throws {
        guard let vectors = try Self.load() else { return }
        let keys = try vectors.keys.map {
            try RSAPublicKey(pem: pem("PUBLIC KEY", $0.public_pem.der_base64))
        }
        for vector in vectors.client_generated {
            let signature = try Base64.decode(
                #require(vector.headers["KALSHI-ACCESS-SIGNATURE"]))
            #expect(
                keys[vector.key].isValid(signature, for: Array(vector.message.utf8)) == vector.valid
            )
        }
        for vector in vectors.fixed_salt {
            let signature = try Base64.decode(vector.signature_b64)
            #expect(keys[vector.key].isValid(signature, for: Array(vector.message.utf8)))
        }
        for vector in vectors.negative {
            let signature = try Base64.decode(vector.signature_b64)
            #expect(
                !keys[vector.key].isValid(signature, for: Array(vector.message.utf8)),
                "\(vector.reason)")
        }
    }

    @Test func ourSignaturesVerifyUnderTheVectorsKeys() throws {
        guard let vectors = try Self.load() else { return }
        for vector in vectors.keys {
            let publicKey = try RSAPublicKey(pem: pem("PUBLIC KEY", vector.public_pem.der_base64))
            let files = [
                pem("PRIVATE KEY", vector.pkcs8_pem.der_base64),
                pem("RSA PRIVATE KEY", vector.pkcs1_pem.der_base64),
            ]
            for file in files {
                let key = try RSAPrivateKey(pem: SecretBytes(Array(file.utf8)))
                let first = try key.sign([1, 2, 3])
                #expect(try key.sign([1, 2, 3]) != first)
                #expect(publicKey.isValid(first, for: [1, 2, 3]))
                #expect(!publicKey.isValid(first, for: [1, 2, 4]))
                #expect(!publicKey.isValid(first, for: [1, 2, 3], saltByteCount: 31))
                #expect(try key.publicPEM() == publicKey.pem())
            }
        }
    }

    @Test func NISTVectorsVerify() throws {
        guard let vectors = try Self.load() else { return }
        for vector in vectors.nist {
            let key = try RSAPublicKey(
                pem: pem(
                    "PUBLIC KEY",
                    Base64.encode(
                        subjectPublicKeyInfo(
                            modulus: unsigned(vector.n), exponent: unsigned(vector.e)))))
            let isValid = try key.isValid(
                Hex.decode(vector.signature_hex), for: Hex.decode(vector.msg_hex),
                saltByteCount: vector.salt_len)
            #expect(isValid == vector.valid, "\(vector.nist_result)")
        }
    }
}

struct RSAKeyTests {
    @Test func generatedKeysRoundTripThroughPEM() throws {
        let key = try RSAPrivateKey.generate()
        let copy = try RSAPrivateKey(pem: key.privatePEM())
        let publicKey = try RSAPublicKey(pem: key.publicPEM())
        #expect(try publicKey.isValid(copy.sign([7]), for: [7]))
        #expect(try key.publicPEM().hasPrefix("-----BEGIN PUBLIC KEY-----"))
    }

    @Test func refusesWhatIsNoKey() throws {
        #expect(throws: CryptoError.self) { try RSAPublicKey(pem: "nothing") }
        #expect(throws: CryptoError.self) { try RSAPrivateKey(pem: SecretBytes([])) }
        let ed25519 = pem(
            "PUBLIC KEY",
            Base64.encode(
                try Hex.decode("302a300506032b6570032100") + [UInt8](repeating: 9, count: 32)))
        #expect(
            throws: CryptoError.unsuitableKey("RSA public key: the key is of another kind")
        ) { try RSAPublicKey(pem: ed25519) }
    }

    @Test func refusesASmallModulus() throws {
        let small = try RSAPrivateKey.generate(bits: 1024)
        let publicPEM = try small.publicPEM()
        #expect(
            throws: CryptoError.unsuitableKey(
                "RSA public key: expected at least 2048 bits, found 1024")
        ) { try RSAPublicKey(pem: publicPEM) }
    }

    @Test func refusesAnEncryptedKeyWithoutAsking() throws {
        let encrypted = """
            -----BEGIN ENCRYPTED PRIVATE KEY-----
            MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIMwd/0Ps/h8sCAgPo
            MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBDpZLHTnGybbi90PPW3UWvuBIIE
            0KGYCLn5DrpP006c7PlNKXJuiArzdNQIbGdkWO8UbGqAezRFeEiC/PsfMCu5nQYb
            8uYZ1UsTtczRNOZGkBfZGbCahuCX2RQlPR0j2Yfu/dI89/0lnv8Oz+cEzyrDXCF4
            GziYnF8VyG8cmiwQaLdwquce6QUfOnkWUBO8tS6eZrGawRi9S/g+uUnqvF3PBizB
            0On9Y+Cb+f5GJDnHsVEpPpcrq27LFfSnpzNIxoi9y98mm3C3Nh5zMAHyYxkv2ya1
            OC9fgKirBBuPWR93iGlbGc7yLlODHz2cvYgu8HkqhA6moAWWofvrWGW6oyPKOl3v
            RO0HXnHasXC9scpuL8YdsvQ6idEuwNChQGuwfufFPQqCIypLcxpjjXz9NltOlc8C
            wIKZa2l7xk5tYo4c1Z90g7NaVby8c0os47pBf/ujE4Y7gyLvpOSMcazIsFr1qJdl
            0qpxOEypKjEyBd9I4u+m4pQuicOCcphzVO8bgPbP455zIiqltpcy88+AOc1E8KLZ
            XaPzAH3UNAdPLPs01GAqvUQyno6zqn0ImntDa+h8p97C+yFXq4pp90znfRT5RXjY
            0ZRKh8AMz72nm1OJCNLRGpJ7R9z2KEFZVyBe6ttvCTFwKl9a9V6CtE3z+EAIORGX
            mUuoQl0EFoiFzMd41/UrrszRSpUDcN6UP3mDc0zO1ObrT28ctVWD1wo1RZ6gMB2N
            c1nQG6FlRkr3UODvoOCTM7GzGLgXTC12PGU4h9kEjXJhW4jswbbSXrumA8u27Z2F
            Y3BTwexVCCYOuu1kArHZrW5/S0qC6eaii5Y3X6i8B047rT8kn70qKl/Phf5aLqjM
            Kiyjr7GM7cB85sDdSEQwJh8WLy0Bw4T+uMe38KNFnx8RHSM0xU1H8PxWjuCdKHxQ
            wz/ZK6/9kahunV1GxtpXnD0LB80jTPHkKvsx+kQpJZcLcnNeMeawMmFyx+/vi+EH
            3hLEp66pQ4yxafY+Vi9355f4+NeyUa6lbdm5jUFWEfqM5zKwM8QkVWpKxFolJpDx
            zONb/i+rn5TJwPIEYLtk/4Y4fKQcE5p8b+R5pa6HSq3PAhoOnmEn7YEiiZr0nsDf
            Gz/q1SoDHkx3EVOXBNWhOCneNSiWbrxelSUvI81KdsFQmn8dMvsoJP1x9f3rvYgH
            WLVoaDf9pk175ek/gELtBwykOdOJNulrfWFs5YXLW1gGeS8xqJXnc3m7IQzhNZ9y
            QeOWq53plaBTjVXe9uSSWsWKvKc+nLlnR6N8IwJSwa/x1c1kapO0enBhd/TEF7VX
            nDCfUT8b4VUr44+/KJ/qYMZaePSD/zY3EgsaToy66sSGqqnisWLDjOobt6aJrATf
            gM31Hl64xWuWEGD/qlKMQKVAeIXJXMWPTGfTMptwYF3QnBvNdrJYr0taB9Sl5KQO
            Vh8OClh6/oTz2jFjuRfXpBfHBE6xx6tFdnVlx6/s3nL49NmY6tKoG6KkP32Kwzkd
            +mYiLjZgXQqMqGI8er2LndV8P22rwhg2kMR65pN/0K2igtn+7z7kJy8eXWp1GA4E
            HA5b6vAsRCjOLsb/pqTx86XwKrcwbDTPYoBUw8qRKXDu/pWj0KhUbI/Wid9EwnpK
            oSZ+qqfK8PcroGxa0db75XZufQP9QYzOXkQlp7t+Ihvf
            -----END ENCRYPTED PRIVATE KEY-----
            """
        #expect(throws: CryptoError.self) {
            try RSAPrivateKey(pem: SecretBytes(Array(encrypted.utf8)))
        }
    }
}

private func pem(_ label: String, _ base64: String) -> String {
    var lines: [Substring] = []
    var rest = base64[...]
    while !rest.isEmpty {
        lines.append(rest.prefix(64))
        rest = rest.dropFirst(64)
    }
    return "-----BEGIN \(label)-----\n" + lines.joined(separator: "\n")
        + "\n-----END \(label)-----\n"
}

/// The bytes of a hexadecimal number: `0x11` has an odd number of digits in the vectors.
private func unsigned(_ text: String) throws -> [UInt8] {
    var digits = text.hasPrefix("0x") ? String(text.dropFirst(2)) : text
    if digits.count % 2 == 1 { digits = "0" + digits }
    return Array(try Hex.decode(digits).drop { $0 == 0 })
}

/// DER of an RSA public key, as X.509 has it.
private func subjectPublicKeyInfo(modulus: [UInt8], exponent: [UInt8]) -> [UInt8] {
    func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length: [UInt8] =
            count < 128 ? [UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 255)]
        return [tag] + length + content
    }
    func integer(_ magnitude: [UInt8]) -> [UInt8] {
        element(0x02, (magnitude.first ?? 0) >= 128 ? [0] + magnitude : magnitude)
    }
    let algorithm: [UInt8] = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ]
    let key = element(0x30, integer(modulus) + integer(exponent))
    return element(0x30, algorithm + element(0x03, [0] + key))
}
