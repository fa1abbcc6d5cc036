import Cryptography
import Testing
import Trading

@testable import Venues

@Suite struct ExaminationTests {
    private static let now = Timestamp(seconds: 1_770_000_000)

    /// A venue that answers by path; what is not scripted is not there.
    private static func reply(
        _ script: [String: (Int, String)], _ target: String, clockAhead: Span = .zero
    ) -> VenueReply {
        let path = target.split(separator: "?").first.map(String.init) ?? target
        let (status, body) = script[path] ?? (404, #"{"error":"not found"}"#)
        let venueTime = Timestamp(nanoseconds: now.nanoseconds - clockAhead.nanoseconds)
        return VenueReply(
            answer: .response(status: status, body: Array(body.utf8)), venueTime: venueTime,
            askedAt: now, answeredAt: now + .seconds(1))
    }

    private static func verdicts(_ findings: [VenueFinding]) -> [String] {
        findings.map { "\($0.subject.rawValue) \($0.verdict.rawValue)" }
    }

    // Kalshi.

    private static let soundKalshi: [String: (Int, String)] = [
        "/exchange/status": (200, #"{"exchange_active":true,"trading_active":true}"#),
        "/portfolio/balance": (200, #"{"balance":12345}"#),
        "/account/limits": (200, #"{"usage_tier":"basic","read_limit":20,"write_limit":10}"#),
        "/markets": (
            200,
            #"{"markets":[{"ticker":"KXA-1","event_ticker":"KXA","status":"active","#
                + #""price_level_structure":"linear_cent","open_time":"2026-01-01T00:00:00Z","#
                + #""close_time":"2026-12-01T00:00:00Z","title":"A"}],"cursor":""}"#
        ),
    ]

    private static func kalshi(
        _ changes: [String: (Int, String)] = [:], options: [String: String] = [:],
        isReplay: Bool = false, clockAhead: Span = .zero
    ) throws -> [VenueFinding] {
        let settings = VenueSettings(
            url: "http://127.0.0.1:8701/trade-api/v2", keyID: "key", keyFile: "none",
            isReplay: isReplay, options: options)
        let script = soundKalshi.merging(changes) { $1 }
        var examination = KalshiExamination(try KalshiConfiguration(settings)) { request in
            #expect(request.method == .get)
            return reply(script, request.resource, clockAhead: clockAhead)
        }
        return examination.run()
    }

    @Test func aSoundKalshiAccountIsFine() throws {
        #expect(
            Self.verdicts(try Self.kalshi()) == [
                "venue fine", "clock fine", "exchange fine", "account fine", "balance fine",
                "limits fine", "markets fine",
            ])
    }

    @Test func aBadKeyIsNamedAndTheRestIsStillLookedAt() throws {
        let findings = try Self.kalshi([
            "/portfolio/balance": (
                401, #"{"error":{"code":"authentication_error","message":"bad signature"}}"#
            )
        ])
        #expect(
            Self.verdicts(findings) == [
                "venue fine", "clock fine", "exchange fine", "account wrong", "markets fine",
            ])
        let account = try #require(findings.first { $0.subject == .account })
        #expect(account.detail.contains("401"))
        #expect(account.detail.contains("bad signature"))
        #expect(account.advice.contains("key-id"))
    }

    @Test(arguments: [(-600, "behind"), (600, "ahead of")])
    func aSkewedClockIsWrong(seconds: Int, direction: String) throws {
        let findings = try Self.kalshi(clockAhead: .seconds(Int64(seconds)))
        let clock = try #require(findings.first { $0.subject == .clock })
        #expect(clock.verdict == .wrong)
        #expect(clock.detail.contains(direction))
    }

    @Test(arguments: [(5, VenueFinding.Verdict.notice), (6, .wrong)])
    func fiveSecondsOfSkewAreStillTaken(seconds: Int, verdict: VenueFinding.Verdict) {
        #expect(VenueFinding.clock(.seconds(Int64(seconds))).verdict == verdict)
    }

    @Test func aBudgetAboveTheTierIsWrong() throws {
        let findings = try Self.kalshi(options: ["write-tokens": "101"])
        let limits = try #require(findings.first { $0.subject == .limits })
        #expect(limits.verdict == .wrong)
        #expect(limits.detail.contains("write-tokens 101"))
        // A replay has the venue's market time, in which the venue counts.
        let replay = try Self.kalshi(options: ["write-tokens": "101"], isReplay: true)
        #expect(replay.first { $0.subject == .limits }?.verdict == .fine)
    }

    @Test func aPausedExchangeAndAnUnknownSeriesAreNoticed() throws {
        let findings = try Self.kalshi(
            [
                "/exchange/status": (200, #"{"exchange_active":true,"trading_active":false}"#),
                "/markets": (200, #"{"markets":[],"cursor":""}"#),
            ], options: ["series": "KXNONE"])
        #expect(findings.contains { $0.subject == .exchange && $0.verdict == .notice })
        #expect(findings.contains { $0.subject == .markets && $0.detail.contains("KXNONE") })
    }

    @Test func nobodyThereEndsTheQuestions() throws {
        let settings = VenueSettings(
            url: "http://127.0.0.1:8701/trade-api/v2", keyID: "key", keyFile: "none",
            isReplay: false)
        var examination = KalshiExamination(try KalshiConfiguration(settings)) { _ in
            VenueReply(
                answer: .notSent("cannot connect: refused"), venueTime: nil, askedAt: Self.now,
                answeredAt: Self.now)
        }
        #expect(Self.verdicts(examination.run()) == ["venue unreachable"])
    }

    // Polymarket.

    private static let condition = "0x" + String(repeating: "ab", count: 32)

    private static let soundPolymarket: [String: (Int, String)] = [
        "/time": (200, "1770000000"),
        "/auth/derive-api-key": (
            200, #"{"apiKey":"k","secret":"c2VjcmV0","passphrase":"p"}"#
        ),
        "/auth/ban-status/closed-only": (200, #"{"closed_only":false}"#),
        "/balance-allowance": (
            200,
            #"{"balance":"5000000","allowances":{"0xE111180000d2663C0091e4f400237545B87B996B":"9"}}"#
        ),
        "/markets/\(condition)": (200, PolymarketBench.market()),
    ]

    private static func polymarket(
        _ changes: [String: (Int, String)] = [:]
    ) throws -> (findings: [VenueFinding], asked: [String]) {
        let key = try Secp256k1PrivateKey(SecretBytes([UInt8](repeating: 7, count: 32)))
        let configuration = try PolymarketConfiguration(
            VenueSettings(
                url: "http://127.0.0.1:8702", keyID: key.address.description, keyFile: "none",
                isReplay: false, options: ["markets": condition, "chain": "80002"]))
        let signer = try PolymarketSigner(
            key: key, funder: nil, signatureType: .account, contracts: configuration.contracts)
        let script = soundPolymarket.merging(changes) { $1 }
        var asked: [String] = []
        var examination = PolymarketExamination(configuration, signer: signer) { request, _ in
            asked.append("\(request.method.rawValue) \(request.path)")
            return reply(script, request.path)
        }
        let findings = examination.run()
        return (findings, asked)
    }

    @Test func aSoundPolymarketAccountIsFineAndNothingWasWritten() throws {
        let (findings, asked) = try Self.polymarket()
        #expect(
            Self.verdicts(findings) == [
                "venue fine", "clock fine", "markets fine", "account fine", "account fine",
                "balance fine", "allowance fine", "limits notice",
            ])
        #expect(asked.allSatisfy { $0.hasPrefix("GET ") })
        #expect(!asked.contains { $0.contains("heartbeat") })
    }

    @Test func aMissingAllowanceNamesTheContract() throws {
        let (findings, _) = try Self.polymarket([
            "/balance-allowance": (200, #"{"balance":"5000000","allowances":{}}"#)
        ])
        let allowance = try #require(findings.first { $0.subject == .allowance })
        #expect(allowance.verdict == .wrong)
        #expect(allowance.detail.contains("0xE111180000d2663C0091e4f400237545B87B996B"))
    }

    @Test func anAccountThatMayOnlyCloseIsWrong() throws {
        let (findings, _) = try Self.polymarket([
            "/auth/ban-status/closed-only": (200, #"{"closed_only":true}"#)
        ])
        #expect(findings.contains { $0.subject == .account && $0.verdict == .wrong })
    }

    @Test func aWalletWithoutAPIKeyGetsNone() throws {
        let (findings, asked) = try Self.polymarket([
            "/auth/derive-api-key": (400, #"{"error":"Could not derive api key"}"#)
        ])
        #expect(findings.last?.verdict == .notice)
        #expect(!asked.contains { $0.hasPrefix("POST") })
    }

    @Test func theVenueClockIsReadFromItsTime() throws {
        let (findings, _) = try Self.polymarket(["/time": (200, "1769999000")])
        let clock = try #require(findings.first { $0.subject == .clock })
        #expect(clock.verdict == .wrong)
        #expect(clock.detail.contains("ahead of"))
    }

    // The time of HTTP.

    @Test func httpDatesAreRead() {
        // The example of RFC 9110, 5.6.7.
        #expect(httpDate("Sun, 06 Nov 1994 08:49:37 GMT") == Timestamp(seconds: 784_111_777))
        for text in ["", "Sun, 06 Nov 1994 08:49:37", "Sunday, 06-Nov-94 08:49:37 GMT"] {
            #expect(httpDate(text) == nil)
        }
    }
}
