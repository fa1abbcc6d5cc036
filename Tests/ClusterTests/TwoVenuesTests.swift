import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// One core above gateways of two venues, which sim-venue plays at once.
    @Suite struct TwoVenuesTests {
        /// The sample as it is shipped: orders rest, are filled and are cancelled at both.
        @Test(.timeLimit(.minutes(6)))
        func theSampleTradesAtBoth() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hasTwoVenues: true)) { cluster in
                try await cluster.start()
                try await cluster.waitForFills(1, atEach: ["KX", "0x"], within: .seconds(240))
                try await cluster.requireSoundWallet()
                let summary = try await cluster.stop()
                #expect(summary.fills >= 2)
                #expect(summary.mode == "paper")
                try await cluster.requireBothSound(summary)
            }
        }

        /// What takes at both venues, while the gateway of one dies: the other goes on, and at the
        /// end each order and each fill of both is where the venue has it.
        @Test(.timeLimit(.minutes(6)))
        func theDeathOfOneGatewayLosesNothing() async throws {
            let options = ClusterOptions(hasTwoVenues: true, tossesCoins: true)
            try await LocalClusterHarness.with(options) { cluster in
                try await cluster.start()
                try await cluster.waitForFills(3, atEach: ["KX", "0x"], within: .seconds(90))
                try await cluster.killAndAwaitReturn("gw-polymarket")
                let before = try cluster.fills(of: "KX")
                try await cluster.waitUntilReady()
                let wallet = try cluster.fills(of: "0x")
                try await waitUntil("both trade again", within: .seconds(90)) {
                    try cluster.requireRunning()
                    return try cluster.fills(of: "KX") > before
                        && cluster.fills(of: "0x") > wallet
                }
                let summary = try await cluster.stop()
                #expect(summary.restarts == 1)
                try await cluster.requireBothSound(summary)
                try cluster.requireTokenTrades()
            }
        }
    }
}

extension LocalClusterHarness {
    /// How many fills the venue has written in markets whose names begin so.
    func fills(of prefix: String) throws -> Int {
        try venueLines("fill").count { $0.ticker.hasPrefix(prefix) }
    }

    func venueLines(_ event: String) throws -> [TokenLine] {
        let text = try String(contentsOfFile: state + "/sim-venue/venue.log", encoding: .utf8)
        let mark = "{\"event\":\"\(event)\""
        return try text.split(separator: "\n").filter { $0.hasPrefix(mark) && $0.hasSuffix("}") }
            .map { try JSONDecoder().decode(TokenLine.self, from: Data($0.utf8)) }
    }

    func waitForFills(
        _ count: Int, atEach prefixes: [String], within patience: Duration
    ) async throws {
        try await waitUntil("\(count) fills at each venue", within: patience) {
            try requireRunning()
            return try prefixes.allSatisfy { try fills(of: $0) >= count }
        }
    }

    /// The doctor finds the wallet that nobody has named.
    fileprivate func requireSoundWallet() async throws {
        let answer = try await run(
            Self.binary("execution-gateway"),
            [
                "doctor", "--config", configurationPath, "--state", state, "--name",
                "gw-polymarket",
            ])
        try expect(answer, exitCode: 0)
    }

    func requireBothSound(_ summary: ClusterSummary) async throws {
        try expect(try await command("journal", "verify", "--of", "gw-polymarket"), exitCode: 0)
        try await requireConsistent(with: summary)
    }

    /// Tokens of both outcomes were traded, so that what the judge says covers both.
    fileprivate func requireTokenTrades() throws {
        let tokens = Set(try venueLines("place").compactMap(\.token))
        guard tokens == ["yes", "no"] else {
            throw ClusterFailure("only tokens of \(tokens) were traded")
        }
    }
}

/// A line of the venue's log about an order or a fill.
struct TokenLine: Decodable {
    let ticker: String
    let token: String?
    let t: Int64
}
