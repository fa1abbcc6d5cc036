package import Signals
package import Trading

/// Where an agent's outside data come from. Owned by the service's thread.
package protocol ObservationSource<Observation>: AnyObject {
    /// What the domain's policy takes in.
    associatedtype Observation: Sendable

    /// The next observation that was received at or before `now`; nil when there is none yet.
    /// Whatever was received later stays unseen.
    func next(through now: Timestamp) throws -> Observation?

    /// What could not be used so far: rows that are corrupt and rows that came too late.
    var refusedRows: Int { get }

    /// Further numbers for the status, under labels of at most 32 bytes.
    var figures: [(label: String, value: Int64)] { get }
}

extension ObservationSource {
    package var figures: [(label: String, value: Int64)] { [] }
}

/// The source of an agent that knows nothing from outside its venue.
package final class NoObservations: ObservationSource {
    package init() {}

    package func next(through now: Timestamp) -> Never? { nil }

    package var refusedRows: Int { 0 }
}

/// Keeps what was not believed, so that a person can look at it.
package protocol ObservationQuarantine<Observation>: AnyObject {
    associatedtype Observation: Sendable

    func keep(_ observation: Observation, because refusal: FactRefusal)
}
