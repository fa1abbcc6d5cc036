package import Cryptography
package import Trading

/// An API key of the venue: what signs everything but orders (level 2).
package struct PolymarketCredentials: Sendable {
    package let apiKey: String
    package let passphrase: String
    private let secret: SecretBytes

    /// - Parameter secret: base64 in the alphabet for URLs.
    package init(apiKey: String, secret: String, passphrase: String) throws(CryptoError) {
        self.apiKey = apiKey
        self.passphrase = passphrase
        self.secret = SecretBytes(try Base64.decodeForURL(secret))
    }

    /// The secret as the user stream asks for it. The text is not overwritten: send it and let go.
    package var secretText: String {
        secret.withUnsafeBytes { Base64.encodeForURL($0) }
    }

    /// The code over time, method, path without its query, and the body. An apostrophe in the body
    /// is signed as a quotation mark: that is how the venue reads it.
    package func code(timestamp: String, method: String, path: String, body: [UInt8]) -> String {
        var mac = HMACSHA256(key: secret)
        mac.update(Array("\(timestamp)\(method)\(path)".utf8))
        mac.update(body.map { $0 == UInt8(ascii: "'") ? UInt8(ascii: "\"") : $0 })
        return Base64.encodeForURL(mac.finish().bytes)
    }

    /// The headers of level 2.
    package func headers(
        method: String, path: String, body: [UInt8], address: EthereumAddress, at now: Timestamp
    ) -> [(name: String, value: String)] {
        let seconds = String(now.nanoseconds / 1_000_000_000)
        let code = code(timestamp: seconds, method: method, path: path, body: body)
        return [
            ("POLY_ADDRESS", address.description), ("POLY_SIGNATURE", code),
            ("POLY_TIMESTAMP", seconds), ("POLY_API_KEY", apiKey),
            ("POLY_PASSPHRASE", passphrase),
        ]
    }
}

extension PolymarketCredentials: CustomStringConvertible {
    package var description: String { "PolymarketCredentials(\(apiKey))" }
}
