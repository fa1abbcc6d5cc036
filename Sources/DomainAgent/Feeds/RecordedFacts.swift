package import Runtime
package import Signals
package import Trading

/// The recorded feed of a domain, row after row in the order in which the rows were received.
package final class RecordedFacts: ObservationSource {
    private let recording: FeedRecording
    private var ahead: FeedSample?

    package init(_ recording: FeedRecording) throws(RecordingError) {
        self.recording = recording
        ahead = try recording.next()
    }

    package func next(through now: Timestamp) throws -> FeedFact? {
        guard let sample = ahead, sample.ingest <= now else { return nil }
        ahead = try recording.next()
        return FeedFact(sample)
    }

    package var refusedRows: Int { recording.counts.corrupt + recording.counts.late }
}

/// A feed that says nothing.
package final class NoFacts: ObservationSource {
    package init() {}

    package func next(through now: Timestamp) throws -> FeedFact? { nil }

    package var refusedRows: Int { 0 }
}

extension FeedFact {
    package init(_ sample: FeedSample) {
        self.init(
            schema: sample.schema, source: sample.source, kind: sample.kind, topic: sample.topic,
            event: sample.event, ingest: sample.ingest, unit: sample.unit, values: sample.values,
            names: sample.names)
    }
}
