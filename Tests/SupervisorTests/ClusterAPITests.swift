import Foundation
import Logging
import Runtime
import Synchronization
import TestSupport
import Testing
import Trading
import Wire

@testable import Supervisor

/// A helm that obeys and remembers.
private actor RecordedHelm: Helm {
    private(set) var orders: [String] = []

    func halt(_ scope: OperatorScope, reason: String) async throws -> [SteeringResult] {
        orders.append("halt \(scope): \(reason)")
        return [
            SteeringResult(
                process: "core", isAccepted: true, state: "halted", cancelled: 2, detail: "done",
                isAvailable: true)
        ]
    }

    func resume(_ scope: OperatorScope, reason: String) async throws -> [SteeringResult] {
        throw Problem.conflict("2 operators must sign")
    }

    func limits() async throws -> LimitsReport {
        throw AdminError.unavailable(Sample.core, "stopped")
    }
}

/// The API over the traces of two orgs.
private struct APIFixture {
    let folder: ScratchFolder
    let api: ClusterAPI
    let helm = RecordedHelm()
    let alerts: AlertStore
    let all: String
    let reader: String
    let demo: String
    let other: String
    let expired: String

    init(orders: Int = 30) async throws {
        folder = try ScratchFolder()
        let path = try FixtureJournal.write(TwoDays().entries, in: folder.path)
        let store = try TraceStore(path: folder.path + "/traces.sqlite", ordersMax: 10_000)
        let log = Logger(label: "api")
        let traces = try TraceProjection(
            FileTraces(path: path), into: store, cluster: ShortName("paper-demo") ?? .empty,
            log: log)
        try await traces.catchUp()
        // Orders of both orgs, in turn, behind the one of the journal.
        let rows = (100..<100 + orders).map { number in
            TraceChange.order(
                OrderRow(sample: UInt64(number), org: number % 2 == 0 ? Sample.org : TwoDays.other))
        }
        let end = try store.cursor()
        try store.write(
            rows, upTo: .init(entry: end.entry.next, chain: end.chain, at: end.at))
        let tokens = AccessTokens(folder: folder.path)
        all = try tokens.add(name: "all", scopes: [.read, .operate], org: nil, expiresAt: nil)
        reader = try tokens.add(name: "reader", scopes: [.read], org: nil, expiresAt: nil)
        demo = try tokens.add(
            name: "demo", scopes: [.read, .operate], org: "demo", expiresAt: nil)
        other = try tokens.add(name: "other", scopes: [.read], org: "other", expiresAt: nil)
        expired = try tokens.add(name: "old", scopes: [.read], org: nil, expiresAt: 1)
        alerts = try AlertStore(path: folder.path + "/alerts.sqlite")
        api = ClusterAPI(
            facts: ClusterFacts(try sampleConfiguration()), traces: traces, board: StatusBoard(),
            helm: helm, tokens: tokens,
            audit: try AuditTrail(path: folder.path + "/audit.jsonl"), alerts: alerts,
            federation: folder.path + "/status.json", log: log)
    }

    func get(_ path: String, _ query: [String: String] = [:], as token: String?) async -> APIReply {
        await api.respond(to: APIRequest(.get, path, query: query, token: token))
    }

    func post(_ path: String, _ body: String, as token: String?) async -> APIReply {
        await api.respond(
            to: APIRequest(.post, path, token: token, body: Array(body.utf8)))
    }

    var audit: String {
        (try? String(contentsOfFile: folder.path + "/audit.jsonl", encoding: .utf8)) ?? ""
    }
}

extension APIReply {
    fileprivate var text: String {
        guard case .bytes(let bytes) = body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    fileprivate func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}

extension OrderRow {
    fileprivate init(sample number: UInt64, org: OrgID) {
        let sample = OrderRow(sample: number)
        self.init(
            order: sample.order, entry: sample.entry, at: sample.at,
            owner: StrategyKey(
                org: org, account: Sample.account, mode: .paper, strategy: Sample.strategy),
            agent: sample.agent, gateway: sample.gateway, instrument: sample.instrument,
            side: .buy, price: sample.price, quantity: sample.quantity,
            fairValue: sample.fairValue, expectedEdge: sample.expectedEdge, confidence: 0.8,
            bid: sample.bid, ask: sample.ask, isRejected: false, isPrevented: false, reason: "")
    }
}

/// For whom overviews were made.
private final class Makings: Sendable {
    private let names = Mutex<[String]>([])
    var sorted: [String] { names.withLock { $0.sorted() } }
    func note(_ name: String) { names.withLock { $0.append(name) } }
}

@Suite struct ClusterAPITests {
    @Test func everyResourceAnswersAndIsDocumented() async throws {
        let fixture = try await APIFixture()
        let document = try #require(
            JSONSerialization.jsonObject(
                with: Data(await fixture.get("/openapi.json", as: nil).text.utf8)) as? [String: Any]
        )
        let paths = try #require(document["paths"] as? [String: Any])
        let served =
            (ClusterAPI.reads + ClusterAPI.writes).map { "/v1/\($0)" } + [
                "/v1/orders/{id}", "/v1/orders/{id}/explain", "/metrics", "/healthz",
                "/v1/alerts/{alert}/acknowledge",
            ]
        #expect(Set(paths.keys) == Set(served))
        for name in ClusterAPI.reads where !["limits", "stream"].contains(name) {
            let reply = await fixture.get("/v1/\(name)", as: fixture.all)
            #expect(reply.status == 200 && reply.type == "application/json", "\(name): \(reply)")
        }
        #expect(await fixture.get("/v1/limits", as: fixture.all).status == 503)
    }

    @Test func aPeerOfAFederationIsShownAsItSays() async throws {
        let fixture = try await APIFixture()
        func report() async throws -> FederationReport {
            try await fixture.get("/v1/federation", as: fixture.all).decoded(FederationReport.self)
        }
        #expect(try await report().state == "none")
        func write(_ text: String) throws {
            try text.write(
                toFile: fixture.folder.path + "/status.json", atomically: true, encoding: .utf8)
        }
        let now = WallClock.now().nanoseconds / 1_000_000
        for (age, state) in [(Int64(0), "masking"), (60_000, "silent")] {
            try write(
                """
                {"peer":"p","federation":"f","height":7,"model":"m","attempt":2,"stage":"masking",
                "isCoordinating":false,"takesPart":true,"isHalted":false,"hasUpdate":true,
                "linked":["q"],"writtenMillis":\(now - age)}
                """)
            let found = try await report()
            #expect(found.state == state && found.version == 7 && found.linked == ["q"])
            #expect((found.ageMillis ?? -1) >= age)
        }
        try write("nonsense")
        #expect(await fixture.get("/v1/federation", as: fixture.all).status == 503)
        #expect(await fixture.get("/v1/federation", as: fixture.demo).status == 403)
    }

    @Test func whoIsNobodyGetsNothing() async throws {
        let fixture = try await APIFixture()
        let names = ClusterAPI.reads.map { "/v1/\($0)" } + ["/metrics", "/v1/orders/7/explain"]
        for token in [nil, "", "bw_00", fixture.expired, fixture.all + "0"] {
            for name in names.prefix(token == nil ? names.count : 3) {
                let reply = await fixture.get(name, as: token)
                #expect(reply.status == 401, "\(name)")
                #expect(reply.type == "application/problem+json")
            }
        }
        #expect(await fixture.post("/v1/halt", #"{"reason":"x"}"#, as: nil).status == 401)
        #expect(await fixture.helm.orders.isEmpty)
    }

    @Test func floodsAreSlowed() async throws {
        let fixture = try await APIFixture()
        var statuses: Set<Int> = []
        for _ in 0..<400 { statuses.insert(await fixture.get("/v1/halts", as: "bw_0").status) }
        #expect(statuses == [401, 429])
        // A flood of nobody's does not keep others out.
        #expect(await fixture.get("/v1/halts", as: fixture.all).status == 200)
    }

    /// Whatever an org's token asks for, it never sees another org's rows.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func anOrgSeesItsOwnAlone(seed: UInt64) async throws {
        let fixture = try await APIFixture(orders: 12)
        var random = SeededRandom(seed: seed)
        let values = ["demo", "other", "main", "updown", "", "' OR 1=1 --", "5", "113", "200"]
        let keys = ["org", "account", "strategy", "instrument", "state", "cursor", "limit"]
        for _ in 0..<40 {
            let name =
                ["orders", "fills", "traces", "notes", "overview", "positions", "orgs"]
                .randomElement(using: &random) ?? ""
            var query: [String: String] = [:]
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                query[keys.randomElement(using: &random) ?? ""] = values.randomElement(
                    using: &random)
            }
            let reply = await fixture.get("/v1/\(name)", query, as: fixture.other)
            #expect([200, 400, 403].contains(reply.status), "\(name) \(query): \(reply.text)")
            #expect(!reply.text.contains(#""org":"demo""#), "\(name) \(query)")
        }
        for order in 100..<112 {
            let reply = await fixture.get("/v1/orders/\(order)", as: fixture.other)
            // Rows without a journalled request cannot be explained; those of others do not exist.
            #expect(reply.status == 404)
        }
        #expect(await fixture.get("/v1/orders/7/explain", as: fixture.other).status == 404)
        #expect(await fixture.get("/v1/orders/7/explain", as: fixture.demo).status == 200)
        #expect(await fixture.get("/metrics", as: fixture.other).status == 403)
        #expect(await fixture.get("/v1/limits", as: fixture.other).status == 403)
    }

    @Test func pagesAndExplains() async throws {
        let fixture = try await APIFixture()
        var seen: [Int64] = []
        var query = ["limit": "7", "org": "demo"]
        while true {
            let page = try await fixture.get("/v1/orders", query, as: fixture.reader)
                .decoded(TracePage<OrderSummary>.self)
            seen += page.items.map(\.order)
            guard let next = page.next else { break }
            query["cursor"] = next
        }
        #expect(seen == (100..<130).filter { $0 % 2 == 0 }.reversed().map(Int64.init) + [7])
        let explained = try await fixture.get("/v1/orders/7/explain", as: fixture.reader)
            .decoded(Explanation.self)
        #expect(explained.order == 7 && explained.filled == "2")
        let page = await fixture.api.respond(
            to: APIRequest(
                .get, "/v1/orders/7/explain", token: fixture.reader, prefersHTML: true))
        #expect(page.type.hasPrefix("text/html") && page.text.contains("<h1>Order 7"))
        #expect(!page.text.contains("style=") && !page.text.contains("<script"))
    }

    @Test(arguments: [
        ("/v1/orders", ["limit": "0"], 400), ("/v1/orders", ["limit": "201"], 400),
        ("/v1/orders", ["cursor": "x"], 400), ("/v1/orders", ["sort": "1"], 400),
        ("/v1/orders/0", [:], 400), ("/v1/orders/abc", [:], 400), ("/v1/orders/999", [:], 404),
        ("/v1/orders/7/why", [:], 404), ("/v1/nothing", [:], 404), ("/v2/orders", [:], 404),
        ("/v1/equity", ["minutes": "-1"], 400), ("/v1/positions/1", [:], 404),
        ("/../etc/passwd", [:], 404), ("/v1/halt", [:], 405),
    ])
    func nonsenseGetsAProblem(path: String, query: [String: String], status: Int) async throws {
        let fixture = try await APIFixture()
        let reply = await fixture.get(path, query, as: fixture.all)
        #expect(reply.status == status && reply.type == "application/problem+json")
        let problem = try reply.decoded(Problem.self)
        #expect(problem.status == status && !problem.detail.isEmpty)
    }

    @Test func steersAndWritesItDown() async throws {
        let fixture = try await APIFixture()
        let halt = await fixture.post(
            "/v1/halt", #"{"reason":"looks wrong","org":"demo"}"#, as: fixture.demo)
        #expect(halt.status == 200)
        try #expect(halt.decoded([SteeringResult].self).first?.cancelled == 2)
        #expect(await fixture.helm.orders == ["halt org demo: looks wrong"])
        for (body, token, status) in [
            (#"{"reason":"x"}"#, fixture.reader, 403),
            // An org's token may not halt everything, nor another org.
            (#"{"reason":"x"}"#, fixture.demo, 403),
            (#"{"reason":"x","org":"other"}"#, fixture.demo, 403),
            (#"{"org":"demo"}"#, fixture.all, 400), ("[]", fixture.all, 400),
            (#"{"reason":"x","venue":"v","org":"demo"}"#, fixture.all, 400),
            (#"{"reason":"x","account":"main"}"#, fixture.all, 400),
            (#"{"reason":"x","org":"much too long a name"}"#, fixture.all, 400),
            (#"{"reason":1}"#, fixture.all, 400), ("{", fixture.all, 400),
        ] {
            #expect(await fixture.post("/v1/halt", body, as: token).status == status, "\(body)")
        }
        #expect(
            await fixture.post("/v1/resume", #"{"reason":"x"}"#, as: fixture.all).status == 409)
        #expect(await fixture.helm.orders.count == 1)
        let lines = fixture.audit.split(separator: "\n")
        #expect(lines.count { $0.contains(#""token":"demo""#) } == 4)
        #expect(lines.count { $0.contains("refused") } == 3)
        #expect(fixture.audit.contains("failed:") && fixture.audit.contains("looks wrong"))
    }

    /// Whoever operates the firm takes an alert on; it is written down, and metrics and the
    /// overview say it.
    @Test func alertsAreAcknowledged() async throws {
        let desk = try await APIFixture()
        let rule = try #require(AlertRuleConfiguration.standard.first)
        try desk.alerts.write(
            [.raise(rule, AlertReading(signal: rule.signal, subject: "core", value: 1, text: "x"))],
            telling: [], at: Timestamp(seconds: 5))
        let path = "/v1/alerts/1/acknowledge"
        #expect(await desk.post(path, "", as: nil).status == 401)
        #expect(await desk.post(path, "", as: desk.reader).status == 403)
        #expect(await desk.post(path, "", as: desk.demo).status == 403)
        #expect(await desk.get(path, as: desk.all).status == 405)
        #expect(await desk.post(path, "[]", as: desk.all).status == 400)
        #expect(await desk.post(path, #"{"who":"anna"}"#, as: desk.all).status == 400)
        #expect(await desk.post("/v1/alerts/x/acknowledge", "", as: desk.all).status == 400)
        #expect(await desk.post("/v1/alerts/9/acknowledge", "", as: desk.all).status == 404)
        let before = try await desk.api.overview(org: nil)
        #expect(before.alerts.map(\.isAcknowledged) == [false])
        let text = MetricsText(before).text
        let severity = rule.severity.rawValue
        let name = "bellwether_alerts_standing{severity=\"\(severity)\",acknowledged="
        #expect(text.contains(name + "\"no\"} 1") && text.contains(name + "\"yes\"} 0"))
        #expect(await desk.post(path, #"{"by":"anna"}"#, as: desk.all).status == 200)
        #expect(try desk.alerts.standing().map(\.acknowledgedBy) == ["anna"])
        #expect(try await desk.api.overview(org: nil).alerts.map(\.isAcknowledged) == [true])
        // An org's token sees nothing of the firm's alerts.
        #expect(try await desk.api.overview(org: "demo").alerts.isEmpty)
        #expect(desk.audit.contains("acknowledged by anna"))
        #expect(desk.audit.contains("refused: the token may not operate the firm"))
    }

    @Test func tokensEndAndAreNowhereInClear() async throws {
        let fixture = try await APIFixture()
        let tokens = fixture.api.tokens
        let file = try String(contentsOfFile: tokens.path, encoding: .utf8)
        #expect(!file.contains(fixture.all))
        #expect(throws: ProcessFailure.self) {
            _ = try tokens.add(name: "all", scopes: [.read], org: nil, expiresAt: nil)
        }
        try #expect(tokens.revoke("reader"))
        try #expect(!tokens.revoke("reader"))
        #expect(await fixture.get("/v1/halts", as: fixture.reader).status == 401)
        let local = try tokens.local()
        try #expect(tokens.local() == local)
        #expect(await fixture.get("/v1/halts", as: local).status == 200)
    }

    @Test func thePageIsWholeAndLoadsNothingFromElsewhere() async throws {
        let fixture = try await APIFixture()
        let page = await fixture.get("/", as: nil)
        #expect(page.status == 200 && page.type.hasPrefix("text/html"))
        #expect(!page.text.contains("http://") && !page.text.contains("https://"))
        #expect(!page.text.contains("style=") && !page.text.contains(" onclick"))
        for name in ["/dashboard.css", "/dashboard.js"] {
            #expect(page.text.contains("\"\(name)\""))
            #expect(await fixture.get(name, as: nil).status == 200)
        }
    }

    @Test func eventsCarryOrdersOnceAndEndWithTheToken() async throws {
        let fixture = try await APIFixture()
        let reply = await fixture.get("/v1/stream", as: fixture.other)
        guard case .events(let feed) = reply.body else {
            Issue.record("no events: \(reply)")
            return
        }
        var texts: [String] = []
        // The token goes after the first events, and the stream with it.
        try await feed.run { bytes in
            texts.append(String(decoding: bytes, as: UTF8.self))
            if texts.count == 2 { try #expect(fixture.api.tokens.revoke("other")) }
        }
        #expect(texts.count == 2)
        #expect(texts[1].contains("event: overview\ndata: {"))
        #expect(
            texts[1].contains("event: orders\ndata: [{") && !texts[1].contains(#""org":"demo""#))
    }

    /// Twenty followers of one scope cost one overview, and no scope sees another's.
    @Test func followersOfOneScopeShareWhatTheySee() async throws {
        let fixture = try await APIFixture()
        let api = fixture.api
        let made = Makings()
        let cache = SceneCache()
        let scenes = try await withThrowingTaskGroup(of: (String?, SceneCache.Scene).self) {
            group in
            for index in 0..<40 {
                let org = index % 2 == 0 ? nil : "demo"
                group.addTask {
                    let scene = try await cache.latest(org: org) {
                        made.note(org ?? "all")
                        return try await api.overview(org: org)
                    }
                    return (org, scene)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(made.sorted == ["all", "demo"])
        let texts = { (org: String?) in Set(scenes.filter { $0.0 == org }.map(\.1.text)) }
        #expect(texts(nil).count == 1 && texts("demo").count == 1 && texts(nil) != texts("demo"))
    }

    @Test func metricsAreWellFormedAndNamed() async throws {
        let fixture = try await APIFixture()
        let text = await fixture.get("/metrics", as: fixture.reader).text
        let names = Set(MetricsText.families.map(\.name))
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let name = String(line.prefix { $0 != "{" && $0 != " " })
            #expect(names.contains(name), "\(line)")
            #expect(Double(line.split(separator: " ").last ?? "") != nil, "\(line)")
        }
        #expect(text.contains("bellwether_orders_requested_total{org=\"demo\""))
    }
}
