import Foundation
import TestSupport
import Testing
import Trading

@testable import Runtime

/// A directory of its own for each test.
private func temporaryDirectory() throws -> String {
    let path = try ScratchFolder.make("recordings")
    try FileManager.default.createDirectory(
        atPath: path + "/crypto", withIntermediateDirectories: true)
    return path
}

private let header = "feed_ts_ms,value,full_accuracy_value,server_ts_ms,recv_ms\n"
private let spotName = "/crypto/chainlink_btcusd_prices_20260101.csv"
private let marketName = "/crypto/polymarket_btc5m_markets_outcomes_20260101.jsonl"

private func row(feed: Int64, price: Int64, receive: Int64) -> String {
    "\(feed),\(price),\(price)000000000000000000,\(feed + 1_000),\(receive)\n"
}

@Suite struct SpotRecordingTests {
    @Test func sortsByReceiptOverTheWindow() throws {
        let directory = try temporaryDirectory()
        let text =
            header + row(feed: 1_000, price: 10, receive: 3_000)
            + row(feed: 3_000, price: 30, receive: 5_000)
            + row(feed: 2_000, price: 20, receive: 4_000)
        try text.write(toFile: directory + spotName, atomically: true, encoding: .utf8)
        let samples = try SpotRecording(directory: directory).samples()
        var prices: [String] = []
        while let sample = try samples.next() { prices.append(sample.price.description) }
        #expect(prices == ["10", "20", "30"])
        #expect(samples.counts.rows == 3 && samples.counts.corrupt == 0)
    }

    @Test func readsTheFullAccuracyRoundedToNineDecimals() throws {
        let line =
            "1784851200000,65048.078902260626,65048078902260626000000,1784851201160,"
            + "1784851201377"
        let sample = try SpotRow.parse(Array(line.utf8)[...])
        #expect(sample.price == Price(decimal: "65048.078902261"))
        #expect(sample.receivedAt == Timestamp(milliseconds: 1_784_851_201_377))
    }

    @Test func countsAndReportsCorruptRowsAndGoesOn() throws {
        let directory = try temporaryDirectory()
        let text =
            header + "garbage\n" + row(feed: 1_000, price: 10, receive: 3_000)
            + "1000,-5,-5000000000000000000,2000,4000\n" + "1000,7,10000000000000000000,2,3\n"
            + row(feed: 2_000, price: 20, receive: 4_000)
        try text.write(toFile: directory + spotName, atomically: true, encoding: .utf8)
        let samples = try SpotRecording(directory: directory).samples()
        var count = 0
        while try samples.next() != nil { count += 1 }
        #expect(count == 2)
        #expect(samples.counts.corrupt == 3)
        #expect(samples.counts.examples.first?.contains(".csv:2: expected 5 fields") == true)
    }

    @Test func refusesACorruptHeaderWithFileAndLine() throws {
        let directory = try temporaryDirectory()
        try "time,price\n1,2\n".write(
            toFile: directory + spotName, atomically: true, encoding: .utf8)
        let recording = try SpotRecording(directory: directory)
        let error = #expect(throws: RecordingError.self) { try recording.samples() }
        #expect(error?.code == .corruptHeader)
        #expect(error?.message.contains(".csv:1: expected the header") == true)
    }

    @Test func namesWhatIsMissing() throws {
        let directory = try temporaryDirectory()
        let error = #expect(throws: RecordingError.self) {
            try SpotRecording(directory: directory)
        }
        #expect(error?.code == .missing)
    }

    @Test func aCutOffCompressedFileIsRefusedAfterItsLastRow() throws {
        let directory = try temporaryDirectory()
        var text = header
        for second in 1...2_000 {
            let moment = Int64(second) * 1_000
            text += row(feed: moment, price: moment % 7 + 1, receive: moment + 1_500)
        }
        let path = directory + spotName
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/bin/gzip")
        gzip.arguments = [path]
        try gzip.run()
        gzip.waitUntilExit()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path + ".gz"))
        bytes.removeLast(bytes.count / 2)
        try bytes.write(to: URL(fileURLWithPath: path + ".gz"))
        let samples = try SpotRecording(directory: directory).samples()
        let error = #expect(throws: RecordingError.self) {
            while try samples.next() != nil {}
        }
        #expect(error?.code == .unreadable)
    }
}

@Suite struct MarketRecordingTests {
    @Test func readsMarketsAndSkipsCorruptRows() throws {
        let directory = try temporaryDirectory()
        let good =
            #"{"slug":"btc-updown-5m-1000","asset":"btc","interval_sec":300,"start_sec":1000,"#
            + #""end_sec":1300,"resolved":true,"outcome_prices":["1","0"],"#
            + #""strike_value":"65026457815000000000000","raw":{"question":"Up?","#
            + #""orderPriceMinTickSize":0.001}}"#
        let bad = good.replacingOccurrences(of: #"["1","0"]"#, with: #"["1","1"]"#)
        try [bad, good, "{"].joined(separator: "\n").write(
            toFile: directory + marketName, atomically: true, encoding: .utf8)
        let (markets, counts) = try MarketRecording(directory: directory).rows()
        let market = try #require(markets.first)
        #expect(markets.count == 1 && counts.corrupt == 2)
        #expect(market.outcome == .yes && market.payout == .one)
        #expect(market.strike == Price(decimal: "65026.457815"))
        #expect(market.tick == Price(decimal: "0.001"))
        #expect(market.title == "Up?")
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let directory = try temporaryDirectory()
        let sample = SpotSample(
            feedAt: Timestamp(seconds: 1_000), price: Price(units: 65_000_123_456_789),
            serverAt: Timestamp(milliseconds: 1_000_900),
            receivedAt: Timestamp(milliseconds: 1_001_300))
        let market = RecordedMarket(
            slug: "btc-updown-5m-1000", title: "Up or down?", rules: "At or above is up.",
            start: Timestamp(seconds: 1_000), end: Timestamp(seconds: 1_300), payout: .zero,
            strike: Price(units: 65_000_123_456_789), tick: Price(units: 10_000_000))
        var writer = try RecordingWriter(directory: directory, label: "20260101")
        try writer.write(sample)
        try writer.write(market)
        try writer.finish()
        #expect(try SpotRecording(directory: directory).samples().next() == sample)
        #expect(try MarketRecording(directory: directory).rows().markets == [market])
    }
}

/// The recorded day, where the machine has it.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["BELLWETHER_DATA"] != nil))
struct RecordedDayTests {
    private let directory = ProcessInfo.processInfo.environment["BELLWETHER_DATA"] ?? ""

    @Test func theWholeDayIsReadInEveryOrder() throws {
        for order in [SpotOrder.received, .served, .observed] {
            let samples = try SpotRecording(directory: directory).samples(by: order)
            var last = Timestamp.zero
            while let sample = try samples.next() {
                #expect(order.moment(of: sample) >= last)
                last = order.moment(of: sample)
            }
            #expect(samples.counts.rows == 78_515)
            #expect(samples.counts.corrupt == 0 && samples.counts.late == 0)
        }
        let (markets, counts) = try MarketRecording(directory: directory).rows()
        #expect(markets.count == 292 && counts.corrupt == 0)
        #expect(markets.allSatisfy { $0.outcome == .yes || $0.outcome == .no })
    }
}
