import Foundation
import Runtime
import SimVenue
import Testing
import Trading

@Suite(.serialized) struct ReplayTests {
    private static let subscribe =
        #"{"id":1,"cmd":"subscribe","params":{"channels":["fill","clock"]}}"#

    private func acknowledge(_ tick: Int, _ socket: RawClient) {
        socket.say(#"{"id":2,"cmd":"clock_ack","params":{"tick":\#(tick)}}"#)
    }

    /// The lines of a log without what the wall clock wrote.
    private func facts(_ directory: String) throws -> [String] {
        try String(contentsOfFile: directory + "/venue.log", encoding: .utf8)
            .split(separator: "\n").filter {
                !$0.hasPrefix(#"{"event":"restart""#) && !$0.hasPrefix(#"{"event":"stop""#)
                    && !$0.hasPrefix(#"{"event":"balance""#)
            }
            .map { line in
                line.range(of: #","wall":"#).map { String(line[..<$0.lowerBound]) } ?? String(line)
            }
    }

    /// Trades in lockstep until a tick: an order at every tenth tick, on both sides in turn.
    private func trade(_ venue: VenueFixture, until last: Int) throws {
        let socket = venue.client()
        let client = venue.client()
        #expect(try socket.openSocket() == 101)
        socket.say(ReplayTests.subscribe)
        while true {
            let clock = try socket.hear("clock")["msg"] as? [String: Any] ?? [:]
            let tick = clock["tick"] as? Int ?? 0
            if clock["end"] != nil { return }
            if tick % 10 == 0, tick < last {
                let market = try client.get("/markets?status=open&limit=1").json["markets"]
                let ticker = (market as? [[String: Any]])?.first?["ticker"] as? String ?? ""
                let side = tick % 20 == 0 ? "bid" : "ask"
                let price = tick % 20 == 0 ? "0.60" : "0.40"
                let answer = try client.post(
                    "/portfolio/events/orders",
                    orderBody(ticker, side, price, "1", client: "t-\(tick)"))
                #expect([201, 400, 404, 409].contains(answer.status), "\(answer.text)")
            }
            if tick == last { return }
            acknowledge(tick, socket)
        }
    }

    private func lockstep(_ options: inout VenueOptions) {
        options.speed = .unpaced
        options.expected = ["demo-key"]
        options.patience = .seconds(30)
    }

    @Test func theSameOrdersGiveTheSameLog() throws {
        var logs: [[String]] = []
        for _ in 0..<2 {
            let directory = try VenueFixture.temporaryDirectory()
            let venue = try VenueFixture(in: directory, recorded: true) { lockstep(&$0) }
            try trade(venue, until: 500)
            try venue.stop()
            logs.append(try facts(directory))
        }
        #expect(logs[0].count > 500)
        #expect(logs[0] == logs[1])
        #expect(logs[0].contains { $0.hasPrefix(#"{"event":"fill""#) })
    }

    @Test func aRestartedVenueGoesOnAsIfNothingHadHappened() throws {
        let straight = try VenueFixture.temporaryDirectory()
        let venue = try VenueFixture(in: straight, recorded: true) { lockstep(&$0) }
        try trade(venue, until: 400)
        try venue.stop()

        let broken = try VenueFixture.temporaryDirectory()
        let first = try VenueFixture(in: broken, recorded: true) { lockstep(&$0) }
        try trade(first, until: 205)
        try first.stop()
        // A line that was being written when the process was killed.
        let handle = try #require(FileHandle(forWritingAtPath: broken + "/venue.log"))
        try handle.seekToEnd()
        try handle.write(contentsOf: Array(#"{"event":"ti"#.utf8))
        try handle.close()
        let second = try VenueFixture(in: broken, recorded: true) { lockstep(&$0) }
        let balance = try second.client().get("/portfolio/balance").string("cash_dollars")
        #expect(balance != "1000.0000")
        try trade(second, until: 400)
        try second.stop()
        #expect(try facts(straight) == facts(broken))
    }

    @Test func aChangedLogIsRefusedWithItsLine() throws {
        let directory = try VenueFixture.temporaryDirectory()
        let venue = try VenueFixture(in: directory, recorded: true) { lockstep(&$0) }
        try trade(venue, until: 300)
        try venue.stop()
        let path = directory + "/venue.log"
        var lines = try String(contentsOfFile: path, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        let index = try #require(lines.firstIndex { $0.hasPrefix(#"{"event":"fill""#) })
        lines[index] = Substring(
            lines[index].replacingOccurrences(of: #""count":"1""#, with: #""count":"2""#))
        try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: (any Error).self) {
            try VenueFixture(in: directory, recorded: true) { lockstep(&$0) }
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("venue.log:\(index + 1):"))
        let other = #expect(throws: (any Error).self) {
            try VenueFixture(in: directory, recorded: true) {
                lockstep(&$0)
                $0.seed = 99
            }
        }
        #expect("\(other.map { "\($0)" } ?? "")".contains("seed 7"))
    }

    @Test func everyMarketSettlesAndTheEndIsAnnounced() throws {
        let directory = try VenueFixture.temporaryDirectory()
        let venue = try VenueFixture(in: directory, recorded: true) { lockstep(&$0) }
        try trade(venue, until: .max)
        #expect(venue.ended.isSet)
        let settlements = try venue.client().get("/portfolio/settlements?limit=1000")
        let paid = settlements.json["settlements"] as? [[String: Any]] ?? []
        #expect(!paid.isEmpty)
        try venue.stop()
        let settled = try venue.log("market").filter { $0["phase"] as? String == "settled" }
        #expect(settled.count == 12)
        #expect(try venue.log("payout").count == paid.count)
        // What the log says about cash adds up from the deposit to the last balance.
        var cash = Money(1_000)
        for name in ["fill", "payout"] {
            for line in try venue.log(name) {
                cash += try change(line, name)
            }
        }
        let last = try venue.log("balance").last?["cash"] as? String
        #expect(last == cash.description)
    }

    /// What a line moves in cash: positions net to a dollar when they are closed, so the sum over
    /// a market's life is price, fee and payout with the dollars of closed pairs.
    private func change(_ line: [String: Any], _ event: String) throws -> Money {
        if event == "payout" {
            return try #require(Money(decimal: line["payout"] as? String ?? ""))
        }
        let price = try #require(Price(decimal: line["price"] as? String ?? ""))
        let count = try #require(Quantity(decimal: line["count"] as? String ?? ""))
        let fee = try #require(Money(decimal: line["fee"] as? String ?? ""))
        let after = try #require(Quantity(decimal: line["position"] as? String ?? ""))
        let isBuy = line["side"] as? String == "buy"
        let before = isBuy ? after - count : after + count
        let held = isBuy ? -before : before
        let closing = max(.zero, min(count, held))
        let paid = Money(isBuy ? price : price.complement, times: count, .up)
        return Money(.one, times: closing, .up) - paid - fee
    }

    private func impatient(_ options: inout VenueOptions) {
        lockstep(&options)
        options.patience = .milliseconds(200)
        options.firstPatience = .milliseconds(200)
    }

    private func follow(_ venue: VenueFixture) throws -> RawClient {
        let socket = venue.client()
        #expect(try socket.openSocket() == 101)
        socket.say(ReplayTests.subscribe)
        return socket
    }

    private func tick(at socket: RawClient) throws -> Int? {
        (try socket.hear("clock")["msg"] as? [String: Any])?["tick"] as? Int
    }

    private func waitUntil(_ what: String, _ condition: () throws -> Bool) throws {
        let deadline = MonotonicClock.now() + .seconds(20)
        while try !condition() {
            try #require(MonotonicClock.now() < deadline, "\(what) did not happen")
            usleep(5_000)
        }
    }

    @Test func aSilentParticipantIsNotWaitedForAndTakenBack() throws {
        let venue = try VenueFixture(
            in: VenueFixture.temporaryDirectory(), recorded: true
        ) { impatient(&$0) }
        let (good, slow) = (try follow(venue), try follow(venue))
        func goOn(until count: Int) throws {
            while try venue.log("late").count < count {
                acknowledge(try #require(try tick(at: good)), good)
            }
            for _ in 0..<5 { acknowledge(try #require(try tick(at: good)), good) }
            #expect(try venue.log("late").count == count, "it is told once")
        }
        try goOn(until: 1)
        // A sign of life, though far behind: it is waited for, and missed, again.
        acknowledge(try #require(try tick(at: slow)), slow)
        try goOn(until: 2)
        try venue.stop()
    }

    @Test func theMarketWaitsForItsOnlyParticipant() throws {
        let venue = try VenueFixture(
            in: VenueFixture.temporaryDirectory(), recorded: true
        ) { impatient(&$0) }
        let socket = try follow(venue)
        #expect(try tick(at: socket) == 1)
        try waitUntil("the hold") { try !venue.log("held").isEmpty }
        usleep(300_000)
        #expect(try venue.log("tick").count == 1)
        #expect(try venue.log("held").count == 1)
        #expect(try venue.log("late").isEmpty)
        acknowledge(1, socket)
        #expect(try tick(at: socket) == 2)
        acknowledge(2, socket)
        #expect(try tick(at: socket) == 3)
        // The same for one that is gone and comes again.
        socket.disconnect()
        try waitUntil("the next hold") { try venue.log("held").count == 2 }
        let again = try follow(venue)
        #expect(try tick(at: again) == 4)
        acknowledge(4, again)
        #expect(try tick(at: again) == 5)
        try venue.stop()
    }

    @Test func whoGivesTheClockUpIsNotWaitedFor() throws {
        let venue = try VenueFixture(
            in: VenueFixture.temporaryDirectory(), recorded: true
        ) { impatient(&$0) }
        let socket = try follow(venue)
        #expect(try tick(at: socket) == 1)
        socket.say(#"{"id":3,"cmd":"unsubscribe","params":{"sids":[2]}}"#)
        try waitUntil("more ticks") { try venue.log("tick").count > 3 }
        #expect(try venue.log("held").isEmpty)
        try venue.stop()
    }

    @Test func timeIsUpWhileNobodyIsThere() throws {
        let venue = try VenueFixture(
            in: VenueFixture.temporaryDirectory(), recorded: true
        ) {
            impatient(&$0)
            $0.runFor = .seconds(1)
        }
        let socket = try follow(venue)
        #expect(try tick(at: socket) == 1)
        try waitUntil("the end") { venue.ended.isSet }
        #expect(try venue.log("tick").count == 1)
        #expect(try venue.log("held").count == 1)
        try venue.stop()
    }

    @Test func nobodyIsWaitedForForever() throws {
        let venue = try VenueFixture(
            in: VenueFixture.temporaryDirectory(), recorded: true
        ) {
            impatient(&$0)
            $0.hold = .milliseconds(200)
        }
        let socket = try follow(venue)
        #expect(try tick(at: socket) == 1)
        let failure = #expect(throws: ProcessFailure.self) {
            try venue.server.waitUntilStopped()
        }
        #expect(failure?.code == .unavailable)
        #expect(!venue.ended.isSet, "such a run is not complete")
    }

    @Test func nothingBeginsBeforeTheParticipantsAreThere() throws {
        let directory = try VenueFixture.temporaryDirectory()
        let venue = try VenueFixture(in: directory, recorded: true) { lockstep(&$0) }
        #expect((try venue.client().get("/markets").json["markets"] as? [Any])?.isEmpty == true)
        try venue.stop()
        #expect(try venue.log("tick").isEmpty)
    }
}
