import Glibc
import Testing

extension ClusterTests {
    /// A process dies without warning in the middle of trading.
    @Suite struct ProcessKilledTests {
        /// Everybody comes back and trades on. What the core recovered is what its journal comes to
        /// when it is decided again from the first entry, and the venue saw nothing twice.
        ///
        /// - Attack core-killed, 1 try: SIGKILL while it trades: its state, with brakes, buckets
        ///   and reservations, is what its journal comes to when it is decided again from the first
        ///   entry.
        /// - Attack permit-replayed, 1 try: SIGKILL of the gateway: the venue sees no order twice.
        @Test(.timeLimit(.minutes(3)))
        func eachInTurnComesBackAndNothingIsDoubledOrLost() async throws {
            let victims = ["agent-crypto", "gw-kalshi", "core", "sim-venue"]
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                try await cluster.start()
                for victim in victims {
                    try await cluster.waitForTrading(permits: 5, fills: 1)
                    try await cluster.killAndAwaitReturn(victim)
                    try await cluster.waitUntilReady()
                }
                try await cluster.waitForTrading(permits: 5, fills: 1)
                let summary = try await cluster.stop()
                try #require(summary.restarts == victims.count, "\(summary)")
                try await cluster.requireConsistent(with: summary)
            }
        }

        /// Without their supervisor the others end, and the next run goes on from where they were.
        @Test(.timeLimit(.minutes(3)))
        func supervisorTooAndTheNextRunGoesOn() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                try await cluster.start()
                try await cluster.waitForTrading(permits: 5, fills: 1)
                let before = try #require(try await cluster.status(of: "core"))
                try await cluster.killSupervisor()
                try await cluster.start()
                try await cluster.waitForTrading(permits: 5, fills: 1)
                let summary = try await cluster.stop()
                try #require(summary.permitted >= before.count("permitted") + 5, "\(summary)")
                try #require(summary.fills > before.count("fills"), "\(summary)")
                try await cluster.requireConsistent(with: summary)
            }
        }
    }
}
