import Foundation
import Signals
import Testing
import Trading

@Suite struct ModelVectorTests {
    @Test func pollKalmanVector() throws {
        guard let file = try AlgorithmVectors("poll_kalman") else { return }
        for item in file.cases {
            if item.input["polls"] != nil {
                try checkPath(item, within: file.tolerance)
                continue
            }
            let (probability, deviation) = PollFilter.winProbability(
                support: try item.input.number("mean"), deviation: try item.input.number("sd"),
                days: try item.input.number("daysToElection"),
                walkDeviation: try item.input.number("randomWalkSdPerDay"),
                systematic: try item.input.number("systematicSd"))
            expectClose(
                [probability, deviation],
                try ["winProb", "totalSd"].map { try item.expected.number($0) },
                within: file.tolerance, item.name)
        }
    }

    private func checkPath(_ item: AlgorithmVectors.Case, within tolerance: Double) throws {
        let houses = try #require(item.input["houses"] as? [String])
        let prior = try #require(item.input["prior"] as? [String: Any])
        var terms = PollFilter.Terms()
        terms.walkDeviation = try item.input.number("randomWalkSdPerDay")
        terms.houseDeviation = try item.input.number("houseSd")
        terms.priorMean = try prior.number("mean")
        terms.priorDeviation = try prior.number("sd")
        terms.designEffect = try item.input.number("designEffect")
        terms.sumToZeroVariance = try item.input.number("sumToZeroVar")
        var filter = PollFilter(houses: houses.count, terms: terms)
        let polls = try #require(item.input["polls"] as? [[String: Any]])
        let path = try #require(item.expected["path"] as? [[String: Any]])
        #expect(polls.count == path.count)
        for (poll, expected) in zip(polls, path) {
            let house = try #require(poll["house"] as? String)
            filter.add(
                PollFilter.Poll(
                    day: try poll.number("day"), house: try #require(houses.firstIndex(of: house)),
                    share: try poll.number("share"), sampleSize: try poll.number("n")))
            expectClose(
                [
                    filter.support, filter.deviation, filter.lastInnovation.value,
                    filter.lastInnovation.variance,
                ] + filter.houses,
                try ["mean", "sd", "innovation", "S"].map { try expected.number($0) }
                    + expected.numbers("house"), within: tolerance, item.name)
        }
        expectClose(
            [filter.logLikelihood], [try item.expected.number("logLik")], within: tolerance,
            "likelihood")
    }

    @Test func macroVector() throws {
        guard let file = try AlgorithmVectors("macro") else { return }
        for item in file.cases {
            if item.input["price_m"] != nil {
                try checkMonth(item, within: file.tolerance)
            } else if item.input["first"] != nil {
                let sum = MeetingProbabilities.convolve(
                    try moves(item.input["first"]), try moves(item.input["second"]))
                try check(sum, item.expected["dist"], within: file.tolerance)
            } else {
                let surprise = SurpriseDistribution(
                    consensus: try item.input.number("consensus"),
                    scale: try item.input.number("scale"),
                    degreesOfFreedom: try item.input.number("dof"))
                expectClose(
                    surprise.buckets(edges: try item.input.numbers("edges")),
                    try item.expected.numbers("probs"), within: file.tolerance, item.name)
            }
        }
    }

    private func checkMonth(_ item: AlgorithmVectors.Case, within tolerance: Double) throws {
        let hasNext = item.input["price_next"].map { !($0 is NSNull) } ?? false
        let isNextFree = (item.input["meeting_next"] as? Bool) == false
        let implied = MeetingProbabilities.month(
            price: try item.input.number("price_m"),
            before: try item.input.number("price_prev"),
            after: hasNext && isNextFree ? try item.input.number("price_next") : nil,
            days: Int(try item.input.number("N")), meetingDay: Int(try item.input.number("M")))
        expectClose(
            [implied.average, implied.start, implied.end, implied.moves],
            try ["avg", "start", "end", "expectedMoves"].map { try item.expected.number($0) },
            within: tolerance, item.name)
        try check(implied.buckets, item.expected["buckets"], within: tolerance)
    }

    private func moves(_ value: Any?) throws -> [MeetingProbabilities.MoveProbability] {
        try #require(value as? [String: Double]).map {
            MeetingProbabilities.MoveProbability(
                basisPoints: try #require(Int($0.key)), probability: $0.value)
        }
    }

    private func check(
        _ moves: [MeetingProbabilities.MoveProbability], _ expected: Any?, within tolerance: Double
    ) throws {
        let expected = try self.moves(expected).sorted { $0.basisPoints < $1.basisPoints }
        #expect(moves.map(\.basisPoints) == expected.map(\.basisPoints))
        expectClose(
            moves.map(\.probability), expected.map(\.probability), within: tolerance, "moves")
    }

    @Test func riskConstrainedKellyVector() throws {
        guard let file = try AlgorithmVectors("risk_constrained_kelly") else { return }
        for item in file.cases {
            let isBinary = item.input["p"] != nil
            let probabilities =
                try isBinary
                ? [item.input.number("p"), 1 - item.input.number("p")]
                : item.input.numbers("probs")
            let costs =
                try isBinary ? [item.input.number("cost")] : item.input.numbers("unitCosts")
            let states = probabilities.enumerated().map { index, probability in
                JointKelly.State(
                    probability: probability,
                    payoffs: costs.indices.map { $0 == index ? 1 : 0 })
            }
            let kelly = RiskConstrainedKelly(
                states: states, costs: costs, level: try item.input.number("alpha"),
                probabilityMax: try item.input.number("beta"))
            let stakes = kelly.fractions()
            expectClose(
                [kelly.lambda], [try item.expected.number("lam")], within: 1e-12, item.name)
            if isBinary {
                expectClose(
                    stakes, [try item.expected.number("rck")], within: file.tolerance, item.name)
            } else {
                // The optimum is flat: the file's stakes, which come out of a numerical solver, lie
                // 1.5e-5 off the root of the optimality conditions and above the bound by 7e-9,
                // so the tolerance is that of the growth.
                expectClose(
                    stakes + [1 - stakes.reduce(0, +)], try item.expected.numbers("bets"),
                    within: 50 * file.tolerance, item.name)
                expectClose(
                    [kelly.growth(stakes)], [try item.expected.number("growth")],
                    within: file.tolerance, item.name)
            }
        }
    }

    /// The root of the optimality conditions for the stakes of the vector, found by Newton's method
    /// in another program.
    @Test func riskConstrainedStakesSolveTheOptimalityConditions() {
        let states = [0.5, 0.3, 0.2].enumerated().map { index, probability in
            JointKelly.State(
                probability: probability, payoffs: (0..<3).map { $0 == index ? 1 : 0 })
        }
        let kelly = RiskConstrainedKelly(
            states: states, costs: [0.4, 0.32, 0.3], level: 0.7, probabilityMax: 0.1)
        expectClose(
            kelly.fractions(), [0.0588004864610465, 0.0197058278276781, 0], within: 1e-8,
            "stakes")
    }

    @Test func fractionalKellyVector() throws {
        guard let file = try AlgorithmVectors("fractional_kelly_dd") else { return }
        for item in file.cases {
            let level = try item.input.number("b")
            if item.input["maxProb"] != nil {
                let fraction = DrawdownKelly.fraction(
                    ofReaching: level, probabilityMax: try item.input.number("maxProb"))
                expectClose(
                    [fraction], [try item.expected.number("c")], within: file.tolerance, item.name)
            } else {
                let probability = DrawdownKelly.probability(
                    ofReaching: level, fraction: try item.input.number("c"))
                expectClose(
                    [probability], [try item.expected.number("prob")], within: file.tolerance,
                    item.name)
            }
        }
    }

    @Test func asOfJoinVector() throws {
        guard let file = try AlgorithmVectors("asof_join") else { return }
        for item in file.cases {
            var history = FeatureHistory<String>()
            for row in try #require(item.input["features"] as? [[String: Any]]) {
                history.add(
                    FeatureRow(
                        event: Timestamp(seconds: Int64(try row.number("event"))),
                        ingest: Timestamp(seconds: Int64(try row.number("ingest"))),
                        value: try row.number("v")), for: try #require(row["key"] as? String))
            }
            let life = Span.seconds(Int64(try item.input.number("ttl")))
            let entities = try #require(item.input["entities"] as? [[String: Any]])
            let expected = try #require(item.expected["values"] as? [Any])
            #expect(entities.count == expected.count)
            for (entity, value) in zip(entities, expected) {
                let found = history.row(
                    for: try #require(entity["key"] as? String),
                    asOf: Timestamp(seconds: Int64(try entity.number("t"))), timeToLive: life)
                #expect(found?.value == (value as? NSNumber)?.doubleValue, "\(entity)")
            }
        }
    }
}
