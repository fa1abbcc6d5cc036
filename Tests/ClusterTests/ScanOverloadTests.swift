import Testing

extension ClusterTests {
    /// An agent that finds ten times as much to look at as it has time for.
    @Suite struct ScanOverloadTests {
        @Test(.timeLimit(.minutes(2)))
        func staleWorkIsShedAndNoCancelOrFillIsLost() async throws {
            var options = ClusterOptions(hours: 12, hasCoin: true)
            // Four markets are listed at a time.
            options.parameters = "{ scan-load: 10, scan-budget: 4 }"
            try await LocalClusterHarness.with(options) { cluster in
                try await cluster.start()
                try await waitUntil("work is shed while trading goes on") {
                    try cluster.requireRunning()
                    guard let agent = try await cluster.status(of: "agent-crypto") else {
                        return false
                    }
                    // The queue is bounded whatever comes in.
                    try #require(agent.count("scans_waiting") <= 256)
                    return agent.count("shed.staleScan") > 1_000 && agent.count("cancels") > 3
                }
                try await cluster.waitForTrading(permits: 3, fills: 1)
                let agent = try #require(try await cluster.status(of: "agent-crypto"))
                for process in ["agent-crypto", "core", "gw-kalshi"] {
                    let counters = try await cluster.status(of: process)?.counters ?? [:]
                    let overflows = counters.filter { $0.key.hasSuffix("overflows") }
                    try #require(!overflows.isEmpty, "\(process) counts no overflow")
                    try #require(overflows.allSatisfy { $0.value == 0 }, "\(overflows)")
                }
                let summary = try await cluster.stop()
                // Every cancel that the agent asked for is in the journal; that none of them was
                // lost on its way on, and no fill either, is what the venue's log says.
                let cancels = try cluster.cancelRequests(of: "agent-crypto")
                try #require(Int64(cancels) >= agent.count("cancels"), "\(cancels): \(agent)")
                try await cluster.requireConsistent(with: summary)
            }
        }
    }
}
