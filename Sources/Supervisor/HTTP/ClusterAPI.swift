import Foundation
import Logging
import Runtime
import Trading

/// The HTTP API without a server: requests in, answers out. Whoever asks sees what their token
/// entitles them to; who has the token of one org sees that org's rows alone.
struct ClusterAPI: Sendable {
    let facts: ClusterFacts
    let traces: TraceProjection
    let board: StatusBoard
    let helm: any Helm
    let tokens: AccessTokens
    let audit: AuditTrail
    /// Nil where nobody is to be told.
    let alerts: AlertStore?
    /// Where a `fed-sync` beside the cluster says how it is.
    let federation: String
    let log: Logger
    /// What streams show, shared.
    let scenes = SceneCache()
    private let limiter = RateLimiter()

    /// Longer bodies are refused before they are read.
    static let bodyMax = 16_384

    init(
        facts: ClusterFacts, traces: TraceProjection, board: StatusBoard, helm: any Helm,
        tokens: AccessTokens, audit: AuditTrail, alerts: AlertStore?, federation: String,
        log: Logger
    ) {
        self.facts = facts
        self.traces = traces
        self.board = board
        self.helm = helm
        self.tokens = tokens
        self.audit = audit
        self.alerts = alerts
        self.federation = federation
        self.log = log
    }

    /// The resources that need a token. Documented in Dashboard/openapi.json.
    static let reads = [
        "health", "overview", "processes", "orgs", "strategies", "positions", "pnl", "orders",
        "fills", "traces", "markets", "equity", "limits", "halts", "brakes", "kpis", "notes",
        "stream", "alerts", "federation",
    ]
    static let writes = ["halt", "resume"]

    func respond(to request: APIRequest) async -> APIReply {
        do {
            return try await answer(request)
        } catch let problem as Problem {
            return problem.reply
        } catch let error as AdminError {
            return Problem.unavailable(error.description).reply
        } catch let failure as ProcessFailure {
            return Problem.unavailable(failure.description).reply
        } catch {
            log.error("request failed", metadata: ["path": "\(request.path)", "error": "\(error)"])
            return Problem(
                title: "Internal error", status: 500, detail: "The supervisor's log says why."
            ).reply
        }
    }

    // MARK: Routes

    private func answer(_ request: APIRequest) async throws -> APIReply {
        if let page = DashboardAssets.asset(at: request.path) {
            guard request.method == .get || request.method == .head else {
                throw Problem.notAllowed("GET")
            }
            return page
        }
        let parts = request.segments
        if parts == ["healthz"] {
            guard request.method == .get || request.method == .head else {
                throw Problem.notAllowed("GET")
            }
            return APIReply.json(["status": "ok"])
        }
        let grant = try admit(request)
        if parts == ["metrics"] { return try await metrics(request, grant) }
        guard parts.first == "v1", parts.count >= 2 else {
            throw Problem.notFound("There is no \(request.path); see /openapi.json.")
        }
        let name = parts[1]
        if ClusterAPI.writes.contains(name), parts.count == 2 {
            guard request.method == .post else { throw Problem.notAllowed("POST") }
            return try await steer(name, request, grant)
        }
        if name == "alerts", parts.count == 4, parts[3] == "acknowledge" {
            guard request.method == .post else { throw Problem.notAllowed("POST") }
            return try acknowledge(parts[2], request, grant)
        }
        guard ClusterAPI.reads.contains(name) else {
            throw Problem.notFound("There is no \(request.path); see /openapi.json.")
        }
        guard request.method == .get || request.method == .head else {
            throw Problem.notAllowed("GET")
        }
        guard grant.allows(.read) else { throw Problem.forbidden("The token may not read.") }
        if parts.count > 2 {
            guard name == "orders" else {
                throw Problem.notFound("There is no \(request.path); see /openapi.json.")
            }
            return try explain(Array(parts.dropFirst(2)), request, grant)
        }
        return try await read(name, request, grant)
    }

    /// Who asks, if they may at all and not too often.
    private func admit(_ request: APIRequest) throws -> AccessTokens.Grant {
        let now = MonotonicClock.now()
        let span = Trading.Span(nanoseconds: now.nanoseconds)
        guard let token = request.token, token.utf8.count <= 256,
            let grant = try tokens.grant(of: token, at: WallClock.now())
        else {
            guard limiter.admits("", at: span) else { throw Problem.tooMany }
            throw Problem.unauthorized
        }
        guard limiter.admits(grant.name, at: span) else { throw Problem.tooMany }
        return grant
    }

    private func read(
        _ name: String, _ request: APIRequest, _ grant: AccessTokens.Grant
    ) async throws -> APIReply {
        let query = APIQuery(request, org: grant.org)
        let store = traces.store
        switch name {
        case "orders": return .json(try store.orders(query.filter()))
        case "fills": return .json(try store.fills(query.filter()))
        case "traces": return .json(try traceList(query))
        case "notes":
            try query.allow("org", "cursor", "limit")
            let filter = try query.filter()
            return .json(
                try store.notes(org: filter.org, before: filter.before, limit: filter.limit))
        case "equity":
            try query.allow("org", "minutes")
            let minutes = try query.number("minutes", in: 1...129_600) ?? 1_440
            return .json(
                try store.equity(
                    org: query.filter().org, minutes: Int64(minutes), points: 240))
        case "stream":
            try query.allow("org")
            let feed = EventFeed(api: self, token: request.token ?? "", org: try query.filter().org)
            return APIReply(200, "text/event-stream", .events(feed))
        case "alerts":
            try query.allow()
            guard grant.org == nil else {
                throw Problem.forbidden("Alerts are the firm's: the token must read every org.")
            }
            return .json(try alerts?.newest(200).map(AlertSummary.init) ?? [])
        case "federation":
            try query.allow()
            guard grant.org == nil else {
                throw Problem.forbidden("The peer is the firm's: the token must read every org.")
            }
            return .json(try FederationReport(path: federation, at: WallClock.now()))
        case "limits":
            try query.allow()
            guard grant.org == nil else {
                throw Problem.forbidden("Limits of the firm are not shown to an org's token.")
            }
            return .json(try await helm.limits())
        default:
            try query.allow("org")
            return try part(name, await overview(org: query.filter().org))
        }
    }

    private func part(_ name: String, _ overview: Overview) throws -> APIReply {
        let picture = overview.picture
        switch name {
        case "overview": return .json(overview)
        case "health": return .json(HealthReport(overview))
        case "processes": return .json(overview.processes)
        case "orgs": return .json(picture.accounts)
        case "strategies": return .json(picture.strategies)
        case "positions": return .json(picture.positions)
        case "pnl": return .json(ProfitReport(picture))
        case "markets": return .json(overview.markets)
        case "halts": return .json(picture.halts)
        case "brakes": return .json(BrakeList(brakes: picture.brakes, limits: picture.uses))
        case "kpis": return .json(KPIReport(overview))
        default: throw Problem.notFound("There is no /v1/\(name); see /openapi.json.")
        }
    }

    /// Everything at once, as `org` may see it.
    func overview(org: String?) async throws -> Overview {
        let id = org.flatMap { OrgID($0) }
        // A name that cannot be one is nobody's.
        let picture = await traces.picture(org: org == nil ? nil : id ?? .empty)
        let progress = await traces.progress
        let now = await traces.marketTime
        let age = board.ageMillis(at: Trading.Span(nanoseconds: MonotonicClock.now().nanoseconds))
        let all = board.rows.map(ProcessSummary.init)
        // Counters are the firm's.
        let processes = org == nil ? all : []
        let needs = Needs.list(picture, progress, all, isStale: age > 5_000)
        let recoveries = org == nil ? board.recoveries : StatusBoard.Recoveries()
        return Overview(
            facts: facts, progress: progress, statusAgeMillis: age, processes: processes,
            picture: picture, markets: try traces.store.markets(at: now, org: org, limit: 40),
            overnight: try traces.store.overnight(
                picture, at: now, org: org, needsYou: org == nil ? needs : []),
            scores: try traces.store.scores(org: org),
            notes: try traces.store.notes(org: org, before: nil, limit: 12).items,
            recoveries: recoveries.count, meanTimeToRecover: recoveries.mean,
            alerts: org == nil ? try alerts?.standing().map(AlertSummary.init) ?? [] : [])
    }

    // MARK: Orders

    private func traceList(_ query: APIQuery) throws -> TracePage<Explanation> {
        var filter = try query.filter()
        filter.limit = min(filter.limit, 50)
        let page = try traces.store.orders(filter)
        let items = try page.items.compactMap { line -> Explanation? in
            let order = OrderID(UInt64(clamping: line.order))
            return try traces.store.explanation(of: order, org: filter.org)
        }
        return TracePage(items: items, next: page.next)
    }

    private func explain(
        _ parts: [String], _ request: APIRequest, _ grant: AccessTokens.Grant
    ) throws -> APIReply {
        guard parts.count == 1 || parts.count == 2 && parts[1] == "explain" else {
            throw Problem.notFound("There is no \(request.path); see /openapi.json.")
        }
        guard let number = UInt64(parts[0]), number > 0, number <= UInt64(Int64.max) else {
            throw Problem.badRequest("`\(parts[0].prefix(40))` is no number of an order.")
        }
        try APIQuery(request, org: grant.org).allow()
        guard
            let explanation = try traces.store.explanation(of: OrderID(number), org: grant.org)
        else { throw Problem.notFound("There is no order \(number) in the traces.") }
        if request.prefersHTML {
            return .text(ExplanationPage(explanation).html, "text/html")
        }
        return .json(explanation)
    }

    // MARK: Metrics

    private func metrics(_ request: APIRequest, _ grant: AccessTokens.Grant) async throws
        -> APIReply
    {
        guard request.method == .get || request.method == .head else {
            throw Problem.notAllowed("GET")
        }
        guard grant.allows(.read), grant.org == nil else {
            throw Problem.forbidden("Metrics are the firm's: the token must read every org.")
        }
        return .text(
            MetricsText(try await overview(org: nil)).text, "text/plain; version=0.0.4")
    }

    // MARK: Steering

    private func steer(
        _ action: String, _ request: APIRequest, _ grant: AccessTokens.Grant
    ) async throws -> APIReply {
        let order = try SteeringOrder(request.body)
        let scope = try order.scope()
        func line(_ outcome: String) -> AuditTrail.Line {
            AuditTrail.Line(
                at: WallClock.now().description, token: grant.name, action: action,
                scope: scope.description, reason: order.reason, outcome: outcome)
        }
        guard grant.allows(.operate) else {
            _ = audit.write(line("refused: the token may not operate"))
            throw Problem.forbidden("The token may not operate.")
        }
        if let org = grant.org, org != order.org {
            _ = audit.write(line("refused: another org"))
            throw Problem.forbidden("The token may operate org \(org) alone.")
        }
        // A halt is never held up by a disk; nothing else happens without its line.
        guard audit.write(line("asked")) || action == "halt" else {
            throw Problem.unavailable("The audit trail cannot be written.")
        }
        let results: [SteeringResult]
        do {
            results =
                action == "halt"
                ? try await helm.halt(scope, reason: order.reason)
                : try await helm.resume(scope, reason: order.reason)
        } catch {
            _ = audit.write(line("failed: \(error)"))
            throw error
        }
        let isDone = results.allSatisfy(\.isAccepted)
        _ = audit.write(
            line(
                results.map { "\($0.process) \($0.isAccepted ? "done" : $0.detail)" }
                    .joined(separator: ", ")))
        return .json(results, status: isDone ? 200 : 409)
    }
}

extension ClusterAPI {
    /// Whoever may operate the firm looks after an alert: it stops calling.
    private func acknowledge(
        _ number: String, _ request: APIRequest, _ grant: AccessTokens.Grant
    ) throws -> APIReply {
        let name = try Acknowledgement(request.body).by ?? grant.name
        func line(_ outcome: String) -> AuditTrail.Line {
            AuditTrail.Line(
                at: WallClock.now().description, token: grant.name, action: "acknowledge",
                scope: "alert \(number.prefix(20))", reason: "", outcome: outcome)
        }
        guard grant.allows(.operate), grant.org == nil else {
            _ = audit.write(line("refused: the token may not operate the firm"))
            throw Problem.forbidden("Alerts are the firm's: the token must operate every org.")
        }
        guard let id = Int64(number), id > 0 else {
            throw Problem.badRequest("`\(number.prefix(40))` is no number of an alert.")
        }
        guard audit.write(line("asked by \(name)")) else {
            throw Problem.unavailable("The audit trail cannot be written.")
        }
        guard try alerts?.acknowledge(id, by: name, at: WallClock.now()) ?? false else {
            _ = audit.write(line("failed: no such alert stands"))
            throw Problem.notFound("No alert \(id) stands.")
        }
        _ = audit.write(line("acknowledged by \(name)"))
        return .json(try alerts?.standing().first { $0.id == id }.map(AlertSummary.init))
    }
}

/// The body of `POST /v1/alerts/{alert}/acknowledge`; it may be empty.
private struct Acknowledgement {
    /// Who looks after it.
    private(set) var by: String?

    init(_ body: [UInt8]) throws(Problem) {
        let bytes = body.isEmpty ? Array("{}".utf8) : body
        guard let values = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        else { throw .badRequest("The body must be a JSON object.") }
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            guard key == "by" else {
                throw .badRequest("`\(key.prefix(40))` is not known; known: by.")
            }
            guard let name = value as? String, (1...40).contains(name.utf8.count),
                name.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
            else {
                throw .badRequest("`by` must be 1 to 40 printable ASCII characters.")
            }
            by = name
        }
    }
}

/// What is asked for in a query string, strictly: a name that is not known is an error.
struct APIQuery: Sendable {
    private let query: [String: String]
    private let org: String?

    init(_ request: APIRequest, org: String?) {
        query = request.query
        self.org = org
    }

    func allow(_ names: String...) throws(Problem) {
        for name in query.keys.sorted() where !names.contains(name) {
            throw .badRequest(
                "The parameter `\(name.prefix(40))` is not known here"
                    + (names.isEmpty
                        ? "; there are none." : "; known: \(names.joined(separator: ", "))."))
        }
    }

    func number(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = query[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw .badRequest(
                "`\(name)` must be a whole number from \(range.lowerBound) to "
                    + "\(range.upperBound).")
        }
        return value
    }

    /// The filter of a list. A token of one org can ask for that org alone.
    func filter() throws(Problem) -> TraceFilter {
        let known = [
            "org", "account", "strategy", "instrument", "state", "cursor", "limit", "minutes",
        ]
        for (name, value) in query.sorted(by: { $0.key < $1.key }) {
            guard known.contains(name) else {
                throw .badRequest("The parameter `\(name.prefix(40))` is not known here.")
            }
            guard !value.isEmpty else { throw .badRequest("`\(name)` is empty.") }
        }
        if let org, let asked = query["org"], asked != org {
            throw .forbidden("The token shows org \(org) alone.")
        }
        var filter = TraceFilter(
            org: org ?? query["org"], account: query["account"], strategy: query["strategy"],
            instrument: query["instrument"], state: query["state"])
        filter.before = try number("cursor", in: 1...Int.max).map(Int64.init)
        filter.limit = try number("limit", in: 1...TraceFilter.limitMax) ?? 50
        return filter
    }
}

/// The body of `POST /v1/halt` and `/v1/resume`. Without a name it concerns everything.
struct SteeringOrder: Sendable {
    private(set) var org: String?
    private var account: String?
    private var strategy: String?
    private var venue: String?
    private var instrument: String?
    private(set) var reason = ""

    init(_ body: [UInt8]) throws(Problem) {
        let bytes = body.isEmpty ? Array("{}".utf8) : body
        guard let values = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        else { throw .badRequest("The body must be a JSON object.") }
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let text = value as? String, text.utf8.count <= 512 else {
                throw .badRequest("`\(key.prefix(40))` must be a text of at most 512 bytes.")
            }
            switch key {
            case "org": org = text
            case "account": account = text
            case "strategy": strategy = text
            case "venue": venue = text
            case "instrument": instrument = text
            case "reason": reason = text
            default:
                throw .badRequest(
                    "`\(key.prefix(40))` is not known; known: org, account, strategy, venue, "
                        + "instrument, reason.")
            }
        }
        guard (1...128).contains(reason.unicodeScalars.count) else {
            throw .badRequest("Say why in `reason`, in 1 to 128 characters.")
        }
    }

    func scope() throws(Problem) -> OperatorScope {
        guard [org, venue, instrument].compactMap({ $0 }).count <= 1 else {
            throw .badRequest("Give one of org (with account, strategy), venue or instrument.")
        }
        guard strategy == nil || account != nil, account == nil || org != nil else {
            throw .badRequest("A strategy needs its account, an account its org.")
        }
        if let venue { return .venue(try name(venue)) }
        if let instrument {
            guard let id = InstrumentID(instrument) else {
                throw .badRequest("`\(instrument.prefix(40))` is no name of an instrument.")
            }
            return .instrument(id)
        }
        guard let org else { return .all }
        let owner: OrgID = try name(org)
        guard let account else { return .org(owner) }
        let held: AccountID = try name(account)
        guard let strategy else { return .account(owner, held) }
        return .strategy(owner, held, try name(strategy))
    }

    private func name<ID: ShortIdentifier>(_ text: String) throws(Problem) -> ID {
        guard let id = ID(text), !id.isEmpty else {
            throw .badRequest("`\(text.prefix(40))` is no name: at most 16 plain characters.")
        }
        return id
    }
}
