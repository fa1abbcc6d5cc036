import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// What a person may get wrong: one clear line and an exit code, and nothing is left running.
    @Suite struct BadInputTests {
        @Test(arguments: [
            // What is replaced in the sample, by what, and what the line must name.
            ("lease: 1500ms", "lease: soon", ["cluster.yaml:", "core.lease", "soon"]),
            ("mode: paper", "mode: reckless", ["cluster.yaml:", "mode", "reckless"]),
            ("publish-depth: 10", "publish-dept: 10", ["cluster.yaml:", "publish-dept"]),
            ("mode: paper", "mode: [paper", ["cluster.yaml:"]),
            ("parameters: {}", "parameters: { zeal: 9 }", ["zeal"]),
        ])
        func configurationThatIsWrong(_ from: String, _ to: String, _ named: [String]) async throws
        {
            try await LocalClusterHarness.with(ClusterOptions(hours: 1)) { cluster in
                try cluster.editConfiguration(from, to)
                let result = try await cluster.upToItsEnd()
                try requireOneLine(result, exitCode: 2, naming: named)
                try #require(cluster.processIDs().isEmpty)
            }
        }

        @Test func configurationThatIsMissing() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 1)) { cluster in
                try FileManager.default.removeItem(atPath: cluster.configurationPath)
                let result = try await cluster.upToItsEnd()
                try requireOneLine(result, exitCode: 2, naming: [cluster.configurationPath])
            }
        }

        @Test func keyThatCannotBeRead() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 1)) { cluster in
                let path = cluster.state + "/keys/core/curve.key"
                try "nonsense".write(toFile: path, atomically: false, encoding: .utf8)
                let result = try await cluster.upToItsEnd()
                try #require(result.exitCode == 2 || result.exitCode == 1, "\(result)")
                try #require(result.errors.contains("curve.key"), "\(result)")
                try #require(cluster.processIDs().isEmpty)
            }
        }

        /// A process on its own, as systemd starts it, makes no keys.
        @Test func keyThatIsMissing() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 1)) { cluster in
                let path = cluster.state + "/keys/core/permit.key"
                try FileManager.default.removeItem(atPath: path)
                let result = try await cluster.run(
                    LocalClusterHarness.binary("risk-core"),
                    ["--config", cluster.configurationPath, "--state", cluster.state])
                try #require(result.exitCode == 2, "\(result)")
                try #require(result.errorLines.contains { $0.contains(path) }, "\(result)")
            }
        }

        /// Who starts a process may have blocked signals, which a process inherits.
        @Test func aStopIsHeardWhereItsSignalWasBlocked() async throws {
            let folder = NSTemporaryDirectory() + "bw-blocked-\(UUID().uuidString)"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let block = """
                import os, signal, sys
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
                os.execv(sys.argv[1], sys.argv[1:])
                """
            let venue = try ChildProgram(
                "/usr/bin/env",
                [
                    "python3", "-c", block, LocalClusterHarness.binary("sim-venue"), "--kalshi",
                    "127.0.0.1:\(try freePort())",
                ], folder: folder)
            try await waitUntil("the venue serves") {
                venue.output.contains("serving kalshi at 127.0.0.1:")
            }
            venue.signal(SIGTERM)
            let result = try await venue.finish(within: .seconds(20))
            #expect(result.exitCode == 0, "\(result)")
        }

        @Test func portInUse() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 1)) { cluster in
                let held = try HeldPort()
                defer { held.close() }
                try cluster.editConfiguration(
                    "127.0.0.1:\(cluster.port)", "127.0.0.1:\(held.port)")
                let result = try await cluster.upToItsEnd()
                try requireOneLine(result, exitCode: 3, naming: ["\(held.port)"])
                try #require(cluster.processIDs().isEmpty)
            }
        }

        @Test func stateThatAnotherClusterUses() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 24)) { cluster in
                try await cluster.start()
                let second = try await cluster.upToItsEnd()
                try requireOneLine(second, exitCode: 3, naming: [cluster.state])
                _ = try await cluster.stop()
            }
        }

        @Test func dataFolderWithoutData() async throws {
            var options = ClusterOptions()
            options.data = "/tmp"
            try await LocalClusterHarness.with(options) { cluster in
                let result = try await cluster.upToItsEnd()
                try requireOneLine(result, exitCode: 2, naming: ["/tmp"])
            }
        }

        /// A row that is no row is counted and skipped, and the run goes on.
        @Test func recordingWithCorruptRows() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 1)) { cluster in
                try cluster.editFeed { lines in
                    lines[100] = "not,a,row"
                    lines[200] = "1,2,3,4"
                    lines[300] = String(lines[300].prefix(10))
                }
                try await cluster.start()
                try await waitUntil("the corrupt rows are reported") {
                    cluster.hasLogged("sim-venue", "skipped")
                        || cluster.hasLogged("sim-venue", "corrupt")
                }
                try await cluster.waitForTrading(permits: 2)
                _ = try await cluster.stop()
                try await cluster.requireJudged()
            }
        }

        @Test func recordingWithACorruptHeader() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 1)) { cluster in
                try cluster.editFeed { lines in lines[0] = "time,price" }
                let result = try await cluster.upToItsEnd()
                try #require(result.exitCode == 2, "\(result)")
                try #require(result.errors.contains("header"), "\(result)")
                try #require(cluster.processIDs().isEmpty)
            }
        }

        private func requireOneLine(
            _ result: ProgramResult, exitCode: Int32, naming parts: [String]
        ) throws {
            try #require(result.exitCode == exitCode, "\(result)")
            let line = try #require(
                result.errorLines.first { line in parts.allSatisfy { line.contains($0) } },
                "no line names \(parts): \(result)")
            try #require(line.hasPrefix("supervisor: "), "\(line)")
        }
    }
}

extension LocalClusterHarness {
    /// Replaces text of the configuration, which must be there.
    func editConfiguration(_ from: String, _ to: String) throws {
        let text = try String(contentsOfFile: configurationPath, encoding: .utf8)
        guard text.contains(from) else { throw ClusterFailure("no `\(from)` in the sample") }
        try text.replacingOccurrences(of: from, with: to)
            .write(toFile: configurationPath, atomically: true, encoding: .utf8)
    }

    /// Changes lines of the generated feed; line 0 is the header.
    func editFeed(_ edit: (inout [String]) -> Void) throws {
        let folder = data + "/crypto"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        guard let name = names.first(where: { $0.hasPrefix("chainlink") && $0.hasSuffix(".csv") })
        else { throw ClusterFailure("no plain feed among \(names)") }
        let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
        var lines = text.components(separatedBy: "\n")
        edit(&lines)
        try lines.joined(separator: "\n")
            .write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }

    /// Runs `up` beside whatever runs already, until it ends by itself.
    func upToItsEnd() async throws -> ProgramResult {
        try await run(
            LocalClusterHarness.binary("supervisor"),
            [
                "up", "--config", configurationPath, "--state", state, "--speed", "max",
                "--data", data,
            ], within: .seconds(60))
    }
}

/// A port that somebody listens on.
private struct HeldPort {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        port = try freePort()
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0
            }
        }
        guard isBound else { throw ClusterFailure("cannot hold port \(port)") }
    }

    func close() { _ = Glibc.close(descriptor) }
}
