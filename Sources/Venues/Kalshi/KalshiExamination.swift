import Cryptography
import Execution
import Trading

/// Looks at a Kalshi account: status, clock, key, balance, tier of rate limits, markets.
struct KalshiExamination: VenueExamination {
    let configuration: KalshiConfiguration
    let ask: (KalshiRequest) -> VenueReply
    private var findings: [VenueFinding] = []
    private var reader = AnswerReader(KalshiDecoder())

    init(_ configuration: KalshiConfiguration, ask: @escaping (KalshiRequest) -> VenueReply) {
        self.configuration = configuration
        self.ask = ask
    }

    /// Tokens a second that the venue's tiers give, reading and writing.
    /// Source: the venue's page on rate limits.
    private static let tiers: [(name: String, read: Int64, write: Int64)] = [
        ("basic", 200, 100), ("advanced", 300, 300), ("premier", 1_000, 1_000),
        ("paragon", 2_000, 2_000), ("prime", 4_000, 4_000),
    ]

    mutating func run() -> [VenueFinding] {
        findings = []
        guard exchange() else { return findings }
        if account() { limits() }
        markets()
        return findings
    }

    /// False where nobody answers, so that there is nothing else to ask.
    private mutating func exchange() -> Bool {
        let reply = ask(KalshiRequest(.get, "/exchange/status"))
        let reached = VenueFinding.failure(
            .venue, reply.answer,
            advice: "look at the gateway's url, and whether the venue can be reached from here")
        if let reached, reached.verdict == .unreachable {
            findings.append(reached)
            return false
        }
        findings.append(VenueFinding(.venue, .fine, "\(configuration.restURL) answers"))
        findings.append(.clock(reply.skew))
        guard reached == nil else {
            // Asked with a signature, it is refused like everything else; the account says why.
            return true
        }
        read(reply, about: .exchange) { document, _ throws(PayloadError) in
            guard try document.flag("exchange_active", in: document.root) else {
                return VenueFinding(
                    .exchange, .wrong, "under maintenance", advice: "wait until it is over")
            }
            guard try document.flag("trading_active", in: document.root) else {
                return VenueFinding(
                    .exchange, .notice, "trading is paused", advice: "wait until it is open")
            }
            return VenueFinding(.exchange, .fine, "open")
        }
        return true
    }

    /// Whether the key is good.
    private mutating func account() -> Bool {
        let reply = ask(KalshiRequest(.get, "/portfolio/balance"))
        let advice =
            "make a key on the venue's page of API keys; put its id into key-id and its private "
            + "part into the gateway's key file. A clock that is wrong has the same effect"
        if let finding = VenueFinding.failure(.account, reply.answer, advice: advice) {
            findings.append(finding)
            return false
        }
        findings.append(
            VenueFinding(
                .account, .fine,
                "the venue knows the key \(configuration.keyID); whether it may "
                    + "trade only an order can tell"))
        read(reply, about: .balance) { document, decoder throws(PayloadError) in
            let balance = try decoder.balance(document)
            return balance > .zero
                ? VenueFinding(.balance, .fine, "\(balance) dollars")
                : VenueFinding(
                    .balance, .notice, "\(balance) dollars", advice: "nothing can be bought")
        }
        return true
    }

    private mutating func limits() {
        let reply = ask(KalshiRequest(.get, "/account/limits"))
        let (read, write) = (configuration.readTokensPerSecond, configuration.writeTokensPerSecond)
        let isReplay = configuration.isReplay
        let ours = "read-tokens \(read), write-tokens \(write)"
        if let finding = VenueFinding.failure(.limits, reply.answer, advice: "") {
            findings.append(
                VenueFinding(.limits, .notice, "\(finding.detail); configured: \(ours)"))
            return
        }
        self.read(reply, about: .limits) { document, _ throws(PayloadError) in
            let name = try document.text("usage_tier", in: document.root).lowercased()
            guard let tier = KalshiExamination.tiers.first(where: { $0.name == name }) else {
                return VenueFinding(
                    .limits, .notice, "the tier \(name) is not known; configured: \(ours)")
            }
            guard !isReplay else {
                return VenueFinding(
                    .limits, .fine, "the tier \(name); a replay asks at the venue's own pace")
            }
            let theirs = "the tier \(name) gives \(tier.read) and \(tier.write) tokens a second"
            guard read <= tier.read, write <= tier.write else {
                return VenueFinding(
                    .limits, .wrong, "\(theirs); configured: \(ours)",
                    advice: "lower the gateway's options to what the tier gives")
            }
            return VenueFinding(.limits, .fine, "\(theirs); configured: \(ours)")
        }
    }

    private mutating func markets() {
        guard !configuration.series.isEmpty else { return markets(of: nil) }
        for series in configuration.series { markets(of: series) }
    }

    private mutating func markets(of series: String?) {
        let reply = ask(
            KalshiRequest(
                .get, "/markets",
                query: [("series_ticker", series), ("status", "open"), ("limit", "1000")]))
        let what = series.map { "series \($0)" } ?? "all series"
        if let finding = VenueFinding.failure(.markets, reply.answer, advice: "") {
            findings.append(finding)
            return
        }
        read(reply, about: .markets) { document, decoder throws(PayloadError) in
            var ticks: [Price: Int] = [:]
            var refused: String?
            try document.forEachElement(of: "markets", in: document.root) {
                (object: JSONNode) throws(PayloadError) in
                do throws(PayloadError) {
                    ticks[try decoder.market(document, object).tick, default: 0] += 1
                } catch { refused = refused ?? "\(error)" }
            }
            return .markets(what, ticks: ticks, refused: refused)
        }
    }

    private mutating func read(
        _ reply: VenueReply, about subject: VenueFinding.Subject,
        _ body: (borrowing JSONDocument, inout KalshiDecoder) throws(PayloadError) -> VenueFinding
    ) {
        if let finding = reader.finding(reply, about: subject, body) { findings.append(finding) }
    }
}

extension KalshiExamination {
    /// Reads the key file; asks the venue itself.
    init(_ configuration: KalshiConfiguration) throws(VenueSetupError) {
        let signer = try KalshiSigner(
            keyID: configuration.keyID, keyFile: configuration.keyFile)
        let interview = VenueInterview(configuration.timeouts)
        self.init(configuration) { request in
            interview.ask { now throws(CryptoError) in
                try KalshiHTTP.message(request, configuration, signer: signer, at: now)
            }
        }
    }
}
