import Foundation
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

        /// While the dead core's journal lies there it says what the core had: a brake with its
        /// highest equity, buckets that gave out tokens, cash that is reserved, orders that rest.
        /// The next core starts from exactly that, before it takes anything new.
        @Test(.timeLimit(.minutes(3)))
        func theNextCoreStartsFromTheStateOfTheDeadOneItemByItem() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                try await cluster.start()
                let halt = try await cluster.command("halt", "--scope", "instrument:NOBODY-TRADES")
                try cluster.expect(halt, exitCode: 0)
                try await cluster.waitForTrading(permits: 5, fills: 1)
                let dead = try await cluster.killCoreWithOpenOrders()
                for kind in ["arming", "halt", "limit", "brake", "bucket", "account", "order"] {
                    try #require(!dead.of(kind).isEmpty, "no \(kind) in \(dead.items)")
                }
                try #require(dead.of("account").contains { !$0.contains("reserved=0 ") })
                cluster.signalSupervisor(SIGCONT)
                try await waitUntil("the next core has started from it", within: .seconds(60)) {
                    cluster.hasLogged("core", "event=recovered", dead.stateHash)
                }
                try await cluster.waitUntilReady()
                try await cluster.waitForTrading(permits: 5)
                let summary = try await cluster.stop()
                let again = try await cluster.journalState("--at", "\(dead.entry)")
                try #require(again == dead)
                let halts = try await cluster.journalState("--kind", "halt").items
                try #require(halts == dead.of("halt"))
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
                // What it knows of its children's deaths is the next one's, until a clean stop.
                let deaths = cluster.state + "/supervisor/deaths"
                try await cluster.killAndAwaitReturn("agent-crypto")
                try await cluster.killSupervisor()
                let known = try String(contentsOfFile: deaths, encoding: .utf8)
                try #require(
                    known.hasPrefix("agent-crypto ") && known.count(where: \.isNewline) == 1)
                try await cluster.start()
                try await cluster.killAndAwaitReturn("agent-crypto")
                let more = try String(contentsOfFile: deaths, encoding: .utf8)
                try #require(more.hasPrefix(known) && more.count(where: \.isNewline) == 2)
                try await cluster.waitForTrading(permits: 5, fills: 1)
                let summary = try await cluster.stop()
                try #require(!FileManager.default.fileExists(atPath: deaths))
                try #require(summary.permitted >= before.count("permitted") + 5, "\(summary)")
                try #require(summary.fills > before.count("fills"), "\(summary)")
                try await cluster.requireConsistent(with: summary)
            }
        }
    }
}

/// What `supervisor journal state --json` prints.
private struct StateLines: Decodable, Equatable {
    let entry: UInt64
    let stateHash: String
    let items: [String]

    func of(_ kind: String) -> [String] { items.filter { $0.hasPrefix(kind + " ") } }
}

extension LocalClusterHarness {
    /// What the core's journal comes to.
    fileprivate func journalState(_ arguments: String...) async throws -> StateLines {
        let result = try await supervisor(
            ["journal", "state", "--json", "--config", configurationPath, "--state", state]
                + arguments)
        try expect(result, exitCode: 0)
        return try JSONDecoder().decode(StateLines.self, from: Data(result.output.utf8))
    }

    /// Kills the core, its supervisor standing still, at a moment at which its journal has orders
    /// that rest; what that journal comes to. A commit that the core was about to announce when it
    /// stood still is in it as well, and may have ended them: then the next core is tried.
    fileprivate func killCoreWithOpenOrders() async throws -> StateLines {
        for _ in 0..<5 {
            try await stopCoreWithOpenOrders()
            signalSupervisor(SIGSTOP)
            try signal("core", SIGKILL)
            let dead = try await journalState()
            if !dead.of("order").isEmpty { return dead }
            signalSupervisor(SIGCONT)
            try await waitUntil("the next core has started", within: .seconds(60)) {
                hasLogged("core", "event=recovered", dead.stateHash)
            }
            try await waitUntilReady()
            try await waitForTrading(permits: 2)
        }
        throw ClusterFailure("five cores in a row were killed with no order at rest")
    }

    /// Stops the core at a moment at which its journal has orders that rest.
    fileprivate func stopCoreWithOpenOrders() async throws {
        try await waitUntil("the core stands still with open orders", within: .seconds(60)) {
            try requireRunning()
            try signal("core", SIGSTOP)
            if try await !journalState("--kind", "order").items.isEmpty { return true }
            try signal("core", SIGCONT)
            return false
        }
    }
}
