import Research
import Signals
import Testing

@Suite struct FederatedStudyTests {
    private let study = FederatedStudy(seed: 5)

    @Test func slicesShareNoMarketAndNoneIsHeldOut() {
        let parts =
            (0..<3).map { Set(study.slice($0, of: 3).map(\.market)) }
            + [Set(study.heldOut.map(\.market))]
        #expect(parts.allSatisfy { $0.count >= 40 })
        #expect(Set(parts.joined()).count == parts.reduce(0) { $0 + $1.count })
        #expect(parts[0].max() ?? 0 < parts[1].min() ?? 0)
        #expect(parts[2].max() ?? 0 < parts[3].min() ?? 0)
    }

    @Test func theSameSeedGivesTheSameDay() {
        let again = FederatedStudy(seed: 5)
        let other = FederatedStudy(seed: 6)
        let strikes = study.heldOut.map(\.forecast.strike)
        #expect(again.heldOut.map(\.forecast.strike) == strikes)
        #expect(other.heldOut.map(\.forecast.strike) != strikes)
    }

    @Test func aFitSuitsItsOwnSliceBetterThanTheStart() {
        for peer in 0..<3 {
            let rows = study.slice(peer, of: 3)
            let fitted = FederatedStudy.fit(rows)
            let before = rows.reduce(0) { $0 + $1.forecast.score(.neutral) }
            let after = rows.reduce(0) { $0 + $1.forecast.score(fitted) }
            #expect(after < before)
        }
    }
}
