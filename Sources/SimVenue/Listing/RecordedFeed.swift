import MarketSim
import Runtime
import Trading

/// Market time of a recording, and what informed traders and makers know at each moment.
///
/// A tick for each row that was received, at the moment of its receipt, and a tick a second while
/// nothing comes. Makers watch the exchanges and not the feed, which is slower, so they know a
/// price some time after it was true, whenever the feed tells it. Three readers of the same files,
/// each at its own place, hold a bounded window each.
final class RecordedFeed {
    private let received: SpotSamples
    private let observed: SpotSamples
    private let noticed: SpotSamples
    private var nextReceived: SpotSample?
    private var nextObserved: SpotSample?
    private var nextNoticed: SpotSample?
    private let flow: FlowParameters

    /// Silence longer than this is a gap of the feed: market time goes on by itself.
    static let silence = Span.seconds(2)
    static let gapTick = Span.seconds(1)

    init(_ recording: SpotRecording, _ flow: FlowParameters) throws(RecordingError) {
        received = try recording.samples(by: .received)
        observed = try recording.samples(by: .observed)
        noticed = try recording.samples(by: .observed)
        nextReceived = try received.next()
        nextObserved = try observed.next()
        nextNoticed = try noticed.next()
        self.flow = flow
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

    /// What informed traders and makers came to know up to a moment, since the last call.
    func points(
        until now: Timestamp
    ) throws(RecordingError) -> (observed: [SpotPoint], noticed: [SpotPoint]) {
        var truths: [SpotPoint] = []
        while let row = nextObserved, row.feedAt + flow.informedDelay <= now {
            truths.append(SpotPoint(at: row.feedAt, price: row.price))
            nextObserved = try observed.next()
        }
        var known: [SpotPoint] = []
        while let row = nextNoticed, row.feedAt + flow.makerDelay <= now {
            known.append(SpotPoint(at: row.feedAt, price: row.price))
            nextNoticed = try noticed.next()
        }
        return (truths, known)
    }
}
