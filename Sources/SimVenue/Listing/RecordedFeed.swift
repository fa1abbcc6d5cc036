import MarketSim
import Runtime
import Trading

/// Market time of a recording, and what informed traders and makers know at each moment.
///
/// A tick for each row that was received, at the moment of its receipt, and a tick a second while
/// nothing comes. Three readers of the same files, each sorted by its own moment, hold a bounded
/// window each.
final class RecordedFeed {
    private let received: SpotSamples
    private let observed: SpotSamples
    private let served: SpotSamples
    private var nextReceived: SpotSample?
    private var nextObserved: SpotSample?
    private var nextServed: SpotSample?
    private let informedDelay: Span

    /// Silence longer than this is a gap of the feed: market time goes on by itself.
    static let silence = Span.seconds(2)
    static let gapTick = Span.seconds(1)

    init(_ recording: SpotRecording, informedDelay: Span) throws(RecordingError) {
        received = try recording.samples(by: .received)
        observed = try recording.samples(by: .observed)
        served = try recording.samples(by: .served)
        nextReceived = try received.next()
        nextObserved = try observed.next()
        nextServed = try served.next()
        self.informedDelay = informedDelay
    }

    /// The moment of the tick after `last`; nil when the recording is at its end.
    func nextTick(after last: Timestamp?) throws(RecordingError) -> Timestamp? {
        while let row = nextReceived, let last, row.receivedAt <= last {
            nextReceived = try received.next()
        }
        guard let row = nextReceived else { return nil }
        guard let last, row.receivedAt - last > RecordedFeed.silence else { return row.receivedAt }
        return last + RecordedFeed.gapTick
    }

    /// What became true up to a moment, and what the server sent, since the last call.
    func points(
        until now: Timestamp
    ) throws(RecordingError) -> (observed: [SpotPoint], served: [SpotPoint]) {
        var truths: [SpotPoint] = []
        while let row = nextObserved, row.feedAt + informedDelay <= now {
            truths.append(SpotPoint(at: row.feedAt, price: row.price))
            nextObserved = try observed.next()
        }
        var sent: [SpotPoint] = []
        while let row = nextServed, row.serverAt <= now {
            sent.append(SpotPoint(at: row.feedAt, price: row.price))
            nextServed = try served.next()
        }
        return (truths, sent)
    }
}
