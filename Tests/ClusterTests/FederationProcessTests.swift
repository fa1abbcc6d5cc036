import Foundation
import Glibc
import TestSupport
import Testing

/// Five real `fed-sync` over TCP and CURVE, run by their own commands alone.
@Suite(.serialized) struct FederationProcessTests {
    private static let count = 5
    private static let targets = [1.05, 1.1, 1.15, 1.2, 1.25]
    private static let weights = [0.217, 0.371, 0.493, 0.617, 0.829]

    /// The processes and their files.
    private final class Peers {
        let folder: String
        private(set) var running: [Int: ChildProgram] = [:]

        init() throws {
            folder = try ScratchFolder.make("federation")
        }

        deinit { for program in running.values { program.signal(SIGKILL) } }

        func state(_ place: Int) -> String { "\(folder)/s\(place)" }

        @discardableResult
        func command(_ arguments: [String], exitCode: Int32 = 0) async throws -> String {
            let program = try ChildProgram(
                LocalClusterHarness.binary("fed-sync"), arguments, folder: folder)
            let result = try await program.finish(within: .seconds(60))
            #expect(
                result.exitCode == exitCode, "\(arguments): \(result.output)\(result.errors)")
            return result.output + result.errors
        }

        func start(_ place: Int) throws {
            running[place] = try ChildProgram(
                LocalClusterHarness.binary("fed-sync"), ["run", "--state", state(place)],
                folder: folder)
        }

        func kill(_ place: Int) async throws {
            let program = try #require(running[place])
            running[place] = nil
            program.signal(SIGKILL)
            #expect(try await program.finish(within: .seconds(30)).exitCode == 128 + SIGKILL)
        }

        func stopAll() async throws {
            for (_, program) in running { program.signal(SIGTERM) }
            for (place, program) in running {
                let result = try await program.finish(within: .seconds(60))
                #expect(result.exitCode == 0, "peer \(place): \(result.errors)")
            }
            running = [:]
        }

        func offer(_ place: Int) async throws {
            let file = "\(folder)/offer\(place).json"
            let text = """
                {"weight": \(FederationProcessTests.weights[place]),
                 "parameters": {"volatility": \(FederationProcessTests.targets[place])}}
                """
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            try await command(["offer", file, "--state", state(place)])
        }

        func height(_ place: Int) async throws -> Int {
            let text = try await command(["model", "log", "--json", "--state", state(place)])
            let rows = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
            return rows?.first?["height"] as? Int ?? 0
        }

        func parameter(_ height: Int, _ place: Int) async throws -> Double {
            let text = try await command(
                ["model", "show", "\(height)", "--json", "--state", state(place)])
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            return try #require(object?["volatility"] as? Double)
        }

        /// Keys, a signed invitation, and everybody joined.
        func prepare() async throws {
            let root = try await command(["keys", "root", "\(folder)/root.key"])
            var lines = [
                "federation: processes", "version: 1", "epoch: 1",
                "expires: 2035-01-01T00:00:00Z", "threshold: 1", "roots:", root, "peers:",
            ]
            for place in 0..<FederationProcessTests.count {
                try await command(["keys", "init", "--state", state(place)])
                lines.append(
                    try await command([
                        "keys", "show", "--state", state(place), "--label", "p\(place)",
                        "--address", "tcp://127.0.0.1:\(try freePort())",
                    ]))
            }
            lines += [
                "set:", "  name: crypto", "  peers-min: 3", "  stage: 2s", "  parameters:",
                "    - name: volatility", "      initial: 1", "      window: 0.5",
            ]
            let file = "\(folder)/invitation.yaml"
            try lines.joined(separator: "\n")
                .write(toFile: file, atomically: true, encoding: .utf8)
            try await command(["roster", "verify", file], exitCode: 1)
            try await command(["roster", "sign", file, "--root", "\(folder)/root.key"])
            let verified = try await command(["roster", "verify", file])
            let fingerprint = try #require(verified.split(separator: " ").last)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            for place in 0..<FederationProcessTests.count {
                try await command(["join", file, "--state", state(place)], exitCode: 2)
                try await command(
                    ["join", file, "--trust", "0123456789abcdef", "--state", state(place)],
                    exitCode: 1)
                try await command(
                    ["join", file, "--trust", fingerprint, "--state", state(place)])
            }
        }
    }

    /// - Threat 24, 30: one of five processes is killed by SIGKILL in a round, and comes back.
    @Test(.timeLimit(.minutes(5)))
    func oneOfFiveIsKilledAndComesBack() async throws {
        let five = try Peers()
        try await five.prepare()
        for place in 0..<FederationProcessTests.count { try await five.offer(place) }
        // While one is missing, the others wait for it in the first stage.
        for place in 0..<4 { try five.start(place) }
        try await waitUntil("a round", within: .seconds(120)) {
            let text = try? String(
                contentsOfFile: five.state(2) + "/fed-sync/status.json", encoding: .utf8)
            return text?.contains("\"stage\":\"advertised\"") == true
        }
        try await five.kill(2)
        var height = 0
        try await waitUntil("version 1 at the others", within: .seconds(120)) {
            height = (try? await five.height(0)) ?? 0
            return height >= 1
        }
        try five.start(2)
        try five.start(4)
        for place in 0..<FederationProcessTests.count { try await five.offer(place) }
        try await waitUntil("one more version, everywhere", within: .seconds(180)) {
            for place in 0..<FederationProcessTests.count {
                guard ((try? await five.height(place)) ?? 0) > height else { return false }
            }
            return true
        }
        try await five.stopAll()
        try await check(five, through: height + 1)
        try expectNoSecrets(five)
    }

    /// Every peer has the same versions, each a weighted mean of some three or more targets, and
    /// who has the transcript of one finds its sum again.
    private func check(_ five: Peers, through last: Int) async throws {
        var audits = 0
        for height in 1...last {
            let value = try await five.parameter(height, 0)
            for place in 1..<FederationProcessTests.count {
                #expect(try await five.parameter(height, place) == value)
            }
            let means = (0..<(1 << FederationProcessTests.count)).compactMap { bits -> Double? in
                let some = (0..<FederationProcessTests.count).filter { bits >> $0 & 1 == 1 }
                guard some.count >= 3 else { return nil }
                let weight = some.reduce(0) { $0 + FederationProcessTests.weights[$1] }
                let sum = some.reduce(0) {
                    $0 + FederationProcessTests.weights[$1] * FederationProcessTests.targets[$1]
                }
                return sum / weight
            }
            let nearest = try #require(means.map { abs($0 - value) }.min())
            #expect(nearest < 2e-6, "version \(height) is \(value), \(nearest) from any mean")
            for place in 0..<FederationProcessTests.count {
                let folder = five.state(place) + "/fed-sync/transcripts"
                for name in try FileManager.default.contentsOfDirectory(atPath: folder)
                where Int(name.split(separator: "-")[1]) == height {
                    audits += 1
                    try await audit(five, height, "\(folder)/\(name)")
                }
            }
        }
        #expect(audits >= last)
    }

    /// Any peer finds the sum; one changed byte is found too.
    private func audit(_ five: Peers, _ height: Int, _ transcript: String) async throws {
        for place in [0, 4] {
            let text = try await five.command([
                "audit", "\(height)", "--transcript", transcript, "--state", five.state(place),
            ])
            #expect(text.contains("holds: the published sum"))
        }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: transcript))
        bytes[bytes.count / 2] ^= 1
        let changed = five.folder + "/changed.transcript"
        try bytes.write(to: URL(fileURLWithPath: changed))
        let text = try await five.command(
            ["audit", "\(height)", "--transcript", changed, "--state", five.state(0)],
            exitCode: 1)
        #expect(text.contains("WRONG: "))
    }

    /// Neither keys nor weights nor targets are in a log, a journal, a status or a transcript.
    private func expectNoSecrets(_ five: Peers) throws {
        var files = 0
        for place in 0..<FederationProcessTests.count {
            var secrets: [[UInt8]] = [
                Array("\(FederationProcessTests.weights[place])".utf8),
                withUnsafeBytes(of: FederationProcessTests.weights[place]) { Array($0) },
                withUnsafeBytes(of: FederationProcessTests.targets[place]) { Array($0) },
            ]
            let keys = five.state(place) + "/keys/fed-sync"
            for name in try FileManager.default.contentsOfDirectory(atPath: keys) {
                let text = try String(contentsOfFile: "\(keys)/\(name)", encoding: .utf8)
                secrets.append(Array(text.prefix { !$0.isWhitespace }.utf8))
            }
            for part in ["fed-sync", "logs", "fed-sync/transcripts"] {
                let folder = "\(five.state(place))/\(part)"
                for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                    guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)")
                    else { continue }
                    files += 1
                    for secret in secrets {
                        #expect(
                            !Array(data).contains(bytes: secret),
                            "a secret of \(secret.count) bytes is in \(part)/\(name)")
                    }
                }
            }
        }
        #expect(files > 20)
    }
}
