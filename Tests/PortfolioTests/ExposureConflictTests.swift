import Portfolio
import TestSupport
import Testing

/// Strategies that stand in each other's way.
@Suite struct ExposureConflictTests {
    private func claim(
        _ name: String, _ instrument: String, _ quantity: Double, edge: Double, loss: Double,
        event: String = "E"
    ) -> ExposureClaim {
        ExposureClaim(
            name: name, event: event, instrument: instrument, quantity: quantity, edgeEach: edge,
            eventLoss: loss)
    }

    @Test func oppositeSidesNetAndTheWorseClaimIsExplained() throws {
        let found = ExposureConflict.all(
            [claim("a", "X", 10, edge: 0.05, loss: 5), claim("b", "X", -4, edge: -0.02, loss: 2)],
            [])
        let conflict = try #require(found.first)
        #expect(found.count == 1 && conflict.kind == .opposing && conflict.subject == "X")
        // a expects 0.50 and can lose 5; b, which is short, expects 0.08 and can lose 2.
        #expect(conflict.ranks.map(\.name) == ["a", "b"])
        #expect(abs(conflict.ranks[0].merit - 0.1) < 1e-12)
        #expect(abs(conflict.ranks[1].merit - 0.04) < 1e-12)
        #expect(conflict.amount == 4)
        #expect(conflict.proposal == "both sides give up 4 contracts, which cancel out")
        #expect(
            conflict.reason == "b expects 0.04 for each dollar it can lose, a 0.1")
    }

    @Test func theSameSideTwiceLeavesItToTheBetterClaim() throws {
        let found = ExposureConflict.all(
            [
                claim("a", "X", 10, edge: 0.01, loss: 5), claim("b", "X", 4, edge: 0.02, loss: 2),
                claim("c", "Y", 4, edge: 0.02, loss: 2, event: "F"),
            ], [])
        let conflict = try #require(found.first)
        #expect(found.count == 1 && conflict.kind == .overlapping)
        #expect(conflict.ranks.map(\.name) == ["b", "a"])
        #expect(conflict.amount == 10)
        #expect(conflict.proposal == "a leaves its 10 contracts to b")
    }

    /// What a strategy has elsewhere in the event counts in its edge and its loss.
    @Test func aClaimIsThatOfTheWholeEvent() throws {
        let found = ExposureConflict.all(
            [
                claim("a", "X", 10, edge: 0.01, loss: 5), claim("a", "Z", 10, edge: 0.09, loss: 5),
                claim("b", "X", -4, edge: -0.02, loss: 2),
            ], [])
        let rank = try #require(found.first?.ranks.first { $0.name == "a" })
        #expect(abs(rank.edge - 1) < 1e-12 && rank.loss == 5)
    }

    @Test(arguments: [(79.0, false), (80, true), (100, true)])
    func strategiesCompeteForALimitThatIsNearlyUsed(used: Double, expected: Bool) throws {
        let claims = [
            claim("a", "X", 10, edge: 0.05, loss: 60),
            claim("b", "Y", 4, edge: 0.001, loss: 15, event: "F"),
        ]
        let limit = SharedLimit(name: "firm", used: used, limit: 100, strategies: ["a", "b"])
        let found = ExposureConflict.all(claims, [limit])
        #expect(found.isEmpty != expected)
        guard let conflict = found.first else { return }
        #expect(conflict.kind == .competing && conflict.ranks.map(\.name) == ["a", "b"])
        #expect(conflict.amount == min(15, used - 80))
    }

    @Test func whoCannotLoseHasTheBestClaimAndNothingConflictsAlone() {
        let found = ExposureConflict.all(
            [claim("a", "X", 1, edge: 0.01, loss: 0), claim("b", "X", -1, edge: -0.9, loss: 1)],
            [])
        #expect(found.first?.ranks.first?.name == "a")
        #expect(ExposureConflict.all([claim("a", "X", 1, edge: 1, loss: 1)], []).isEmpty)
        let alone = SharedLimit(name: "firm", used: 99, limit: 100, strategies: ["a"])
        #expect(
            ExposureConflict.all([claim("a", "X", 1, edge: 1, loss: 1)], [alone]).isEmpty)
    }

    /// Whatever the order of the claims, the answer is the same, and who is first has the largest
    /// merit.
    @Test(arguments: 0..<50) func theOrderOfClaimsDoesNotCount(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let claims = (0..<12).map { _ in
            claim(
                "s\(random.next() % 4)", "I\(random.next() % 3)",
                Double(Int(random.next() % 21)) - 10,
                edge: Double(Int(random.next() % 41) - 20) / 100,
                loss: Double(random.next() % 30))
        }
        // One loss for each strategy and event, as an engine has it.
        let consistent = claims.reduce(into: [String: ExposureClaim]()) { all, claim in
            let loss = claims.first { $0.name == claim.name }?.eventLoss ?? 0
            all["\(claim.name) \(claim.instrument)"] = self.claim(
                claim.name, claim.instrument, claim.quantity, edge: claim.edgeEach, loss: loss)
        }
        let sorted = consistent.keys.sorted().compactMap { consistent[$0] }
        let found = ExposureConflict.all(sorted, [])
        #expect(ExposureConflict.all(sorted.reversed(), []).map(\.subject) == found.map(\.subject))
        for conflict in found {
            #expect(conflict.ranks.map(\.merit) == conflict.ranks.map(\.merit).sorted(by: >))
            #expect(conflict.amount > 0)
        }
    }
}
