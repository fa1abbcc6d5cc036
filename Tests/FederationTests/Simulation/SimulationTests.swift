import Cryptography
import Federation
import TestSupport
import Testing
import Trading
import Wire

extension RoundConfiguration {
    static func simulated(peersMin: Int = 3) -> RoundConfiguration {
        var configuration = RoundConfiguration(windows: [1, 0.5, 2, 0.25])
        configuration.peersMin = peersMin
        configuration.stageMillis = 1_000
        return configuration
    }
}

/// Whole federations with seeded faults: safety always, progress once the faults are over.
struct SimulationTests {
    private func expectSafe(_ federation: SimulatedFederation, _ seed: UInt64) {
        #expect(federation.violations.isEmpty, "seed \(seed)")
    }

    @Test func withoutFaultsEveryRoundMakesAVersion() throws {
        for count in [3, 5, 9] {
            var federation = try SimulatedFederation(
                count: count, seed: 1, configuration: .simulated())
            #expect(try federation.run(toHeight: 10, seconds: 200), "\(federation.summary)")
            expectSafe(federation, 1)
            #expect(federation.alarms.isEmpty && federation.refusals.isEmpty)
        }
    }

    /// - Threat 18, 24, 30: a thousand versions under loss, repetition, disorder, partitions and
    ///   crashes. Then the faults end, and everybody must agree on one more.
    @Test(arguments: 0..<40)
    func staysSafeUnderFaultsAndGoesOnAfterwards(batch: UInt64) throws {
        let seed = 1_000 + batch
        var random = SeededRandom(seed: seed)
        var federation = try SimulatedFederation(
            count: Int.random(in: 4...7, using: &random), seed: seed,
            configuration: .simulated())
        federation.rates = FaultRates(
            drop: [0, 10, 30, 60][Int(batch % 4)], duplicate: 30, reorder: 20,
            crash: [0, 1, 3][Int(batch % 3)], partition: batch % 2 == 0 ? 0 : 300,
            delayMillisMax: 400)
        _ = try federation.run(toHeight: 25, seconds: 600)
        federation.rates = .none
        let height = (federation.heights.max() ?? 0) + 1
        let rest = max(1, 25 - Int64(height))
        #expect(
            try federation.run(toHeight: height + UInt64(rest), seconds: 120 + 60 * rest),
            "seed \(seed): heights \(federation.heights)")
        expectSafe(federation, seed)
    }
}
