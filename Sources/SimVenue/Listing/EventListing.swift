import MarketSim
import Runtime
import Trading

/// The markets of the domains beside the spot price: what a generated day or a recorder wrote, and
/// Kalshi's recorded quotes, which live at other dates than the spot feed and are moved by whole
/// days.
struct EventListing {
    private(set) var markets: [MarketDefinition] = []
    private(set) var notes: [String] = []

    /// For the fingerprint of the listing; empty where there are none.
    var fingerprint: String {
        guard !markets.isEmpty else { return "" }
        let steps = markets.reduce(0) { sum, market in
            guard case .path(let path) = market.fair else { return sum }
            return sum + path.count
        }
        return ", \(markets.count) of events with \(steps) steps"
    }

    /// What can be traded while the spot feed lasts.
    init(in directory: String, from first: Timestamp, to last: Timestamp) throws(RecordingError) {
        let (written, counts) = try EventMarketRecording.rows(in: directory)
        if counts.corrupt > 0 {
            notes.append(
                "skipped \(counts.corrupt) corrupt markets: "
                    + counts.examples.joined(separator: "; "))
        }
        let quotes = try QuoteRecording.events(in: directory)
        let moved = quotes.flatMap { $0.markets(closingBefore: last) }
        var seen: Set<String> = []
        for market in written + moved {
            guard let definition = EventListing.definition(market, from: first, to: last) else {
                notes.append("left out \(market.ticker): it does not trade while the feed lasts")
                continue
            }
            guard seen.insert(market.ticker).inserted else {
                notes.append("left out a second \(market.ticker)")
                continue
            }
            markets.append(definition)
        }
    }

    /// A market that was open before the feed begins opens with it. It is left out where it would
    /// close after the feed has ended, because nobody would settle it.
    private static func definition(
        _ market: RecordedEventMarket, from first: Timestamp, to last: Timestamp
    ) -> MarketDefinition? {
        let opensAt = max(market.opensAt, first)
        guard let instrument = InstrumentID(market.ticker), let event = EventSetID(market.event),
            let path = FairPath(market.steps.map { ($0.from, $0.value) }),
            opensAt < market.closesAt, market.closesAt <= last
        else { return nil }
        return MarketDefinition(
            instrument: instrument, eventSet: event, title: market.title, rules: market.rules,
            tick: VenueListing.tick, lot: Quantity(1), opensAt: opensAt, startsAt: opensAt,
            closesAt: market.closesAt, payout: market.payout, fair: .path(path),
            fees: .quadraticWithMakerFees)
    }
}
