import Signals
import Trading

/// Instruments and facts of domains for tests.
enum DomainFixture {
    static let start = Timestamp(seconds: 1_767_225_600)

    static func instrument(_ name: String, of event: String, title: String = "") -> Instrument {
        Instrument(
            id: InstrumentID(name) ?? .empty, venue: VenueID("kalshi") ?? .empty,
            eventSet: EventSetID(event) ?? .empty, tick: Price(units: 10_000_000),
            lot: Quantity(1), openAt: start, closeAt: start + .seconds(86_400), title: title,
            ruleHash: "")
    }

    static func view(_ instrument: Instrument, at now: Timestamp) -> MarketView {
        MarketView(
            instrument: instrument,
            window: TradingWindow(
                quotesFrom: instrument.openAt, quotesUntil: instrument.closeAt,
                endsAt: instrument.closeAt),
            bid: BookLevel(price: Price(units: 490_000_000), quantity: Quantity(1)),
            ask: BookLevel(price: Price(units: 510_000_000), quantity: Quantity(1)),
            bookSequence: SequenceNumber(1), bookReceivedAt: now, tick: TickNumber(1))
    }

    static func fact(
        _ kind: String, _ topic: String, at second: Int64, _ unit: String,
        _ values: [String: Double], _ names: [String: String] = [:], source: String = "source"
    ) -> FeedFact {
        FeedFact(
            source: source, kind: kind, topic: topic, event: start + .seconds(second),
            ingest: start + .seconds(second), unit: unit, values: values, names: names)
    }

    static func fixture(_ event: String, startsAt second: Int64) -> FeedFact {
        fact(
            "fixture", event, at: 0, "minutes",
            [
                "minutes": 60, "neutral": 1, "season": 2_025,
                "starts": Double(start.nanoseconds / 1_000_000_000 + second),
            ], ["first": "ATL", "second": "BAL"], source: "league")
    }

    static func result(_ margin: Double, at second: Int64 = -86_400) -> FeedFact {
        fact(
            "result", "NFL", at: second, "points",
            ["margin": margin, "neutral": 1, "season": 2_025],
            ["first": "ATL", "second": "BAL"], source: "league")
    }

    static func score(
        _ first: Double, _ second: Double, left: Double, at moment: Int64, of event: String
    ) -> FeedFact {
        fact(
            "score", event, at: moment, "points",
            ["first": first, "second": second, "minutes_left": left], source: "scores")
    }
}

extension BeliefAnswer {
    var belief: Belief? {
        if case .believe(let belief) = self { belief } else { nil }
    }

    var abstention: Abstention? {
        if case .abstain(let reason) = self { reason } else { nil }
    }
}
