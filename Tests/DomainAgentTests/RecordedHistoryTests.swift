import DomainAgent
import Foundation
import Runtime
import Signals
import TestSupport
import Testing
import Trading

/// Facts that files without a feed's form tell about recorded markets.
struct RecordedHistoryTests {
    private static func parameters(
        _ yaml: String, _ rules: [FactRule] = SportsBelief.rules
    ) throws -> HistoryParameters {
        let value = try ConfigurationValue(yaml: yaml, file: "a.yaml")
        return try HistoryParameters(
            ConfigurationSection(value, file: "a.yaml", path: "recorded"), rules: rules)
    }

    private static let fixture =
        "{ event: KXSB-26, first: SEA, second: NE, neutral: true, season: 2025, minutes: 60, "
        + #"starts: "2026-02-08T18:30" }"#
    private static let sports =
        "{ results: { file: sports/games.csv, from: 2000 }, fixtures: [ \(fixture) ] }"
    private static let weather =
        "{ climates: [ { series: KXHIGHNY, station: KNYC, file: weather/highs.csv, days: 5 } ] }"

    /// A folder whose spot feed ends on 2026-07-24, so that both events move.
    private static func folder(_ files: [String: String]) throws -> String {
        let folder = try ScratchFolder.make("history")
        var files = files
        files["crypto/chainlink_btcusd_prices_x.csv"] = """
            feed_ts_ms,value,full_accuracy_value,server_ts_ms,recv_ms
            1784851200000,65000.5,65000500000000000000000,1784851200100,1784851200200
            1784937590000,65000.5,65000500000000000000000,1784937590100,1784937590200

            """
        files["prediction_markets/kalshi_superbowl_KXSB-26_bbo_x.csv"] = """
            timestamp,ticker,best_bid_price,best_bid_size,best_ask_price,best_ask_size,b,a,s
            2026-02-08T14:12:11.706445,KXSB-26-NE,0.32,9,0.33,9,1,1,0.01
            2026-02-08T14:12:11.706445,KXSB-26-SEA,0.67,9,0.68,9,1,1,0.01
            2026-02-08T22:54:00.000000,KXSB-26-NE,,0,0.01,9,0,1,
            2026-02-08T22:54:00.000000,KXSB-26-SEA,0.99,9,,0,1,0,

            """
        files["prediction_markets/kalshi_bbo_KXHIGHNY-25DEC10.csv"] = """
            timestamp,market_ticker,best_yes_bid,best_no_bid,implied_no_ask,implied_yes_ask
            2025-12-09T07:00:00.000000,KXHIGHNY-25DEC10-B44.5,35,60,65,40
            2025-12-09T07:00:00.000000,KXHIGHNY-25DEC10-T44,50,40,50,60
            2025-12-10T13:00:00.000000,KXHIGHNY-25DEC10-B44.5,99,0,1,100
            2025-12-10T13:00:00.000000,KXHIGHNY-25DEC10-T44,0,99,100,1

            """
        for (path, text) in files {
            let file = "\(folder)/\(path)"
            try FileManager.default.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            try text.write(toFile: file, atomically: true, encoding: .utf8)
        }
        return folder
    }

    private static let games = """
        date,season,neutral,playoff,team1,team2,elo1,elo2,elo_prob1,score1,score2,result1
        1999-10-03,1999,0,0,SEA,NE,1500,1500,0.5,20,10,1
        2020-10-03,2020,0,0,SEA,NE,1500,1500,0.5,30,10,1
        2021-02-07,2020,1,1,NE,SEA,1500,1500,0.5,14,21,0
        2026-02-07,2025,1,1,NE,SEA,1500,1500,0.5,14,21,0
        2026-02-09,2025,1,1,NE,SEA,1500,1500,0.5,,,
        2026-02-08,2025,1,1,SEA,NE,1500,1500,0.5,29,13,1

        """

    @Test func theGameMovesWithItsMarketAndItsOwnResultIsNotTold() throws {
        let folder = try Self.folder(["sports/games.csv": Self.games])
        let history = try RecordedHistory(Self.parameters(Self.sports), in: folder)
        let results = history.facts.filter { $0.kind == "result" }
        // Not the season before 2000, nor what was in no paper at the first quote.
        let days = results.map { String($0.event.description.prefix(10)) }
        #expect(days == ["2020-10-03", "2021-02-07", "2026-02-07"])
        #expect(results.map { $0.values["margin"] } == [20, -7, -7])
        #expect(results[1].ingest - results[1].event == .seconds(36 * 3_600))
        #expect(
            history.notes == [
                "sports/games.csv: left out 1 rows that were known after the first quote"
            ])
        let fixture = try #require(history.facts.last)
        #expect(fixture.kind == "fixture" && fixture.topic == "KXSB-26")
        #expect(fixture.ingest.description.hasPrefix("2026-07-24T14:12:11"))
        #expect(fixture.values["starts"] == 1_784_917_800)
        // The model takes all of it and prices the moved market before the game.
        var policy = FactPolicy(SportsBelief())
        for fact in history.facts { #expect(policy.observe(fact) == nil, "\(fact)") }
    }

    @Test func theClimateIsThatOfTheSeasonAndOfDaysBeforeTheFirstQuote() throws {
        var rows = "x,DATE,TMAX\n"
        for year in 2_016...2_025 {
            for day in 1...20 { rows += "0,\(year)-12-\(day < 10 ? "0" : "")\(day),\(40 + day)\n" }
            rows += "0,\(year)-07-04,99\n"
        }
        let folder = try Self.folder(["weather/highs.csv": rows + "0,2024-12-25,\n"])
        let history = try RecordedHistory(
            Self.parameters(Self.weather, WeatherBelief.rules), in: folder)
        let fact = try #require(history.facts.first)
        #expect(history.facts.count == 1 && fact.topic == "KXHIGHNY-25DEC10")
        // Nine whole years of the 5th to the 15th, and the 5th to the 7th of the last.
        let whole: Double = 9 * 11 * 50
        let mean = (whole + 45 + 46 + 47) / 102
        #expect(abs((fact.values["mean"] ?? 0) - mean) < 1e-9)
        #expect(fact.values["years"] == 10)
        #expect(fact.ingest.description.hasPrefix("2026-07-23T07:00:00"))
        #expect(fact.event < fact.ingest)
    }

    @Test func whatIsNotThereIsNamedAndNothingIsInvented() throws {
        let folder = try Self.folder([:])
        let sports = try RecordedHistory(Self.parameters(Self.sports), in: folder)
        #expect(sports.facts.map(\.kind) == ["fixture"])
        #expect(sports.notes.count == 1 && sports.notes[0].contains("games.csv: no such file"))
        let other = Self.sports.replacingOccurrences(of: "KXSB-26", with: "KXSB-99")
        let none = try RecordedHistory(Self.parameters(other), in: folder)
        #expect(none.facts.isEmpty && none.notes == ["no recorded quotes of KXSB-99"])
        #expect(try RecordedHistory(HistoryParameters(), in: "/nowhere").facts.isEmpty)
    }

    @Test func aFileOfAnotherFormIsRefusedWithItsLine() throws {
        let folder = try Self.folder(["sports/games.csv": "date,season\n2020-01-01,2020\n"])
        let error = try #require(throws: RecordingError.self) {
            try RecordedHistory(Self.parameters(Self.sports), in: folder)
        }
        #expect("\(error)".contains("games.csv:1: there is no column `neutral`"))
    }

    @Test(
        arguments: [
            ("{ climates: [] }", "results, fixtures"),
            ("{ results: { file: a.csv } }", "results.from"),
            (
                "{ fixtures: [ { event: E, first: A, second: B, neutral: true, season: 2025, "
                    + "minutes: 60, starts: soon } ] }", "2026-02-08T18:30"
            ),
        ])
    func whatIsWrongIsNamed(yaml: String, text: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try Self.parameters(yaml) }
        #expect("\(error)".contains(text), "\(error)")
    }

    @Test func twoFeedsAreOneAndNothingIsSeenEarly() throws {
        func fact(_ second: Int64) -> FeedFact {
            FeedFact(
                source: "s", kind: "k", topic: "t", event: Timestamp(seconds: second),
                ingest: Timestamp(seconds: second), unit: "u", values: [:])
        }
        let joined = JoinedFacts(
            StoredFacts([fact(1), fact(5)]), StoredFacts([fact(2), fact(3)]))
        var seen: [[Int64]] = []
        for second: Int64 in [0, 2, 4, 9] {
            var now: [Int64] = []
            while let fact = try joined.next(through: Timestamp(seconds: second)) {
                now.append(fact.event.nanoseconds / 1_000_000_000)
            }
            seen.append(now)
        }
        #expect(seen == [[], [1, 2], [3], [5]])
    }

    /// The real files, where they are.
    @Test(
        .enabled(
            if: RecordedDay.folder != nil,
            "there are no recordings at ../shared/data; set BELLWETHER_DATA"))
    func theRecordedSuperBowlIsPricedBeforeItBeginsAndNotDuringIt() throws {
        let folder = try #require(RecordedDay.folder)
        let yaml = Self.sports.replacingOccurrences(
            of: "sports/games.csv", with: "sports/nfl_elo_games_1920_2021.csv.gz")
        let history = try RecordedHistory(Self.parameters(yaml), in: folder)
        let fixture = try #require(history.facts.last { $0.kind == "fixture" })
        var belief = SportsBelief()
        for fact in history.facts { try belief.learn(fact) }
        let starts = Timestamp(seconds: Int64(fixture.values["starts"] ?? 0))
        let instrument = Instrument(
            id: InstrumentID("KXSB-26-SEA") ?? .empty, venue: VenueID("kalshi") ?? .empty,
            eventSet: EventSetID("KXSB-26") ?? .empty, tick: Price(units: 10_000_000),
            lot: Quantity(1), openAt: fixture.ingest, closeAt: starts + .seconds(16_000),
            title: "", ruleHash: "")
        guard case .believe(let before) = belief.belief(of: instrument, at: fixture.ingest) else {
            Issue.record("no belief before the game")
            return
        }
        print("Seattle before the game: \(before.probability) +- \(before.deviation)")
        #expect((0.35...0.75).contains(before.probability))
        // Five seasons without a game leave the model in doubt, and it says so.
        #expect(before.deviation > 0.1)
        guard case .abstain(.feedMissing) = belief.belief(of: instrument, at: starts) else {
            Issue.record("a game without a score was priced")
            return
        }
    }
}
