import DomainAgent
import Foundation
import Runtime
import Signals
import Testing
import Trading

@Suite struct FollowedSpotTests {
    private static let header = "feed_ts_ms,value,full_accuracy_value,server_ts_ms,recv_ms\n"

    private func row(_ second: Int64, _ price: Int64) -> String {
        let feed = 1_784_851_200_000 + second * 1_000
        return "\(feed),\(price),\(price)000000000000000000,\(feed + 900),\(feed + 1_500)\n"
    }

    /// A folder of its own, removed afterwards.
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "followed-\(ProcessInfo.processInfo.globallyUniqueString)")
        let inner = folder.appending(path: "crypto")
        try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(inner)
    }

    private func append(_ text: String, to file: URL) throws {
        if !FileManager.default.fileExists(atPath: file.path) {
            _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    private func moment(_ second: Int64) -> Timestamp {
        Timestamp(milliseconds: 1_784_851_200_000 + second * 1_000 + 1_500)
    }

    @Test func handsOutRowsAsTheyAreWritten() throws {
        try withFolder { folder in
            let first = folder.appending(path: "chainlink_btcusd_prices_20260724.csv")
            try append(Self.header + row(0, 65_000), to: first)
            let spot = FollowedSpot(
                try SpotFollower(directory: folder.deletingLastPathComponent().path))
            #expect(try spot.next(through: moment(-1)) == nil, "not received yet")
            #expect(try spot.next(through: moment(0))?.price == Price(65_000))
            #expect(try spot.next(through: moment(9)) == nil)
            let next = row(1, 65_001)
            try append(String(next.prefix(20)), to: first)
            #expect(try spot.next(through: moment(9)) == nil, "half a row is no row")
            try append(String(next.dropFirst(20)) + "rubbish\n", to: first)
            #expect(try spot.next(through: moment(9))?.price == Price(65_001))
            #expect(try spot.next(through: moment(9)) == nil)
            #expect(spot.refusedRows == 1)
            let second = folder.appending(path: "chainlink_btcusd_prices_20260725.csv")
            try append(Self.header + row(2, 65_002), to: second)
            #expect(try spot.next(through: moment(9))?.price == Price(65_002))
        }
    }

    @Test func refusesWhatIsNoFeed() throws {
        try withFolder { folder in
            let file = folder.appending(path: "chainlink_btcusd_prices_20260724.csv")
            try append("time,price\n", to: file)
            let spot = FollowedSpot(
                try SpotFollower(directory: folder.deletingLastPathComponent().path))
            #expect(throws: RecordingError.self) { try spot.next(through: moment(9)) }
        }
        try withFolder { folder in
            #expect(throws: RecordingError.self) { try SpotFollower(directory: folder.path) }
        }
    }
}
