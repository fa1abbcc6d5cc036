package import Trading

/// A figure as it was published, beside what was expected of it.
package struct PublishedFigure: Sendable, Equatable {
    package let series: String
    package let consensus: Double
    package let actual: Double
    /// The step in which the figure is printed: 0.1 for a percentage with one decimal.
    package let unit: Double

    package init(series: String, consensus: Double, actual: Double, unit: Double) {
        self.series = series
        self.consensus = consensus
        self.actual = actual
        self.unit = unit
    }
}

/// Which bucket a figure that is about to be published falls into.
package struct FigureQuestion: Sendable, Equatable {
    package let series: String
    package let consensus: Double
    package let unit: Double
    /// Rising, half a unit off the figures that are printed.
    package let edges: [Double]

    package init(series: String, consensus: Double, unit: Double, edges: [Double]) {
        self.series = series
        self.consensus = consensus
        self.unit = unit
        self.edges = edges
    }
}

/// The consensus with a Student-t surprise whose scale is that of the last surprises of the series.
package struct SurpriseModel: OutcomeModel {
    /// What a person chose.
    package struct Terms: Sendable, Equatable, Codable {
        package var degreesOfFreedom = 5.0
        /// How many past surprises count.
        package var window = 60
        /// The weight of the newest surprises against all of the window: the scale is the larger of
        /// the whole window's and that of the last `recent`, because calm ends suddenly.
        package var recent = 4
        package init() {}
    }

    package let terms: Terms
    package let parameters: ParameterSet
    /// The surprises of each series, the newest last.
    package private(set) var state: [String: [Double]] = [:]

    package init(_ terms: Terms = Terms()) {
        self.terms = terms
        parameters = ParameterSet(
            model: "surprise 1", window: nil,
            [
                .init("degreesOfFreedom", .number(terms.degreesOfFreedom)),
                .init("window", .count(terms.window)), .init("recent", .count(terms.recent)),
            ])
    }

    package func restored(_ state: [String: [Double]]) -> SurpriseModel {
        var copy = self
        copy.state = state
        return copy
    }

    package mutating func learn(
        _ figure: PublishedFigure, at event: Timestamp
    ) throws(ModelRefusal) {
        guard figure.actual.isFinite, figure.consensus.isFinite, figure.unit > 0 else {
            throw .implausible("\(figure.series): not a figure")
        }
        var surprises = state[figure.series] ?? []
        surprises.append(figure.actual - figure.consensus)
        state[figure.series] = Array(surprises.suffix(terms.window))
    }

    /// The distribution of a figure; before its series has any surprise the scale is three units.
    package func distribution(
        series: String, consensus: Double, unit: Double
    ) -> SurpriseDistribution {
        let surprises = state[series] ?? []
        let floor = unit / 2
        guard !surprises.isEmpty else {
            return SurpriseDistribution(
                consensus: consensus, scale: 3 * unit, degreesOfFreedom: terms.degreesOfFreedom)
        }
        let whole = SurpriseDistribution.scale(
            of: surprises, floor: floor, degreesOfFreedom: terms.degreesOfFreedom)
        let recent = SurpriseDistribution.scale(
            of: Array(surprises.suffix(terms.recent)), floor: floor,
            degreesOfFreedom: terms.degreesOfFreedom)
        return SurpriseDistribution(
            consensus: consensus, scale: max(whole, recent),
            degreesOfFreedom: terms.degreesOfFreedom)
    }

    package func forecast(_ question: FigureQuestion, at moment: Timestamp) -> OutcomeForecast {
        let distribution = distribution(
            series: question.series, consensus: question.consensus, unit: question.unit)
        let count = Double(state[question.series]?.count ?? 0)
        let probabilities = distribution.buckets(edges: question.edges)
        // A scale out of n surprises is off by about one part in the root of 2n.
        let wider = SurpriseDistribution(
            consensus: question.consensus,
            scale: distribution.scale * (1 + 1 / (2 * max(1, count)).squareRoot()),
            degreesOfFreedom: terms.degreesOfFreedom
        ).buckets(edges: question.edges)
        return OutcomeForecast(
            probabilities: probabilities,
            deviations: zip(probabilities, wider).map { abs($0 - $1) },
            contributions: [
                Contribution("consensus", question.consensus),
                Contribution("scale of surprises", distribution.scale),
                Contribution("past surprises", count),
            ])
    }
}
