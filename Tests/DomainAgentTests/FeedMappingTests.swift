import DomainAgent
import Foundation
import Runtime
import Signals
import Testing
import Trading

/// From the documented forms of sources to facts, by the mappings of deploy/config/feeds.yaml.
struct FeedMappingTests {
    /// The feeds of a domain in the sample; `url` replaces the addresses.
    static func feeds(
        _ domain: String, _ rules: [FactRule], url: String? = nil
    ) throws -> [FeedConfiguration] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "deploy/config/feeds.yaml")
        var text = try String(contentsOf: file, encoding: .utf8)
        if let url {
            text = text.replacing(/url: https:[^\n]*/, with: "url: \(url)")
                .replacing(/every: \d+[ms]/, with: "every: 100ms")
        }
        let root = try ConfigurationSection(
            ConfigurationValue(yaml: text, file: "feeds.yaml"), file: "feeds.yaml", path: "")
        return try FactParameters(root.section(domain), rules: rules).feeds
    }

    private static func facts(
        _ feed: FeedConfiguration, _ answer: String, at moment: Timestamp
    ) throws -> [FeedFact] {
        let document = try #require(FeedDocument(json: Array(answer.utf8)))
        return try feed.mappings.flatMap { mapping in
            let reading = try #require(
                mapping.facts(in: document, from: feed.name, receivedAt: moment))
            #expect(reading.unreadable == 0)
            return reading.facts
        }
    }

    private static func moment(_ text: String) throws -> Timestamp {
        try #require(FeedMoment(text)?.moment)
    }

    /// What the gate makes of facts that come after one another.
    private static func verdicts(_ facts: [FeedFact], _ rules: [FactRule]) -> [FactGate.Verdict] {
        var gate = FactGate(rules)
        return facts.map { gate.take($0) }
    }

    @Test func theServicesForecastIsForTheDaysOfItsPeriods() throws {
        let feed = try #require(try Self.feeds("weather", WeatherBelief.rules).first)
        let now = try Self.moment("2025-12-09T12:05:00Z")
        let facts = try Self.facts(feed, SourceAnswers.forecast, at: now)
        #expect(facts.map(\.topic) == ["KXHIGHNY-25DEC09", "KXHIGHNY-25DEC10"])
        #expect(facts.map { $0.values["high"] } == [38, 45])
        #expect(facts.allSatisfy { $0.unit == "fahrenheit" && $0.names == ["station": "KNYC"] })
        #expect(try facts[0].event == Self.moment("2025-12-09T06:20:10-05:00"))
        #expect(facts[0].ingest == now && facts[0].source == "nws-forecast")
        #expect(Self.verdicts(facts, WeatherBelief.rules) == [.accepted, .accepted])
    }

    @Test func anObservationIsOfTheStandardDayInFahrenheit() throws {
        let feed = try #require(try Self.feeds("weather", WeatherBelief.rules).last)
        let facts = try Self.facts(
            feed, SourceAnswers.observation, at: Self.moment("2025-12-10T02:00:00Z"))
        let fact = try #require(facts.first)
        // Nine in the evening of the 9th by New York's standard time.
        #expect(facts.count == 1 && fact.topic == "KXHIGHNY-25DEC09")
        #expect(abs((fact.values["temperature"] ?? 0) - 38.3) < 1e-9)
        #expect(Self.verdicts(facts, WeatherBelief.rules) == [.accepted])
    }

    @Test func aScoreboardTellsWhoPlaysAndHowItStands() throws {
        let feed = try #require(try Self.feeds("sports", SportsBelief.rules).first)
        let now = try Self.moment("2026-02-09T00:30:00Z")
        let facts = try Self.facts(feed, SourceAnswers.scoreboard, at: now)
        #expect(facts.map(\.kind) == ["fixture", "score"])
        #expect(facts[0].names == ["first": "SEA", "second": "NE"])
        #expect(facts[0].values["neutral"] == 1 && facts[0].values["season"] == 2025)
        #expect(facts[0].values["starts"] == 1_770_593_400)
        #expect(facts[1].values["first"] == 9 && facts[1].values["second"] == 0)
        #expect(abs((facts[1].values["minutes_left"] ?? 0) - 35.2) < 1e-6)
        #expect(facts.allSatisfy { $0.event == now && $0.topic == "KXSB-26" })
        var belief = SportsBelief()
        for fact in facts + [facts[0]] { try belief.learn(fact) }
        #expect(Self.verdicts(facts, SportsBelief.rules) == [.accepted, .accepted])
    }

    @Test func aListOfPollsIsToldInTheOrderOfItsDaysAndWithoutOtherRaces() throws {
        let feed = try #require(try Self.feeds("politics", PoliticsBelief.rules).first)
        let facts = try Self.facts(
            feed, SourceAnswers.polls, at: Self.moment("2026-10-10T00:00:00Z"))
        #expect(facts.map(\.names) == [["house": "Alder"], ["house": "Birch"]])
        #expect(facts.map { $0.values["days"] } == [33, 25])
        #expect(facts.map { $0.values["size"] } == [812, 1_200])
        #expect(facts.map { $0.values["share"] } == [0.5, 48.0 / 92])
        #expect(Self.verdicts(facts, PoliticsBelief.rules) == [.accepted, .accepted])
    }

    @Test func aFigureIsToldOnceItIsOut() throws {
        let feed = try #require(try Self.feeds("macro", MacroBelief.rules).first)
        let now = try Self.moment("2026-08-12T12:31:00Z")
        let before = try Self.facts(feed, SourceAnswers.calendar, at: now)
        #expect(before.map(\.kind) == ["consensus"])
        #expect(before[0].topic == "KXCPI-26JUL" && before[0].values["step"] == 0.1)
        let out = SourceAnswers.calendar.replacingOccurrences(
            of: #""consensus":0.3,"actual":null"#, with: #""consensus":0.3,"actual":0.4"#)
        let after = try Self.facts(feed, out, at: now)
        #expect(after.map(\.kind) == ["consensus", "release"])
        #expect(Self.verdicts(after, MacroBelief.rules) == [.accepted, .accepted])
    }

    // MARK: Sources that are wrong

    @Test func whatIsWrongInAnAnswerReachesTheGateUnderItsOwnName() throws {
        let feed = try #require(try Self.feeds("weather", WeatherBelief.rules).first)
        let now = try Self.moment("2025-12-09T12:05:00Z")
        let spoilt: [(String, String, FactRefusal)] = [
            (#""temperatureUnit":"F""#, #""temperatureUnit":"C""#, .wrongUnit),
            (#""temperatureUnit":"F","#, "", .wrongUnit),
            (#""temperature":38"#, #""temperature":"warm""#, .fieldMissing),
            (#""temperature":38"#, #""temperature":380"#, .outOfRange),
            (#""type":"Feature""#, #""type":"FeatureV2""#, .unknownSchema),
            ("2025-12-09T11:20:10", "2025-12-09T13:20:10", .fromTheFuture),
        ]
        for (was, becomes, refusal) in spoilt {
            let answer = SourceAnswers.forecast.replacingOccurrences(of: was, with: becomes)
            #expect(answer != SourceAnswers.forecast)
            let facts = try Self.facts(feed, answer, at: now)
            #expect(Self.verdicts(facts, WeatherBelief.rules).first == .refused(refusal), "\(was)")
        }
    }

    @Test func rowsThatSayNeitherWhenNorWhatAreCounted() throws {
        let feed = try #require(try Self.feeds("weather", WeatherBelief.rules).first)
        let mapping = try #require(feed.mappings.first)
        func reading(_ was: String, _ becomes: String) throws -> FactMapping.Reading? {
            let text = SourceAnswers.forecast.replacingOccurrences(of: was, with: becomes)
            let document = try #require(FeedDocument(json: Array(text.utf8)))
            return mapping.facts(in: document, from: "s", receivedAt: Timestamp.zero)
        }
        for (was, becomes) in [
            ("updateTime", "updated"), ("2025-12-09T11:20:10+00:00", "yesterday"),
            ("startTime", "start"), ("-05:00", "-05:00 and then some, "),
        ] {
            #expect(try reading(was, becomes)?.facts.isEmpty == true, "\(was)")
            #expect(try reading(was, becomes)?.unreadable == 2, "\(was)")
        }
        #expect(try reading(#""periods":["#, #""spans":["#) == nil)
        #expect(FeedDocument(json: Array("{".utf8)) == nil)
        #expect(FeedDocument(json: Array((String(repeating: "[", count: 9_000)).utf8)) == nil)
    }

    @Test(
        arguments: [
            ("2026-02-08T23:30Z", 1_770_593_400_000),
            ("2025-12-09T07:00:00-05:00", 1_765_281_600_000),
            ("2025-12-09T07:00:00.250+01:30", 1_765_258_200_250), ("2026-11-03", 1_793_664_000_000),
        ] as [(String, Int64)])
    func momentsAreRead(text: String, milliseconds: Int64) {
        #expect(FeedMoment(text)?.moment == Timestamp(milliseconds: milliseconds))
    }

    @Test(
        arguments: [
            "", "Z", "soon", "2026-13-01", "2026-02-30", "2026-02-08T25:00Z", "9999-01-01",
            "2026-02-08T23:30:99Z", "2026-02-08T23:30+99:00", "2026-02-08T23:30:00:00Z",
        ])
    func whatIsNoMomentIsNotRead(text: String) { #expect(FeedMoment(text)?.moment == nil) }

    // MARK: Configuration

    private static let good = """
        { name: s, url: "https://example.org/x", every: 1m, facts: [ { kind: observed, topic: T,
          values: [ { name: temperature, path: t } ] } ] }
        """

    private static func feed(_ yaml: String) throws -> FeedConfiguration {
        let value = try ConfigurationValue(yaml: yaml, file: "a.yaml")
        return try FeedConfiguration(
            ConfigurationSection(value, file: "a.yaml", path: "feeds[0]"),
            rules: WeatherBelief.rules)
    }

    @Test(
        arguments: [
            ("https://example.org", "http://example.org", "http on this machine"),
            ("https://example.org", "http://127.0.0.1.example.org", "http on this machine"),
            ("every: 1m", "every: 10ms", "100ms or more"),
            ("kind: observed", "kind: rumour", "outcome, forecast, observed, climate"),
            ("name: temperature", "name: warmth", "temperature"),
            ("kind: observed", "kind: forecast", "high"),
            ("path: t }", "scale: 2 }", "`path`, `sum` or `plus`"),
            ("path: t }", "path: t, days-until: soon }", "2026-11-03"),
            ("every: 1m,", "every: 1m, size-max: 1,", "size-max"),
            ("every: 1m,", "every: 1m, speed: 9,", "`speed`"),
            ("every: 1m,", #"every: 1m, headers: [ { name: "A: b", value: c } ],"#, "header"),
            ("every: 1m,", "every: 1m, headers: [ { name: A } ],", "`value` or `file`"),
        ])
    func whatIsWrongIsNamed(was: String, becomes: String, text: String) throws {
        _ = try Self.feed(Self.good)
        let yaml = Self.good.replacingOccurrences(of: was, with: becomes)
        #expect(yaml != Self.good)
        let error = try #require(throws: ConfigurationError.self) { try Self.feed(yaml) }
        #expect("\(error)".contains(text), "\(error)")
    }
}
