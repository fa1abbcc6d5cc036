import Foundation
package import Trading

/// One row of a domain's feed as a recorder wrote it.
package struct FeedSample: Sendable, Hashable {
    /// The version of the row's form.
    package let schema: Int
    package let source: String
    package let kind: String
    /// The event or the series that the row is about.
    package let topic: String
    /// When it was true, by the source, and when it was received.
    package let event: Timestamp
    package let ingest: Timestamp
    package let unit: String
    package let values: [String: Double]
    package let names: [String: String]

    package init(
        schema: Int = FeedSample.schema, source: String, kind: String, topic: String,
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

    /// The form that is written.
    package static let schema = 1
}

/// The text form of a row: one JSON object a line.
enum FeedRowText {
    struct Refusal: Error {
        let reason: String
    }

    private struct Fields: Codable {
        var schema: Int
        var source: String
        var kind: String
        var topic: String
        var event_ms: Int64
        var ingest_ms: Int64
        var unit: String
        var values: [String: Double]
        var names: [String: String]?
    }

    static func parse(_ line: ArraySlice<UInt8>) throws(Refusal) -> FeedSample {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(line))
        } catch {
            throw Refusal(
                reason: "expected an object with schema, source, kind, topic, event_ms, ingest_ms, "
                    + "unit and values: \(FeedRowText.words(error))")
        }
        let times = [fields.event_ms, fields.ingest_ms]
        guard times.allSatisfy({ (0..<4_102_444_800_000).contains($0) }) else {
            throw Refusal(
                reason: "event_ms and ingest_ms: expected milliseconds between 1970 and 2100, "
                    + "found \(fields.event_ms) and \(fields.ingest_ms)")
        }
        return FeedSample(
            schema: fields.schema, source: fields.source, kind: fields.kind, topic: fields.topic,
            event: Timestamp(milliseconds: fields.event_ms),
            ingest: Timestamp(milliseconds: fields.ingest_ms), unit: fields.unit,
            values: fields.values, names: fields.names ?? [:])
    }

    static func text(_ sample: FeedSample) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(
            try encoder.encode(
                Fields(
                    schema: sample.schema, source: sample.source, kind: sample.kind,
                    topic: sample.topic, event_ms: sample.event.unixMilliseconds,
                    ingest_ms: sample.ingest.unixMilliseconds, unit: sample.unit,
                    values: sample.values, names: sample.names.isEmpty ? nil : sample.names)))
    }

    private static func words(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .keyNotFound(let key, _): return "`\(key.stringValue)` is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return "`\(path)` is of another type"
        default: return "it is no JSON"
        }
    }
}

extension Timestamp {
    /// Whole milliseconds since 1970.
    var unixMilliseconds: Int64 { nanoseconds / 1_000_000 }
}
