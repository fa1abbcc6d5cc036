import Cryptography
import NIOHTTP1
import Runtime
import Trading

/// Who asks: level 1 is a wallet's signature, level 2 an API key's code.
struct PolymarketAuthentication {
    /// The chain that signatures are for.
    static let chainID: UInt64 = 137
    /// Signatures are of wall time, in seconds.
    static let window: Int64 = 60

    private static let domain = TypedDataDomain(
        name: "ClobAuthDomain", version: "1", chainID: chainID, contract: nil)
    private static let type = TypedStruct.typeHash(
        "ClobAuth(address address,string timestamp,uint256 nonce,string message)")

    /// The wallet that signed a request of level 1, in lower case, and its nonce; nil where the
    /// signature is not its own.
    static func wallet(_ headers: HTTPHeaders, now: Timestamp) -> WalletKey? {
        guard let stated = headers.first(name: "POLY_ADDRESS"),
            let signature = headers.first(name: "POLY_SIGNATURE"),
            let stamp = headers.first(name: "POLY_TIMESTAMP"), isTimely(stamp, now)
        else { return nil }
        let nonce = headers.first(name: "POLY_NONCE") ?? "0"
        do throws(CryptoError) {
            let address = try EthereumAddress(stated)
            var message = TypedStruct(type)
            message.add(address)
            message.add(stamp)
            message.add(try Word256(decimal: nonce))
            message.add("This message attests that I control the given wallet")
            let digits = signature.hasPrefix("0x") ? signature.dropFirst(2) : signature[...]
            let signed = try Secp256k1Signature(Hex.decode(digits))
            guard try signed.signer(of: domain.digest(of: message.hash)) == address else {
                return nil
            }
            return WalletKey(address: address.description.lowercased(), nonce: nonce)
        } catch {
            // What cannot be read is nobody's signature.
            return nil
        }
    }

    /// Whether a request of level 2 was made with these credentials.
    static func isValid(
        _ request: VenueRequest, _ credentials: WalletCredentials, now: Timestamp
    ) -> Bool {
        guard let signature = request.headers.first(name: "POLY_SIGNATURE"),
            let stamp = request.headers.first(name: "POLY_TIMESTAMP"), isTimely(stamp, now),
            request.headers.first(name: "POLY_PASSPHRASE") == credentials.passphrase,
            let address = request.headers.first(name: "POLY_ADDRESS"),
            address.lowercased() == credentials.key.address
        else { return false }
        // The clients sign their body with its quotes doubled.
        let body = request.body.map { $0 == UInt8(ascii: "'") ? UInt8(ascii: "\"") : $0 }
        let signed = Array((stamp + request.method.rawValue + request.path).utf8) + body
        do throws(CryptoError) {
            let code = try SHA256Digest(bytes: Base64.decodeForURL(signature))
            return HMACSHA256.isValid(code, for: signed, key: credentials.secret)
        } catch {
            // As above.
            return false
        }
    }

    private static func isTimely(_ stamp: String, _ now: Timestamp) -> Bool {
        guard let seconds = Int64(stamp) else { return false }
        return abs(now.wholeSeconds - seconds) <= window
    }
}

/// An API key. It follows from the venue's seed, so that it outlives a restart: whoever knows the
/// seed knows it, which is as much protection as simulated money needs.
struct WalletCredentials {
    let key: WalletKey
    let apiKey: String
    let passphrase: String
    let secret: SecretBytes

    init(_ key: WalletKey, seed: UInt64) {
        self.key = key
        let root = SecretBytes(Array("sim-venue \(seed)".utf8))
        func derived(_ what: String) -> [UInt8] {
            HMACSHA256.code(for: Array("\(what) \(key.address) \(key.nonce)".utf8), key: root).bytes
        }
        let digits = Hex.encode(derived("key").prefix(16))
        apiKey =
            [8, 4, 4, 4, 12].reduce(into: (text: "", rest: digits[...])) { state, count in
                state.text += (state.text.isEmpty ? "" : "-") + state.rest.prefix(count)
                state.rest = state.rest.dropFirst(count)
            }.text
        passphrase = Hex.encode(derived("passphrase"))
        secret = SecretBytes(derived("secret"))
    }

    var secretText: String { secret.withUnsafeBytes { Base64.encodeForURL(Array($0)) } }
}
