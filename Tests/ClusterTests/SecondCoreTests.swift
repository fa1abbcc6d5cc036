import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// A second core beside the one that trades.
    @Suite struct SecondCoreTests {
        /// - Attack core-twice, 3 tries: a core and a gateway on a state that is in use, and a core
        ///   on an older copy of it that reaches the gateway with the same keys.
        @Test(.timeLimit(.minutes(2)))
        func onlyTheCoreWithTheNewestJournalTrades() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                try await cluster.start()
                try await cluster.waitForTrading(permits: 3, fills: 1)
                let place = ["--config", cluster.configurationPath, "--state", cluster.state]
                let second = try await cluster.run(LocalClusterHarness.binary("risk-core"), place)
                try #require(second.exitCode == 3 || second.exitCode == 1, "\(second)")
                let gateway = try await cluster.run(
                    LocalClusterHarness.binary("execution-gateway"),
                    place + ["--name", "gw-kalshi"])
                try #require(gateway.exitCode == 3 || gateway.exitCode == 1, "\(gateway)")

                let copy = try cluster.copyWhileTheCoreStands()
                try await cluster.waitForTrading(permits: 5, fills: 1)
                let twin = try ChildProgram(
                    LocalClusterHarness.binary("risk-core"),
                    ["--config", cluster.configurationPath, "--state", copy],
                    folder: cluster.folder + "/out")
                try await waitUntil("the gateway turns the copy away") {
                    cluster.hasLogged("gw-kalshi", "core_behind")
                }
                let leases = try cluster.leases()
                try #require(leases.count == 1, "\(leases)")
                twin.signal(SIGKILL)
                _ = try await twin.finish(within: .seconds(10))

                // The copy has shut the true one out. When it is gone that one gets in by itself.
                try await waitUntil("the true core has a lease again") {
                    try cluster.leases().count == 2
                }
                try await cluster.waitUntilReady()
                try await cluster.waitForTrading(permits: 3, fills: 1)
                let summary = try await cluster.stop()
                try #require(summary.restarts == 0, "\(summary)")
                try await cluster.requireConsistent(with: summary)
            }
        }
    }
}

extension LocalClusterHarness {
    /// Copies the state in a moment in which the core does nothing, with a way to the gateway.
    fileprivate func copyWhileTheCoreStands() throws -> String {
        let copy = folder + "/t"
        try signal("core", SIGSTOP)
        // A test that fails kills what stands.
        defer { try? signal("core", SIGCONT) }
        try FileManager.default.createDirectory(
            atPath: copy + "/run", withIntermediateDirectories: true)
        for name in ["keys", "core"] {
            try FileManager.default.copyItem(atPath: "\(state)/\(name)", toPath: "\(copy)/\(name)")
        }
        for path in [copy, copy + "/run"] { chmod(path, 0o700) }
        for role in ["orders", "market"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(copy)/run/gw-kalshi.\(role).sock",
                withDestinationPath: "\(state)/run/gw-kalshi.\(role).sock")
        }
        return copy
    }
}
