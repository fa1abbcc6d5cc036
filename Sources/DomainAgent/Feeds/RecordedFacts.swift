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

/// Facts that are there from the start, each seen from the moment of its receipt on. None is a feed
/// that says nothing.
package final class StoredFacts: ObservationSource {
    private var facts: ArraySlice<FeedFact>

    /// In the order of their receipt.
    package init(_ facts: [FeedFact] = []) { self.facts = facts[...] }

    package func next(through now: Timestamp) throws -> FeedFact? {
        guard let fact = facts.first, fact.ingest <= now else { return nil }
        return facts.popFirst()
    }

    package var refusedRows: Int { 0 }
}

/// Two feeds as one: all that the first has to say by then, then the second.
package final class JoinedFacts: ObservationSource {
    private let first: any ObservationSource<FeedFact>
    private let second: any ObservationSource<FeedFact>

    package init(
        _ first: any ObservationSource<FeedFact>, _ second: any ObservationSource<FeedFact>
    ) {
        self.first = first
        self.second = second
    }

    package func next(through now: Timestamp) throws -> FeedFact? {
        try first.next(through: now) ?? second.next(through: now)
    }

    package var refusedRows: Int { first.refusedRows + second.refusedRows }

    package var figures: [(label: String, value: Int64)] { first.figures + second.figures }
}

extension FeedFact {
    package init(_ sample: FeedSample) {
        self.init(
            schema: sample.schema, source: sample.source, kind: sample.kind, topic: sample.topic,
            event: sample.event, ingest: sample.ingest, unit: sample.unit, values: sample.values,
            names: sample.names)
    }
}
