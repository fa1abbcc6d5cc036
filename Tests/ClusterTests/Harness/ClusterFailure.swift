/// Why a test of the cluster cannot go on; says what was waited for and what the processes said.
struct ClusterFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Looks again and again until the condition holds; throws when it does not in time.
func waitUntil(
    _ what: @autoclosure () -> String, within patience: Duration = .seconds(60),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + patience
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw ClusterFailure("not within \(patience): \(what())")
        }
        try await Task.sleep(for: .milliseconds(50))
    }
}
