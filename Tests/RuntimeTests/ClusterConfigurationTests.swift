import Foundation
import Testing
import Trading
import Wire

@testable import Runtime

/// The text of the sample configuration, which these tests break line by line.
func sampleConfiguration(_ name: String = "paper.yaml") throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "deploy/config/\(name)"), encoding: .utf8)
}

/// A broken line of the sample, and what must be said about it.
struct BrokenLine: Sendable, CustomTestStringConvertible {
    let good: String
    let bad: String
    let message: String

    init(_ good: String, _ bad: String, _ message: String) {
        self.good = good
        self.bad = bad
        self.message = message
    }

    var testDescription: String { bad }
}

@Suite struct ClusterConfigurationTests {
    @Test func readsTheSample() throws {
        let configuration = try ClusterConfiguration(
            yaml: sampleConfiguration(), file: "paper.yaml")
        #expect(configuration.cluster == ShortName("paper-demo"))
        #expect(configuration.mode == .paper)
        #expect(configuration.core.lease == .seconds(5))
        #expect(configuration.gateways.map(\.name) == [ProcessID("gw-kalshi")])
        #expect(configuration.gateways[0].startingCash == Money(1000))
        #expect(configuration.gateways[0].lastLine.ordersPerSecond == 50)
        #expect(configuration.agents[0].strategy == StrategyID("updown"))
        #expect(configuration.simVenue?.patience == .seconds(10))
        #expect(configuration.simVenue?.hold == .seconds(600))
        #expect(configuration.limits.count >= 15)
        #expect(
            configuration.processNames.map(\.description)
                == [
                    "sim-venue", "gw-kalshi", "core", "agent-crypto", "agent-macro",
                    "agent-politics", "agent-sports", "agent-weather", "supervisor",
                ])
    }

    @Test func readsTheSampleOfTheUnits() throws {
        let configuration = try ClusterConfiguration(
            yaml: sampleConfiguration("cluster.yaml"), file: "cluster.yaml")
        let state = StateDirectory("/var/lib/bellwether")
        var addresses: Set<String> = []
        for (process, roles) in [
            (configuration.core.name, [SocketRole.agents, .admin]),
            (configuration.gateways[0].name, [.orders, .admin, .market]),
            (configuration.agents[0].name, [.admin]),
        ] {
            for role in roles {
                addresses.insert(try configuration.address(of: process, role, in: state))
            }
        }
        #expect(addresses.count == 6)
        #expect(addresses.allSatisfy { $0.hasPrefix("tcp://127.0.0.1:") })
        #expect(state.keys(configuration.keys) == "/etc/bellwether/keys")
    }

    @Test func readsTheSampleOfTwoVenues() throws {
        let configuration = try ClusterConfiguration(
            yaml: sampleConfiguration("two-venues.yaml"), file: "two-venues.yaml")
        #expect(configuration.gateways.map(\.keyID) == ["demo-key", ""])
        #expect(configuration.simVenue?.polymarket == "127.0.0.1:8702")
        #expect(configuration.simVenue?.markets == .demo)
        #expect(configuration.isSimulated)
        let text = try sampleConfiguration("two-venues.yaml")
            .replacing("url: http://127.0.0.1:8702", with: "url: http://127.0.0.1:87021")
        #expect(try !ClusterConfiguration(yaml: text, file: "two-venues.yaml").isSimulated)
    }

    @Test(arguments: [
        BrokenLine("markets: demo", "markets: recorded", "markets: expected demo"),
        BrokenLine("markets: demo", "markets: some", "markets: expected one of recorded, demo"),
        BrokenLine("    key-id: demo-key\n", "", "key-id: expected text, found nothing"),
        BrokenLine(
            "    key-id: demo-key\n", "    key-id: demo-key\n    replay: true\n",
            "replay: expected false: sim-venue's demo markets"),
        BrokenLine(
            "polymarket: \"127.0.0.1:8702\"", "polymarket: \"127.0.0.1\"",
            "sim-venue.polymarket: expected HOST:PORT"),
    ])
    func refusesWhatTwoVenuesCannotBe(_ line: BrokenLine) throws {
        let text = try sampleConfiguration("two-venues.yaml").replacing(line.good, with: line.bad)
        let error = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration(yaml: text, file: "two-venues.yaml")
        }
        #expect(error?.description.contains(line.message) == true, "\(String(describing: error))")
    }

    @Test func limitsAreInTheirOwnUnits() throws {
        let limits = try ClusterConfiguration(yaml: sampleConfiguration(), file: "p").limits
        #expect(limits.first { $0.kind == .orderQuantityMax }?.value == Quantity(25).units)
        #expect(limits.first { $0.kind == .quoteAgeMax }?.value == Span.seconds(5).nanoseconds)
        #expect(limits.first { $0.kind == .messagesPerSecond }?.value == 200)
    }

    @Test(arguments: [
        BrokenLine("mode: paper", "mode: papper", "mode: expected one of paper, shadow, live"),
        BrokenLine("mode: paper", "mode: live", "builds: expected the builds that may trade"),
        BrokenLine(
            "mode: paper", "mode: live\nbuilds: [ abc ]",
            "builds[0]: expected the SHA-256 of a program, 64 hex digits, each once, found `abc`"),
        BrokenLine("mode: paper", "mode: live\nbuilds: abc", "builds: expected a list"),
        BrokenLine("mode: paper", "mod: paper", "expected one of cluster, mode, keys"),
        BrokenLine("cluster: paper-demo", "cluster: a b", "cluster: expected a name of at most 16"),
        BrokenLine("  lease: 5s", "  lease: 1500", "core.lease: expected a duration"),
        BrokenLine("  lease: 5s", "  lease: -1s", "core.lease: expected a duration"),
        BrokenLine("  lease: 5s", "  lease: 300ms", "core.lease: expected at least three"),
        BrokenLine(
            "  checkpoint-every: 4096", "  checkpoint-every: many",
            "core.checkpoint-every: expected a whole number from 16 to 10000000, found `many`"),
        BrokenLine(
            "    starting-cash: \"1000\"", "    starting-cash: 1000.0000000001",
            "gateways[0].starting-cash: expected a decimal of at most nine places"),
        BrokenLine(
            "    starting-cash: \"1000\"", "    starting-cash: \"-5\"",
            "gateways[0].starting-cash: expected a decimal"),
        BrokenLine("    replay: true", "    replay: maybe", "gateways[0].replay: expected true or"),
        BrokenLine("    org: demo", "    orgg: demo", "gateways[0]: expected one of name, venue"),
        BrokenLine("    url: http", "    url: ftp", "gateways[0].url: expected a URL"),
        BrokenLine(
            "    strategy: updown", "    strategy: [updown]",
            "agents[0].strategy: expected a name of at most 16 of A-Z a-z 0-9 . _ -, found a list"),
        BrokenLine(
            "  - name: agent-crypto", "  - name: core", "agents[0].name: expected a name that no"),
        BrokenLine(
            "kind: open-orders-max, value: 50", "kind: open-orders, value: 50",
            "limits[10].kind: expected one of order-quantity-min"),
        BrokenLine(
            "kind: open-orders-max, value: 50", "kind: open-orders-max, value: \"1.5\"",
            "limits[10].value: expected a whole number"),
        BrokenLine(
            "kind: open-orders-max, value: 50", "kind: open-orders-max, org: a, value: 50",
            "limits[10]: expected one of level, kind, value, found `org`"),
        BrokenLine(
            "kalshi: \"127.0.0.1:8701\"", "kalshi: \"127.0.0.1\"",
            "sim-venue.kalshi: expected HOST:PORT"),
        BrokenLine("keys: keys", "keys: [", "expected YAML, found an error at column"),
        BrokenLine("keys: keys", "mode: live", "expected each key once, found `mode` twice"),
        BrokenLine("  - { name: local }", "  - { name: ~ }", "operators[0].name: expected a name"),
        BrokenLine("  endpoint: ipc", "  endpoint: udp", "core.endpoint: expected one of ipc"),
    ])
    func saysWhatIsWrongAndWhere(_ broken: BrokenLine) throws {
        let good = try sampleConfiguration()
        let range = try #require(good.range(of: broken.good))
        let bad = good.replacingCharacters(in: range, with: broken.bad)
        let error = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration(yaml: bad, file: "paper.yaml")
        }
        let text = try #require(error?.description)
        #expect(text.contains(broken.message), "\(text)")
        #expect(text.hasPrefix("paper.yaml:"), "\(text)")
    }

    @Test func namesTheLineOfTheValue() throws {
        let bad = try sampleConfiguration().replacing("  lease: 5s", with: "  lease: soon ")
        let line = bad.split(separator: "\n", omittingEmptySubsequences: false)
            .firstIndex { $0.contains("lease: soon") }
        let error = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration(yaml: bad, file: "paper.yaml")
        }
        #expect(error?.line == line.map { $0 + 1 })
        #expect(error?.found == "`soon`")
    }

    /// Whether it is at the same venue or at another: an account is cash at one.
    @Test(arguments: ["kalshi", "polymarket"])
    func refusesASecondGatewayOfAnAccount(venue: String) throws {
        let sample = try sampleConfiguration()
        let start = try #require(sample.range(of: "  - name: gw-kalshi"))
        let end = try #require(sample.range(of: "\nagents:"))
        let gateway = sample[start.lowerBound..<end.lowerBound]
        let second = gateway.replacing("gw-kalshi", with: "gw-other")
            .replacing("venue: kalshi", with: "venue: \(venue)")
        let bad = sample.replacingCharacters(
            in: end.lowerBound..<end.lowerBound, with: "\n" + second)
        let error = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration(yaml: bad, file: "p")
        }
        #expect(error?.key == "gateways[1].account")
    }

    @Test func refusesAnAgentWithoutAGateway() throws {
        let bad = try sampleConfiguration().replacing(
            "    strategy: updown\n    venue: kalshi",
            with: "    strategy: updown\n    venue: other")
        let error = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration(yaml: bad, file: "p")
        }
        #expect(error?.key == "agents[0].venue")
    }

    @Test func emptyTextIsAnError() {
        #expect(throws: ConfigurationError.self) { try ClusterConfiguration(yaml: "", file: "p") }
        #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration(yaml: "- 1", file: "p")
        }
    }

    @Test func tcpEndpointsNameEveryRole() throws {
        let sample = try sampleConfiguration()
        let good = sample.replacing(
            "  endpoint: ipc",
            with: "  endpoint: { agents: \"tcp://10.0.0.1:7001\", admin: \"tcp://10.0.0.1:7002\" }")
        let configuration = try ClusterConfiguration(yaml: good, file: "p")
        let core = configuration.core.name
        let state = StateDirectory("/var/lib/bellwether")
        #expect(try configuration.address(of: core, .admin, in: state) == "tcp://10.0.0.1:7002")
        let bad = sample.replacing(
            "  endpoint: ipc", with: "  endpoint: { agents: \"tcp://10.0.0.1:7001\" }")
        let error = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration(yaml: bad, file: "p")
        }
        #expect(error?.key == "core.endpoint.admin")
    }
}

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("200ms", 200_000_000), ("1.5s", 1_500_000_000), ("10m", 600_000_000_000),
        ("12h", 43_200_000_000_000), ("250us", 250_000), ("0.001us", 1),
    ])
    func reads(_ text: String, _ nanoseconds: Int64) {
        #expect(Span(configured: text)?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "s", "1", "1 s", "-1s", "0s", "1.s", "1e3s", "0.0001us", "9999999999h", "1ss",
    ])
    func refuses(_ text: String) {
        #expect(Span(configured: text) == nil)
    }
}
