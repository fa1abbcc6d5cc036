import Foundation
import Testing

extension ClusterTests {
    /// Alerts of a real cluster: told by a command, kept over kill -9, and missed by the core.
    @Suite struct AlertTests {
        private func options(_ alerts: String) -> ClusterOptions {
            var options = ClusterOptions(hours: 24)
            options.supervisor = ", http: \"127.0.0.1:0\", alerts: { \(alerts) }"
            return options
        }

        private struct Notice: Decodable {
            let alert: Int
            let kind: String
            let rule: String
        }

        /// The notices that the command has written so far, by kind and rule.
        private func told(_ path: String) -> [String] {
            notices(path).map { "\($0.kind) \($0.rule)" }
        }

        /// The alerts that were raised, as often as they were told.
        private func numbers(_ path: String) -> [Int] {
            notices(path).filter { $0.kind == "raised" }.map(\.alert)
        }

        private func notices(_ path: String) -> [Notice] {
            let text = String(
                decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
            return text.replacing("}{", with: "}\n{").split(separator: "\n").compactMap {
                // What is being written at this moment is read the next time.
                try? JSONDecoder().decode(Notice.self, from: Data($0.utf8))
            }
        }

        @Test(.timeLimit(.minutes(4))) func aHaltIsToldOnceAndItsAcknowledgementLasts() async throws
        {
            let path = NSTemporaryDirectory() + "bw-alerts-\(UUID().uuidString)"
            defer { try? FileManager.default.removeItem(atPath: path) }
            let options = options(
                "channels: [ { name: log, kind: command, command: /usr/bin/tee -a \(path) } ]")
            try await LocalClusterHarness.with(options) { cluster in
                try await cluster.start()
                try cluster.expect(
                    try await cluster.command("halt", "--reason", "a test"), exitCode: 0)
                try await waitUntil("the halt is told") { told(path).contains("raised halted") }

                let listed = try await cluster.command("alerts", "list", "--json")
                try cluster.expect(listed, exitCode: 0)
                let alerts = try #require(
                    JSONSerialization.jsonObject(with: Data(listed.output.utf8))
                        as? [[String: Any]])
                let alert = try #require(alerts.first { $0["rule"] as? String == "halted" })
                let number = try #require(alert["alert"] as? Int)
                try cluster.expect(
                    try await cluster.command("alerts", "ack", "\(number)", "--by", "anna"),
                    exitCode: 0)
                let unknown = try await cluster.command("alerts", "ack", "999999")
                try cluster.expect(unknown, exitCode: 1)
                #expect(unknown.errorLines.count == 1)

                // Killed without warning: the halt stands, somebody has it, nobody is told anew.
                try await cluster.killSupervisor()
                try cluster.launch()
                try await waitUntil("the cluster answers again") {
                    try await cluster.status().count >= 3
                }
                let again = try await cluster.command("alerts", "list")
                try cluster.expect(again, exitCode: 0)
                #expect(again.output.contains("acknowledged by anna"))
                let raised = numbers(path)
                #expect(raised.contains(number) && Set(raised).count == raised.count)
                let test = try await cluster.command("alerts", "test")
                try cluster.expect(test, exitCode: 0)
                #expect(told(path).last == "test test")
            }
        }

        /// - Attack alerts-cut, 1 try: the heartbeat is taken by nobody while the cluster trades;
        ///   orders only reduce, and the journal says so.
        @Test(.timeLimit(.minutes(4))) func aClusterThatCanTellNobodyTakesNoNewRisk() async throws {
            let options = options(
                "degrade-after: 2s, heartbeat: { url: \"http://127.0.0.1:9/\", every: 1s }, "
                    + "channels: [ { name: log, kind: command, command: /usr/bin/true } ]")
            try await LocalClusterHarness.with(options) { cluster in
                try await cluster.start()
                try await waitUntil("orders only reduce") {
                    try await cluster.count("rejected.REDUCE_ONLY", of: "core") ?? 0 > 0
                }
                let test = try await cluster.command("alerts", "test")
                try cluster.expect(test, exitCode: 3)
                _ = try await cluster.stop()
                _ = try await cluster.requireSoundJournals()
            }
        }
    }
}
