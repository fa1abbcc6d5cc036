import Cryptography
import Execution
import Trading

/// Looks at a Polymarket account: clock, key, whether it may trade, cash, allowances, markets.
///
/// An API key that does not exist is not made, and no heartbeat is sent: the venue would cancel
/// everything when the next one does not come.
struct PolymarketExamination: VenueExamination {
    let configuration: PolymarketConfiguration
    let signer: PolymarketSigner
    let ask: (PolymarketRequest, PolymarketCredentials?) -> VenueReply
    private var findings: [VenueFinding] = []
    private var reader = AnswerReader(PolymarketDecoder())

    init(
        _ configuration: PolymarketConfiguration, signer: PolymarketSigner,
        ask: @escaping (PolymarketRequest, PolymarketCredentials?) -> VenueReply
    ) {
        self.configuration = configuration
        self.signer = signer
        self.ask = ask
    }

    mutating func run() -> [VenueFinding] {
        findings = []
        guard time() else { return findings }
        let exchanges = markets()
        guard let credentials = key() else { return findings }
        eligibility(credentials)
        cash(credentials, exchanges)
        findings.append(
            VenueFinding(
                .limits, .notice,
                "the venue does not tell its limits; configured: read-tokens "
                    + "\(configuration.readTokensPerSecond), write-tokens "
                    + "\(configuration.writeTokensPerSecond)"))
        return findings
    }

    /// False where nobody answers, so that there is nothing else to ask.
    private mutating func time() -> Bool {
        let reply = ask(PolymarketRequest(.get, "/time", proof: .none), nil)
        let advice = "look at the gateway's url, and whether the venue can be reached from here"
        if let finding = VenueFinding.failure(.venue, reply.answer, advice: advice) {
            findings.append(finding)
            return finding.verdict != .unreachable
        }
        findings.append(VenueFinding(.venue, .fine, "\(configuration.restURL) answers"))
        read(reply, about: .clock) { document, _ throws(PayloadError) in
            guard let seconds = document.integer(document.root), seconds >= 0,
                seconds <= 7_258_118_400
            else { throw .wrongType(field: "time", expected: "seconds") }
            let stated = VenueReply(
                answer: reply.answer, venueTime: Timestamp(seconds: seconds),
                askedAt: reply.askedAt, answeredAt: reply.answeredAt)
            return .clock(stated.skew)
        }
        return true
    }

    /// The API key that belongs to the wallet.
    private mutating func key() -> PolymarketCredentials? {
        let reply = ask(PolymarketRequest(.get, "/auth/derive-api-key", proof: .wallet), nil)
        if case .response(let status, let body) = reply.answer, status == 400 || status == 404 {
            findings.append(
                VenueFinding(
                    .account, .notice,
                    "the venue has no API key for \(signer.address): \(VenueFinding.brief(body))",
                    advice: "the gateway makes one when it starts"))
            return nil
        }
        let advice =
            "put the wallet's private key into the gateway's key file and its address "
            + "into key-id. A clock that is wrong has the same effect"
        if let finding = VenueFinding.failure(.account, reply.answer, advice: advice) {
            findings.append(finding)
            return nil
        }
        var credentials: PolymarketCredentials?
        let address = signer.address
        read(reply, about: .account) { document, decoder throws(PayloadError) in
            credentials = try decoder.credentials(document)
            return VenueFinding(.account, .fine, "the venue knows the wallet \(address)")
        }
        return credentials
    }

    /// Whether the account may open positions, by the venue's own rules of place and person.
    private mutating func eligibility(_ credentials: PolymarketCredentials) {
        let reply = ask(
            PolymarketRequest(.get, "/auth/ban-status/closed-only"), credentials)
        if let finding = VenueFinding.failure(.account, reply.answer, advice: "") {
            findings.append(finding)
            return
        }
        read(reply, about: .account) { document, _ throws(PayloadError) in
            try document.flag("closed_only", in: document.root)
                ? VenueFinding(
                    .account, .wrong, "the venue lets the account only close positions",
                    advice: "ask the venue why; there is no way round it")
                : VenueFinding(.account, .fine, "may open positions")
        }
    }

    private mutating func cash(
        _ credentials: PolymarketCredentials, _ exchanges: Set<PolymarketExchange>
    ) {
        let reply = ask(balanceRequest("COLLATERAL", nil, signer.signatureType), credentials)
        if let finding = VenueFinding.failure(.balance, reply.answer, advice: "") {
            findings.append(finding)
            return
        }
        var missing: [EthereumAddress] = []
        let contracts = signer.contracts
        read(reply, about: .balance) { document, decoder throws(PayloadError) in
            let balance = Money(units: try decoder.balance(document))
            missing = missingAllowances(document, for: exchanges, of: contracts)
            return balance > .zero
                ? VenueFinding(.balance, .fine, "\(balance) dollars")
                : VenueFinding(
                    .balance, .notice, "\(balance) dollars", advice: "nothing can be bought")
        }
        guard findings.last?.subject == .balance, findings.last?.verdict != .wrong else { return }
        if missing.isEmpty {
            findings.append(VenueFinding(.allowance, .fine, "the exchanges may take the dollars"))
        }
        for contract in missing {
            findings.append(
                VenueFinding(
                    .allowance, .wrong, "the exchange \(contract) may not take the dollars",
                    advice: "approve it from the wallet; until then every order is refused"))
        }
    }

    /// The exchanges of the markets that are wanted; all, where none is named.
    private mutating func markets() -> Set<PolymarketExchange> {
        guard !configuration.markets.isEmpty else {
            listing()
            return Set(PolymarketExchange.allCases)
        }
        var exchanges: Set<PolymarketExchange> = []
        for condition in configuration.markets {
            let reply = ask(PolymarketRequest(.get, "/markets/\(condition)", proof: .none), nil)
            let advice = "look at the condition ids in the gateway's markets"
            if let finding = VenueFinding.failure(.markets, reply.answer, advice: advice) {
                findings.append(finding)
                continue
            }
            read(reply, about: .markets) { document, decoder throws(PayloadError) in
                let market = try decoder.market(document, document.root)
                exchanges.insert(market.exchange)
                return VenueFinding(
                    .markets, market.status == .open ? .fine : .notice,
                    "\(condition) is \(market.status), on a tick of \(market.tick), from "
                        + "\(market.sizeMin) contracts")
            }
        }
        return exchanges
    }

    private mutating func listing() {
        let reply = ask(
            PolymarketRequest(
                .get, "/markets", query: [("next_cursor", "MA==")], proof: .none), nil)
        if let finding = VenueFinding.failure(.markets, reply.answer, advice: "") {
            findings.append(finding)
            return
        }
        read(reply, about: .markets) { document, decoder throws(PayloadError) in
            var ticks: [Price: Int] = [:]
            var refused: String?
            try document.forEachElement(of: "data", in: document.root) {
                (object: JSONNode) throws(PayloadError) in
                do throws(PayloadError) {
                    let market = try decoder.market(document, object)
                    if market.status == .open { ticks[market.tick, default: 0] += 1 }
                } catch { refused = refused ?? "\(error)" }
            }
            return .markets("the first page", ticks: ticks, refused: refused)
        }
    }

    private mutating func read(
        _ reply: VenueReply, about subject: VenueFinding.Subject,
        _ body: (borrowing JSONDocument, inout PolymarketDecoder) throws(PayloadError) ->
            VenueFinding
    ) {
        if let finding = reader.finding(reply, about: subject, body) { findings.append(finding) }
    }
}

extension PolymarketExamination {
    /// Reads the key file; asks the venue itself.
    init(_ configuration: PolymarketConfiguration) throws(VenueSetupError) {
        let signer = try PolymarketSigner(configuration)
        let interview = VenueInterview(configuration.timeouts)
        self.init(configuration, signer: signer) { request, credentials in
            interview.ask { now in
                VenueHTTP.Message(
                    method: request.method.rawValue, url: configuration.restURL + request.target,
                    headers: signer.headers(for: request, credentials, at: now),
                    body: request.body)
            }
        }
    }
}
