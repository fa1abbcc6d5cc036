import Foundation
import Logging
import Testing
import Trading

@testable import Runtime

@Suite struct LogTests {
    @Test func oneLinePerEventWhateverItSays() {
        let line = LineLogHandler.line(
            at: "T", level: .info, label: "core", message: "lease \"granted\"\nforged line",
            pairs: ["gateway": "gw-kalshi", "detail": "a=b", "empty": ""])
        #expect(
            line == #"T info core event="lease \"granted\"\nforged line" detail="a=b" empty="" "#
                + "gateway=gw-kalshi")
        #expect(!line.contains("\n"))
    }

    @Test func filesAreBoundedAndTurnedOver() throws {
        let folder = NSTemporaryDirectory() + "logs-\(getpid())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sink = LogSink(path: folder + "/core.log", isEchoed: false, sizeMax: 100, keep: 2)
        for index in 0..<100 { sink.write("line number \(index)") }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(files == ["core.log", "core.log.1", "core.log.2"])
        let latest = try String(contentsOfFile: folder + "/core.log", encoding: .utf8)
        #expect(latest.utf8.count <= 100)
        #expect(latest.hasSuffix("line number 99\n"))
        #expect(sink.dropped == 0)
    }
}

@Suite struct MetricsTests {
    @Test func countersKeepTheirOrderAndNeverWrap() {
        var metrics = Metrics()
        let fills = metrics.declare("fills")
        let orders = metrics.declare("orders")
        #expect(metrics.declare("fills") == fills)
        metrics.add(to: fills)
        metrics.add(.max, to: orders)
        metrics.add(5, to: orders)
        #expect(metrics.entries.map(\.label.description) == ["fills", "orders"])
        #expect(metrics.entries.map(\.value) == [1, .max])
    }
}

@Suite struct MarketClockTests {
    /// - Attack clock, 1 try: a wall clock that falls back while the market clock runs.
    @Test func liveTimeIgnoresTheWallClock() {
        let start = Timestamp(seconds: 1000)
        var clock = MarketClock.live(wall: start, monotonic: .seconds(50))
        #expect(clock.now(.seconds(53)) == Timestamp(seconds: 1003))
        #expect(clock.now(.seconds(52)) == Timestamp(seconds: 1003))
        let jumped = clock.skew(wall: Timestamp(seconds: 900), monotonic: .seconds(53))
        #expect(jumped == Span(nanoseconds: -103_000_000_000))
    }

    @Test func replayStandsStillBetweenTicks() {
        var clock = MarketClock.replay()
        #expect(clock.now(.seconds(1)) == .zero)
        clock.advance(to: Timestamp(seconds: 10))
        #expect(clock.now(.seconds(2)) == Timestamp(seconds: 10))
        clock.advance(to: Timestamp(seconds: 9))
        #expect(clock.now(.seconds(3)) == Timestamp(seconds: 10))
    }
}
