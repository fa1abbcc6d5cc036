package import Trading

/// Something that a source said: what, when it was true, and when it was known here.
package struct Observed<Value: Sendable>: Sendable {
    package let event: Timestamp
    package let ingest: Timestamp
    package let value: Value

    package init(event: Timestamp, ingest: Timestamp, value: Value) {
        self.event = event
        self.ingest = ingest
        self.value = value
    }
}

/// Why a model did not take an observation. Nothing of the model changes then.
package enum ModelRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// It was known before it happened: a clock is wrong, or the future leaked into the data.
    case knownBeforeItHappened(event: Timestamp, ingest: Timestamp)
    /// It was known earlier than what the model knows already.
    case outOfOrder(ingest: Timestamp, latest: Timestamp)
    /// Its content cannot be.
    case implausible(String)

    package var description: String {
        switch self {
        case .knownBeforeItHappened(let event, let ingest):
            "stamped \(event), after \(ingest), when it is said to have been known"
        case .outOfOrder(let ingest, let latest):
            "known at \(ingest), before \(latest), which the model knows already"
        case .implausible(let what): what
        }
    }
}

/// One named number that moved a forecast, in log odds or in the model's own unit.
package struct Contribution: Sendable, Equatable, Codable {
    package let label: String
    package let value: Double

    package init(_ label: String, _ value: Double) {
        self.label = label
        self.value = value
    }
}

/// A model's distribution over outcomes that exclude each other.
package struct OutcomeForecast: Sendable, Equatable, Codable {
    /// In the order of the question's outcomes; they sum to one.
    package let probabilities: [Double]
    /// How far each probability may be off: one deviation of the belief itself.
    package let deviations: [Double]
    /// What the forecast was made of.
    package let contributions: [Contribution]

    package init(
        probabilities: [Double], deviations: [Double], contributions: [Contribution]
    ) {
        precondition(probabilities.count == deviations.count, "a deviation for every outcome")
        precondition(
            probabilities.allSatisfy { $0 >= 0 && $0 <= 1 }, "probabilities lie in [0, 1]")
        precondition(
            abs(probabilities.reduce(0, +) - 1) < 1e-6, "probabilities sum to one")
        precondition(deviations.allSatisfy { $0 >= 0 && $0.isFinite }, "deviations are finite")
        self.probabilities = probabilities
        self.deviations = deviations
        self.contributions = contributions
    }

    /// Yes and no. `spread` is the deviation of the log odds.
    package init(yes: Double, logitDeviation spread: Double, contributions: [Contribution]) {
        let deviation = yes * (1 - yes) * spread
        self.init(
            probabilities: [yes, 1 - yes], deviations: [deviation, deviation],
            contributions: contributions)
    }
}

/// What a model was given by a fit: named values, and the time whose data they come from.
package struct ParameterSet: Sendable, Equatable, Codable {
    /// A value of one kind.
    package enum Value: Sendable, Equatable, Codable {
        case number(Double)
        case count(Int)
        case flag(Bool)
        case text(String)
    }

    /// One parameter.
    package struct Parameter: Sendable, Equatable, Codable {
        package let label: String
        package let value: Value

        package init(_ label: String, _ value: Value) {
            self.label = label
            self.value = value
        }
    }

    /// The model that they are for.
    package let model: String
    /// In a fixed order, no label twice.
    package let parameters: [Parameter]
    /// The first and last moment of the data that the fit saw; nil where nothing was fitted.
    package let window: ClosedRange<Int64>?

    /// - Parameter window: nanoseconds since 1970.
    package init(model: String, window: ClosedRange<Int64>?, _ parameters: [Parameter]) {
        precondition(
            Set(parameters.map(\.label)).count == parameters.count, "no parameter twice")
        self.model = model
        self.window = window
        self.parameters = parameters
    }

    /// What is hashed to name the set: one line for the model and its window, one for each
    /// parameter with the bits of its number. The hash itself is computed by the shell.
    package var canonicalBytes: [UInt8] {
        let span = window.map { "\($0.lowerBound) \($0.upperBound)" } ?? "unfitted"
        let lines = parameters.map { parameter in
            switch parameter.value {
            case .number(let value): "\(parameter.label) number \(value.bitPattern)"
            case .count(let value): "\(parameter.label) count \(value)"
            case .flag(let value): "\(parameter.label) flag \(value)"
            case .text(let value): "\(parameter.label) text \(value)"
            }
        }
        return Array((["\(model) \(span)"] + lines).joined(separator: "\n").utf8)
    }
}

/// A probability model of one domain: observations in, distributions out.
///
/// It sees time only in what it is given. The same parameters and observations give the same bits,
/// so its state can be taken, kept, and gone on from; `replay` in the tests says so for each model.
package protocol OutcomeModel: Sendable {
    /// What it learns from.
    associatedtype Evidence: Sendable
    /// What it is asked.
    associatedtype Question: Sendable
    /// Everything that it has learned.
    associatedtype State: Sendable, Equatable, Codable

    var parameters: ParameterSet { get }
    var state: State { get }

    /// A model that goes on from a state of the same parameters.
    func restored(_ state: State) -> Self

    /// Learns. Called in the order of ingest times, through `ModelFeed`.
    mutating func learn(_ evidence: Evidence, at event: Timestamp) throws(ModelRefusal)

    /// The distribution as of a moment that is not before the last evidence.
    func forecast(_ question: Question, at moment: Timestamp) -> OutcomeForecast
}

/// The only way to a model: it lets nothing in from the future and nothing out of order.
package struct ModelFeed<Model: OutcomeModel>: Sendable {
    package private(set) var model: Model
    /// When the last observation was known.
    package private(set) var latest: Timestamp

    package init(_ model: Model, from start: Timestamp = Timestamp(nanoseconds: .min)) {
        self.model = model
        latest = start
    }

    /// Gives an observation to the model; on refusal neither changes.
    package mutating func take(_ observed: Observed<Model.Evidence>) throws(ModelRefusal) {
        guard observed.event <= observed.ingest else {
            throw .knownBeforeItHappened(event: observed.event, ingest: observed.ingest)
        }
        guard observed.ingest >= latest else {
            throw .outOfOrder(ingest: observed.ingest, latest: latest)
        }
        try model.learn(observed.value, at: observed.event)
        latest = observed.ingest
    }

    /// The forecast of a question as of a moment.
    package func forecast(_ question: Model.Question, at moment: Timestamp) -> OutcomeForecast {
        precondition(moment >= latest, "\(moment) is before \(latest), which the model knows")
        return model.forecast(question, at: moment)
    }
}
