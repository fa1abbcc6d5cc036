package import Cryptography
import Foundation
package import Trading

/// Signs requests and WebSocket handshakes: RSA-PSS with SHA-256 over time, method and path.
package struct KalshiSigner: Sendable {
    package let keyID: String
    private let key: RSAPrivateKey

    package init(keyID: String, key: RSAPrivateKey) {
        self.keyID = keyID
        self.key = key
    }

    /// Reads the key from a PEM file. Errors name the file, never its content.
    package init(keyID: String, keyFile: String) throws(VenueSetupError) {
        guard let content = FileManager.default.contents(atPath: keyFile) else {
            throw VenueSetupError(option: "key-file", "cannot read \(keyFile)")
        }
        guard content.count <= 1 << 16 else {
            throw VenueSetupError(option: "key-file", "\(keyFile) is too long for a PEM key")
        }
        do throws(CryptoError) {
            let secret = SecretBytes(count: content.count) { buffer in
                buffer.copyBytes(from: content)
            }
            self.init(keyID: keyID, key: try RSAPrivateKey(pem: secret))
        } catch {
            throw VenueSetupError(option: "key-file", "\(keyFile): \(error)")
        }
    }

    /// What is signed: milliseconds, method, and the full path without query.
    package static func message(
        method: String, path: String, at now: Timestamp
    ) -> String {
        "\(now.nanoseconds / 1_000_000)\(method)\(path)"
    }

    /// The headers that authenticate a request.
    package func headers(
        method: String, path: String, at now: Timestamp
    ) throws(CryptoError) -> [(name: String, value: String)] {
        let message = KalshiSigner.message(method: method, path: path, at: now)
        let signature = try key.sign(Array(message.utf8))
        return [
            ("KALSHI-ACCESS-KEY", keyID),
            ("KALSHI-ACCESS-SIGNATURE", Base64.encode(signature)),
            ("KALSHI-ACCESS-TIMESTAMP", String(now.nanoseconds / 1_000_000)),
        ]
    }
}
