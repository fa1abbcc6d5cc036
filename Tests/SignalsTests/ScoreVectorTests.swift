import Signals
import Testing

@Suite struct ScoreVectorTests {
    @Test func scoresVector() throws {
        guard let file = try AlgorithmVectors("scores") else { return }
        for item in file.cases {
            if item.input["y"] != nil {
                try checkBinary(item, within: file.tolerance)
            } else {
                let p = try item.input.numbers("p")
                let outcome = Int(try item.input.number("outcome"))
                expectClose(
                    [
                        DistributionScores.ranked(p, outcome: outcome),
                        DistributionScores.brier(p, outcome: outcome),
                    ],
                    try ["rpsNormalised", "multiBrier"].map { try item.expected.number($0) },
                    within: file.tolerance, item.name)
            }
        }
    }

    private func checkBinary(_ item: AlgorithmVectors.Case, within tolerance: Double) throws {
        let (p, y) = (try item.input.numbers("p"), try item.input.numbers("y"))
        let table = ReliabilityTable(p, y, bins: Int(try item.input.number("bins")))
        let brier = BinaryScores.brier(p, y)
        let results = [
            "brier": brier, "logScore": BinaryScores.meanLog(p, y).score,
            "reliability": table.reliability, "resolution": table.resolution,
            "uncertainty": table.uncertainty, "withinBinVariance": table.withinBinVariance,
            "withinBinCovariance": table.withinBinCovariance,
            "ece": table.expectedCalibrationError,
            "brierSkillVsBase": 1 - brier / table.uncertainty,
        ]
        for (key, value) in results.sorted(by: { $0.key < $1.key }) {
            expectClose([value], [try item.expected.number(key)], within: tolerance, key)
        }
        #expect(abs(table.brier - brier) <= tolerance, "the parts add up")
        let rows = try #require(item.expected["table"] as? [[Double]])
        for (bin, row) in zip(table.bins, rows) {
            expectClose(
                [Double(bin.index), Double(bin.count), bin.meanForecast, bin.meanOutcome], row,
                within: tolerance, "bin")
        }
        #expect(table.bins.count == rows.count)
    }

    @Test func sequentialTestsVector() throws {
        guard let file = try AlgorithmVectors("sequential_tests") else { return }
        for item in file.cases {
            let x = try item.input.numbers("x")
            let variance = try item.input.number("variance")
            if item.input["tau2"] != nil {
                let expected = try #require(item.expected["lambda_and_p"] as? [[Double]])
                let path = SequentialTest.mixture(
                    x, variance: variance, mixing: try item.input.number("tau2"),
                    null: try item.input.number("theta0"))
                for (step, row) in zip(path, expected) {
                    expectClose(
                        [step.ratio, step.pValue], row, within: file.tolerance, item.name)
                }
                #expect(path.count == expected.count)
            } else if item.input["rho"] != nil {
                let expected = try #require(item.expected["intervals"] as? [[Double]])
                let path = SequentialTest.interval(
                    x, variance: variance, prior: try item.input.number("rho"),
                    alpha: try item.input.number("alpha"))
                for (step, row) in zip(path, expected) {
                    expectClose([step.low, step.high], row, within: file.tolerance, item.name)
                }
                #expect(path.count == expected.count)
            } else {
                Issue.record("\(item.name): an unknown kind of case")
            }
        }
    }

    @Test func emosVector() throws {
        guard let file = try AlgorithmVectors("emos") else { return }
        for item in file.cases {
            if let ensembles = item.input["ensemble"] as? [[Double]] {
                try checkFit(item, ensembles)
            } else if item.input["ensemble"] != nil {
                let ensemble = try item.input.numbers("ensemble")
                let y = try item.input.number("y")
                expectClose(
                    [
                        DistributionScores.crps(ensemble: ensemble, outcome: y),
                        DistributionScores.crps(ensemble: ensemble, outcome: y, isFair: true),
                    ], try ["crps", "fairCrps"].map { try item.expected.number($0) },
                    within: file.tolerance, item.name)
            } else {
                let mean = try item.input.number("mu")
                let deviation = try item.input.number("sigma")
                let y = try item.input.number("y")
                expectClose(
                    [
                        DistributionScores.crps(mean: mean, deviation: deviation, outcome: y),
                        DistributionScores.log(mean: mean, deviation: deviation, outcome: y),
                    ], try ["crps", "logScore"].map { try item.expected.number($0) },
                    within: file.tolerance, item.name)
            }
        }
    }

    private func checkFit(_ item: AlgorithmVectors.Case, _ ensembles: [[Double]]) throws {
        let y = try item.input.numbers("y")
        let start = try item.input.numbers("init")
        let cases = zip(ensembles, y).map { EMOS.Case(ensemble: $0, outcome: $1) }
        let model = EMOS.fit(
            cases, from: EMOS(a: start[0], b: start[1], c: start[2], d: start[3]))
        expectClose(
            [model.meanCRPS(cases)], [try item.expected.number("meanCrps")],
            within: try item.expected.number("crpsTol"), "the fit's score")
        expectClose(
            [model.a, model.b, model.c, model.d],
            try ["a", "b", "cAbs", "dAbs"].map { try item.expected.number($0) },
            within: try item.expected.number("paramTol"), "the fit's parameters")
        let raw = zip(ensembles, y).reduce(0) {
            $0 + DistributionScores.crps(ensemble: $1.0, outcome: $1.1)
        }
        expectClose(
            [raw / Double(y.count)], [try item.expected.number("rawEnsembleCrps")],
            within: 1e-9, "the raw ensemble")
    }
}
