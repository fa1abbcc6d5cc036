import Signals
import Testing
import Trading

/// The state of its inputs decides how far a model is believed.
struct FactPolicyTests {
    private static let event = "KXNFLGAME-26JAN01ATLBAL"
    private static let team = DomainFixture.instrument("\(event)-ATL", of: event)

    /// A game in play; the score is said at 100 s and is fresh for 300 s.
    private static func policy() -> FactPolicy<SportsBelief> {
        var policy = FactPolicy(SportsBelief())
        for fact in [
            DomainFixture.result(3), DomainFixture.fixture(event, startsAt: 0),
            DomainFixture.score(7, 3, left: 40, at: 100, of: event),
        ] {
            #expect(policy.observe(fact) == nil)
        }
        return policy
    }

    private static func assess(
        _ policy: FactPolicy<SportsBelief>, at second: Int64
    ) -> Assessment {
        let now = DomainFixture.start + .seconds(second)
        return policy.assess(DomainFixture.view(team, at: now), at: now)
    }

    private static func opinion(
        _ policy: FactPolicy<SportsBelief>, at second: Int64
    ) throws -> Opinion {
        guard case .believe(let opinion) = assess(policy, at: second) else {
            throw Missing(second: second)
        }
        return opinion
    }

    private struct Missing: Error { let second: Int64 }

    @Test func theExplanationNamesWhatTheBeliefIsMadeOf() throws {
        let opinion = try Self.opinion(Self.policy(), at: 150)
        #expect(opinion.features["lead"] == 4)
        #expect(opinion.features["strength_of_ATL"] ?? 0 > 0)
        #expect(opinion.features["widened"] == 1)
        #expect(opinion.features["inputs"] == 3)
        #expect(opinion.low < opinion.probability && opinion.probability < opinion.high)
    }

    @Test func aStaleInputWidensThenStops() throws {
        let policy = Self.policy()
        let fresh = try Self.opinion(policy, at: 400)
        let stale = try Self.opinion(policy, at: 100 + 600)
        #expect(stale.features["widened"] == 2)
        #expect(stale.features["inputs_stale"] == 1)
        #expect(stale.high - stale.low > 1.9 * (fresh.high - fresh.low))
        #expect(stale.signal.contains("score of scores is 600 s old"), "\(stale.signal)")
        guard case .abstain(.feedStale) = Self.assess(policy, at: 100 + 901) else {
            Issue.record("a score of a quarter of an hour ago is still traded on")
            return
        }
    }

    @Test func aQuarantinedSourceStopsWhatNeedsItAndWidensWhatDoesNot() throws {
        var policy = Self.policy()
        for second in Int64(0)..<4 {
            let lie = DomainFixture.score(900, 0, left: 30, at: 110 + second, of: Self.event)
            #expect(policy.observe(lie) == .outOfRange)
        }
        guard case .abstain(.feedQuarantined) = Self.assess(policy, at: 120) else {
            Issue.record("a score of a source that lies is still traded on")
            return
        }
        // The day's temperature so far is an optional input of the weather.
        var weather = FactPolicy(WeatherBelief())
        let event = "KXHIGHNY-26JAN01"
        let bucket = DomainFixture.instrument("\(event)-B39.5", of: event, title: "39-40")
        let now = DomainFixture.start + .seconds(60)
        #expect(
            weather.observe(
                DomainFixture.fact(
                    "climate", event, at: 0, "fahrenheit",
                    ["mean": 40, "deviation": 6, "years": 8], ["station": "KNYC"])) == nil)
        #expect(
            weather.observe(
                DomainFixture.fact(
                    "observed", event, at: 0, "fahrenheit", ["temperature": 30],
                    source: "station")) == nil)
        for second in Int64(1)...4 {
            // In Celsius, and it says so.
            let other = DomainFixture.fact(
                "observed", event, at: second, "celsius", ["temperature": -1], source: "station")
            #expect(weather.observe(other) == .wrongUnit)
        }
        guard
            case .believe(let opinion) = weather.assess(
                DomainFixture.view(bucket, at: now), at: now)
        else {
            Issue.record("an optional source stopped the model")
            return
        }
        #expect(opinion.features["widened"] == 2)
        #expect(opinion.features["inputs_quarantined"] == 1)
        #expect(opinion.signal.contains("station is in quarantine (wrongUnit)"))
    }

    @Test func whatTheModelFindsImpossibleCountsAgainstTheSource() {
        var policy = Self.policy()
        let odd = DomainFixture.score(7, 3, left: 65, at: 130, of: Self.event)
        #expect(policy.observe(odd) == .implausible)
        let health = policy.sources.first { $0.name == "scores" }?.health
        #expect(health?[.implausible] == 1)
    }

    @Test func theHashCoversRulesAndTerms() {
        var rules = SportsBelief.rules
        rules[2].freshness = .seconds(10)
        var terms = BeliefTerms()
        terms.modelWeight = 0.1
        let texts = [
            FactPolicy(SportsBelief()), FactPolicy(SportsBelief(), rules: rules),
            FactPolicy(SportsBelief(), terms),
        ].map(\.canonicalText)
        #expect(Set(texts).count == 3)
    }
}
