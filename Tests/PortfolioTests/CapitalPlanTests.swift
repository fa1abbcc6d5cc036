import Portfolio
import TestSupport
import Testing
import Trading

@Suite struct HierarchicalRiskParityTests {
    struct Vectors: Decodable {
        let cases: [Case]

        struct Case: Decodable {
            let name: String
            let input: Input
            let expected: Expected
        }

        struct Input: Decodable {
            let cov: [[Double]]
            let corr: [[Double]]
        }

        struct Expected: Decodable {
            let order: [Int]
            let weights: [Double]
        }
    }

    @Test func orderAndWeightsMatchTheVector() throws {
        guard let vectors = try VectorFile.decode(Vectors.self, "algorithms", "hrp") else {
            return
        }
        #expect(!vectors.cases.isEmpty)
        for vector in vectors.cases {
            let distance: HierarchicalRiskParity.Distance =
                vector.name == "paper_variant" ? .columns : .correlation
            let input = vector.input
            #expect(
                HierarchicalRiskParity.order(input.corr, distance) == vector.expected.order,
                "\(vector.name)")
            let weights = HierarchicalRiskParity.weights(
                covariance: input.cov, correlation: input.corr, distance: distance)
            for (found, expected) in zip(weights, vector.expected.weights) {
                #expect(abs(found - expected) < 1e-9, "\(vector.name)")
            }
        }
    }

    @Test func oneSeriesGetsEverything() {
        let weights = HierarchicalRiskParity.weights(covariance: [[4]], correlation: [[1]])
        #expect(weights == [1])
    }
}

@Suite struct CapitalPlanTests {
    /// Profits of a strategy that earns `mean` with a regular swing around it.
    private func profits(_ mean: Double, swing: Double, count: Int = 60, phase: Int = 0) -> [Double]
    {
        (0..<count).map { mean + (($0 + phase) % 4 < 2 ? swing : -swing) }
    }

    private func candidate(
        _ name: String, _ domain: String, _ profits: [Double], budget: Double = 100,
        atRisk: Double = 0, multiplier: Double = 1
    ) -> CapitalCandidate {
        CapitalCandidate(
            name: name, domain: domain, profits: profits, budget: budget, atRisk: atRisk,
            multiplier: multiplier)
    }

    @Test func provedEdgesGetCapitalAndTheOthersNone() {
        let plan = CapitalPlan(
            total: 300,
            [
                candidate("a", "sports", profits(2, swing: 1)),
                candidate("b", "macro", profits(0, swing: 1, phase: 1)),
                candidate("c", "crypto", profits(-1, swing: 1, phase: 2)),
            ])
        #expect(plan.lines[0].proposed > 0)
        #expect(plan.lines[1].proposed == 0)
        #expect(plan.lines[2].proposed == 0)
        #expect(plan.lines[1].reason == "its profits do not prove an edge")
        // The domain's cap binds: 35 % of 300.
        #expect(abs(plan.lines[0].proposed - 105) < 1e-6)
        #expect(plan.lines[0].reason == "capped with its domain sports")
        #expect(abs(plan.cash - 195) < 1e-6)
    }

    @Test func neverMoreThanThereIsAndAPartStaysCash() {
        let names = ["sports", "macro", "crypto", "weather", "politics"]
        var random = SeededRandom(seed: 7)
        for _ in 0..<200 {
            let candidates = names.enumerated().map { index, name in
                candidate(
                    name, names[Int(random.next() % 5)],
                    (0..<30).map { _ in Double(Int64(random.next() % 2_001)) / 500 - 1.5 },
                    budget: Double(random.next() % 200), atRisk: Double(random.next() % 40),
                    multiplier: Double(random.next() % 3) / 2)
            }
            let total = candidates.reduce(0) { $0 + $1.budget }
            let plan = CapitalPlan(total: total, candidates)
            let sum = plan.lines.reduce(0) { $0 + $1.proposed }
            #expect(sum <= total + 1e-6)
            #expect(abs(plan.cash - (total - sum)) < 1e-6)
            for (line, candidate) in zip(plan.lines, candidates) {
                #expect(line.proposed >= min(candidate.atRisk, candidate.budget) - 1e-6)
                #expect(line.proposed.isFinite)
            }
            for name in names {
                let members = candidates.indices.filter { candidates[$0].domain == name }
                let given = members.reduce(0) { $0 + plan.lines[$1].proposed }
                let floors = members.reduce(0) {
                    $0 + min(candidates[$1].atRisk, candidates[$1].budget)
                }
                #expect(given <= 0.35 * total + floors + 1e-6)
            }
        }
    }

    /// Moves take from each no more than the plan does, give to each no more, and leave nothing
    /// that one could still give another.
    @Test func movesLeadToThePlan() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<200 {
            let candidates = (0..<5).map { index in
                candidate(
                    "s\(index)", "d\(index)", profits(Double(random.next() % 5) - 1, swing: 1),
                    budget: Double(random.next() % 200), atRisk: Double(random.next() % 40))
            }
            let total = candidates.reduce(0) { $0 + $1.budget }
            let plan = CapitalPlan(total: total, candidates)
            var left = Dictionary(
                uniqueKeysWithValues: plan.lines.map { ($0.name, $0.proposed - $0.budget) })
            for move in plan.moves {
                #expect(move.amount > 0 && move.from != move.to)
                left[move.from, default: 0] += move.amount
                left[move.to, default: 0] -= move.amount
            }
            for line in plan.lines {
                let (before, after) = (line.proposed - line.budget, left[line.name] ?? 0)
                #expect(abs(after) <= abs(before) + 1e-6 && after * before >= -1e-6)
            }
            let (wanted, spare) = (left.values.max() ?? 0, -(left.values.min() ?? 0))
            #expect(wanted < 1e-6 || spare < 1e-6)
        }
    }

    @Test func whatIsAtRiskStays() {
        let plan = CapitalPlan(
            total: 100, [candidate("a", "x", profits(-1, swing: 1), atRisk: 30)])
        #expect(plan.lines[0].proposed == 30)
        #expect(plan.lines[0].reason == "what is at risk stays")
    }

    @Test func brakesAndFewPeriodsTakeCapital() {
        let good = profits(2, swing: 1)
        let plan = CapitalPlan(
            total: 200,
            [
                candidate("a", "x", good, multiplier: 0),
                candidate("b", "y", profits(2, swing: 1, phase: 1)),
            ])
        #expect(plan.lines[0].proposed == 0)
        #expect(plan.lines[0].reason == "its brakes halt it")
        let young = CapitalPlan(total: 100, [candidate("a", "x", [1, 2, 1, 2])])
        #expect(young.lines[0].proposed == 0)
        #expect(young.lines[0].reason.hasPrefix("4 periods prove nothing"))
        #expect(CapitalPlan(total: 100, [candidate("a", "x", [])]).lines[0].proposed == 0)
    }

    /// Of two equal edges the one with the heavier tail gets less.
    @Test func aHeavierTailGetsLess() {
        var heavy = profits(3, swing: 1, phase: 1)
        heavy[10] = -30
        var rules = CapitalPlan.Rules()
        rules.domainMax = 1
        let plan = CapitalPlan(
            total: 200,
            [
                candidate("a", "x", profits(2.45, swing: 1)),
                candidate("b", "y", heavy),
            ], rules)
        #expect(plan.lines[1].tailLoss > plan.lines[0].tailLoss)
        #expect(plan.lines[1].proposed < plan.lines[0].proposed)
    }
}
