import Foundation
import Testing
import Trading

@testable import SimVenue

@Suite struct FaultTests {
    private func fault(
        _ kind: FaultPlan.Kind, rate: Double = 1, high: Span = .zero, from: Span = .zero,
        until: Span? = nil, at name: String? = nil
    ) -> FaultPlan.Fault {
        FaultPlan.Fault(
            kind: kind, rate: rate, low: .zero, high: high, from: from, until: until,
            protocolName: name)
    }

    /// The fates of so many messages under a seed, as text.
    private func fates(seed: UInt64) -> String {
        let director = FaultDirector(
            FaultPlan(
                seed: seed, faults: [fault(.dropped, rate: 0.3), fault(.doubled, rate: 0.3)]),
            origin: .zero)
        return (0..<200).map { _ in
            "\(director.message("kalshi", at: Timestamp(seconds: 1)).fate)"
        }.joined(separator: " ")
    }

    @Test func theSameSeedGoesWrongTheSameWay() {
        #expect(fates(seed: 4) == fates(seed: 4))
        #expect(fates(seed: 4) != fates(seed: 5))
        for word in ["told", "lost", "twice"] { #expect(fates(seed: 4).contains(word)) }
    }

    @Test func aFaultKeepsToItsTimeAndItsProtocol() {
        let director = FaultDirector(
            FaultPlan(
                seed: 1,
                faults: [
                    fault(.silent, from: .seconds(5), until: .seconds(7), at: "polymarket")
                ]), origin: Timestamp(seconds: 100))
        func fate(_ name: String, _ second: Int64) -> FaultDirector.MessageFate {
            director.message(name, at: Timestamp(seconds: second)).fate
        }
        #expect(fate("polymarket", 104) == .told)
        #expect(fate("polymarket", 105) == .lost)
        #expect(fate("kalshi", 105) == .told)
        #expect(fate("polymarket", 107) == .told)
    }

    @Test(arguments: [
        (FaultPlan.Kind.throttled, 429), (.failing, 500), (.skewed, 401), (.slowAnswers, 200),
    ])
    func requestsMeetTheirFaults(_ kind: FaultPlan.Kind, _ status: Int) throws {
        let venue = try VenueFixture(
            in: try VenueFixture.temporaryDirectory(), recorded: false
        ) {
            let high: Span = kind == .skewed ? .seconds(90) : .milliseconds(30)
            $0.faults = FaultPlan(seed: 1, faults: [fault(kind, high: high, at: "kalshi")])
        }
        #expect(try venue.client().get("/portfolio/balance").status == status)
        try venue.stop()
        let told = try venue.log("fault").compactMap { $0["text"] as? String }
        #expect(!told.isEmpty)
        #expect(told.allSatisfy { $0.hasPrefix("\(kind.rawValue) kalshi GET") })
    }

    /// An order that is obeyed without an answer is at the venue; one that failed is not.
    @Test(arguments: [(FaultPlan.Kind.unanswered, 1), (.failing, 0)])
    func anOrderInDoubtIsThereOnlyWhereItWasObeyed(_ kind: FaultPlan.Kind, _ count: Int) throws {
        let venue = try VenueFixture(
            in: try VenueFixture.temporaryDirectory(), recorded: false
        ) { $0.faults = FaultPlan(seed: 1, faults: [fault(kind)]) }
        // Closed without an answer, the client has nothing to say.
        _ = try? venue.client().post(
            "/portfolio/events/orders",
            orderBody("KXDEMO-EVEN", "bid", "0.01", "1", client: "c"))
        try venue.stop()
        #expect(try venue.log("place").count == count)
    }

    @Test func crumbsAreFillsOfOneContract() throws {
        let venue = try VenueFixture(
            in: try VenueFixture.temporaryDirectory(), recorded: false
        ) { $0.faults = FaultPlan(seed: 1, faults: [fault(.crumbs)]) }
        let client = venue.client()
        var filled = 0.0
        // Until a maker quotes: the demo set begins with an empty book.
        for attempt in 0..<200 where filled < 2 {
            let answer = try client.post(
                "/portfolio/events/orders",
                orderBody(
                    "KXDEMO-EVEN", "bid", "0.99", "5", "immediate_or_cancel",
                    client: "take-\(attempt)"))
            filled = max(filled, answer.string("fill_count").flatMap(Double.init) ?? 0)
            usleep(20_000)
        }
        try venue.stop()
        let counts = try venue.log("fill").compactMap { $0["count"] as? String }
        #expect(filled >= 2 && counts.count >= 2)
        #expect(counts.allSatisfy { $0 == "1" }, "\(counts)")
    }

    @Test(arguments: [
        #"{"faults": [{"kind": "nap"}]}"#, #"{"faults": [{"kind": "silent", "rate": 2}]}"#,
        #"{"faults": [{"kind": "silent", "from": "9s", "until": "3s"}]}"#,
        #"{"faults": [{"kind": "silent", "protocol": "ftp"}]}"#, "[]",
    ])
    func aPlanThatCannotBeIsRefused(_ text: String) throws {
        let path = try VenueFixture.temporaryDirectory() + "/faults.json"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: FaultPlanError.self) { try FaultPlan(contentsOf: path) }
        #expect(error?.description.hasPrefix(path + ": ") == true)
    }
}
