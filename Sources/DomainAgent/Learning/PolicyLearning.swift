package import Signals
package import Trading

/// How an agent takes in what clusters have learned together, and hands out what it has learned
/// itself. Between two decisions, never during one.
package protocol PolicyLearning<Policy>: AnyObject {
    associatedtype Policy: DomainPolicy

    /// - Returns: Whether the model is another one now.
    func turn(_ policy: inout Policy, at now: MonotonicTime) -> Bool

    /// For the agent's status.
    func values(of policy: Policy) -> [(String, Int64)]
}
