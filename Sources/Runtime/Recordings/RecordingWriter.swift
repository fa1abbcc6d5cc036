import Foundation
import Trading

/// Writes recordings in the formats that the readers take: a generated day replays the same way.
package struct RecordingWriter: ~Copyable {
    private let spot: FileHandle
    private let markets: FileHandle
    private var pending: [UInt8] = []

    /// Creates `DIR/crypto` and both files, whose names end in `label`; existing ones are replaced.
    package init(directory: String, label: String) throws {
        let folder = directory + "/crypto"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let spot = try RecordingWriter.create(
            folder + "/chainlink_btcusd_prices_\(label).csv")
        let markets = try RecordingWriter.create(
            folder + "/polymarket_btc5m_markets_outcomes_\(label).jsonl")
        try spot.write(contentsOf: Array((SpotRow.header + "\n").utf8))
        self.spot = spot
        self.markets = markets
    }

    package mutating func write(_ sample: SpotSample) throws {
        pending.append(contentsOf: (SpotRow.text(sample) + "\n").utf8)
        if pending.count > 1 << 16 { try flush() }
    }

    package func write(_ market: RecordedMarket) throws {
        let fields = MarketRow.Fields(
            slug: market.slug, asset: "btc",
            interval_sec: (market.end - market.start).nanoseconds / 1_000_000_000,
            start_sec: market.start.nanoseconds / 1_000_000_000,
            end_sec: market.end.nanoseconds / 1_000_000_000, resolved: market.payout != nil,
            outcome_prices: market.payout.map { [$0.description, $0.complement.description] },
            strike_value: market.strike.map { String($0.units) + "000000000" },
            raw: .init(
                question: market.title, description: market.rules,
                orderPriceMinTickSize: Decimal(string: market.tick.description)))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try markets.write(contentsOf: try encoder.encode(fields) + [UInt8(ascii: "\n")])
    }

    /// Writes what is pending and closes both files.
    package consuming func finish() throws {
        try flush()
        try spot.close()
        try markets.close()
    }

    private mutating func flush() throws {
        try spot.write(contentsOf: pending)
        pending.removeAll(keepingCapacity: true)
    }

    private static func create(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else {
            throw RecordingError(.unreadable, "\(path): cannot be written")
        }
        return handle
    }
}
