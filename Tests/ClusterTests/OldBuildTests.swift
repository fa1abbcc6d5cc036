import Foundation
import Runtime
import Testing
import Wire

extension ClusterTests {
    /// A configuration that lists the builds which may trade, and a fleet with one of another.
    @Suite struct OldBuildTests {
        /// - Attack binary-stale, 3 tries: an agent, a gateway and a core of a build that the
        ///   configuration does not list.
        @Test(
            .timeLimit(.minutes(5)),
            arguments: [
                ("domain-agent", "core", "agent-crypto"),
                ("execution-gateway", "core", "gw-kalshi"),
                ("risk-core", "gw-kalshi", "core"),
            ])
        func anUnlistedBuildTradesNothing(program: String, refuser: String, refused: String)
            async throws
        {
            let programs = ["risk-core", "execution-gateway", "domain-agent"]
            let listed = try programs.filter { $0 != program }.map(build)
            try await LocalClusterHarness.with(ClusterOptions(builds: listed)) { cluster in
                try cluster.launch()
                try await waitUntil("\(refused) is refused") {
                    try cluster.requireRunning()
                    return cluster.hasLogged(refuser, "link_refused", refused, "does not list")
                }
                try await Task.sleep(for: .seconds(3))
                #expect(try await cluster.count("permits", of: "gw-kalshi") ?? 0 == 0)
                _ = try await cluster.stop()
            }
        }

        /// What `supervisor builds` prints is a part of a configuration, and lets all of them in.
        @Test(.timeLimit(.minutes(5)))
        func theListedBuildsTrade() async throws {
            let listed = try ["risk-core", "execution-gateway", "domain-agent"].map(build)
            try await LocalClusterHarness.with(ClusterOptions(builds: listed)) { cluster in
                let printed = try await cluster.supervisor("builds")
                try cluster.expect(printed, exitCode: 0)
                #expect(listed.allSatisfy { printed.output.contains("  - \($0)  # ") })
                try await cluster.start()
                try await cluster.waitForTrading()
                _ = try await cluster.stop()
            }
        }

        private func build(_ program: String) throws -> String {
            try Executable.build(of: LocalClusterHarness.binary(program)).description
        }
    }
}
