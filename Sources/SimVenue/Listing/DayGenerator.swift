import MarketSim
import Runtime
package import Trading

/// Writes a seeded day of all domains in the formats of the recordings, so that everything replays
/// one way.
package enum DayGenerator {
    /// What was written.
    package struct Summary: Sendable {
        package let rowCount: Int
        package let marketCount: Int
    }

    /// The day begins at midnight UTC of 2026-01-01 whatever the seed.
    package static let start = Timestamp(seconds: 1_767_225_600)

    /// Writes so many seconds of the feeds and their markets below `directory`; with a `pace`
    /// beside the spot feed also those of the other domains, whose clocks run so many times as fast
    /// as market time.
    package static func write(
        seed: UInt64, seconds: Int, pace: Int?, to directory: String
    ) throws -> Summary {
        precondition(seconds > 0, "a generated stretch has a length")
        var day = SyntheticDay(seed: seed, start: start, seconds: seconds)
        var writer = try RecordingWriter(directory: directory, label: "generated")
        var pending: [SpotSample] = []
        var rowCount = 0
        var marketCount = 0
        while let step = day.next() {
            if let row = step.row {
                pending.append(
                    SpotSample(
                        feedAt: row.feedAt, price: row.price, serverAt: row.serverAt,
                        receivedAt: row.receivedAt))
                rowCount += 1
            }
            // Rows go out in the order of their receipt, as a recorder writes them.
            pending.sort { ($0.receivedAt, $0.feedAt) < ($1.receivedAt, $1.feedAt) }
            while pending.count > 64 { try writer.write(pending.removeFirst()) }
            if let market = step.market {
                try writer.write(recorded(market))
                marketCount += 1
            }
        }
        for sample in pending { try writer.write(sample) }
        try writer.finish()
        guard let pace else { return Summary(rowCount: rowCount, marketCount: marketCount) }
        let worlds = SyntheticWorlds(seed: seed, start: start, seconds: seconds, pace: pace)
        for (domain, world) in worlds.all() {
            try DomainRecordingWriter.write(
                world.rows.map { recorded($0) }, world.markets.map { recorded($0) },
                domain: domain, label: "generated", to: directory)
            rowCount += world.rows.count
            marketCount += world.markets.count
        }
        return Summary(rowCount: rowCount, marketCount: marketCount)
    }

    private static func recorded(_ row: WorldRow) -> FeedSample {
        FeedSample(
            source: row.source, kind: row.kind, topic: row.topic, event: row.event,
            ingest: row.ingest, unit: row.unit,
            values: Dictionary(uniqueKeysWithValues: row.values.map { ($0.label, $0.value) }),
            names: Dictionary(uniqueKeysWithValues: row.names.map { ($0.label, $0.value) }))
    }

    private static func recorded(_ market: WorldMarket) -> RecordedEventMarket {
        RecordedEventMarket(
            ticker: market.ticker, event: market.event, title: market.title, rules: market.rules,
            opensAt: market.opensAt, closesAt: market.closesAt, payout: market.payout,
            steps: market.path.steps.map { .init(from: $0.from, value: $0.value) })
    }

    private static func recorded(_ market: SyntheticMarket) -> RecordedMarket {
        RecordedMarket(
            slug: "btc-updown-5m-\(market.start.wholeSeconds)",
            title: "Bitcoin Up or Down - \(market.start.rfc3339) to \(market.end.rfc3339)",
            rules:
                "This market resolves to \"Up\" if the generated Bitcoin price at the end of the "
                + "time range is greater than or equal to the price at its beginning. "
                + "Otherwise, it resolves to \"Down\".",
            start: market.start, end: market.end, payout: market.isUp ? .one : .zero,
            strike: market.strike, tick: VenueListing.tick)
    }
}
