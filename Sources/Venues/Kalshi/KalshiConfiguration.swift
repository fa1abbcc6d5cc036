package import Foundation
package import Trading

/// How to reach one Kalshi account.
package struct KalshiConfiguration: Sendable {
    /// `http(s)://HOST[:PORT]/trade-api/v2`: the path is part of what is signed.
    package let restURL: URL
    /// `ws(s)://HOST[:PORT]/trade-api/ws/v2`.
    package let socketURL: URL
    package let keyID: String
    package let keyFile: String
    package let isReplay: Bool
    /// Only markets of these series are wanted; empty: all that the venue lists.
    package let series: [String]
    /// Calls in flight at once. Replay: 1, so that calls reach the venue in the order of `submit`.
    package let concurrency: Int
    /// What the account's tier allows, in tokens; the usual call costs ten.
    package let readTokensPerSecond: Int64
    package let writeTokensPerSecond: Int64
    package let timeouts: Timeouts
    /// Settlements this old are reported after the first connection.
    package let settlementLookback: Span

    package typealias Timeouts = VenueTimeouts

    /// Reads the options `series`, `concurrency`, `read-tokens` and `write-tokens`.
    package init(_ settings: VenueSettings) throws(VenueSetupError) {
        let known = ["series", "concurrency", "read-tokens", "write-tokens"]
        if let unknown = settings.options.keys.sorted().first(where: { !known.contains($0) }) {
            throw VenueSetupError(
                option: unknown, "expected one of \(known.joined(separator: ", "))")
        }
        guard let url = URLComponents(string: settings.url), let host = url.host, !host.isEmpty,
            let scheme = url.scheme, scheme == "http" || scheme == "https",
            url.path == KalshiConfiguration.restPath, url.query == nil
        else {
            throw VenueSetupError(
                option: "url",
                "expected http(s)://HOST[:PORT]\(KalshiConfiguration.restPath), "
                    + "found \(settings.url)")
        }
        var socket = url
        socket.scheme = scheme == "https" ? "wss" : "ws"
        socket.path = KalshiConfiguration.socketPath
        guard let restURL = url.url, let socketURL = socket.url else {
            throw VenueSetupError(option: "url", "cannot be used: \(settings.url)")
        }
        guard !settings.keyID.isEmpty else {
            throw VenueSetupError(option: "key-id", "expected the id of an API key, found nothing")
        }
        self.restURL = restURL
        self.socketURL = socketURL
        keyID = settings.keyID
        keyFile = settings.keyFile
        isReplay = settings.isReplay
        series = (settings.options["series"] ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        let concurrency = try settings.positive("concurrency", max: 64) ?? 8
        self.concurrency = settings.isReplay ? 1 : Int(concurrency)
        // The Basic tier.
        readTokensPerSecond = try settings.positive("read-tokens", max: 100_000) ?? 200
        writeTokensPerSecond = try settings.positive("write-tokens", max: 100_000) ?? 100
        timeouts = .standard
        settlementLookback = .seconds(7 * 86_400)
    }

    package static let restPath = "/trade-api/v2"
    package static let socketPath = "/trade-api/ws/v2"
}
