package import Runtime
package import Signals
package import Trading

/// The moment that a study is made as of. Nothing dated after it is let in: a row from the future
/// ends the study, because it says that a file is not what it claims to be.
package struct AsOf: Sendable {
    package let moment: Timestamp

    package init(_ moment: Timestamp) { self.moment = moment }

    /// Fails for a row that happened or was known later. `place` is FILE:LINE.
    package func admit(
        event: Timestamp, ingest: Timestamp, at place: @autoclosure () -> String
    ) throws(ProcessFailure) {
        let latest = max(event, ingest)
        guard latest <= moment else {
            throw ProcessFailure(
                .refused,
                "\(place()): dated \(latest), after the as-of time \(moment): that is look-ahead; "
                    + "mend the row or move --as-of")
        }
        guard event <= ingest else {
            throw ProcessFailure(
                .refused,
                "\(place()): known at \(ingest), before it happened at \(event): that is "
                    + "look-ahead; mend the row")
        }
    }

    /// Wraps a row that passes `admit`.
    package func observed<Value>(
        _ value: Value, event: Timestamp, ingest: Timestamp,
        at place: @autoclosure () -> String
    ) throws(ProcessFailure) -> Observed<Value> {
        try admit(event: event, ingest: ingest, at: place())
        return Observed(event: event, ingest: ingest, value: value)
    }
}

extension CivilTime {
    /// The moment at which a clock in Greenwich shows this.
    var moment: Timestamp { Timestamp(seconds: secondsSince1970) }
}
