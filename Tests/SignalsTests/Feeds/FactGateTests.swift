import Signals
import Testing
import Trading

/// Facts are judged before any model hears them.
struct FactGateTests {
    private static let rules = [
        FactRule(
            "score", unit: "points",
            fields: [.init("first", 0...100, jumpMax: 10), .init("second", 0...100)],
            freshness: .seconds(60)),
        FactRule("poll", unit: "share", fields: [.init("share", 0...1)], names: ["house"]),
    ]

    private static func score(
        _ first: Double, at second: Int64, source: String = "league", topic: String = "A-B",
        schema: Int = 1, kind: String = "score", unit: String = "points", late: Int64 = 0
    ) -> FeedFact {
        FeedFact(
            schema: schema, source: source, kind: kind, topic: topic,
            event: Timestamp(seconds: second), ingest: Timestamp(seconds: second + late),
            unit: unit, values: ["first": first, "second": 3])
    }

    @Test func whatIsRightIsAccepted() {
        var gate = FactGate(FactGateTests.rules)
        #expect(gate.take(FactGateTests.score(0, at: 100)) == .accepted)
        #expect(gate.take(FactGateTests.score(7, at: 160)) == .accepted)
        #expect(gate.health(of: "league")?.accepted == 2)
        #expect(gate.health(of: "league")?.lastGoodAt == Timestamp(seconds: 160))
    }

    @Test func formAndUnitAndRangeAreChecked() {
        var gate = FactGate(FactGateTests.rules)
        let cases: [(FeedFact, FactRefusal)] = [
            (FactGateTests.score(0, at: 1, source: "a", schema: 2), .unknownSchema),
            (FactGateTests.score(0, at: 1, source: "b", kind: "rumour"), .unknownKind),
            (FactGateTests.score(0, at: 1, source: "c", unit: "goals"), .wrongUnit),
            (FactGateTests.score(101, at: 1, source: "d"), .outOfRange),
            (FactGateTests.score(.nan, at: 1, source: "e"), .outOfRange),
            (
                FeedFact(
                    source: "f", kind: "score", topic: "A-B", event: .zero, ingest: .zero,
                    unit: "points", values: ["first": 1]), .fieldMissing
            ),
            (
                FeedFact(
                    source: "g", kind: "poll", topic: "A-B", event: .zero, ingest: .zero,
                    unit: "share", values: ["share": 0.5], names: ["house": ""]), .fieldMissing
            ),
        ]
        for (fact, refusal) in cases {
            #expect(gate.take(fact) == .refused(refusal))
            #expect(gate.health(of: fact.source)?[refusal] == 1)
            #expect(gate.health(of: fact.source)?.accepted == 0)
        }
    }

    @Test func theFutureIsRefusedBeyondTheSkewOfClocks() {
        var gate = FactGate(FactGateTests.rules)
        #expect(gate.take(FactGateTests.score(0, at: 100, late: -2)) == .accepted)
        #expect(gate.take(FactGateTests.score(0, at: 200, late: -3)) == .refused(.fromTheFuture))
    }

    @Test func repetitionIsSuppressedAndContradictionRefused() {
        var gate = FactGate(FactGateTests.rules)
        #expect(gate.take(FactGateTests.score(0, at: 100)) == .accepted)
        // The same words again, received later.
        #expect(gate.take(FactGateTests.score(0, at: 100, late: 9)) == .duplicate)
        #expect(gate.take(FactGateTests.score(3, at: 100)) == .refused(.contradiction))
        #expect(gate.take(FactGateTests.score(0, at: 90)) == .refused(.outOfOrder))
        #expect(gate.health(of: "league")?.duplicates == 1)
        #expect(gate.health(of: "league")?.refused == 2)
    }

    @Test func aJumpIsBelievedWhenTheNextFactAgrees() {
        var gate = FactGate(FactGateTests.rules)
        #expect(gate.take(FactGateTests.score(0, at: 100)) == .accepted)
        #expect(gate.take(FactGateTests.score(30, at: 110)) == .refused(.jump))
        // Back where it was: the jump was a slip.
        #expect(gate.take(FactGateTests.score(3, at: 120)) == .accepted)
        #expect(gate.take(FactGateTests.score(40, at: 130)) == .refused(.jump))
        #expect(gate.take(FactGateTests.score(43, at: 140)) == .accepted)
    }

    @Test func aHostileSourceIsKeptApartUntilItBehaves() {
        var gate = FactGate(FactGateTests.rules)
        for second in Int64(0)..<4 {
            #expect(gate.health(of: "league")?.quarantine == nil)
            let lie = FactGateTests.score(999, at: second)
            #expect(gate.take(lie) == .refused(.outOfRange))
        }
        #expect(gate.health(of: "league")?.quarantine == .outOfRange)
        // Another source is not touched by that.
        #expect(gate.take(FactGateTests.score(0, at: 5, source: "other")) == .accepted)
        for second in Int64(10)..<26 {
            #expect(gate.take(FactGateTests.score(1, at: second)) == .refused(.quarantined))
        }
        #expect(gate.health(of: "league")?.quarantine == nil)
        #expect(gate.take(FactGateTests.score(1, at: 30)) == .accepted)
        #expect(gate.health(of: "league")?.refused == 20, "nothing is lost from the count")
    }

    @Test func neitherTopicsNorSourcesGrowWithoutBound() {
        var gate = FactGate(FactGateTests.rules)
        for index in 0..<FactGate.topicsMax {
            let fact = FactGateTests.score(0, at: 100, topic: "t\(index)")
            #expect(gate.take(fact) == .accepted)
        }
        let more = FactGateTests.score(0, at: 101, topic: "one more")
        #expect(gate.take(more) == .refused(.tooManyTopics))
        // A week later the old topics have made room.
        let later = FactGateTests.score(0, at: 100 + 8 * 86_400, topic: "later")
        #expect(gate.take(later) == .accepted)
        for index in 0..<100 {
            _ = gate.take(FactGateTests.score(0, at: 1, source: "s\(index)"))
        }
        #expect(gate.sources.count == FactGate.sourcesMax)
        #expect(gate.strangers == 37)
    }
}
