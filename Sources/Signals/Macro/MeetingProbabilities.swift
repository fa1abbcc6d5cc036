import Glibc

/// Moves of a policy rate that futures imply, in steps of 25 basis points (CME's FedWatch method).
package enum MeetingProbabilities {
    /// What a month with one meeting implies.
    package struct Implied: Sendable, Equatable {
        /// The month's average rate, and the rates at its start and end, in per cent.
        package let average: Double
        package let start: Double
        package let end: Double
        /// In steps of 25 basis points; negative is a cut.
        package let moves: Double
        /// The two adjacent moves in basis points and their probabilities, the lower move first.
        package let buckets: [MoveProbability]
    }

    /// A move in basis points and its probability.
    package struct MoveProbability: Sendable, Equatable {
        package let basisPoints: Int
        package let probability: Double
        package init(basisPoints: Int, probability: Double) {
            self.basisPoints = basisPoints
            self.probability = probability
        }
    }

    /// One month: the prices (100 less the rate) of its contract, of the month before, and of the
    /// month after where no meeting falls in that, since its price then is the end's rate and a
    /// late meeting divides by few days.
    package static func month(
        price: Double, before: Double, after: Double?, days: Int, meetingDay: Int
    ) -> Implied {
        precondition(meetingDay >= 1 && meetingDay < days, "day \(meetingDay) of \(days)")
        let average = 100 - price
        let start = 100 - before
        let (n, m) = (Double(days), Double(meetingDay))
        let end = after.map { 100 - $0 } ?? (average - m / n * start) / ((n - m) / n)
        let moves = (end - start) / 0.25
        let floor = moves.rounded(.down)
        let upper = moves - floor
        let buckets = [
            MoveProbability(basisPoints: 25 * Int(floor), probability: 1 - upper),
            MoveProbability(basisPoints: 25 * Int(floor) + 25, probability: upper),
        ]
        return Implied(
            average: average, start: start, end: end, moves: moves, buckets: buckets)
    }

    /// The moves of two meetings together, the lowest first.
    package static func convolve(
        _ first: [MoveProbability], _ second: [MoveProbability]
    ) -> [MoveProbability] {
        var totals: [Int: Double] = [:]
        for one in first {
            for other in second {
                totals[one.basisPoints + other.basisPoints, default: 0] +=
                    one.probability * other.probability
            }
        }
        return totals.sorted { $0.key < $1.key }.map {
            MoveProbability(basisPoints: $0.key, probability: $0.value)
        }
    }
}

/// A figure that is about to be published: the consensus and how far it is usually off, with the
/// tails of Student's t.
package struct SurpriseDistribution: Sendable, Equatable {
    package let consensus: Double
    package let scale: Double
    package let degreesOfFreedom: Double

    package init(consensus: Double, scale: Double, degreesOfFreedom: Double = 5) {
        precondition(scale > 0, "a scale is positive, got \(scale)")
        self.consensus = consensus
        self.scale = scale
        self.degreesOfFreedom = degreesOfFreedom
    }

    /// The probability of a figure at most `value`.
    package func atMost(_ value: Double) -> Double {
        let student = StudentDistribution(degreesOfFreedom: degreesOfFreedom)
        return student.cumulative((value - consensus) / scale)
    }

    /// The probabilities of the buckets that rising edges cut: below the first, between, above the
    /// last. Edges lie half a printing unit off the figures that are printed.
    package func buckets(edges: [Double]) -> [Double] {
        precondition(zip(edges, edges.dropFirst()).allSatisfy { $0 < $1 }, "edges rise")
        let levels = [0] + edges.map { atMost($0) } + [1]
        return zip(levels, levels.dropFirst()).map { $1 - $0 }
    }

    /// The scale of past surprises: the median of their sizes over that of a t distribution's,
    /// which a few extreme ones do not move; at least `floor`.
    package static func scale(
        of surprises: [Double], floor: Double, degreesOfFreedom: Double = 5
    ) -> Double {
        precondition(!surprises.isEmpty && floor > 0, "a scale needs surprises and a floor")
        let sizes = surprises.map { abs($0) }.sorted()
        let middle = sizes.count / 2
        let median = sizes.count % 2 == 1 ? sizes[middle] : (sizes[middle - 1] + sizes[middle]) / 2
        let student = StudentDistribution(degreesOfFreedom: degreesOfFreedom)
        let unit = Roots.bisect({ student.cumulative($0) - 0.75 }, from: 0, to: 10) ?? 1
        return max(floor, median / unit)
    }
}
