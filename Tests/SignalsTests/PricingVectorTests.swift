import Signals
import Testing

@Suite struct PricingVectorTests {
    @Test func digitalTouchVector() throws {
        guard let file = try AlgorithmVectors("digital_touch") else { return }
        for item in file.cases {
            let input = item.input
            let option = DigitalOption(
                spot: try input.number("spot"), years: try input.number("days") / 365,
                volatility: try input.number("vol"),
                drift: input["drift"] == nil ? 0 : try input.number("drift"))
            let results = try results(of: option, input)
            for (key, value) in item.expected {
                let expected = try #require(value as? Double)
                let actual = try #require(results[key], "\(item.name): nothing computes \(key)")
                #expect(abs(actual - expected) <= file.tolerance, "\(item.name) \(key): \(actual)")
            }
        }
    }

    private func results(
        of option: DigitalOption, _ input: [String: Any]
    ) throws -> [String: Double] {
        if input["strike"] != nil {
            let strike = try input.number("strike")
            let tails = StudentDistribution(degreesOfFreedom: try input.number("nu"))
            return [
                "digitalAbove": option.above(strike: strike),
                "studentAbove": option.above(strike: strike, tails: tails),
                "touch": option.touch(barrier: strike),
            ]
        }
        if input["lower"] != nil {
            let stays = option.noTouch(
                lower: try input.number("lower"), upper: try input.number("upper"))
            return ["noTouch": stays, "touchEither": 1 - stays]
        }
        let shifted = option.continuousEquivalent(
            barrier: try input.number("barrier"),
            observations: Int(try input.number("observations")))
        return ["shiftedBarrier": shifted, "touch": option.touch(barrier: shifted)]
    }

    @Test func volatilityVector() throws {
        guard let file = try AlgorithmVectors("volatility") else { return }
        for item in file.cases {
            let (open, high) = (try item.input.numbers("open"), try item.input.numbers("high"))
            let (low, close) = (try item.input.numbers("low"), try item.input.numbers("close"))
            let bars = open.indices.map {
                PriceBar(open: open[$0], high: high[$0], low: low[$0], close: close[$0])
            }
            let returns = ReturnVolatility.returns(close)
            let yangZhang = BarVolatility.yangZhang(bars)
            var average = EWMAVariance(decay: try item.input.number("ewmaLambda"))
            let path = returns.map { change in
                average.add(change)
                return average.value
            }
            let expected = item.expected
            let tolerance = file.tolerance
            expectClose(path, try expected.numbers("ewmaVarPath"), within: tolerance, "EWMA")
            let results = [
                "parkinson": BarVolatility.parkinson(bars),
                "garmanKlass": BarVolatility.garmanKlass(bars),
                "rogersSatchell": BarVolatility.rogersSatchell(bars),
                "yangZhang": yangZhang.volatility, "yangZhangK": yangZhang.k,
                "realisedVol": ReturnVolatility.realised(returns),
                "bipowerVariation": ReturnVolatility.bipower(returns),
                "logitRealisedVol": ReturnVolatility.realised(
                    ReturnVolatility.logitReturns(close)),
            ]
            for (key, value) in results.sorted(by: { $0.key < $1.key }) {
                expectClose([value], [try expected.number(key)], within: tolerance, key)
            }
        }
    }

    @Test func kellyVector() throws {
        guard let file = try AlgorithmVectors("kelly") else { return }
        for item in file.cases {
            if item.input["price"] != nil {
                try checkBinary(item, within: file.tolerance)
            } else if item.input["unitCosts"] != nil {
                try checkExclusive(item, within: file.tolerance)
            } else {
                try checkJoint(item, within: file.tolerance)
            }
        }
    }

    private func checkBinary(_ item: AlgorithmVectors.Case, within tolerance: Double) throws {
        let probability = try item.input.number("p")
        let cost = try item.input.number("price") + item.input.number("feePerContract")
        let fraction = Kelly.binary(probability: probability, cost: cost)
        let growth = Kelly.growth(fraction: fraction, probability: probability, cost: cost)
        let expected = try ["fraction", "quarter", "growth"].map { try item.expected.number($0) }
        expectClose([fraction, fraction / 4, growth], expected, within: tolerance, item.name)
    }

    private func checkExclusive(_ item: AlgorithmVectors.Case, within tolerance: Double) throws {
        let probabilities = try item.input.numbers("probs")
        let costs = try item.input.numbers("unitCosts")
        let (fractions, reserve) = Kelly.exclusive(probabilities: probabilities, costs: costs)
        let growth = Kelly.growth(
            fractions: fractions, probabilities: probabilities, costs: costs)
        expectClose(
            fractions, try item.expected.numbers("fractions"), within: tolerance, item.name)
        let expected = try ["reserveRate", "growth"].map { try item.expected.number($0) }
        expectClose([reserve, growth], expected, within: tolerance, item.name)
    }

    private func checkJoint(_ item: AlgorithmVectors.Case, within tolerance: Double) throws {
        let payoffs = try #require(item.input["states"] as? [[Double]])
        let states = zip(try item.input.numbers("probs"), payoffs).map {
            JointKelly.State(probability: $0, payoffs: $1)
        }
        let kelly = JointKelly(states: states, costs: try item.input.numbers("costs"))
        let fractions = kelly.fractions()
        expectClose(
            fractions, try item.expected.numbers("fractions"), within: tolerance, item.name)
        expectClose(
            [kelly.growth(fractions)], [try item.expected.number("growth")], within: tolerance,
            item.name)
        let marginals = fractions.indices.map { bet in
            states.reduce(0) { $0 + $1.probability * $1.payoffs[bet] }
        }
        expectClose(
            marginals, try item.expected.numbers("marginals"), within: tolerance, item.name)
    }
}
