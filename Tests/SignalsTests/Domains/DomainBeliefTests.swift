import Signals
import Testing
import Trading

/// What each domain makes of its facts.
struct DomainBeliefTests {
    private static func learned<Domain: DomainBelief>(
        _ start: Domain, _ facts: [FeedFact]
    ) throws -> Domain {
        var domain = start
        for fact in facts { try domain.learn(fact) }
        return domain
    }

    // MARK: Sports

    private static let event = "KXNFLGAME-26JAN01ATLBAL"
    private static let teams = ["ATL", "BAL"].map {
        DomainFixture.instrument("\(event)-\($0)", of: event)
    }

    @Test func aGameFollowsItsStrengthsThenItsScore() throws {
        let facts = [
            DomainFixture.result(10), DomainFixture.fixture(Self.event, startsAt: 3_600),
        ]
        var sports = try Self.learned(SportsBelief(), facts)
        let before = try Self.teams.map {
            try #require(sports.belief(of: $0, at: DomainFixture.start).belief)
        }
        #expect(before[0].probability > 0.5, "the winner of the last game is the favourite")
        #expect(abs(before[0].probability + before[1].probability - 1) < 1e-12)
        // Once it has begun, nobody prices it without a score.
        let later = DomainFixture.start + .seconds(3_700)
        #expect(sports.belief(of: Self.teams[0], at: later).abstention == .feedMissing)
        try sports.learn(DomainFixture.score(0, 14, left: 30, at: 3_700, of: Self.event))
        let behind = try #require(sports.belief(of: Self.teams[0], at: later).belief)
        #expect(behind.probability < 0.3)
        #expect(behind.contributions.contains(Contribution("lead", -14)))
        #expect(behind.inputs.map(\.kind) == ["fixture", "result", "score"])
        try sports.learn(DomainFixture.score(17, 14, left: 0, at: 9_000, of: Self.event))
        let over = try #require(
            sports.belief(of: Self.teams[0], at: DomainFixture.start + .seconds(9_000)).belief)
        #expect(over.probability > 0.99 && over.deviation < 1e-6)
    }

    @Test func aScoreThatCannotBeIsRefused() throws {
        var sports = try Self.learned(
            SportsBelief(), [DomainFixture.fixture(Self.event, startsAt: 0)])
        #expect(throws: ModelRefusal.self) {
            try sports.learn(DomainFixture.score(0, 0, left: 61, at: 1, of: Self.event))
        }
    }

    // MARK: Weather

    private static let high = "KXHIGHNY-26JAN01"
    private static let buckets = [
        ("T37", "<37°"), ("B37.5", "37-38°"), ("B39.5", "39-40°"), ("B41.5", "41-42°"),
        ("T42", ">42°"),
    ].map { DomainFixture.instrument("\(high)-\($0.0)", of: high, title: "be \($0.1)?") }

    private static var outcomes: [FeedFact] {
        (1...120).map { day in
            DomainFixture.fact(
                "outcome", "KNYC", at: -86_400 * Int64(day), "fahrenheit",
                ["forecast": 40, "actual": 40 + Double(day % 5) - 2])
        }
    }

    @Test func bucketsShareTheDayAndTheRunningHighClosesThoseBelow() throws {
        let forecast = DomainFixture.fact(
            "forecast", Self.high, at: 0, "fahrenheit", ["high": 40], ["station": "KNYC"])
        var weather = try Self.learned(WeatherBelief(), Self.outcomes + [forecast])
        let now = DomainFixture.start + .seconds(60)
        var shares = try Self.buckets.map {
            try #require(weather.belief(of: $0, at: now).belief).probability
        }
        #expect(abs(shares.reduce(0, +) - 1) < 1e-12)
        #expect(shares[2] == shares.max(), "\(shares)")
        try weather.learn(
            DomainFixture.fact(
                "observed", Self.high, at: 30, "fahrenheit", ["temperature": 41.2]))
        shares = try Self.buckets.map {
            try #require(weather.belief(of: $0, at: now).belief).probability
        }
        #expect(shares[0] == 0 && shares[1] == 0 && shares[2] == 0)
        #expect(abs(shares.reduce(0, +) - 1) < 1e-12)
    }

    @Test func withoutAForecastTheClimateKnowsLess() throws {
        let climate = DomainFixture.fact(
            "climate", Self.high, at: 0, "fahrenheit",
            ["mean": 40, "deviation": 8, "years": 8], ["station": "KNYC"])
        let weather = try Self.learned(WeatherBelief(), [climate])
        let belief = try #require(
            weather.belief(of: Self.buckets[2], at: DomainFixture.start).belief)
        #expect(belief.probability < 0.12)
        #expect(belief.signal.hasPrefix("no forecast"))
        // The market has read a forecast, made 36 hours before the end: two thirds of what it left
        // open are still so, and the climate adds little to what is known.
        let open = 2.7 * 2.7 * 2 / 3
        #expect(abs(belief.trust - open / (open + 64)) < 1e-12)
        let end = DomainFixture.start + .seconds(86_400)
        let last = try #require(weather.belief(of: Self.buckets[2], at: end).belief)
        #expect(last.trust == 0)
        let other = DomainFixture.instrument("KXHIGHNY-26JAN02-B39.5", of: "KXHIGHNY-26JAN02")
        #expect(weather.belief(of: other, at: DomainFixture.start).abstention == .feedMissing)
    }

    // MARK: Politics

    @Test func aRaceLeansWithItsPollsAndBothSidesSumToOne() throws {
        let race = "KXSENATE-26GA"
        let polls = (0..<6).map {
            DomainFixture.fact(
                "poll", race, at: $0, "share", ["share": 0.54, "size": 900, "days": 1],
                ["house": "H\($0)"])
        }
        var politics = try Self.learned(PoliticsBelief(), polls)
        let sides = ["D", "R"].map { DomainFixture.instrument("\(race)-\($0)", of: race) }
        let beliefs = try sides.map {
            try #require(politics.belief(of: $0, at: DomainFixture.start).belief)
        }
        #expect(beliefs[0].probability > 0.8)
        #expect(abs(beliefs[0].probability + beliefs[1].probability - 1) < 1e-12)
        #expect(beliefs[0].contributions.last == Contribution("polls", 6))
        #expect(throws: ModelRefusal.self) {
            try politics.learn(
                DomainFixture.fact(
                    "poll", "KXMAYOR-26NY", at: 9, "share",
                    ["share": 0.5, "size": 900, "days": 1], ["house": "H"]))
        }
    }

    // MARK: Macro

    @Test func aFigureIsLessLikelyAboveAHigherStrikeAndOverOnceItIsOut() throws {
        let event = "KXCPI-26JAN"
        let figures = (1...12).map {
            DomainFixture.fact(
                "figure", "KXCPI", at: -86_400 * Int64($0), "percent",
                ["consensus": 0.3, "actual": 0.3 + 0.1 * Double($0 % 3 - 1), "step": 0.1])
        }
        let consensus = DomainFixture.fact(
            "consensus", event, at: 0, "percent", ["consensus": 0.3, "step": 0.1])
        var macro = try Self.learned(MacroBelief(), figures + [consensus])
        let strikes = ["T0.1", "T0.2", "T0.3", "T0.4"].map {
            DomainFixture.instrument("\(event)-\($0)", of: event)
        }
        let chances = try strikes.map {
            try #require(macro.belief(of: $0, at: DomainFixture.start).belief).probability
        }
        #expect(chances == chances.sorted(by: >))
        // Half a step beyond the consensus on either side is the same distance.
        #expect(abs(chances[1] + chances[2] - 1) < 1e-9, "\(chances)")
        try macro.learn(
            DomainFixture.fact("release", event, at: 10, "percent", ["actual": 0.4]))
        #expect(macro.belief(of: strikes[0], at: DomainFixture.start).abstention == .nearEnd)
    }

    @Test func eachDomainTradesItsOwnMarketsAlone() {
        let names = [
            "KXBTCUD5M-1767225600", "KXCPI-26JAN-T0.1", "KXSENATE-26GA-D",
            "KXNFLGAME-26JAN01ATLBAL-ATL", "KXHIGHNY-26JAN01-B37.5",
        ]
        let instruments = names.map { DomainFixture.instrument($0, of: "E") }
        let windows = [
            instruments.map { MacroBelief().window(of: $0) != nil },
            instruments.map { PoliticsBelief().window(of: $0) != nil },
            instruments.map { SportsBelief().window(of: $0) != nil },
            instruments.map { WeatherBelief().window(of: $0) != nil },
        ]
        for (domain, window) in windows.enumerated() {
            #expect(window == instruments.indices.map { $0 == domain + 1 }, "\(domain)")
        }
    }
}
