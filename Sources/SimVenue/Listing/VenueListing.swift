package import MarketSim
package import Runtime
package import Trading

/// What the venue lists and where its market time comes from.
package struct VenueListing: Sendable {
    package let markets: [MarketDefinition]
    /// Names the recording, so that a log is never continued on another one.
    package let fingerprint: String
    package let source: TimeSource
    /// The markets that Polymarket's protocol serves, by their places; Kalshi's serves the others.
    package let tokens: [Int: TokenListing]
    /// What was left out, in sentences.
    package let notes: [String]

    /// Who moves market time.
    package enum TimeSource: Sendable {
        case recording(SpotRecording)
        /// The wall clock: a tick each interval.
        case wall(origin: Timestamp, interval: Span)
    }

    /// The series of the five-minute markets.
    package static let spotSeries = "KXBTCUD5M"
    /// The series of the demonstration markets.
    package static let demoSeries = "KXDEMO"
    /// A market opens this long before its strike is taken.
    package static let opensBefore = Span.seconds(300)
    /// One cent, Kalshi's `linear_cent`, whatever grid the recorded market had.
    package static let tick = Price(units: 10_000_000)

    /// The recorded markets that lie wholly inside the recorded feed and were resolved, and those
    /// of other domains.
    package init(recordedIn directory: String) throws(RecordingError) {
        let spot = try SpotRecording(directory: directory)
        let recording = try MarketRecording(directory: directory)
        let ends = try spot.ends()
        let (first, last) = (ends.first, ends.last)
        let (rows, counts) = try recording.rows()
        let usable = rows.filter {
            $0.start >= first.feedAt && $0.end <= last.feedAt && VenueListing.isPayable($0)
        }
        var notes: [String] = []
        notes += VenueListing.note(ends.counts, "spot rows")
        notes += VenueListing.note(counts, "markets")
        if usable.count < rows.count {
            notes.append(
                "listed \(usable.count) of \(rows.count) markets: the others are not wholly inside "
                    + "the feed or were not resolved")
        }
        let events = try EventListing(in: directory, from: first.receivedAt, to: last.receivedAt)
        notes += events.notes
        self.notes = notes
        markets = (usable.map { VenueListing.definition($0) } + events.markets).sorted {
            ($0.opensAt, $0.instrument) < ($1.opensAt, $1.instrument)
        }
        source = .recording(spot)
        tokens = [:]
        fingerprint =
            VenueListing.fingerprint(ends.counts.rows, first, last, markets: usable)
            + events.fingerprint
    }

    init(
        markets: [MarketDefinition], tokens: [Int: TokenListing], fingerprint: String,
        source: TimeSource
    ) {
        self.markets = markets
        self.tokens = tokens
        self.fingerprint = fingerprint
        self.source = source
        notes = []
    }

    private static func isPayable(_ market: RecordedMarket) -> Bool {
        market.payout?.isMultiple(of: Price(units: 100_000)) ?? false
    }

    private static func note(_ counts: RecordingCounts, _ what: String) -> [String] {
        guard counts.corrupt + counts.late > 0 else { return [] }
        return [
            "skipped \(counts.corrupt) corrupt and \(counts.late) late \(what): "
                + counts.examples.joined(separator: "; ")
        ]
    }

    private static func definition(_ market: RecordedMarket) -> MarketDefinition {
        let name = "\(spotSeries)-\(market.start.wholeSeconds)"
        return MarketDefinition(
            instrument: InstrumentID(name) ?? .empty, eventSet: EventSetID(name) ?? .empty,
            title: market.title, rules: market.rules, tick: tick, lot: Quantity(1),
            opensAt: market.start - opensBefore, startsAt: market.start, closesAt: market.end,
            payout: market.payout ?? .zero, fair: .spot(strike: market.strike),
            fees: .quadraticWithMakerFees)
    }

    private static func fingerprint(
        _ count: Int, _ first: SpotSample, _ last: SpotSample, markets: [RecordedMarket]
    ) -> String {
        let ups = markets.count { $0.outcome == .yes }
        return "spot \(count) rows \(first.feedAt.milliseconds)..\(last.feedAt.milliseconds)"
            + " last \(last.price), \(markets.count) markets \(ups) up"
    }
}

extension MarketDefinition {
    /// The series is the part of the ticker before the first dash.
    package var series: String {
        String(instrument.description.prefix { $0 != "-" })
    }
}
