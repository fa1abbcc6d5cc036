package import Cryptography
import Foundation
import Trading

/// How to reach one Polymarket account.
package struct PolymarketConfiguration: Sendable {
    /// `http(s)://HOST[:PORT]`, without a path.
    package let restURL: String
    /// `ws(s)://HOST[:PORT]/ws/`, to which the stream's name is added.
    package let socketURL: String
    package let keyFile: String
    /// Who holds the funds; nil where that is the key's own account, whatever its address.
    package let funder: EthereumAddress?
    package let signatureType: PolymarketSignatureType
    package let contracts: PolymarketContracts
    /// Conditions that are wanted; empty: all that the venue lists.
    package let markets: [String]
    package let concurrency: Int
    /// What the venue allows, in tokens; the usual call costs ten.
    package let readTokensPerSecond: Int64
    package let writeTokensPerSecond: Int64
    package let timeouts: VenueTimeouts

    private static let options = [
        "signature-type", "chain", "markets", "socket-url", "concurrency", "read-tokens",
        "write-tokens",
    ]

    /// Reads the options `signature-type` (`account`, `proxy`, `safe`, `deposit-wallet`), `chain`
    /// (137 or 80002), `markets` (condition ids with commas between them), `socket-url`,
    /// `concurrency`, `read-tokens` and `write-tokens`. The key's id is the address that holds the
    /// funds; where none is stated, the account is the key's own.
    package init(_ settings: VenueSettings) throws(VenueSetupError) {
        let known = PolymarketConfiguration.options
        if let unknown = settings.options.keys.sorted().first(where: { !known.contains($0) }) {
            throw VenueSetupError(
                option: unknown, "expected one of \(known.joined(separator: ", "))")
        }
        guard !settings.isReplay else {
            throw VenueSetupError(option: "replay", "Polymarket has no market time of its own")
        }
        (restURL, socketURL) = try PolymarketConfiguration.urls(settings)
        keyFile = settings.keyFile
        signatureType = try PolymarketConfiguration.signatureType(settings)
        funder = try PolymarketConfiguration.funder(settings, signatureType)
        let chain = settings.options["chain"] ?? String(PolymarketContracts.polygon)
        guard let number = UInt64(chain), let contracts = PolymarketContracts(chainID: number)
        else { throw VenueSetupError(option: "chain", "expected 137 or 80002, found \(chain)") }
        self.contracts = contracts
        markets = try PolymarketConfiguration.markets(settings)
        concurrency = Int(try settings.positive("concurrency", max: 64) ?? 8)
        // Half of what the venue's documents allow: they change often.
        readTokensPerSecond = try settings.positive("read-tokens", max: 100_000) ?? 250
        writeTokensPerSecond = try settings.positive("write-tokens", max: 100_000) ?? 600
        timeouts = .standard
    }

    private static func urls(
        _ settings: VenueSettings
    ) throws(VenueSetupError) -> (rest: String, socket: String) {
        guard let url = URLComponents(string: settings.url), let host = url.host, !host.isEmpty,
            url.scheme == "http" || url.scheme == "https", url.path.isEmpty, url.query == nil
        else {
            throw VenueSetupError(
                option: "url", "expected http(s)://HOST[:PORT], found \(settings.url)")
        }
        guard let stated = settings.options["socket-url"] else {
            return (settings.url, "ws" + settings.url.dropFirst("http".count) + "/ws/")
        }
        guard let socket = URLComponents(string: stated), socket.host?.isEmpty == false,
            socket.scheme == "ws" || socket.scheme == "wss", stated.hasSuffix("/ws/")
        else {
            throw VenueSetupError(
                option: "socket-url", "expected ws(s)://HOST[:PORT]/ws/, found \(stated)")
        }
        return (settings.url, stated)
    }

    private static func funder(
        _ settings: VenueSettings, _ signatureType: PolymarketSignatureType
    ) throws(VenueSetupError) -> EthereumAddress? {
        if settings.keyID.isEmpty, signatureType == .account { return nil }
        do throws(CryptoError) {
            return try EthereumAddress(settings.keyID)
        } catch {
            throw VenueSetupError(
                option: "key-id", "expected the address that holds the funds: \(error)")
        }
    }

    private static func signatureType(
        _ settings: VenueSettings
    ) throws(VenueSetupError) -> PolymarketSignatureType {
        switch settings.options["signature-type"] ?? "account" {
        case "account": return .account
        case "proxy": return .proxy
        case "safe": return .safe
        case "deposit-wallet": return .depositWallet
        case let other:
            throw VenueSetupError(
                option: "signature-type",
                "expected account, proxy, safe or deposit-wallet, found \(other)")
        }
    }

    private static func markets(_ settings: VenueSettings) throws(VenueSetupError) -> [String] {
        let stated = (settings.options["markets"] ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        for condition in stated where (try? Word256(hex: condition)) == nil {
            throw VenueSetupError(
                option: "markets", "expected condition ids of 32 bytes, found \(condition)")
        }
        return stated
    }
}
