import Cryptography
import Foundation
import TestSupport
import Testing
import Trading

@testable import Venues

private struct SigningVectors: Decodable {
    struct Encoded: Decodable { let der_base64: String }
    struct Key: Decodable {
        let id: Int
        let pkcs8_pem: Encoded
        let pkcs1_pem: Encoded
        let public_pem: Encoded
    }
    struct Request: Decodable {
        let key: Int
        let method: String
        let url: String
        let message: String
        let headers: [String: String]
    }
    struct Negative: Decodable {
        let key: Int
        let message: String
        let signature_b64: String
        let reason: String
    }
    let keys: [Key]
    let client_generated: [Request]
    let negative: [Negative]
}

private func pem(_ label: String, _ base64: String) -> String {
    var lines = ["-----BEGIN \(label)-----"]
    var rest = base64[...]
    while !rest.isEmpty {
        lines.append(String(rest.prefix(64)))
        rest = rest.dropFirst(64)
    }
    return (lines + ["-----END \(label)-----", ""]).joined(separator: "\n")
}

@Suite struct KalshiSignerVectorTests {
    @Test func ourMessagesAndHeadersAreTheOfficialClients() throws {
        guard let vectors = try VectorFile.decode(SigningVectors.self, "venues", "kalshi_rsa_pss")
        else { return }
        #expect(!vectors.client_generated.isEmpty)
        for request in vectors.client_generated {
            let key = try #require(vectors.keys.first { $0.id == request.key })
            let publicKey = try RSAPublicKey(
                pem: pem("PUBLIC KEY", key.public_pem.der_base64))
            let time = try #require(request.headers["KALSHI-ACCESS-TIMESTAMP"].flatMap(Int64.init))
            let path = String(request.url.split(separator: "?")[0])
            let now = Timestamp(milliseconds: time)
            #expect(
                KalshiSigner.message(method: request.method, path: path, at: now)
                    == request.message)
            let theirs = try Base64.decode(request.headers["KALSHI-ACCESS-SIGNATURE"] ?? "")
            #expect(publicKey.isValid(theirs, for: Array(request.message.utf8)))

            for text in [
                pem("PRIVATE KEY", key.pkcs8_pem.der_base64),
                pem("RSA PRIVATE KEY", key.pkcs1_pem.der_base64),
            ] {
                let signer = KalshiSigner(
                    keyID: request.headers["KALSHI-ACCESS-KEY"] ?? "",
                    key: try RSAPrivateKey(pem: SecretBytes(Array(text.utf8))))
                let ours = try signer.headers(method: request.method, path: path, at: now)
                #expect(Set(ours.map(\.name)) == Set(request.headers.keys))
                for header in ours where header.name != "KALSHI-ACCESS-SIGNATURE" {
                    #expect(request.headers[header.name] == header.value)
                }
                let signature = try Base64.decode(ours[1].value)
                #expect(publicKey.isValid(signature, for: Array(request.message.utf8)))
            }
        }
    }

    @Test func wrongSignaturesAreRefused() throws {
        guard let vectors = try VectorFile.decode(SigningVectors.self, "venues", "kalshi_rsa_pss")
        else { return }
        for example in vectors.negative {
            let key = try #require(vectors.keys.first { $0.id == example.key })
            let publicKey = try RSAPublicKey(
                pem: pem("PUBLIC KEY", key.public_pem.der_base64))
            let signature = try Base64.decode(example.signature_b64)
            #expect(
                !publicKey.isValid(signature, for: Array(example.message.utf8)),
                "\(example.reason)")
        }
    }
}

@Suite struct KalshiSignerTests {
    @Test func aMissingKeyFileIsNamed() {
        #expect(
            throws: VenueSetupError(option: "key-file", "cannot read /nowhere/venue.pem")
        ) {
            _ = try KalshiSigner(keyID: "k", keyFile: "/nowhere/venue.pem")
        }
    }

    @Test func anUnreadableKeyFileIsNamedWithoutItsContent() throws {
        let file = FileManager.default.temporaryDirectory.appending(
            path: "kalshi-signer-\(ProcessInfo.processInfo.processIdentifier).pem")
        try Data("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n".utf8)
            .write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        do {
            _ = try KalshiSigner(keyID: "k", keyFile: file.path)
            Issue.record("a damaged key was accepted")
        } catch {
            #expect(error.option == "key-file")
            #expect(error.reason.contains(file.path))
            #expect(!error.reason.contains("c2VjcmV0"))
        }
    }
}
