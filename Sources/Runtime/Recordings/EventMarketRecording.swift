import Foundation
package import Trading

/// A recorded market of any domain: what it is, how it was resolved, and what it was worth over
/// time, as generated or as the middle of recorded quotes.
package struct RecordedEventMarket: Sendable, Hashable {
    /// A value and from when it holds.
    package struct Step: Sendable, Hashable {
        package let from: Timestamp
        package let value: Double

        package init(from: Timestamp, value: Double) {
            self.from = from
            self.value = value
        }
    }

    package let ticker: String
    package let event: String
    package let title: String
    package let rules: String
    package let opensAt: Timestamp
    package let closesAt: Timestamp
    package let payout: Price
    package let steps: [Step]

    package init(
        ticker: String, event: String, title: String, rules: String, opensAt: Timestamp,
        closesAt: Timestamp, payout: Price, steps: [Step]
    ) {
        self.ticker = ticker
        self.event = event
        self.title = title
        self.rules = rules
        self.opensAt = opensAt
        self.closesAt = closesAt
        self.payout = payout
        self.steps = steps
    }
}

/// `markets/<domain>_*.jsonl[.gz]` below a directory, one market a line.
package enum EventMarketRecording {
    package static let folder = "markets"

    private struct Fields: Codable {
        var ticker: String
        var event: String
        var title: String
        var rules: String
        var opens_ms: Int64
        var closes_ms: Int64
        var payout: String
        var from_ms: [Int64]
        var fair: [Double]
    }

    /// All markets of the directory, and what was skipped; none where the folder is not there.
    package static func rows(
        in directory: String
    ) throws(RecordingError) -> (markets: [RecordedEventMarket], RecordingCounts) {
        var counts = RecordingCounts()
        guard FileManager.default.fileExists(atPath: "\(directory)/\(folder)") else {
            return ([], counts)
        }
        var markets: [RecordedEventMarket] = []
        let paths = try RecordingFiles.find(
            in: directory, folder: folder, prefix: "", suffix: ".jsonl")
        for path in paths {
            let reader = try CompressedLineReader(path: path)
            while let line = try reader.next() {
                guard case .text(let text) = line, let market = parse(text) else {
                    counts.noteCorrupt(
                        path, line: reader.lineNumber,
                        "expected a market with rising times and a payout from 0 to 1")
                    continue
                }
                markets.append(market)
                counts.rows += 1
            }
        }
        return (markets, counts)
    }

    private static func parse(_ line: ArraySlice<UInt8>) -> RecordedEventMarket? {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(line)),
            let payout = Price(decimal: fields.payout), payout >= .zero, payout <= .one,
            payout.isMultiple(of: Price(units: 100_000)),
            fields.opens_ms >= 0, fields.opens_ms < fields.closes_ms,
            fields.closes_ms < 4_102_444_800_000,
            fields.from_ms.count == fields.fair.count,
            fields.from_ms.allSatisfy({ (0..<4_102_444_800_000).contains($0) })
        else { return nil }
        return RecordedEventMarket(
            ticker: fields.ticker, event: fields.event, title: fields.title, rules: fields.rules,
            opensAt: Timestamp(milliseconds: fields.opens_ms),
            closesAt: Timestamp(milliseconds: fields.closes_ms), payout: payout,
            steps: zip(fields.from_ms, fields.fair).map {
                .init(from: Timestamp(milliseconds: $0), value: $1)
            })
    }

    static func text(_ market: RecordedEventMarket) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(
            try encoder.encode(
                Fields(
                    ticker: market.ticker, event: market.event, title: market.title,
                    rules: market.rules, opens_ms: market.opensAt.unixMilliseconds,
                    closes_ms: market.closesAt.unixMilliseconds, payout: market.payout.description,
                    from_ms: market.steps.map(\.from.unixMilliseconds),
                    fair: market.steps.map(\.value))))
    }
}

/// Writes a domain's feed and markets in the formats that the readers take.
package enum DomainRecordingWriter {
    /// Replaces `feeds/<domain>_<label>.jsonl` and `markets/<domain>_<label>.jsonl`.
    package static func write(
        _ samples: [FeedSample], _ markets: [RecordedEventMarket], domain: String, label: String,
        to directory: String
    ) throws {
        var feed: [UInt8] = []
        for sample in samples { feed += try FeedRowText.text(sample) + [UInt8(ascii: "\n")] }
        var list: [UInt8] = []
        for market in markets {
            list += try EventMarketRecording.text(market) + [UInt8(ascii: "\n")]
        }
        for (folder, bytes) in [
            (FeedRecording.folder, feed), (EventMarketRecording.folder, list),
        ] {
            let place = "\(directory)/\(folder)"
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: true)
            let path = "\(place)/\(domain)_\(label).jsonl"
            guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
                throw RecordingError(.unreadable, "\(path): cannot be written")
            }
        }
    }
}
