import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// What an operator asks a running cluster for, here and from afar.
    @Suite struct OperatorViewTests {
        private struct Fills: Decodable {
            struct Fill: Decodable { let order: Int64 }
            let items: [Fill]
        }

        private struct Figures: Decodable {
            struct Score: Decodable {
                let agent: String
                let fills: Int64
            }
            let scores: [Score]
        }

        private struct Try: Decodable {
            let attempt: String
            let isRefused: Bool
        }

        @Test(.timeLimit(.minutes(3))) func figuresAndFillsAreShownAndARogueIsRefused() async throws
        {
            let port = try freePort()
            var options = ClusterOptions(hours: 24, hasStandIn: true)
            options.supervisor = ", http: \"127.0.0.1:\(port)\""
            try await LocalClusterHarness.with(options) { cluster in
                try await cluster.start()
                try await cluster.waitForTrading(permits: 5, fills: 2)
                try await requireFigures(of: cluster)
                try await requireSound(cluster)
                try await requireCosts(of: cluster)
                try await requireBadTokensRefused(by: cluster, "http://127.0.0.1:\(port)")
                try await requireRogueRefused(by: cluster)
                // The agent whose keys were used, and the others, go on.
                try await cluster.waitForTrading(permits: 2, fills: 1)
                let isLost = cluster.hasLogged("core", "unlinked", "agent-crypto")
                #expect(!isLost)
                let summary = try await cluster.stop()
                try await cluster.requireConsistent(with: summary)
            }
        }

        private struct Costs: Decodable {
            struct Row: Decodable {
                let strategy: String
                let orders: Int
                let fills: Int
                let fees: Double
            }
            let rows: [Row]
        }

        /// What the orders of a running core cost, from its journal.
        private func requireCosts(of cluster: LocalClusterHarness) async throws {
            let research = LocalClusterHarness.binary("research")
            let journal = cluster.state + "/core/journal.sqlite"
            let costs = try await cluster.run(research, ["tca", "--journal", journal, "--json"])
            try cluster.expect(costs, exitCode: 0)
            let rows = try JSONDecoder().decode(Costs.self, from: Data(costs.output.utf8)).rows
            let all = try #require(rows.first)
            #expect(all.strategy == "all" && all.orders >= 5 && all.fills >= 2)
            #expect(rows.dropFirst().reduce(0) { $0 + $1.fills } == all.fills)
            let other = cluster.state + "/gw-kalshi/journal.sqlite"
            let wrong = try await cluster.run(research, ["tca", "--journal", other])
            try cluster.expect(wrong, exitCode: 1)
            #expect(wrong.errors.contains("name the core's journal"))
        }

        private struct Finding: Decodable {
            let check: String
            let verdict: String
        }

        /// The doctor finds a running cluster well, and sees a key that others can read.
        private func requireSound(_ cluster: LocalClusterHarness) async throws {
            let sound = try await cluster.command("doctor", "--json")
            try cluster.expect(sound, exitCode: 0)
            let findings = try JSONDecoder().decode([Finding].self, from: Data(sound.output.utf8))
            let checks = [
                "process core", "process gw-kalshi", "journal of core", "dashboard", "api",
            ]
            for check in checks {
                #expect(
                    findings.contains { $0.check == check && $0.verdict == "fine" }, "\(check)")
            }
            let key = cluster.state + "/keys/core/permit.key"
            chmod(key, 0o644)
            let open = try await cluster.command("doctor")
            chmod(key, 0o600)
            try cluster.expect(open, exitCode: 1)
            #expect(open.output.contains("-> chmod 600 \(key)"))
            #expect(open.errorLines.count == 1 && open.errors.contains("one check failed"))
        }

        private func requireFigures(of cluster: LocalClusterHarness) async throws {
            // The traces follow the journal.
            try await waitUntil("the traces have a fill") {
                let fills = try await cluster.command("fills", "--json")
                try cluster.expect(fills, exitCode: 0)
                return try !JSONDecoder().decode(Fills.self, from: Data(fills.output.utf8)).items
                    .isEmpty
            }
            let figures = try await cluster.command("kpi", "--json")
            try cluster.expect(figures, exitCode: 0)
            let scores = try JSONDecoder().decode(Figures.self, from: Data(figures.output.utf8))
                .scores
            #expect(scores.contains { $0.agent == "agent-crypto" && $0.fills > 0 })
            for (command, heading) in [
                ("kpi", "SLIPPAGE"), ("fills", "PRICE"), ("positions", "UNREALISED"),
            ] {
                let shown = try await cluster.command(command)
                try cluster.expect(shown, exitCode: 0)
                #expect(shown.output.contains(heading) || shown.output == "nothing is held\n")
            }
        }

        private func requireBadTokensRefused(
            by cluster: LocalClusterHarness, _ url: String
        ) async throws {
            let file = cluster.state + "/some.token"
            try "bw_nonsense\n".write(toFile: file, atomically: true, encoding: .utf8)
            chmod(file, 0o600)
            let wrong = try await cluster.command("kpi", "--url", url, "--token-file", file)
            try cluster.expect(wrong, exitCode: 1)
            #expect(wrong.errorLines.count == 1 && wrong.errors.contains("401"))

            let token = try await cluster.command("token", "add", "--name", "x", "--scope", "read")
            try token.output.write(toFile: file, atomically: true, encoding: .utf8)
            chmod(file, 0o600)
            let right = try await cluster.command("kpi", "--url", url, "--token-file", file)
            try cluster.expect(right, exitCode: 0)

            // An order is explained from afar as the journal explains it here, a moment later.
            let list = try await cluster.command("fills", "--json", "--limit", "1")
            let filled = try JSONDecoder().decode(Fills.self, from: Data(list.output.utf8)).items
            let order = "\(try #require(filled.first).order)"
            let far = try await cluster.command(
                "explain", order, "--url", url, "--token-file", file)
            try cluster.expect(far, exitCode: 0)
            let near = try await cluster.command("explain", order)
            let isAlike = far.output.prefix { $0 != ">" } == near.output.prefix { $0 != ">" }
            #expect(isAlike && far.output.hasPrefix("order \(order): "))
            #expect(far.output.contains("assumes     queue: "))

            let nobody = try await cluster.command(
                "kpi", "--url", "http://127.0.0.1:9", "--token-file", file)
            try cluster.expect(nobody, exitCode: 3)
            #expect(nobody.errorLines.count == 1)
            try cluster.expect(
                try await cluster.command("kpi", "--url", url), exitCode: 2)
        }

        private func requireRogueRefused(by cluster: LocalClusterHarness) async throws {
            let demo = try await cluster.command("demo", "rogue", "--json")
            try cluster.expect(demo, exitCode: 0)
            let tries = try JSONDecoder().decode([Try].self, from: Data(demo.output.utf8))
            #expect(tries.count == 10)
            let passed = tries.filter { !$0.isRefused }
            #expect(passed.isEmpty, "\(passed)")
        }
    }
}
