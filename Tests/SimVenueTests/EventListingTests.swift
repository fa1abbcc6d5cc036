import Foundation
import MarketSim
import Runtime
import SimVenue
import Testing
import Trading

/// Markets of several domains beside the spot price.
@Suite(.serialized) struct EventListingTests {
    private static func day(pace: Int?) throws -> String {
        let directory = try VenueFixture.temporaryDirectory()
        _ = try DayGenerator.write(seed: 3, seconds: 900, pace: pace, to: directory + "/data")
        return directory
    }

    @Test func theGeneratedDomainsAreListedBesideTheSpotMarkets() throws {
        let alone = try VenueListing(recordedIn: try Self.day(pace: nil) + "/data")
        let all = try VenueListing(recordedIn: try Self.day(pace: 96) + "/data")
        let spot = all.markets.filter { $0.series == VenueListing.spotSeries }
        #expect(spot == alone.markets)
        let series = Set(all.markets.map(\.series))
        #expect(series == ["KXBTCUD5M", "KXCPI", "KXSENATE", "KXNFLGAME", "KXHIGHNY"])
        #expect(all.markets.map(\.opensAt) == all.markets.map(\.opensAt).sorted())
        #expect(all.fingerprint != alone.fingerprint)
        #expect(all.notes.isEmpty, "\(all.notes)")
    }

    @Test func anEventTellsAllItsMarkets() throws {
        let venue = try VenueFixture(in: try Self.day(pace: 96), recorded: true) {
            $0.speed = .unpaced
            $0.expected = ["demo-key"]
        }
        defer { try? venue.stop() }
        let client = venue.client()
        let socket = venue.client()
        #expect(try socket.openSocket() == 101)
        socket.say(#"{"id":1,"cmd":"subscribe","params":{"channels":["clock"]}}"#)
        _ = try socket.hear("clock")
        let answer = try client.get("/events/KXSENATE-26GA?with_nested_markets=true")
        let event = try #require(answer.json["event"] as? [String: Any])
        #expect(event["event_ticker"] as? String == "KXSENATE-26GA")
        #expect(event["series_ticker"] as? String == "KXSENATE")
        for markets in [event["markets"], answer.json["markets"]] {
            let tickers = (markets as? [[String: Any]])?.compactMap { $0["ticker"] as? String }
            #expect(tickers == ["KXSENATE-26GA-D", "KXSENATE-26GA-R"])
        }
        let all = try client.get("/events?series_ticker=KXSENATE").json["events"]
        #expect((all as? [[String: Any]])?.count == 2, "each event once")
        #expect(try client.get("/events/KXSENATE-26GA-D").status == 404)
    }
}
