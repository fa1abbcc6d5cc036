import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// A supervisor that only watches, beside processes that something else keeps alive.
    @Suite struct SupervisorAloneTests {
        private struct Fills: Decodable {
            struct Fill: Decodable { let order: Int64 }
            let items: [Fill]
        }

        /// It is killed while they trade, twice. They never notice: no link of theirs breaks and
        /// orders go on; the next supervisor shows what was traded meanwhile, and explains it.
        @Test(.timeLimit(.minutes(4))) func tradingNeverNoticesThatItIsKilled() async throws {
            var options = ClusterOptions(hours: 24, hasCoin: true)
            options.supervisor = ", http: \"127.0.0.1:\(try freePort())\""
            try await LocalClusterHarness.with(options) { cluster in
                let fleet = try Fleet(of: cluster)
                defer { fleet.end() }
                var watch = try watcher(of: cluster)
                try await fleet.trade(permits: 5, fills: 2)
                for _ in 0..<2 {
                    watch.signal(SIGKILL)
                    _ = try await watch.finish(within: .seconds(10))
                    let last = try await fleet.trade(permits: 5, fills: 2)
                    let gone = try await cluster.command("fills", "--json")
                    try cluster.expect(gone, exitCode: 3)
                    watch = try watcher(of: cluster)
                    var newest: Fills?
                    try await waitUntil(
                        "\(last) fills at the next supervisor: \(newest?.items.count ?? -1)"
                    ) {
                        newest = try await fills(cluster)
                        return newest?.items.count ?? 0 >= min(200, last)
                    }
                    let order = try #require(newest?.items.first?.order)
                    let why = try await cluster.command("explain", "\(order)")
                    try cluster.expect(why, exitCode: 0)
                }
                for process in ["core", "gw-kalshi", "agent-crypto", "agent-coin"] {
                    let isBroken = cluster.log(of: process).split(separator: "\n").contains {
                        line in
                        (line.contains("event=unlinked") || line.contains("event=core_lost"))
                            && !line.contains("supervisor") && !line.contains("console")
                    }
                    #expect(!isBroken, "\(process) lost a link")
                }
                watch.signal(SIGTERM)
                #expect(try await watch.finish(within: .seconds(20)).exitCode == 0)
                try await fleet.stop()
                // The judge reads the configuration where `up` leaves its copy.
                try FileManager.default.copyItem(
                    atPath: cluster.configurationPath, toPath: cluster.state + "/cluster.yaml")
                try await cluster.requireJudged()
                try await cluster.requireWholeTraces()
            }
        }

        private func watcher(of cluster: LocalClusterHarness) throws -> ChildProgram {
            try ChildProgram(
                LocalClusterHarness.binary("supervisor"),
                ["run", "--config", cluster.configurationPath, "--state", cluster.state],
                folder: cluster.folder + "/out")
        }

        /// The newest fills that the API has; nil while there is no API.
        private func fills(_ cluster: LocalClusterHarness) async throws -> Fills? {
            let answer = try await cluster.command("fills", "--json", "--limit", "200")
            guard answer.exitCode == 0 else { return nil }
            return try JSONDecoder().decode(Fills.self, from: Data(answer.output.utf8))
        }
    }
}

/// The processes of a cluster, each started by itself as an init system would.
private final class Fleet {
    private let cluster: LocalClusterHarness
    private let programs: [(name: String, program: ChildProgram)]

    init(of cluster: LocalClusterHarness) throws {
        self.cluster = cluster
        let data = ["--data", cluster.data]
        let parts: [(name: String, program: String, more: [String])] = [
            ("sim-venue", "sim-venue", ["--speed", "max"] + data),
            ("gw-kalshi", "execution-gateway", []), ("core", "risk-core", []),
            ("agent-crypto", "domain-agent", ["--domain", "crypto"] + data),
            ("agent-coin", "domain-agent", ["--domain", "crypto"] + data),
        ]
        programs = try parts.map { part in
            let arguments =
                [
                    "--config", cluster.configurationPath, "--state", cluster.state, "--name",
                    part.name,
                ] + part.more
            return (
                part.name,
                try ChildProgram(
                    LocalClusterHarness.binary(part.program), arguments,
                    folder: cluster.folder + "/out")
            )
        }
    }

    /// Waits for so many more permits and fills than there are now; the fills that there are then.
    @discardableResult
    func trade(permits: Int64, fills: Int64) async throws -> Int64 {
        var first: StatusLine?
        var last: Int64 = 0
        try await waitUntil("\(permits) more permits, \(fills) more fills", within: .seconds(90)) {
            for (name, program) in programs where !program.isRunning {
                throw ClusterFailure("\(name) has ended: \(program.errors)")
            }
            guard let now = try await cluster.status(of: "core") else { return false }
            let base = first ?? now
            first = base
            last = now.count("fills")
            return now.count("permitted") >= base.count("permitted") + permits
                && last >= base.count("fills") + fills
        }
        return last
    }

    /// Asks each to end: agents first, gateways while the core still books, the venue last.
    func stop() async throws {
        let order = ["agent-coin", "agent-crypto", "gw-kalshi", "core", "sim-venue"]
        for name in order {
            guard let program = programs.first(where: { $0.name == name })?.program else {
                throw ClusterFailure("\(name) is no program of the fleet")
            }
            program.signal(SIGTERM)
            let result = try await program.finish(within: .seconds(30))
            guard result.exitCode == 0 else {
                throw ClusterFailure("\(name) ended with \(result.exitCode): \(result.errors)")
            }
        }
    }

    /// Ends what still runs.
    func end() { for (_, program) in programs { program.signal(SIGKILL) } }
}
