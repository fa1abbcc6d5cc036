import Foundation
import Testing

extension ClusterTests {
    /// An operator moves capital between agents that trade.
    @Suite struct CapitalMoveTests {
        @Test(.timeLimit(.minutes(3)))
        func aMoveIsCheckedCountsOnceAndOutlivesTheCore() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                try await cluster.start()
                try await cluster.waitForTrading(permits: 5, fills: 1)
                try await cluster.capital(refused: "give it one first", "1")
                for agent in ["agent-crypto", "agent-coin"] {
                    try cluster.expect(
                        try await cluster.command(
                            "capital", "set", agent, "200", "--reason", "first"), exitCode: 0)
                }
                try await cluster.capital("50", key: "more-coin")
                try await cluster.capital(refused: "moved something else", "51", key: "more-coin")
                try await cluster.capital("50", key: "more-coin")
                try await cluster.capital(refused: "its worst case has locked", "149.99")
                try await cluster.capital(refused: "there is no nobody", "1", to: "nobody")
                try cluster.expect(
                    try await cluster.command("capital", "move", "agent-crypto"), exitCode: 2)
                try await cluster.killAndAwaitReturn("core")
                try await cluster.waitUntilReady()
                let scopes = try await cluster.capitals()
                let own = scopes.filter { $0.scope.hasPrefix("strategy ") }.map(\.capital)
                try #require(own.sorted() == ["150", "250"], "\(scopes)")
                let history = try await cluster.command("capital", "history", "--json")
                let moves = try JSONDecoder().decode(
                    [MoveLine].self, from: Data(history.output.utf8))
                try #require(moves.map(\.key) == ["more-coin"])
                try #require(moves.first?.reason == "test" && moves.first?.by == "local")
                let plan = try await cluster.command(
                    "capital", "propose", "--period", "1h", "--out",
                    cluster.folder + "/plan.json", "--reason", "plan")
                try cluster.expect(plan, exitCode: 0)
                try #require(plan.output.contains("collateral-max"), "\(plan.output)")
                // Nothing is proved yet, so the plan takes all that is free: too much for a policy
                // of a tenth, and nobody gains what a move could bring.
                let careful = try await cluster.command(
                    "capital", "propose", "--accept-within", "0.1", "--reason", "policy")
                try cluster.expect(careful, exitCode: 1)
                try #require(careful.errors.contains("a person decides"), "\(careful.errors)")
                let wide = try await cluster.command(
                    "capital", "propose", "--accept-within", "1", "--reason", "policy")
                try cluster.expect(wide, exitCode: 0)
                let conflicts = try await cluster.command("capital", "conflicts", "--json")
                try cluster.expect(conflicts, exitCode: 0)
                let found = try JSONDecoder().decode(
                    ConflictLines.self, from: Data(conflicts.output.utf8)
                ).conflicts
                try #require(found.allSatisfy { $0.ranks.count > 1 && !$0.proposal.isEmpty })
                let summary = try await cluster.stop()
                try await cluster.requireConsistent(with: summary)
            }
        }
    }
}

/// A line of `supervisor capital show --json`.
private struct CapitalLine: Decodable {
    let scope: String
    let capital: String
    let atRisk: String
}

private struct CapitalLines: Decodable {
    let scopes: [CapitalLine]
}

/// The answer of `supervisor capital conflicts --json`.
private struct ConflictLines: Decodable {
    struct Conflict: Decodable {
        let proposal: String
        let ranks: [Rank]
    }

    struct Rank: Decodable { let agent: String }

    let conflicts: [Conflict]
}

/// A line of `supervisor capital history --json`.
private struct MoveLine: Decodable {
    let key: String
    let reason: String
    let by: String
}

extension LocalClusterHarness {
    /// Moves capital from one agent to another; with `refused` it must fail and say so.
    fileprivate func capital(
        refused words: String? = nil, _ amount: String, key: String? = nil,
        to target: String = "agent-coin"
    ) async throws {
        let known = key.map { ["--key", $0] } ?? []
        let result = try await supervisor(
            ["capital", "move", "agent-crypto", target, amount, "--reason", "test"] + known
                + ["--config", configurationPath, "--state", state])
        guard let words else { return try expect(result, exitCode: 0) }
        guard result.exitCode != 0, (result.errors + result.output).contains(words) else {
            throw ClusterFailure(
                "expected a refusal with `\(words)`: \(result.exitCode)\n\(result.output)"
                    + "\(result.errors)")
        }
    }

    fileprivate func capitals() async throws -> [CapitalLine] {
        let result = try await command("capital", "show", "--json")
        try expect(result, exitCode: 0)
        return try JSONDecoder().decode(CapitalLines.self, from: Data(result.output.utf8)).scopes
    }
}
