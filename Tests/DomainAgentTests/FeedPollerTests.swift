import DomainAgent
import Foundation
import Logging
import Runtime
import Signals
import TestSupport
import Testing
import Trading

/// Asking sources over HTTP, good ones and hostile ones.
struct FeedPollerTests {
    private static let now = Timestamp(seconds: 1_765_281_900)
    private static let clock: @Sendable () -> Timestamp = { now }

    private static func feed(_ url: String, _ change: (String) -> String = { $0 }) throws
        -> FeedConfiguration
    {
        let yaml = change(
            """
            { name: temps, url: "\(url)", every: 1m, timeout: 20s, size-max: 4096,
              headers: [ { name: User-Agent, value: "test (a@example.org)" } ],
              facts: [ { kind: observed, rows: rows, topic: T, event: at,
                         values: [ { name: temperature, path: t } ] } ] }
            """)
        let value = try ConfigurationValue(yaml: yaml, file: "a.yaml")
        return try FeedConfiguration(
            ConfigurationSection(value, file: "a.yaml", path: "feeds[0]"),
            rules: WeatherBelief.rules)
    }

    /// A poller on a server that answers so, and the outcomes of as many requests.
    private static func outcomes(
        _ answers: [ScriptedServer.Answer], count: Int? = nil,
        _ change: (String) -> String = { $0 }
    ) async throws -> (outcomes: [FeedPoller.Outcome], poller: FeedPoller, requests: [String]) {
        try await ScriptedServer.with(answers) { server, url in
            try await FeedPoller.with(feed(url, change)) { poller in
                var poller = poller
                var outcomes: [FeedPoller.Outcome] = []
                for _ in 0..<(count ?? answers.count) {
                    outcomes.append(await poller.poll(clock: clock))
                }
                return (outcomes, poller, server.requests)
            }
        }
    }

    private static func row(_ minute: Int, _ degrees: Double) -> String {
        #"{"at":"2025-12-09T11:\#(minute < 10 ? "0" : "")\#(minute):00Z","t":\#(degrees)}"#
    }

    private static func answer(_ rows: [String]) -> String {
        #"{"rows":[\#(rows.joined(separator: ","))]}"#
    }

    @Test func whatWasSaidIsToldOnceAndAskedForOnCondition() async throws {
        let headers = [#"ETag: "v1""#, "Last-Modified: Tue, 09 Dec 2025 11:00:00 GMT"]
        let list = Self.answer([Self.row(1, 40), Self.row(2, 41)])
        let longer = Self.answer([Self.row(1, 40), Self.row(2, 41), Self.row(3, 42)])
        let (outcomes, poller, requests) = try await Self.outcomes([
            .json(list, headers), .status(304), .json(longer, [#"ETag: "v2""#]), .json(longer),
        ])
        guard case .facts(let first) = outcomes[0], case .facts(let third) = outcomes[2],
            case .facts(let fourth) = outcomes[3]
        else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(first.facts.map { $0.values["temperature"] } == [40, 41])
        #expect(first.facts.allSatisfy { $0.ingest == Self.now && $0.source == "temps" })
        #expect(outcomes[1] == .unchanged)
        #expect(third.facts.map { $0.values["temperature"] } == [42])
        #expect(fourth.facts.isEmpty)
        #expect(poller.failures == 0 && poller.pause == .seconds(60))
        let lower = requests.map { $0.lowercased() }
        #expect(!lower[0].contains("if-none-match"))
        #expect(lower[0].contains("user-agent: test (a@example.org)"))
        #expect(lower[1].contains(#"if-none-match: "v1""#))
        #expect(lower[1].contains("if-modified-since: tue, 09 dec 2025 11:00:00 gmt"))
        #expect(lower[2].contains(#"if-none-match: "v1""#))
        #expect(lower[3].contains(#"if-none-match: "v2""#))
    }

    @Test func whatCannotBeUsedIsNamedAndAskedForMoreRarely() async throws {
        let (outcomes, poller, requests) = try await Self.outcomes([
            .json("{"), .json(#"{"lines":[]}"#, [#"ETag: "bad""#]), .status(500),
            .status(301, ["Location: http://127.0.0.1:1/"]), .json("<html></html>"),
        ])
        #expect(
            outcomes == [
                .failed(.notJSON), .failed(.anotherForm("observed")), .failed(.answered(500)),
                .failed(.answered(301)), .failed(.notJSON),
            ])
        #expect(poller.failures == 5)
        // Doubled five times is more than the most.
        #expect(poller.pause == .seconds(900))
        #expect(!requests.contains { $0.contains("bad") })
    }

    @Test func aSourceThatWantsToBeLeftAloneIsForAnHourAtMost() async throws {
        let (_, asked, _) = try await Self.outcomes([.status(429, ["Retry-After: 1000"])])
        #expect(asked.pause == .seconds(1_000))
        let (_, greedy, _) = try await Self.outcomes([.status(503, ["Retry-After: 99999999"])])
        #expect(greedy.pause == .seconds(3_600))
        let (_, odd, _) = try await Self.outcomes([.status(503, ["Retry-After: never"])])
        #expect(odd.pause == .seconds(120))
        let (outcomes, well, _) = try await Self.outcomes([
            .status(429, ["Retry-After: 1000"]), .json(Self.answer([])),
        ])
        #expect(outcomes.last == .facts(FactMapping.Reading()))
        #expect(well.pause == .seconds(60) && well.failures == 0)
    }

    @Test func anAnswerThatIsTooLargeIsNotReadToItsEnd() async throws {
        let rows = Self.answer(
            (0..<59).map { Self.row($0, 40) } + [String(repeating: " ", count: 4_096)])
        let endless =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let piece = "400\r\n" + String(repeating: " ", count: 1_024) + "\r\n"
        let (outcomes, _, _) = try await Self.outcomes([
            .json(rows), .drip(endless, then: piece),
        ])
        #expect(outcomes == [.failed(.tooLarge), .failed(.tooLarge)])
    }

    @Test func anAnswerThatComesTooSlowlyIsGivenUp() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n"
        let (outcomes, poller, _) = try await Self.outcomes([
            // One header after the other, then one byte of a body after the other, then nothing.
            .drip(head, then: "X-More: yes\r\n"), .drip(head + "\r\n", then: " "), .silence,
        ]) { $0.replacingOccurrences(of: "timeout: 20s", with: "timeout: 300ms") }
        #expect(outcomes[1] == .failed(.timedOut) && outcomes[2] == .failed(.timedOut))
        // The parser may have had enough of headers before the clock has.
        if case .failed = outcomes[0] {} else { Issue.record("\(outcomes[0])") }
        #expect(poller.failures == 3)
    }

    @Test func aSourceThatIsNotThereIsAFailure() async throws {
        let url = try await ScriptedServer.with([.silence]) { _, url in url }
        let outcome = try await FeedPoller.with(Self.feed(url)) { poller in
            var poller = poller
            return await poller.poll(clock: Self.clock)
        }
        guard case .failed(.noConnection) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    // MARK: As an agent sees it

    /// Takes what a feed says until it has said so much.
    private static func take(_ count: Int, from source: PolledFacts) async throws -> [FeedFact] {
        var facts: [FeedFact] = []
        while facts.count < count {
            while let fact = try source.next(through: now) { facts.append(fact) }
            try await Task.sleep(for: .milliseconds(5))
        }
        return facts
    }

    @Test(.timeLimit(.minutes(2)))
    func aSourceThatTurnsHostileIsQuarantinedAndNothingIsLost() async throws {
        // Good, then nonsense in every answer, then good again; each answer is one more row.
        var answers: [ScriptedServer.Answer] = []
        for minute in 0..<4 { answers.append(.json(Self.answer([Self.row(minute, 40)]))) }
        for minute in 4..<10 { answers.append(.json(Self.answer([Self.row(minute, 999)]))) }
        answers.append(.json("{"))
        for minute in 10..<30 { answers.append(.json(Self.answer([Self.row(minute, 41)]))) }
        let (facts, figures) = try await ScriptedServer.with(answers) { _, url in
            let feed = try Self.feed(url) {
                $0.replacingOccurrences(of: "every: 1m", with: "every: 100ms")
            }
            let source = try PolledFacts([feed], log: Logger(label: "test"), clock: Self.clock)
            return (try await Self.take(30, from: source), source.figures)
        }
        #expect(facts.count == 30)
        #expect(figures.first { $0.label == "poll.temps.failures" }?.value == 1)
        var policy = FactPolicy(WeatherBelief())
        let refusals = facts.map { policy.observe($0) }
        #expect(refusals[..<4].allSatisfy { $0 == nil })
        #expect(refusals[4..<10].allSatisfy { $0 == .outOfRange })
        #expect(refusals[10] == .quarantined, "good rows are not believed at once")
        #expect(refusals.last == .some(nil), "and are after sixteen of them")
        let path = try ScratchFolder.make("polled") + "/quarantine.jsonl"
        let file = QuarantineFile(path: path)
        for (fact, refusal) in zip(facts, refusals) {
            if let refusal { file.keep(fact, because: refusal) }
        }
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == refusals.count { $0 != nil })
        #expect(lines[0].contains(#""reason":"outOfRange""#))
    }

    @Test(.timeLimit(.minutes(2)))
    func aFactIsNotSeenBeforeItsReceiptAndAFileMayHoldAHeader() async throws {
        let path = try ScratchFolder.make("polled") + "/key"
        try "secret-1\n".write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let requests = try await ScriptedServer.with([.json(Self.answer([Self.row(1, 40)]))]) {
            server, url in
            let feed = try Self.feed(url) {
                $0.replacingOccurrences(
                    of: #"value: "test (a@example.org)""#, with: #"file: "\#(path)""#
                ).replacingOccurrences(of: "name: User-Agent", with: "name: X-Key")
            }
            let source = try PolledFacts([feed], log: Logger(label: "test"), clock: Self.clock)
            while source.figures.allSatisfy({ $0.value == 0 }) {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try source.next(through: Self.now - .seconds(1)) == nil)
            let fact = try source.next(through: Self.now)
            #expect(fact?.values["temperature"] == 40)
            return server.requests
        }
        #expect(requests.allSatisfy { $0.contains("X-Key: secret-1\r\n") && !requests.isEmpty })
        let missing = try Self.feed("https://example.org/x") {
            $0.replacingOccurrences(
                of: #"value: "test (a@example.org)""#, with: #"file: "\#(path)-not-there""#)
        }
        #expect(throws: ProcessFailure.self) {
            try PolledFacts([missing], log: Logger(label: "test"))
        }
    }
}
