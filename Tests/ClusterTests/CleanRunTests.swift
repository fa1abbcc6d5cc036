import Foundation
import Testing

/// Tests of the whole cluster: real processes, real sockets, real faults, one at a time.
@Suite(.serialized) struct ClusterTests {}

extension ClusterTests {
    /// Nothing goes wrong.
    @Suite struct CleanRunTests {
        @Test(.timeLimit(.minutes(3)))
        func tradesStopsCleanlyAndIsJudged() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12)) { cluster in
                try await cluster.start()
                try await cluster.waitForTrading()
                try await waitUntil("a fill") {
                    try await cluster.count("fills", of: "core") ?? 0 > 0
                }
                let summary = try await cluster.stop()
                try #require(summary.permitted > 0 && summary.fills > 0, "\(summary)")
                try #require(summary.mode == "paper" && summary.restarts == 0, "\(summary)")
                try #require(!summary.complete, "\(summary)")
                let replay = try await cluster.requireSoundJournals()
                try #require(summary.stateHash == replay.stateHash)
                try await cluster.requireJudged()
                try await cluster.requireStrictJudge()
                let left = cluster.processIDs()
                try #require(left.isEmpty, "still running: \(left)")
            }
        }

        /// The same data and the same seed: the same orders and the same state, at any pace.
        @Test(.timeLimit(.minutes(4)))
        func twoRunsGiveTheSameOrders() async throws {
            let first = try await completeRun()
            let second = try await completeRun()
            try #require(first.summary.permitted > 0 && first.summary.fills > 0)
            try #require(first.summary.settled > 0, "\(first.summary)")
            try #require(first.orders == second.orders)
            try #require(first.summary == second.summary)
        }

        @Test(
            .enabled(if: RecordedData.folder != nil, "there is no recorded data at ../shared/data"),
            .timeLimit(.minutes(2)))
        func tradesRecordedMarkets() async throws {
            let data = try #require(RecordedData.folder)
            try await LocalClusterHarness.with(ClusterOptions(data: data, limit: "20s")) {
                cluster in
                try cluster.launch()
                let summary = try await cluster.finish(within: .seconds(100))
                try #require(summary.permitted > 0, "\(summary)")
                try await cluster.requireSoundJournals()
                try await cluster.requireJudged()
            }
        }

        /// Agents of all five domains trade, each its own markets, and the same in a second run.
        @Test(.timeLimit(.minutes(6)))
        func fiveDomainsTradeAndTradeTheSameAgain() async throws {
            let first = try await completeRun(ClusterOptions(hasDomains: true))
            for prefix in ["KXBTCUD5M-", "KXCPI-", "KXSENATE-", "KXNFLGAME-", "KXHIGHNY-"] {
                let own = first.orders.filter { $0.instrument.hasPrefix(prefix) }
                try #require(!own.isEmpty, "no order for \(prefix): \(first.summary)")
            }
            let second = try await completeRun(ClusterOptions(hasDomains: true))
            try #require(first.orders == second.orders)
            try #require(first.summary == second.summary)
        }

        private struct Run {
            var orders: [OrderLine] = []
            var summary: ClusterSummary
        }

        private func completeRun(
            _ options: ClusterOptions = ClusterOptions(hours: 1)
        ) async throws -> Run {
            var run: Run?
            try await LocalClusterHarness.with(options) { cluster in
                // The first 25 minutes of the hour are enough for four markets to settle.
                try cluster.editFeed { lines in lines = Array(lines.prefix(1_501)) }
                try cluster.launch()
                let summary = try await cluster.finish(within: .seconds(110))
                try #require(summary.complete && summary.restarts == 0, "\(summary)")
                try await cluster.requireSoundJournals()
                try await cluster.requireJudged()
                run = Run(orders: try await cluster.orders(), summary: summary)
            }
            return try #require(run)
        }
    }
}

/// Recorded data, which is not part of the sources.
enum RecordedData {
    static let folder: String? = {
        let named = ProcessInfo.processInfo.environment["BELLWETHER_DATA"]
        let candidates = [named, LocalClusterHarness.sources + "/../shared/data"].compactMap { $0 }
        return candidates.first { FileManager.default.fileExists(atPath: $0 + "/crypto") }
    }()
}
