import FedSync
import Federation
import Journal
import Testing
import Trading
import Transport
import Wire

/// A peer is killed at every stage of a round, as coordinator and as one among others. What must
/// hold: no wrong sum, no input in two sums, everybody at one version in the end.
@Suite struct KilledPeerTests {
    private static let count = 5
    private static let stages: [PeerRound.Stage] = [
        .advertised, .shared, .masked, .acknowledged, .unmasked,
    ]

    private static func target(_ place: Int, _ round: Int) -> [Double] {
        [1 + 0.01 * Double(place + 1) * Double(round), 0.02 * Double(place) - 0.03]
    }

    private static func weight(_ place: Int) -> Double { 0.2 + 0.1 * Double(place) }

    /// - Threat 18, 24, 30: a peer that is killed at any stage, coordinator or not.
    @Test(arguments: KilledPeerTests.stages, [false, true])
    func aSumIsExactOrNoneIsMade(_ stage: PeerRound.Stage, _ isCoordinator: Bool) throws {
        let federation = try FederationInMemory(count: KilledPeerTests.count)
        for place in 0..<KilledPeerTests.count {
            try federation.offer(
                place, KilledPeerTests.target(place, 1), weight: KilledPeerTests.weight(place))
        }
        var victim: Int?
        let isThere = try federation.network.run(within: .seconds(60)) {
            victim = (0..<KilledPeerTests.count).first { place in
                guard let peer = federation.services[place]?.peer else { return false }
                return peer.isCoordinating == isCoordinator && peer.stage == stage
            }
            return victim != nil
        }
        let killed = try #require(isThere ? victim : nil, "nobody came to \(stage)")
        try federation.kill(killed)
        try federation.network.run(for: .seconds(20))
        try federation.start(killed)
        for place in 0..<KilledPeerTests.count {
            try federation.offer(
                place, KilledPeerTests.target(place, 2), weight: KilledPeerTests.weight(place))
        }
        let needed = (federation.services.compactMap { $0?.peer.record.head.height }.max() ?? 0) + 1
        let isDone = try federation.network.run(within: .seconds(200)) {
            (0..<KilledPeerTests.count).allSatisfy { federation.height($0) >= needed }
        }
        #expect(isDone, "no version \(needed) after the restart")
        try check(federation)
    }

    /// Every version is the weighted mean of updates of its survivors, each of which is in one sum.
    private func check(_ federation: FederationInMemory) throws {
        let first = try federation.record(0)
        var used: Set<[Int]> = []
        var model = federation.sample.invitation.initial
        for height in 1...first.head.height {
            let version = try #require(first.versions[height])
            for place in 1..<KilledPeerTests.count {
                let other = try federation.record(place).versions[height]
                #expect(other?.candidate.model == version.candidate.model)
            }
            let survivors = try federation.survivors(version).sorted()
            #expect(survivors.count >= 3)
            // Which of its two updates each survivor has given: the only choice that fits.
            let choices = try #require(
                fitting(version.candidate.model, from: model, survivors),
                "version \(height) is no mean of its survivors' updates")
            for (place, round) in zip(survivors, choices) {
                #expect(used.insert([place, round]).inserted, "an update is in two sums")
            }
            model = version.candidate.model
        }
    }

    private func fitting(
        _ result: ModelState, from parent: ModelState, _ survivors: [Int]
    ) -> [Int]? {
        for bits in 0..<(1 << survivors.count) {
            let rounds = survivors.indices.map { (bits >> $0) & 1 + 1 }
            let weights = survivors.map(KilledPeerTests.weight)
            let total = weights.reduce(0, +)
            let fits = parent.parameters.indices.allSatisfy { index in
                let mean = zip(zip(survivors, rounds), weights).reduce(0.0) { sum, next in
                    let ((place, round), weight) = next
                    let target = KilledPeerTests.target(place, round)[index]
                    return sum + weight * (target - parent.parameters[index])
                }
                // Quantisation to 22 bits of windows up to one half.
                let expected = parent.parameters[index] + mean / total
                return abs(result.parameters[index] - expected) < 2e-6
            }
            if fits { return rounds }
        }
        return nil
    }

    /// - Threat 24: what a restart has is what was durable, and that is all
    ///   that the machine wanted durable.
    @Test func aRestartHasWhatWasDurable() throws {
        let federation = try FederationInMemory(count: 3)
        for place in 0..<3 {
            try federation.offer(place, KilledPeerTests.target(place, 1), weight: 0.5)
        }
        #expect(try federation.network.run(within: .seconds(60)) { federation.height(1) == 1 })
        let before = try #require(federation.services[1]?.peer.record)
        try federation.kill(1)
        let durable = try federation.record(1)
        #expect(durable.head == before.head)
        #expect(durable.model == before.model)
        #expect(durable.spentThrough == before.spentThrough)
        #expect(durable.spentThrough > 0)
        try federation.start(1)
        let after = try #require(federation.services[1]?.peer.record)
        #expect(after.head == before.head)
        #expect(after.attempt == durable.attempt + 1)
        #expect(after.number > before.number)
    }

    /// - Threat 7: two restarts without a word in between still use different numbers.
    @Test func numbersRiseOverRestarts() throws {
        let federation = try FederationInMemory(count: 3)
        var highest: UInt64 = 0
        for _ in 0..<3 {
            try federation.network.run(for: .milliseconds(1_500))
            let number = try #require(federation.services[2]?.peer.record.number)
            #expect(number > highest)
            highest = number
            try federation.kill(2)
            try federation.start(2)
            let restarted = try #require(federation.services[2]?.peer.record.number)
            #expect(restarted > highest)
        }
    }
}
