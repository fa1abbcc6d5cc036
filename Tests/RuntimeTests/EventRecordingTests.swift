import Foundation
import Runtime
import TestSupport
import Testing
import Trading

/// Feeds and markets of domains as they are written and read.
struct EventRecordingTests {
    private static func sample(
        _ second: Int64, _ values: [String: Double] = ["share": 0.5]
    ) -> FeedSample {
        FeedSample(
            source: "list", kind: "poll", topic: "KXSENATE-26GA",
            event: Timestamp(seconds: second), ingest: Timestamp(seconds: second + 60),
            unit: "share", values: values, names: ["house": "Alder"])
    }

    private static func folder(_ path: String, _ text: String) throws -> String {
        let folder = try ScratchFolder.make("events")
        let file = folder + "/" + path
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return folder
    }

    private static func read(_ recording: FeedRecording) throws -> [FeedSample] {
        var samples: [FeedSample] = []
        while let sample = try recording.next() { samples.append(sample) }
        return samples
    }

    @Test func whatIsWrittenIsRead() throws {
        let folder = try ScratchFolder.make("events")
        let samples = [1, 5, 9].map { Self.sample($0) }
        let market = RecordedEventMarket(
            ticker: "KXSENATE-26GA-D", event: "KXSENATE-26GA", title: "D?", rules: "r",
            opensAt: Timestamp(seconds: 0), closesAt: Timestamp(seconds: 99), payout: .one,
            steps: [.init(from: Timestamp(seconds: 0), value: 0.625)])
        try DomainRecordingWriter.write(
            samples, [market], domain: "politics", label: "x", to: folder)
        let recording = try FeedRecording(directory: folder, domain: "politics")
        #expect(try Self.read(recording) == samples)
        #expect(recording.counts.corrupt == 0)
        let (markets, counts) = try EventMarketRecording.rows(in: folder)
        #expect(markets == [market] && counts.corrupt == 0)
    }

    @Test func whatIsMalformedIsCountedAndTheRestIsRead() throws {
        let good = """
            {"schema":1,"source":"list","kind":"poll","topic":"T","event_ms":1000,\
            "ingest_ms":2000,"unit":"share","values":{"share":0.5}}
            """
        let late = good.replacingOccurrences(of: "2000", with: "1500")
        let after = good.replacingOccurrences(of: "2000", with: "3000")
        let lines = [
            good, "{", "[1,2]", #"{"schema":1}"#,
            good.replacingOccurrences(of: "0.5", with: #""half""#),
            good.replacingOccurrences(of: "1000", with: "-5"), late, after,
        ]
        let folder = try Self.folder(
            "feeds/politics_a.jsonl", lines.joined(separator: "\n") + "\n")
        let recording = try FeedRecording(directory: folder, domain: "politics")
        let samples = try Self.read(recording)
        #expect(samples.map(\.ingest) == [2, 3].map { Timestamp(seconds: $0) })
        #expect(recording.counts.corrupt == 5 && recording.counts.late == 1)
        let first = try #require(recording.counts.examples.first)
        #expect(first.contains("politics_a.jsonl:2") && first.contains("JSON"), "\(first)")
    }

    @Test func aFolderWithoutTheDomainIsMissingIt() throws {
        let folder = try Self.folder("feeds/politics_a.jsonl", "")
        let error = #expect(throws: RecordingError.self) {
            try FeedRecording(directory: folder, domain: "macro")
        }
        #expect(error?.code == .missing)
    }

    // MARK: Quotes

    private static let cents = """
        timestamp,market_ticker,best_yes_bid,best_no_bid,implied_no_ask,implied_yes_ask
        2025-12-09T07:00:00.000001,KXHIGHNY-25DEC10-T34,20,70,80,30
        2025-12-09T07:00:00.000002,KXHIGHNY-25DEC10-B34.5,60,30,40,70
        nonsense
        2025-12-09T08:00:00.5,KXHIGHNY-25DEC10-T35,10,80,90,20
        2025-12-10T13:00:00.0,KXHIGHNY-25DEC10-T34,0,98,100,2
        2025-12-10T13:00:00.0,KXHIGHNY-25DEC10-B34.5,98,0,2,100
        2025-12-10T13:00:00.0,KXHIGHNY-25DEC10-T35,1,99,99,1

        """

    @Test func quotesBecomeMarketsOfAnotherDay() throws {
        let folder = try Self.folder(
            "prediction_markets/kalshi_bbo_KXHIGHNY-25DEC10.csv", Self.cents)
        let recordings = try QuoteRecording.events(in: folder)
        let recording = try #require(recordings.first)
        #expect(recording.event == "KXHIGHNY-25DEC10" && recording.corrupt == 1)
        #expect(recording.isResolved)
        // 2026-07-24.
        let day = Timestamp(seconds: 1_784_851_200)
        let markets = recording.markets(closingBefore: day + .seconds(15 * 3_600))
        #expect(markets.map { String($0.ticker.suffix(5)) } == ["B34.5", "0-T34", "0-T35"])
        #expect(markets.map(\.payout) == [.one, .zero, .zero])
        #expect(markets[1].title.contains("<34") && markets[2].title.contains(">35"))
        #expect(markets[0].closesAt == day + .seconds(13 * 3_600 + 1))
        #expect(markets[0].steps.map(\.value) == [0.65, 0.97])
        // An end that is too near costs a day.
        let earlier = recording.markets(closingBefore: day + .seconds(13 * 3_600))
        #expect(earlier[0].closesAt == markets[0].closesAt - .seconds(86_400))
        #expect(markets[2].opensAt == day + .seconds(-16 * 3_600) + .milliseconds(500))
    }

    @Test func anEventWhoseEndIsNotKnownIsLeftOut() throws {
        let open = Self.cents.replacingOccurrences(
            of: "B34.5,98,0,2,100", with: "B34.5,60,30,40,70")
        let folder = try Self.folder("prediction_markets/kalshi_bbo_KXHIGHNY-25DEC10.csv", open)
        let recordings = try QuoteRecording.events(in: folder)
        let recording = try #require(recordings.first)
        #expect(!recording.isResolved)
        #expect(recording.markets(closingBefore: .zero).isEmpty)
    }

    @Test func aFileOfOtherColumnsIsRefused() throws {
        let folder = try Self.folder("prediction_markets/kalshi_bbo_X.csv", "a,b\n1,2\n")
        #expect(throws: RecordingError.self) { try QuoteRecording.events(in: folder) }
    }
}
