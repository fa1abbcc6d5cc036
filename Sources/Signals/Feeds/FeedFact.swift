package import Trading

/// One thing that a source said about its domain.
package struct FeedFact: Sendable, Equatable {
    /// The version of the form in which it was said.
    package let schema: Int
    package let source: String
    /// What sort of fact it is, such as `poll` or `score`.
    package let kind: String
    /// The event or the series that it is about.
    package let topic: String
    /// When it was true, by the source, and when we had it.
    package let event: Timestamp
    package let ingest: Timestamp
    package let unit: String
    package let values: [String: Double]
    package let names: [String: String]

    package init(
        schema: Int = FeedFact.schema, source: String, kind: String, topic: String,
        event: Timestamp, ingest: Timestamp, unit: String, values: [String: Double],
        names: [String: String] = [:]
    ) {
        self.schema = schema
        self.source = source
        self.kind = kind
        self.topic = topic
        self.event = event
        self.ingest = ingest
        self.unit = unit
        self.values = values
        self.names = names
    }

    /// The version that this build reads.
    package static let schema = 1
}

/// What a kind of fact must look like to be believed.
package struct FactRule: Sendable, Equatable {
    /// A number that a fact must carry, and where it can lie.
    package struct Field: Sendable, Equatable {
        package let label: String
        package var range: ClosedRange<Double>
        /// How far it may be from the last one of the same topic; nil is any distance.
        package var jumpMax: Double?

        package init(_ label: String, _ range: ClosedRange<Double>, jumpMax: Double? = nil) {
            self.label = label
            self.range = range
            self.jumpMax = jumpMax
        }
    }

    package let kind: String
    package let unit: String
    package var fields: [Field]
    package let names: [String]
    /// How old the newest fact of a topic may be before the model doubts it; nil is history, which
    /// does not age.
    package var freshness: Span?

    package init(
        _ kind: String, unit: String, fields: [Field], names: [String] = [],
        freshness: Span? = nil
    ) {
        self.kind = kind
        self.unit = unit
        self.fields = fields
        self.names = names
        self.freshness = freshness
    }

    /// For the model's hash.
    package var canonicalText: String {
        let numbers = fields.map { field in
            "\(field.label)=\(field.range)" + (field.jumpMax.map { "jump\($0)" } ?? "")
        }
        let age = freshness.map { "\($0.nanoseconds)" } ?? "history"
        return ([kind, unit, age] + numbers + names).joined(separator: ",")
    }
}

/// Why a fact was not believed. Counted for each source.
package enum FactRefusal: UInt8, Sendable, CaseIterable {
    case unknownSchema
    case unknownKind
    case wrongUnit
    case fieldMissing
    case outOfRange
    /// Stamped after it was received: a clock is wrong, or somebody invents the future.
    case fromTheFuture
    /// Older than what the source said of the topic before.
    case outOfOrder
    /// The same moment told in another way.
    case contradiction
    /// Too far from the last one, and not said twice.
    case jump
    /// The source may say it, but is not believed at present.
    case quarantined
    case tooManyTopics
    case tooManySources
    /// The model itself found it impossible.
    case implausible
}
