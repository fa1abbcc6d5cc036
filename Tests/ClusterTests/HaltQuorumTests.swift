import Foundation
import Testing

extension ClusterTests {
    /// One operator halts a running cluster; two clear it, at the core and at the gateway alike.
    @Suite struct HaltQuorumTests {
        /// - Attack command-replayed, 2 tries: a signed directive again after it was obeyed, before
        ///   and after the core and the gateway were killed.
        /// - Attack admin-rogue, 6 tries: a halt cleared with no signature, one, the same twice; by
        ///   a directive that expired, was altered, or names an older halt.
        @Test(.timeLimit(.minutes(4)))
        func onlyTwoOperatorsClearAHaltAndOnlyTheOneThatTheyNamed() async throws {
            let options = ClusterOptions(hours: 24, operators: ["alice", "bob"])
            try await LocalClusterHarness.with(options) { cluster in
                try await cluster.start()
                try await cluster.waitForTrading(permits: 1)
                try await cluster.halt(by: "alice")

                // One signature: at the core and at the gateway, each for itself.
                let alone = try await cluster.refuse("2 operators must sign it, 1 did", "resume")
                try #require(alone.map(\.process) == ["gw-kalshi", "core"])
                let early = try await cluster.draft("early")
                try await cluster.refuse("nobody has signed it", "apply", early)
                try await cluster.sign(early, by: "alice")
                try await cluster.refuse("2 operators must sign it, 1 did", "apply", early)
                let doubled = try cluster.altering(early, "twice") { stored in
                    let signatures = stored["signatures"] as? [Any] ?? []
                    stored["signatures"] = signatures + signatures
                }
                try await cluster.refuse("alice has signed it twice", "apply", doubled)

                // Signed by both, and too late.
                let expired = try await cluster.draft("expired", "--expires-in", "1ms")
                try await cluster.sign(expired, by: "alice", "bob")
                try await cluster.refuse("it expired", "apply", expired)

                // Signed by both, for another reason than the file says now.
                let altered = try await cluster.draft("altered")
                try await cluster.sign(altered, by: "alice", "bob")
                let forged = try cluster.altering(altered, "forged") { stored in
                    let text = stored["proposal"] as? String ?? ""
                    stored["proposal"] = String(text.dropLast(2)) + "21"
                }
                try await cluster.refuse(
                    "the signature of operator alice does not", "apply", forged)

                // A newer halt is not what they have agreed to clear, whoever died in between.
                try await cluster.sign(early, by: "bob")
                try await cluster.halt(by: "bob")
                try await cluster.killAndAwaitReturn("gw-kalshi")
                try await cluster.waitUntilReady()
                try await cluster.refuse("is the newest here", "apply", early)
                try await cluster.refuse("is the newest here", "apply", altered)

                let agreed = try await cluster.draft("agreed")
                try await cluster.sign(agreed, by: "alice", "bob")
                try await cluster.killAndAwaitReturn("core")
                try await cluster.killAndAwaitReturn("gw-kalshi")
                try await cluster.waitUntilReady()
                let before = try #require(try await cluster.count("permitted", of: "core"))
                try await cluster.accept("apply", agreed)
                try await waitUntil("trading goes on") {
                    try await cluster.count("permitted", of: "core") ?? 0 > before
                }

                // It counts once, for processes that have been killed as well.
                try await cluster.halt(by: "alice")
                try await cluster.refuse("it was obeyed before", "apply", agreed)
                try await cluster.killAndAwaitReturn("gw-kalshi")
                try await cluster.killAndAwaitReturn("core")
                try await cluster.waitUntilReady()
                try await cluster.refuse("it was obeyed before", "apply", agreed)

                let last = try await cluster.draft("last")
                try await cluster.sign(last, by: "bob", "alice")
                try await cluster.accept("apply", last)
                try await cluster.waitForTrading(permits: 1)
                let summary = try await cluster.stop()
                try await cluster.requireConsistent(with: summary)
            }
        }

        /// What moves money takes two as well; in a cluster of one operator it is one command.
        @Test(.timeLimit(.minutes(2)), arguments: [["alice", "bob"], ["local"]])
        func postingsTakeTheQuorum(operators: [String]) async throws {
            let options = ClusterOptions(hours: 24, operators: operators)
            try await LocalClusterHarness.with(options) { cluster in
                try await cluster.start()
                let post = [
                    "post", "--org", "demo", "--account", "main", "--why", "funding",
                    "--amount", "1", "--reason", "interest",
                ]
                if operators.count == 1 {
                    try await cluster.accept(post)
                    try await cluster.accept(["halt", "--reason", "test"])
                    try await cluster.accept(["resume", "--reason", "test"])
                    try await cluster.waitForTrading(permits: 1)
                } else {
                    try await cluster.refuse("2 operators must sign it, 1 did", post)
                    let path = cluster.state + "/posting"
                    try await cluster.accept(post + ["--out", path])
                    try await cluster.sign(path, by: "alice", "bob")
                    try await cluster.accept("apply", path)
                    try await cluster.refuse("it was obeyed before", "apply", path)
                }
                let summary = try await cluster.stop()
                try await cluster.requireSoundJournals()
                try #require(summary.restarts == 0)
            }
        }
    }
}

/// What a process made of an order, as `--json` prints it.
private struct SteeringLine: Decodable {
    let process: String
    let isAccepted: Bool
    let detail: String
}

extension LocalClusterHarness {
    fileprivate func halt(by name: String) async throws {
        try await accept("halt", "--operator", name, "--reason", "test")
    }

    /// Writes a directive that resumes everything, and returns its path.
    fileprivate func draft(_ name: String, _ extra: String...) async throws -> String {
        let path = state + "/" + name
        try await accept(["resume", "--out", path, "--reason", "test"] + extra)
        return path
    }

    fileprivate func sign(_ path: String, by names: String...) async throws {
        for name in names { try await accept("sign", path, "--operator", name) }
    }

    fileprivate func accept(_ arguments: String...) async throws { try await accept(arguments) }

    fileprivate func accept(_ arguments: [String]) async throws {
        try expect(try await steer(arguments), exitCode: 0)
    }

    /// Every process refuses, each for this reason.
    @discardableResult
    fileprivate func refuse(
        _ why: String, _ arguments: String...
    ) async throws -> [SteeringLine] {
        try await refuse(why, arguments)
    }

    @discardableResult
    fileprivate func refuse(
        _ why: String, _ arguments: [String]
    ) async throws -> [SteeringLine] {
        let result = try await steer(arguments + ["--json"])
        try expect(result, exitCode: 1)
        let lines = try JSONDecoder().decode([SteeringLine].self, from: Data(result.output.utf8))
        let isRefused = lines.allSatisfy { !$0.isAccepted && $0.detail.contains(why) }
        guard !lines.isEmpty, isRefused else {
            throw ClusterFailure("expected `\(why)`, found: \(result.output)")
        }
        return lines
    }

    private func steer(_ arguments: [String]) async throws -> ProgramResult {
        try await run(
            Self.binary("supervisor"),
            arguments + ["--config", configurationPath, "--state", state])
    }

    /// A copy of a file in which something is changed.
    fileprivate func altering(
        _ path: String, _ name: String, _ change: (inout [String: Any]) -> Void
    ) throws -> String {
        let file = try Data(contentsOf: URL(filePath: path))
        guard var stored = try JSONSerialization.jsonObject(with: file) as? [String: Any] else {
            throw ClusterFailure("\(path) is no directive")
        }
        change(&stored)
        let copy = path + "-" + name
        try JSONSerialization.data(withJSONObject: stored).write(to: URL(filePath: copy))
        return copy
    }
}
