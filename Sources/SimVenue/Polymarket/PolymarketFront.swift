import Cryptography
import Logging
import MarketSim
import NIOCore
import NIOHTTP1
import Runtime
import Trading

/// Polymarket's CLOB protocol over the venue's matching engine: what answers at the root of its
/// port. Lives on the venue's one event loop.
///
/// A market has one book, in terms of YES. Buying NO is selling YES at the complement, so two
/// purchases of opposite tokens match (a pair is minted) as soon as their prices come to a dollar,
/// and two sales (a pair is merged) as long as they do not come to more. Start at `respond`.
final class PolymarketFront: VenueFront {
    unowned let venue: VenueService
    var sessions: [PolymarketSocket] = []
    /// The wallets that have begun to send heartbeats, and what the next one must name.
    var heartbeats: [SimAccountID: Heartbeat] = [:]
    /// The trades of wallets that are not final yet.
    var open: [OpenTrade] = []
    /// Orders of which a stream was told.
    var announced: Set<SimOrderID> = []
    /// The best prices that streams were told last.
    var best: [SimMarketID: [BookLevel?]] = [:]
    private var anonymousReads = TokenBucket(rate: 9_000, seconds: 1)
    private var lastRead = MonotonicClock.now()
    private var credentials: [String: WalletCredentials] = [:]

    struct Heartbeat {
        var id: String
        var count: UInt64
        var lastAt: Span
    }

    /// Without a heartbeat for this long, once they have begun, everything is cancelled.
    static let heartbeatPatience = Span.seconds(10)
    /// From the match to the block, and from there to its confirmation, in market time.
    static let minedAfter = Span.seconds(2)
    static let confirmedAfter = Span.seconds(4)

    init(venue: VenueService) {
        self.venue = venue
        for key in venue.engine.walletKeys { remember(key) }
        // Whoever was told before a restart is told again.
        open = venue.engine.tokenTrades.map { OpenTrade(trade: $0, told: "") }
        announced = Set(venue.engine.labels.keys)
    }

    var engine: VenueEngine { venue.engine }
    var exchange: Exchange { venue.engine.exchange }

    let tooLong = PolymarketFront.error(.payloadTooLarge, "the body is too long")

    static func error(_ status: HTTPResponseStatus, _ message: String) -> VenueResponse {
        .object(status) { $0.field("error", message) }
    }

    static let notFound = error(.notFound, "not found")
    private static let throttled = error(.tooManyRequests, "Too Many Requests")
    private static let unauthorized = error(.unauthorized, "Unauthorized/Invalid api key")

    // MARK: Requests

    var wallNow: Timestamp { venue.wallNow(at: "polymarket") }

    func fate(of request: VenueRequest) -> FaultDirector.RequestFate {
        venue.fate(of: request, at: "polymarket")
    }

    func refusal(_ kind: FaultPlan.Kind) -> VenueResponse {
        kind == .throttled
            ? PolymarketFront.throttled
            : PolymarketFront.error(.internalServerError, "Internal Server Error")
    }

    func respond(to request: VenueRequest) -> VenueResponse {
        guard !venue.isStopping else {
            return PolymarketFront.error(.serviceUnavailable, "the venue has stopped")
        }
        do {
            return try route(request)
        } catch {
            venue.fail(error)
            return PolymarketFront.error(.internalServerError, "the venue has stopped")
        }
    }

    private func route(_ request: VenueRequest) throws -> VenueResponse {
        fillReads()
        let parts = request.path.split(separator: "/").map(String.init)
        if request.path == "/auth/api-key" && request.method == .POST
            || request.path == "/auth/derive-api-key"
        {
            guard anonymousReads.take() else { return PolymarketFront.throttled }
            return try key(request)
        }
        if let answer = publicRead(parts, request) {
            return anonymousReads.take() ? answer : PolymarketFront.throttled
        }
        guard let holder = holder(of: request) else {
            try logRefusal(request, account: "", code: "authentication_error")
            return PolymarketFront.unauthorized
        }
        let isRead = request.method == .GET || request.path == "/v1/heartbeats"
        guard isRead ? holder.participant.reads.take() : holder.participant.writes.take() else {
            try logRefusal(
                request, account: holder.participant.key.id, code: "too_many_requests")
            return PolymarketFront.throttled
        }
        return try answer(parts, request, holder)
    }

    /// A wallet that has proven its API key.
    struct Holder {
        let participant: VenueParticipant
        let credentials: WalletCredentials
    }

    private func answer(
        _ parts: [String], _ request: VenueRequest, _ holder: Holder
    ) throws -> VenueResponse {
        switch (request.method, request.path) {
        case (.POST, "/order"): try place(request, holder)
        case (.POST, "/orders"): try placeAll(request, holder)
        case (.DELETE, "/order"), (.DELETE, "/orders"), (.DELETE, "/cancel-all"),
            (.DELETE, "/cancel-market-orders"):
            try cancel(request, holder)
        case (.POST, "/v1/heartbeats"): try beat(request, holder)
        case (.DELETE, "/auth/api-key"): try deleteKey(holder)
        case (.GET, _): privateRead(parts, request, holder)
        default: PolymarketFront.notFound
        }
    }

    /// A refused request about orders is part of what the venue received.
    func logRefusal(_ request: VenueRequest, account: String, code: String) throws {
        guard request.method != .GET else { return }
        try engine.refuse(
            account: account, method: request.method.rawValue, path: request.path,
            clientOrderID: "", code: code, wall: WallClock.now())
    }

    private func fillReads() {
        let now = MonotonicClock.now()
        let elapsed = Span(nanoseconds: now.nanoseconds - lastRead.nanoseconds)
        lastRead = now
        anonymousReads.fill(elapsed)
        for participant in engine.participants where participant.key.publicKey == nil {
            participant.reads.fill(elapsed)
        }
    }

    // MARK: Keys

    /// Makes or finds the API key of the wallet that signed.
    private func key(_ request: VenueRequest) throws -> VenueResponse {
        let now = wallNow
        guard let key = PolymarketAuthentication.wallet(request.headers, now: now) else {
            try logRefusal(request, account: "", code: "authentication_error")
            return PolymarketFront.error(.unauthorized, "Invalid L1 Request headers")
        }
        let isKnown = engine.walletKeys.contains(key)
        if request.method == .POST {
            guard !isKnown else {
                return PolymarketFront.error(.badRequest, "Could not create api key")
            }
            _ = try engine.wallet(key.address, wall: now)
            try engine.setKey(key, isThere: true, wall: now)
        } else if !isKnown {
            return PolymarketFront.error(.badRequest, "Could not derive api key!")
        }
        let credentials = remember(key)
        return .object {
            $0.field("apiKey", credentials.apiKey)
            $0.field("secret", credentials.secretText)
            $0.field("passphrase", credentials.passphrase)
        }
    }

    @discardableResult
    private func remember(_ key: WalletKey) -> WalletCredentials {
        let made = WalletCredentials(key, seed: venue.options.seed)
        credentials[made.apiKey] = made
        return made
    }

    private func deleteKey(_ holder: Holder) throws -> VenueResponse {
        try engine.setKey(holder.credentials.key, isThere: false, wall: WallClock.now())
        credentials[holder.credentials.apiKey] = nil
        return VenueResponse(.ok, Array(#""OK""#.utf8))
    }

    func apiKeys(of address: String) -> [String] {
        credentials.values.filter { $0.key.address == address }.map(\.apiKey).sorted()
    }

    /// The API key that an account's orders are shown with: that of its lowest nonce.
    func owner(_ account: SimAccountID) -> String {
        let name = exchange.name(account)
        guard engine.participant(account) != nil else { return VenueNames.user(account) }
        let first = engine.walletKeys.filter { $0.address == name }.min {
            ($0.nonce.utf8.count, $0.nonce) < ($1.nonce.utf8.count, $1.nonce)
        }
        return first.map { WalletCredentials($0, seed: venue.options.seed).apiKey }
            ?? VenueNames.user(account)
    }

    private func holder(of request: VenueRequest) -> Holder? {
        guard let name = request.headers.first(name: "POLY_API_KEY"),
            let known = credentials[name],
            PolymarketAuthentication.isValid(request, known, now: wallNow),
            let participant = engine.participant(key: known.key.address)
        else { return nil }
        return Holder(participant: participant, credentials: known)
    }

    /// The account of credentials that a stream was given.
    func participant(
        apiKey: String, secret: String, passphrase: String
    ) -> VenueParticipant? {
        guard let known = credentials[apiKey], known.secretText == secret,
            known.passphrase == passphrase
        else { return nil }
        return engine.participant(key: known.key.address)
    }

    // MARK: Time

    /// One look, ten times a second: trades that go on, and wallets that have fallen silent.
    func look() {
        guard !venue.isStopping else { return }
        settleTrades()
        let now = MonotonicClock.now()
        for (account, beat) in heartbeats.sorted(by: { $0.key.index < $1.key.index })
        where now >= beat.lastAt + PolymarketFront.heartbeatPatience {
            heartbeats[account] = nil
            guard let participant = engine.participant(account) else { continue }
            do {
                for order in exchange.restingOrders(account) {
                    _ = try engine.cancel(order.id, for: participant, wall: WallClock.now())
                    venue.publishEffects()
                }
                try engine.note(
                    "heartbeat", "\(participant.key.id) is silent", wall: WallClock.now())
            } catch { venue.fail(error) }
        }
    }

    /// The next heartbeat must name the id that the last one was answered with.
    private func beat(_ request: VenueRequest, _ holder: Holder) throws -> VenueResponse {
        let account = holder.participant.account
        let stated = PolymarketFields(request.body)?.heartbeat_id ?? ""
        let known = heartbeats[account]
        if let known, stated != known.id {
            return .object(.badRequest) {
                $0.field("error_msg", "Invalid Heartbeat ID")
                $0.field("heartbeat_id", known.id)
            }
        }
        let count = (known?.count ?? 0) + 1
        let id = VenueNames.heartbeat(account, count)
        heartbeats[account] = Heartbeat(id: id, count: count, lastAt: MonotonicClock.now())
        return .object { $0.field("heartbeat_id", id) }
    }
}
