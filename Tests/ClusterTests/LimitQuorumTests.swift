import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Two operators change limits of a running cluster, and everybody else fails to.
    @Suite struct LimitQuorumTests {
        /// - Attack admin-rogue, 7 tries: no signature, one, the same signer twice, expired,
        ///   applied again, on a superseded base.
        @Test(.timeLimit(.minutes(3)))
        func onlyTwoOperatorsLoosenAndTheCoreKeepsItWhenKilled() async throws {
            let options = ClusterOptions(hours: 24, operators: ["alice", "bob"])
            try await LocalClusterHarness.with(options) { cluster in
                try await cluster.start()
                let before = try await cluster.limits()
                try #require(before.quorum == 2)
                try #require(before.value("order-quantity-max") == "25")

                // One signature, and the same signer twice.
                let loosen = try await cluster.propose(
                    "loosen", "{ level: firm, kind: order-quantity-max, value: \"30\" }")
                try await cluster.refuse("nobody has signed it", "apply", loosen)
                try await cluster.accept("sign", loosen, "--operator", "alice")
                try await cluster.refuse("2 operators must sign it", "apply", loosen)
                try await cluster.refuse(
                    "alice has signed it", "sign", loosen, "--operator", "alice")
                let forged = try cluster.doublingSignature(of: loosen)
                try await cluster.refuse("alice has signed it twice", "apply", forged)

                // Expired, and signed by both.
                let expired = try await cluster.propose(
                    "expired", "{ level: firm, kind: order-quantity-max, value: \"31\" }",
                    "--expires-in", "1ms")
                for name in ["alice", "bob"] {
                    try await cluster.accept("sign", expired, "--operator", name)
                }
                try await cluster.refuse("it expired", "apply", expired)

                // Tightening takes one; it supersedes the base of what was proposed before.
                let tighten = try await cluster.propose(
                    "tighten", "{ level: firm, kind: position-max, value: \"90\" }")
                try await cluster.accept("sign", tighten, "--operator", "bob")
                try await cluster.accept("apply", tighten)
                try await cluster.refuse("propose it again", "apply", tighten)
                try await cluster.accept("sign", loosen, "--operator", "bob")
                try await cluster.refuse("propose it again", "apply", loosen)
                let tightened = try await cluster.limits()
                try #require(tightened.value("position-max") == "90")
                try #require(tightened.value("order-quantity-max") == "25")

                // Two signatures on what is in force.
                let agreed = try await cluster.propose(
                    "agreed", "{ level: firm, kind: order-quantity-max, value: \"28\" }")
                for name in ["alice", "bob"] {
                    try await cluster.accept("sign", agreed, "--operator", name)
                }
                try await cluster.accept("apply", agreed)
                let waiting = try await cluster.limits()
                try #require(waiting.waiting?.changes.first?.value == "28")
                try #require(waiting.value("order-quantity-max") == "25")
                try await cluster.killAndAwaitReturn("core")
                try await cluster.waitUntilReady()
                try await waitUntil("the change is in force") {
                    try await cluster.limits().value("order-quantity-max") == "28"
                }
                try await cluster.killAndAwaitReturn("core")
                try await cluster.waitUntilReady()
                let after = try await cluster.limits()
                try #require(after.value("order-quantity-max") == "28")
                try #require(after.value("position-max") == "90")
                let line = after.limits.first { $0.limit == "order-quantity-max" }
                try #require(line?.by == ["alice", "bob"])
                try await cluster.waitForTrading(permits: 1)
                let summary = try await cluster.stop()
                try await cluster.requireConsistent(with: summary)
            }
        }
    }
}

/// What `supervisor limits show --json` prints.
private struct LimitSheetLine: Decodable {
    struct Limit: Decodable {
        let scope: String
        let limit: String
        let value: String
        let by: [String]
    }
    struct Waiting: Decodable {
        struct Change: Decodable { let value: String }
        let changes: [Change]
    }
    let quorum: Int
    let limits: [Limit]
    let waiting: Waiting?

    /// The firm's limit.
    func value(_ name: String) -> String? {
        limits.first { $0.scope == "firm" && $0.limit == name }?.value
    }
}

extension LocalClusterHarness {
    fileprivate func limits() async throws -> LimitSheetLine {
        let result = try await command("limits", "show", "--json")
        try expect(result, exitCode: 0)
        return try JSONDecoder().decode(LimitSheetLine.self, from: Data(result.output.utf8))
    }

    /// Writes a proposal and returns its path.
    fileprivate func propose(
        _ name: String, _ limit: String, _ extra: String...
    ) async throws -> String {
        let path = state + "/" + name
        let arguments = ["limits", "propose", path, "--set", limit, "--reason", "test"] + extra
        try expect(try await steer(arguments), exitCode: 0)
        return path
    }

    fileprivate func accept(_ arguments: String...) async throws {
        try expect(try await steer(["limits"] + arguments), exitCode: 0)
    }

    fileprivate func refuse(_ why: String, _ arguments: String...) async throws {
        let result = try await steer(["limits"] + arguments)
        try expect(result, exitCode: 1)
        guard result.errors.contains(why) else {
            throw ClusterFailure("expected `\(why)`, found: \(result.errors)")
        }
    }

    private func steer(_ arguments: [String]) async throws -> ProgramResult {
        try await run(
            Self.binary("supervisor"),
            arguments + ["--config", configurationPath, "--state", state])
    }

    /// A copy of a proposal in which its one signature stands twice.
    fileprivate func doublingSignature(of path: String) throws -> String {
        let file = try Data(contentsOf: URL(filePath: path))
        guard var stored = try JSONSerialization.jsonObject(with: file) as? [String: Any],
            let signatures = stored["signatures"] as? [Any]
        else { throw ClusterFailure("\(path) is no proposal") }
        stored["signatures"] = signatures + signatures
        let copy = path + "-twice"
        try JSONSerialization.data(withJSONObject: stored).write(to: URL(filePath: copy))
        return copy
    }
}
