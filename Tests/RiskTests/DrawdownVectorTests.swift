import Risk
import TestSupport
import Testing
import Trading
import Wire

/// The drawdown brake against reference values.
@Suite struct DrawdownBrakeVectorTests {
    private struct Vectors: Decodable {
        let tolerance_abs: Double
        let cases: [Case]

        struct Case: Decodable {
            let name: String
            let input: Input
            let expected: Expected
        }

        struct Input: Decodable {
            let equity: [Double]
            let soft: Double?
            let hard: Double?
            let floor: Double?
            let cooldownSteps: Int64?
            let probationMultiplier: Double?
        }

        struct Expected: Decodable { let steps: [Step]? }

        struct Step: Decodable {
            let drawdown: Double
            let state: String
            let multiplier: Double
            let cooldown: Int64
        }
    }

    @Test func everyStepMatchesTheVector() throws {
        let vectors = try VectorFile.decode(Vectors.self, "algorithms", "drawdown_brake")
        guard let vectors else { return }
        let cases = vectors.cases.filter { $0.expected.steps != nil }
        #expect(!cases.isEmpty)
        for vector in cases { try check(vector, within: vectors.tolerance_abs) }
    }

    private func check(_ vector: Vectors.Case, within tolerance: Double) throws {
        let input = vector.input
        let rule = DrawdownRule(
            soft: try units(input.soft), hard: try units(input.hard),
            floor: try units(input.floor), probation: try units(input.probationMultiplier),
            cooldown: .seconds(try #require(input.cooldownSteps)))
        var brake = DrawdownBrake()
        for (step, expected) in try #require(vector.expected.steps).enumerated() {
            let now = Timestamp(seconds: Int64(step))
            brake.observe(
                Money(units: try units(input.equity[step])), at: now, rule, mayResume: true)
            let place = "\(vector.name) step \(step)"
            #expect("\(brake.phase)" == expected.state, "\(place)")
            #expect(abs(value(brake.drawdown) - expected.drawdown) <= tolerance, "\(place)")
            let multiplier = value(brake.multiplier(rule))
            #expect(abs(multiplier - expected.multiplier) <= tolerance, "\(place)")
            let rest = brake.phase == .halted ? (brake.until - now).nanoseconds : 0
            #expect(rest == expected.cooldown * 1_000_000_000, "\(place)")
        }
    }

    private func value(_ fraction: (part: Int128, whole: Int128)) -> Double {
        Double(fraction.part) / Double(fraction.whole)
    }

    private func units(_ value: Double?) throws -> Int64 {
        Int64((try #require(value) * 1e9).rounded())
    }
}
