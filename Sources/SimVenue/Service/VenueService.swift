import Cryptography
import Logging
import MarketSim
import NIOCore
import NIOHTTP1
import Runtime
import Trading

/// The venue's shell: requests and sockets in, answers and messages out, market time forward.
///
/// Everything here runs on one event loop, so the matching engine needs no locks. Newcomers start
/// at `respond`, `receive` and `turn`.
final class VenueService: VenueFront {
    let options: VenueOptions
    let engine: VenueEngine
    let loop: any EventLoop
    let logger: Logger
    /// Fails when the venue can no longer log or read; succeeds when it is told to stop.
    let stopped: EventLoopPromise<Void>
    /// Called once when market time has ended and everybody has acknowledged.
    let onEnd: @Sendable () -> Void
    /// Called about once a second while the loop turns.
    let onAlive: @Sendable () -> Void

    /// The other protocol, over the same matching engine.
    private(set) lazy var polymarket = PolymarketFront(venue: self)

    var sessions: [SocketSession] = []
    var pace = Pace()
    /// Told to stop: nothing is answered any more.
    var isStopping = false
    private var anonymousReads = TokenBucket(rate: 2_000, seconds: 2)
    private var lastRead = MonotonicClock.now()

    /// Signatures are of wall time; a stopped process may still have requests on the way.
    static let signatureWindow = Span.seconds(30)

    init(
        options: VenueOptions, engine: VenueEngine, loop: any EventLoop, logger: Logger,
        onEnd: @escaping @Sendable () -> Void, onAlive: @escaping @Sendable () -> Void
    ) {
        self.options = options
        self.engine = engine
        self.loop = loop
        self.logger = logger
        self.onEnd = onEnd
        self.onAlive = onAlive
        stopped = loop.makePromise()
    }

    // MARK: Requests

    var wallNow: Timestamp { wallNow(at: "kalshi") }

    func fate(of request: VenueRequest) -> FaultDirector.RequestFate {
        fate(of: request, at: "kalshi")
    }

    func refusal(_ kind: FaultPlan.Kind) -> VenueResponse {
        kind == .throttled
            ? .throttled
            : .error(.internalServerError, "internal_server_error", "internal server error")
    }

    func respond(to request: VenueRequest) -> VenueResponse {
        guard !isStopping else {
            return .error(.serviceUnavailable, "exchange_unavailable", "the venue has stopped")
        }
        do {
            return try route(request)
        } catch {
            fail(error)
            return .error(.internalServerError, "internal_server_error", "the venue has stopped")
        }
    }

    /// Stops everything: a venue that cannot log must not go on.
    func fail(_ error: any Error) {
        logger.critical("stopped", metadata: ["error": "\(error)"])
        isStopping = true
        pace.state = .ended
        stopped.fail(error)
    }

    private static let root = "/trade-api/v2"

    private func route(_ request: VenueRequest) throws -> VenueResponse {
        guard request.path.hasPrefix(VenueService.root + "/") else {
            if request.path == VenueService.socketPath {
                return authenticate(request).map { _ in
                    .error(.badRequest, "invalid_parameters", "expected a WebSocket handshake")
                }.response
            }
            return .notFound
        }
        fillReads()
        let parts = request.path.dropFirst(VenueService.root.utf8.count + 1)
            .split(separator: "/").map(String.init)
        guard parts.first == "portfolio" || parts.first == "account" else {
            guard request.method == .GET else { return .notFound }
            guard anonymousReads.take() else { return .throttled }
            return publicRead(parts, request)
        }
        switch authenticate(request) {
        case .failure(let refusal):
            try logRefusal(request, parts, account: "", code: "authentication_error")
            return refusal.response
        case .success(let participant) where parts.first == "account":
            guard request.method == .GET, parts == ["account", "limits"] else { return .notFound }
            return participant.reads.take() ? limits(participant) : .throttled
        case .success(let participant):
            return try portfolio(Array(parts.dropFirst()), request, participant)
        }
    }

    private func portfolio(
        _ parts: [String], _ request: VenueRequest, _ participant: VenueParticipant
    ) throws -> VenueResponse {
        if request.method == .GET {
            guard participant.reads.take() else { return .throttled }
            return privateRead(parts, request, participant)
        }
        guard participant.writes.take() else {
            try logRefusal(
                request, ["portfolio"] + parts, account: participant.key.id,
                code: "too_many_requests")
            return .throttled
        }
        return try write(parts, request, participant)
    }

    /// A refused request about orders is part of what the venue received.
    func logRefusal(
        _ request: VenueRequest, _ parts: [String], account: String, code: String
    ) throws {
        guard request.method != .GET else { return }
        try engine.refuse(
            account: account, method: request.method.rawValue, path: parts.joined(separator: "/"),
            clientOrderID: KalshiOrderRequest.clientOrderID(in: request.body), code: code,
            wall: WallClock.now())
    }

    /// Reads are bounded by the wall clock as well, because a venue that waits must answer.
    private func fillReads() {
        let now = MonotonicClock.now()
        let elapsed = Span(nanoseconds: now.nanoseconds - lastRead.nanoseconds)
        lastRead = now
        anonymousReads.fill(elapsed)
        for participant in engine.participants { participant.reads.fill(elapsed) }
    }

    let tooLong = VenueResponse.error(
        .payloadTooLarge, "invalid_parameters", "the body is too long")

    /// Who asks for a WebSocket, if the signature is right.
    func socket(for head: HTTPRequestHead) -> (any VenueSocket)? {
        let path = head.uri.split(separator: "?").first.map(String.init) ?? ""
        guard path == VenueService.socketPath,
            case .success(let participant) = authenticate(
                head.headers, method: head.method.rawValue, path: path)
        else { return nil }
        return KalshiSocket(service: self, participant: participant)
    }

    // MARK: Authentication

    static let socketPath = "/trade-api/ws/v2"

    /// Why a request is not who it says it is.
    struct Unauthenticated: Error {
        let details: String
        var response: VenueResponse {
            .error(
                .unauthorized, "authentication_error", "authentication error", details: details)
        }
    }

    func authenticate(_ request: VenueRequest) -> Result<VenueParticipant, Unauthenticated> {
        authenticate(request.headers, method: request.method.rawValue, path: request.path)
    }

    func authenticate(
        _ headers: HTTPHeaders, method: String, path: String
    ) -> Result<VenueParticipant, Unauthenticated> {
        guard let key = headers.first(name: "KALSHI-ACCESS-KEY"),
            let signature = headers.first(name: "KALSHI-ACCESS-SIGNATURE"),
            let stamp = headers.first(name: "KALSHI-ACCESS-TIMESTAMP")
        else { return .failure(Unauthenticated(details: "MISSING_HEADERS")) }
        guard let participant = engine.participant(key: key),
            let publicKey = participant.key.publicKey
        else { return .failure(Unauthenticated(details: "NOT_FOUND")) }
        guard let milliseconds = Int64(stamp) else {
            return .failure(Unauthenticated(details: "INVALID_TIMESTAMP"))
        }
        let skew = abs(wallNow.milliseconds - milliseconds)
        guard skew <= VenueService.signatureWindow.nanoseconds / 1_000_000 else {
            return .failure(Unauthenticated(details: "TIMESTAMP_OUT_OF_WINDOW"))
        }
        // What cannot be decoded is no signature.
        let bytes = (try? Base64.decode(signature)) ?? []
        guard publicKey.isValid(bytes, for: Array((stamp + method + path).utf8))
        else { return .failure(Unauthenticated(details: "INCORRECT_API_KEY_SIGNATURE")) }
        return .success(participant)
    }
}

extension Result where Success == VenueResponse, Failure == VenueService.Unauthenticated {
    fileprivate var response: VenueResponse {
        switch self {
        case .success(let response): response
        case .failure(let refusal): refusal.response
        }
    }
}
