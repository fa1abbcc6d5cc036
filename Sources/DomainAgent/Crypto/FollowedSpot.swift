package import Runtime
package import Signals
package import Trading

/// A spot feed that a recorder is writing now: the agent's feed when no venue owns market time.
package final class FollowedSpot: ObservationSource {
    private let follower: SpotFollower
    private var ahead: SpotSample?

    package init(_ follower: SpotFollower) { self.follower = follower }

    package func next(through now: Timestamp) throws -> SpotObservation? {
        if ahead == nil { ahead = try follower.next() }
        // A row that our clock says is not there yet waits for it.
        guard let sample = ahead, sample.receivedAt <= now else { return nil }
        ahead = nil
        return SpotObservation(
            feedAt: sample.feedAt, receivedAt: sample.receivedAt, price: sample.price)
    }

    package var refusedRows: Int { follower.counts.corrupt }
}
