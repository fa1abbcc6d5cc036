import Foundation
import Signals
import TestSupport
import Testing
import Trading

/// What holds for every model: no look into the future, the same state from the same observations,
/// going on from a snapshot, distributions that are distributions.
@Suite struct OutcomeModelTests {
    private let start = Timestamp(seconds: 1_600_000_000)

    /// Runs half of the evidence, keeps the state as JSON, goes on from it, and compares with a run
    /// that was never interrupted.
    private func checkReplay<Model: OutcomeModel>(
        _ model: Model, _ evidence: [Model.Evidence], _ question: Model.Question
    ) throws {
        var whole = ModelFeed(model)
        var half = ModelFeed(model)
        for (index, value) in evidence.enumerated() {
            let moment = start + .seconds(Int64(index))
            let observed = Observed(event: moment, ingest: moment + .seconds(1), value: value)
            try whole.take(observed)
            if index == evidence.count / 2 {
                let kept = try JSONEncoder().encode(half.model.state)
                let state = try JSONDecoder().decode(Model.State.self, from: kept)
                #expect(state == half.model.state)
                half = ModelFeed(model.restored(state), from: half.latest)
            }
            try half.take(observed)
        }
        #expect(whole.model.state == half.model.state)
        let moment = start + .seconds(100_000)
        let forecast = whole.forecast(question, at: moment)
        #expect(forecast == half.forecast(question, at: moment))
        #expect(!forecast.contributions.isEmpty)
        try checkRefusals(whole, evidence[0])
    }

    private func checkRefusals<Model: OutcomeModel>(
        _ feed: ModelFeed<Model>, _ value: Model.Evidence
    ) throws {
        var feed = feed
        let before = feed.model.state
        let late = start + .seconds(200_000)
        #expect(throws: ModelRefusal.knownBeforeItHappened(event: late, ingest: start)) {
            try feed.take(Observed(event: late, ingest: start, value: value))
        }
        #expect(throws: ModelRefusal.outOfOrder(ingest: start, latest: feed.latest)) {
            try feed.take(Observed(event: start, ingest: start, value: value))
        }
        #expect(feed.model.state == before)
    }

    private func games(_ seed: UInt64) -> [GameResult] {
        var random = SeededRandom(seed: seed)
        let teams = (0..<8).map { "T\($0)" }
        return (0..<600).map { game in
            let one = Int.random(in: 0..<8, using: &random)
            let two = (one + Int.random(in: 1..<8, using: &random)) % 8
            // A team is as strong as its number says; home is worth three.
            let noise = (0..<12).reduce(-6.0) { sum, _ in
                sum + Double.random(in: 0..<1, using: &random)
            }
            let margin = (3 * Double(one - two) + 3 + 10 * noise).rounded()
            return GameResult(
                first: teams[one], second: teams[two], margin: margin, isNeutral: false,
                season: 2000 + game / 200)
        }
    }

    @Test func leagueModelsReplayAndLearn() throws {
        let terms = LeagueModel.Terms(
            noise: 10, walk: 0.3, prior: 8, carry: 0.9, home: 2, homeWalk: 0.02, marginMax: 40)
        let games = games(3)
        let strong = GameQuestion(first: "T7", second: "T0", isNeutral: true, season: 2002)
        try checkReplay(LeagueModel(terms), games, strong)
        try checkReplay(EloModel(.nfl), games, strong)
        var feed = ModelFeed(LeagueModel(terms))
        for (index, game) in games.enumerated() {
            let moment = start + .seconds(Int64(index))
            try feed.take(Observed(event: moment, ingest: moment, value: game))
        }
        let moment = start + .seconds(1_000)
        #expect(feed.forecast(strong, at: moment).probabilities[0] > 0.9)
        #expect(abs(feed.model.state.home - 3) < 1.5, "home is \(feed.model.state.home)")
        #expect(throws: ModelRefusal.implausible("T1 against itself")) {
            try feed.take(
                Observed(
                    event: moment, ingest: moment,
                    value: GameResult(
                        first: "T1", second: "T1", margin: 1, isNeutral: true, season: 2002)))
        }
    }

    @Test func temperaturesAreCorrected() throws {
        let seed: UInt64 = 9
        var random = SeededRandom(seed: seed)
        let days = (0..<800).map { day in
            let forecast = Double(Int.random(in: 40..<90, using: &random))
            let error = Double.random(in: -3..<3, using: &random) - 2
            return TemperatureOutcome(
                station: "S\(day % 4)", dayOfYear: day % 365, forecasts: [forecast],
                actual: (forecast + error).rounded())
        }
        let question = TemperatureQuestion(station: "S1", forecasts: [60], edges: [55, 57, 59])
        try checkReplay(TemperatureModel(), days, question)
        var model = TemperatureModel()
        #expect(model.forecast(question, at: start).probabilities == [0.25, 0.25, 0.25, 0.25])
        for day in days { try model.learn(day, at: start) }
        let found = try #require(model.distribution(station: "S1", forecasts: [60]))
        #expect(abs(found.mean - 58) < 0.5, "seed \(seed): \(found.mean)")
        #expect(abs(found.deviation - 1.75) < 0.4, "seed \(seed): \(found.deviation)")
        let late = TemperatureQuestion(
            station: "S1", forecasts: [60], edges: [55, 57, 59], runningMaximum: 58)
        let rest = model.forecast(late, at: start).probabilities
        #expect(rest[0] == 0 && rest[1] == 0 && rest[2] > 0.5)
        #expect(throws: ModelRefusal.self) {
            try model.learn(
                TemperatureOutcome(
                    station: "S1", dayOfYear: 1, forecasts: [20], actual: 293.15), at: start)
        }
    }

    @Test func surprisesWiden() throws {
        let figures = (0..<40).map { index in
            PublishedFigure(
                series: "CPI", consensus: 3, actual: 3 + 0.1 * Double(index % 3 - 1), unit: 0.1)
        }
        let question = FigureQuestion(
            series: "CPI", consensus: 3, unit: 0.1, edges: [2.75, 2.95, 3.05, 3.25])
        try checkReplay(SurpriseModel(), figures, question)
        var model = SurpriseModel()
        for figure in figures { try model.learn(figure, at: start) }
        let calm = model.forecast(question, at: start).probabilities
        for _ in 0..<4 {
            try model.learn(
                PublishedFigure(series: "CPI", consensus: 3, actual: 5, unit: 0.1), at: start)
        }
        #expect(model.forecast(question, at: start).probabilities[2] < calm[2] / 2)
    }

    @Test func pollsMoveARace() throws {
        let office = RaceModel.OfficeTerms(systematic: 0.02, house: 0.015, pull: 0.1)
        let model = RaceModel(RaceModel.Terms(offices: ["Sen": office]))
        func poll(_ share: Double, house: String, left: Double = 3) -> RacePoll {
            RacePoll(
                race: "OH", office: "Sen", house: house, share: share, sampleSize: 800,
                daysLeft: left)
        }
        let polls = (0..<12).map { poll(0.53, house: "H\($0 % 5)") }
        try checkReplay(model, polls, "OH")
        var many = model
        for poll in polls { try many.learn(poll, at: start) }
        var one = model
        try one.learn(polls[0], at: start)
        let (wide, narrow) = (try #require(one.share(of: "OH")), try #require(many.share(of: "OH")))
        #expect(narrow.deviation < wide.deviation && narrow.deviation > 0.02)
        #expect(narrow.mean > wide.mean, "more polls are drawn less to even")
        #expect(model.forecast("XX", at: start).probabilities == [0.5, 0.5])
        #expect(throws: ModelRefusal.self) {
            try many.learn(poll(1.2, house: "H"), at: start)
        }
    }

    @Test func parametersAreNamedByTheirBits() {
        func set(_ value: Double) -> ParameterSet {
            ParameterSet(model: "m", window: 1...2, [.init("a", .number(value))])
        }
        #expect(set(0.1).canonicalBytes == set(0.1).canonicalBytes)
        #expect(set(0.1).canonicalBytes != set(0.1.nextUp).canonicalBytes)
    }
}
