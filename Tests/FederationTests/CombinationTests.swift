import Cryptography
import Federation
import TestSupport
import Testing
import Wire

/// How the sums of groups make one move.
struct CombinationTests {
    /// Leaves the lowest and the highest out one by one, as the words say.
    private func slowMean(_ values: [Double], trim: Int) -> Double {
        var left = values
        for _ in 0..<trim where left.count > 2 {
            if let low = left.indices.min(by: { left[$0] < left[$1] }) { left.remove(at: low) }
            if let high = left.indices.max(by: { left[$0] < left[$1] }) { left.remove(at: high) }
        }
        return left.reduce(0, +) / Double(left.count)
    }

    @Test func theTrimmedMeanIsWhatTheSlowOneSays() {
        var random = SeededRandom(seed: 41)
        for _ in 0..<2_000 {
            let count = Int.random(in: 1...23, using: &random)
            let trim = Int.random(in: 0...12, using: &random)
            // Few different values, so that many are equal.
            var values = (0..<count).map { _ in
                Double(Int.random(in: -9...9, using: &random)) / 8
            }
            let mean = values.trimmedMean(trim: trim)
            #expect(abs(mean - slowMean(values, trim: trim)) < 1e-12, "seed 41: \(values), \(trim)")
            // The order of the groups is no part of it, down to the last bit.
            values.shuffle(using: &random)
            #expect(values.trimmedMean(trim: trim).bitPattern == mean.bitPattern)
        }
        #expect([9, 1, 2, 3, -50].trimmedMean(trim: 1) == 2)
        #expect([1, 4].trimmedMean(trim: 5) == 2.5)
    }

    private func configuration(groups: Int, trim: Int?) -> RoundConfiguration {
        var configuration = RoundConfiguration.simulated()
        configuration.groupCount = groups
        configuration.peersMax = 100
        configuration.trim = trim
        return configuration
    }

    /// The parameters that groups make of a model of zeros, in windows. Each group has one peer,
    /// whose update is `values` of windows.
    private func combine(
        _ values: [[Double]], _ configuration: RoundConfiguration, broken: Set<Int> = []
    ) throws -> [Double] {
        let rig = try RoundRig(count: 3, configuration: configuration)
        var sums = try values.map { group in
            try configuration.quantiser.vector(
                of: zip(configuration.windows, group).map { $0 * $1 }, weight: 1,
                rounding: SecretBytes([UInt8](repeating: 3, count: 32)),
                checksum: rig.facts.checksum)
        }
        for group in broken { sums[group][3] &+= 1 }
        let parent = ModelState(parameters: configuration.windows.map { _ in 0 })
        let model = try SumCombination(facts: rig.facts).model(
            after: parent, sums: sums, sizes: values.map { _ in 1 })
        return zip(model.parameters, configuration.windows).map { $0 / $1 }
    }

    private func all(_ value: Double) -> [Double] { [Double](repeating: value, count: 4) }

    /// - Threat 16: the trimmed mean of groups stays among the honest groups while at most as many
    ///   are spoilt as are trimmed, and uses more of them than the median does.
    @Test func theTrimmedMeanHoldsAgainstAsManyGroupsAsItTrims() throws {
        let trimmed = configuration(groups: 7, trim: 2)
        let median = configuration(groups: 7, trim: nil)
        for attack in [-0.5, 0.5, 1e6] {
            for spoilt in [2, 3] {
                let values = (0..<7).map { group in
                    all(group < spoilt ? attack : 0.1 + 0.01 * Double(group))
                }
                let moved = try combine(values, trimmed)[0]
                #expect((0.11...0.17).contains(moved) == (spoilt == 2), "\(attack) \(spoilt)")
            }
        }
        let values = [0, 0.01, 0.02, 0.03, 0.09, 0.1, 0.11].map(all)
        #expect(abs(try combine(values, trimmed)[0] - 0.14 / 3) < 1e-4)
        #expect(abs(try combine(values, median)[0] - 0.03) < 1e-4)
        // Two of seven have no sum: of five left two a side are trimmed, which is their median.
        #expect(abs(try combine(values, trimmed, broken: [0, 6])[0] - 0.03) < 1e-4)
        // With another gone four are left, and there are not two a side to spare.
        #expect(abs(try combine(values, trimmed, broken: [0, 1, 6])[0] - 0.06) < 1e-4)
        #expect(throws: CombinationProblem.tooFewGroups(sound: 3, needed: 4)) {
            _ = try combine(values, trimmed, broken: [0, 1, 2, 6])
        }
    }

    /// Each group is within the norm, and what the coordinates make together is not.
    @Test(arguments: [nil, 1])
    func theWholeIsClippedAfterwards(trim: Int?) throws {
        let agreed = configuration(groups: 3, trim: trim)
        let long = 0.7 * agreed.clip
        let moved = try combine(
            [[long, long, 0, 0], [long, 0, long, 0], [0, long, long, 0]], agreed)
        let norm = moved.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(norm - agreed.clip) < 1e-4)
        #expect(abs(moved[0] - moved[2]) < 1e-4)
    }

    // MARK: FedAdam

    /// The moves are those of the paper's algorithm, done plainly here, and never beyond a window.
    @Test func adamMovesAsThePaperSays() throws {
        var agreed = configuration(groups: 1, trim: nil)
        var adam = AdamTerms()
        adam.rate = 0.3
        agreed.adam = adam
        let rig = try RoundRig(count: 3, configuration: agreed)
        var model = ModelState(
            parameters: [0, 0, 0, 0], moments: [Double](repeating: 0, count: 8))
        var (mean, square, sum) = (0.0, 0.0, 0.0)
        for round in 0..<40 {
            let value = round < 20 ? 0.25 : -0.1
            let vector = try agreed.quantiser.vector(
                of: agreed.windows.map { $0 * value }, weight: 1,
                rounding: SecretBytes([UInt8](repeating: 3, count: 32)),
                checksum: rig.facts.checksum)
            let next = try SumCombination(facts: rig.facts).model(
                after: model, sums: [vector], sizes: [1])
            mean = 0.9 * mean + 0.1 * value
            square = 0.99 * square + 0.01 * value * value
            sum += 0.3 * mean / (square.squareRoot() + 0.01)
            for (index, window) in agreed.windows.enumerated() {
                #expect(abs(next.parameters[index] / window - sum) < 1e-3, "round \(round)")
                let move = abs(next.parameters[index] - model.parameters[index])
                #expect(move <= window * (1 + 1e-12), "one round moves one window at most")
            }
            #expect(next.moments.count == 8)
            model = next
        }
        // With a rate that wants more, the window holds.
        agreed.adam?.rate = 10
        let wild = try RoundRig(count: 3, configuration: agreed)
        let vector = try agreed.quantiser.vector(
            of: agreed.windows.map { $0 * 0.3 }, weight: 1,
            rounding: SecretBytes([UInt8](repeating: 3, count: 32)), checksum: wild.facts.checksum)
        let moved = try SumCombination(facts: wild.facts).model(
            after: ModelState(parameters: [0, 0, 0, 0]), sums: [vector], sizes: [1])
        #expect(zip(moved.parameters, agreed.windows).allSatisfy { $0 == $1 })
    }

    @Test func theMomentsAreAPartOfTheModel() {
        let plain = ModelState(parameters: [1, 2])
        let zeros = ModelState(parameters: [1, 2], moments: [0, 0, 0, 0])
        let other = ModelState(parameters: [1, 2], moments: [0, 0, 0, 1])
        #expect(Set([plain.digest, zeros.digest, other.digest]).count == 3)
        var agreed = configuration(groups: 5, trim: 1)
        let without = agreed.digest
        agreed.adam = AdamTerms()
        #expect(agreed.digest != without && agreed.problem == nil)
        for change in [\AdamTerms.rate, \.beta1, \.beta2, \.tau] {
            var wrong = agreed
            wrong.adam?[keyPath: change] = -1
            #expect(wrong.problem == .badAdam)
        }
    }

    @Test func peersWhoCombineOtherwiseAreInNoRoundTogether() {
        let all = [nil, 1, 2].map { configuration(groups: 5, trim: $0) }
        #expect(Set(all.map(\.digest)).count == 3)
        #expect(all.allSatisfy { $0.problem == nil })
        for trim in [-1, 0, 3] {
            #expect(
                configuration(groups: 5, trim: trim).problem
                    == .trimOutOfRange(trim: trim, groups: 5))
        }
        #expect(
            configuration(groups: 1, trim: 1).problem == .trimOutOfRange(trim: 1, groups: 1))
    }
}
