import Cryptography
import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Somebody who may look around on the machine.
    @Suite struct KeyTheftTests {
        /// - Attack key-theft, 60 tries: each secret, as text and as bytes, in the environment and
        ///   the command line of each process, and in all that they write; a core file.
        /// - Attack venue-direct, 4 tries: the key of the venue in an agent's environment, command
        ///   line and open files; an open connection; what its unit lets it do.
        @Test(.timeLimit(.minutes(2)))
        func noKeyLiesWhereOthersLook() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                try await cluster.start()
                try await cluster.waitForTrading(permits: 3, fills: 1)
                let secrets = try cluster.secrets()
                try #require(secrets.count >= 30, "\(secrets.map(\.file))")
                for (name, pid) in cluster.processIDs() {
                    for file in ["environ", "cmdline"] {
                        try require(secrets, areNotIn: "/proc/\(pid)/\(file)")
                    }
                    let limits = contents("/proc/\(pid)/limits")
                    let core = String(decoding: limits, as: UTF8.self).split(separator: "\n")
                        .first { $0.hasPrefix("Max core file size") }
                    let words = try #require(core).split(separator: " ")
                    try #require(words.suffix(3).prefix(2) == ["0", "0"], "\(name): \(words)")
                }
                try requireAgentKnowsNoVenue(cluster)
                try await requireNoCoreFile(cluster)
                let summary = try await cluster.stop()
                try #require(summary.restarts == 1, "\(summary)")
                for path in try cluster.writtenFiles() { try require(secrets, areNotIn: path) }
                try await cluster.requireConsistent(with: summary)
            }
        }

        @Test func theAgentsUnitHasNoKeyOfAVenueAndNoWayOut() throws {
            let path = LocalClusterHarness.sources + "/deploy/systemd/bellwether-agent@.service"
            let lines = String(decoding: contents(path), as: UTF8.self).split(separator: "\n")
            let setting = { (name: String) in
                lines.filter { $0.hasPrefix(name + "=") }.map { $0.dropFirst(name.count + 1) }
            }
            try #require(setting("IPAddressDeny") == ["any"])
            try #require(setting("IPAddressAllow") == ["localhost"])
            try #require(setting("LimitCORE") == ["0"])
            let credentials = setting("LoadCredential")
            try #require(credentials.count == 1 && credentials[0].hasPrefix("curve.key:"))
        }

        private func require(_ secrets: [Secret], areNotIn path: String) throws {
            // What has gone in the meantime holds nothing.
            let bytes = contents(path)
            for secret in secrets {
                try #require(!bytes.contains(bytes: secret.bytes), "\(secret.file) is in \(path)")
            }
        }

        /// Nothing that the agent has opened leads to a venue.
        private func requireAgentKnowsNoVenue(_ cluster: LocalClusterHarness) throws {
            let folder = "/proc/\(try cluster.pid(of: "agent-crypto"))"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/fd")
            let opened = names.compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/fd/\($0)")
            }
            try #require(!opened.isEmpty)
            try #require(!opened.contains { $0.contains("/keys/") }, "\(opened)")
            // The inode of a connection stands in the tenth column.
            let connections = ["tcp", "tcp6"].flatMap { table in
                String(decoding: contents("\(folder)/net/\(table)"), as: UTF8.self)
                    .split(separator: "\n").dropFirst().compactMap { line in
                        line.split(separator: " ").dropFirst(9).first.map { "socket:[\($0)]" }
                    }
            }
            try #require(Set(opened).isDisjoint(with: connections), "\(opened)")
        }

        private func requireNoCoreFile(_ cluster: LocalClusterHarness) async throws {
            let old = try cluster.pid(of: "agent-crypto")
            let folders = [
                try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(old)/cwd"),
                cluster.state, cluster.state + "/agent-crypto",
            ]
            let before = folders.map(coreFiles)
            // Swift would catch an abort and go on.
            try cluster.signal("agent-crypto", SIGSYS)
            try await waitUntil("the agent is started again") {
                cluster.processIDs()["agent-crypto"].map { $0 != old } ?? false
            }
            try #require(folders.map(coreFiles) == before)
            try await cluster.waitUntilReady()
        }

        private func coreFiles(in folder: String) -> [String] {
            // A folder that is not there has none.
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
                .filter { $0 == "core" || $0.hasPrefix("core.") }.filter { $0 != "core.log" }
                .sorted()
        }
    }
}

/// A secret in one of the forms that it can be written in.
private struct Secret {
    let file: String
    let bytes: [UInt8]
}

private func contents(_ path: String) -> [UInt8] {
    Array(FileManager.default.contents(atPath: path) ?? Data())
}

extension LocalClusterHarness {
    /// Every secret of the cluster, as its file has it and as bytes.
    fileprivate func secrets() throws -> [Secret] {
        let root = state + "/keys"
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root)
            .filter { $0.hasSuffix(".key") || $0.hasSuffix(".pem") }
            .filter { !$0.hasPrefix("public/") }
        var secrets: [Secret] = []
        for path in paths {
            var facts = stat()
            guard stat("\(root)/\(path)", &facts) == 0, facts.st_mode & 0o077 == 0 else {
                throw ClusterFailure("\(path) can be read by others")
            }
            let text = String(decoding: contents("\(root)/\(path)"), as: UTF8.self)
            if path.hasSuffix(".pem") {
                // Each line of it, but for the short last one, is the key's own.
                for line in text.split(separator: "\n") where line.count == 64 {
                    secrets.append(Secret(file: path, bytes: Array(line.utf8)))
                }
                continue
            }
            let line = String(text.prefix { !$0.isWhitespace })
            secrets.append(Secret(file: path, bytes: Array(line.utf8)))
            if let bytes = try? Hex.decode(line) {
                secrets.append(Secret(file: path, bytes: bytes))
            }
        }
        return secrets
    }

    /// All that the cluster has written, but for the keys themselves.
    fileprivate func writtenFiles() throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder)
            .filter { !$0.hasPrefix("s/keys/") && !$0.hasPrefix("day/") }
            .map { "\(folder)/\($0)" }
        var isFolder: ObjCBool = false
        let files = paths.filter {
            FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder)
                && !isFolder.boolValue
        }
        guard files.contains(where: { $0.hasSuffix("core/journal.sqlite") }) else {
            throw ClusterFailure("no journal among \(files)")
        }
        return files
    }
}
