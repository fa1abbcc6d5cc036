package import Runtime
package import Signals
package import Trading

/// A recorded spot feed, row after row in the order in which the rows were received.
package final class RecordedSpot: ObservationSource {
    private let samples: SpotSamples
    private var ahead: SpotSample?

    package init(_ recording: SpotRecording) throws(RecordingError) {
        samples = try recording.samples(by: .received)
        ahead = try samples.next()
    }

    package func next(through now: Timestamp) throws -> SpotObservation? {
        guard let sample = ahead, sample.receivedAt <= now else { return nil }
        ahead = try samples.next()
        return SpotObservation(
            feedAt: sample.feedAt, receivedAt: sample.receivedAt, price: sample.price)
    }

    package var refusedRows: Int { samples.counts.corrupt + samples.counts.late }
}
