package import Wire

/// The parameters that the federation has agreed on at some height.
package struct ModelState: Sendable, Equatable {
    package let parameters: [Double]
    /// What the optimiser remembers, where one is agreed on: the mean move of each parameter, then
    /// the mean square of it, in windows. It is a part of the model, so that whoever has a version
    /// makes the same next one.
    package let moments: [Double]

    package init(parameters: [Double], moments: [Double] = []) {
        precondition(
            moments.isEmpty || moments.count == 2 * parameters.count,
            "\(moments.count) moments of \(parameters.count) parameters")
        self.parameters = parameters
        self.moments = moments
    }

    /// The hash of the content: equal parameters and moments are the same model.
    package var digest: Digest {
        var bytes = ByteWriter(
            tag: "FedSync/v1/model", capacity: 32 + (parameters.count + moments.count) * 8)
        bytes.append(UInt64(parameters.count))
        for parameter in parameters { bytes.append(parameter) }
        for moment in moments { bytes.append(moment) }
        return bytes.digest
    }
}

/// Why a sum makes no model.
package enum CombinationProblem: Error, Equatable {
    /// The constant's sum is not the number of survivors: something is still masked.
    case wrongCount(group: Int)
    case wrongChecksum(group: Int)
    /// No weight, or more than so many peers can have.
    case wrongWeight(group: Int)
    case outsideTheBox(group: Int, parameter: Int)
    case beyondTheNorm(group: Int)
    case tooFewGroups(sound: Int, needed: Int)
    case notFinite(parameter: Int)
}

/// Makes one delta out of the sums of groups. Every peer does it for itself, with operations that
/// IEEE 754 defines exactly, so that all get the same bits.
package struct SumCombination: Sendable {
    private let configuration: RoundConfiguration
    private let quantiser: Quantiser
    private let checksum: ChecksumFactors

    package init(facts: RoundFacts) {
        configuration = facts.configuration
        quantiser = facts.configuration.quantiser
        checksum = facts.checksum
    }

    /// The model that follows. A group whose sum is unsound is dropped where enough others are
    /// left: more than half of all.
    package func model(
        after parent: ModelState, sums: [RingVector], sizes: [Int]
    ) throws(CombinationProblem) -> ModelState {
        var deltas: [[Double]] = []
        var problem: CombinationProblem?
        for (group, sum) in sums.enumerated() {
            do throws(CombinationProblem) {
                deltas.append(try delta(of: sum, size: sizes[group], group: group))
            } catch {
                problem = error
            }
        }
        let needed = sums.count / 2 + 1
        guard deltas.count >= needed else {
            if let problem, sums.count == 1 { throw problem }
            throw .tooFewGroups(sound: deltas.count, needed: needed)
        }
        let combined = clipped(
            configuration.windows.indices.map { index in
                combine(deltas.map { $0[index] })
            }, groups: sums.count)
        let (moves, moments) = moves(combined, after: parent)
        var parameters = parent.parameters
        for index in parameters.indices {
            parameters[index] += moves[index]
            guard parameters[index].isFinite else { throw .notFinite(parameter: index) }
        }
        return ModelState(parameters: parameters, moments: moments)
    }

    /// What the parameters move by: the combined delta itself, or FedAdam's step on it (Reddi et
    /// al. 2021, without bias correction), which no parameter's window lets further than once its
    /// own. In windows, so that one rate suits parameters of any size.
    private func moves(
        _ delta: [Double], after parent: ModelState
    ) -> (moves: [Double], moments: [Double]) {
        guard let adam = configuration.adam else { return (delta, []) }
        let count = delta.count
        let before =
            parent.moments.isEmpty ? [Double](repeating: 0, count: 2 * count) : parent.moments
        var (moves, moments) = (delta, before)
        for index in delta.indices {
            let window = configuration.windows[index]
            let move = delta[index] / window
            let mean = adam.beta1 * before[index] + (1 - adam.beta1) * move
            let square = adam.beta2 * before[count + index] + (1 - adam.beta2) * (move * move)
            (moments[index], moments[count + index]) = (mean, square)
            let step = adam.rate * mean / (square.squareRoot() + adam.tau)
            moves[index] = min(1, max(-1, step)) * window
        }
        return (moves, moments)
    }

    /// The weighted mean of a group, after every check that needs no peer's own numbers.
    package func delta(
        of sum: RingVector, size: Int, group: Int
    ) throws(CombinationProblem) -> [Double] {
        guard sum[1] == UInt64(size) else { throw .wrongCount(group: group) }
        guard sum[2] == checksum.sum(of: sum) else { throw .wrongChecksum(group: group) }
        let weight = sum.signed(at: 0)
        let edge = Double(size) * quantiser.scale
        guard weight > 0, Double(weight) <= edge else { throw .wrongWeight(group: group) }
        var square = 0.0
        var delta: [Double] = []
        delta.reserveCapacity(configuration.windows.count)
        // Rounding moves each peer's value by less than one step.
        let slack = Double(size) / Double(weight)
        for (index, window) in configuration.windows.enumerated() {
            let value = Double(sum.signed(at: index + Quantiser.sentinelCount))
            let mean = value / Double(weight)
            guard abs(value) <= edge, abs(mean) <= 1 + slack else {
                throw .outsideTheBox(group: group, parameter: index)
            }
            square += mean * mean
            delta.append(max(-1, min(1, mean)) * window)
        }
        let norm = square.squareRoot()
        guard norm <= configuration.clip + slack * Double(delta.count).squareRoot() else {
            throw .beyondTheNorm(group: group)
        }
        return delta
    }

    private func combine(_ values: [Double]) -> Double {
        values.trimmedMean(trim: configuration.trim ?? values.count)
    }

    /// Coordinates that come from different groups can make a longer whole than any group's own.
    private func clipped(_ delta: [Double], groups: Int) -> [Double] {
        guard groups > 1 else { return delta }
        var square = 0.0
        for (value, window) in zip(delta, configuration.windows) {
            square += (value / window) * (value / window)
        }
        let norm = square.squareRoot()
        return norm > configuration.clip ? delta.map { $0 * (configuration.clip / norm) } : delta
    }
}

extension [Double] {
    /// The mean of what is left once the `trim` lowest and the `trim` highest are gone. Where
    /// that would leave nothing it is the median: one value or two stay. Added from the lowest up,
    /// so that every peer gets the same bits. The values are finite, and there is one at least.
    package func trimmedMean(trim: Int) -> Double {
        precondition(!isEmpty, "a mean of nothing")
        precondition(trim >= 0, "trim \(trim)")
        let cut = Swift.min(trim, (count - 1) / 2)
        let kept = sorted()[cut..<count - cut]
        if kept.count == 1 { return kept[cut] }
        return kept.reduce(0, +) / Double(kept.count)
    }
}
