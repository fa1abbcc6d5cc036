import Foundation
import Logging
import Runtime
import Synchronization
import Testing
import Trading

@testable import Supervisor

/// What the core was assured of.
private final class Assurances: Sendable {
    private let values = Mutex<[Bool]>([])

    func add(_ value: Bool) { values.withLock { $0.append(value) } }
    var last: Bool? { values.withLock { $0.last } }
}

/// A whole watch, with real channels.
private struct WatchFixture {
    let folder: ScratchFolder
    let watch: AlertWatch
    let assurances = Assurances()
    private let overview: Overview

    init(_ section: String, courier: AlertCourier = AlertCourier()) throws {
        folder = try ScratchFolder()
        let configuration = try alertSample(section)
        let facts = ClusterFacts(configuration)
        overview = try WatchFixture.overview(facts)
        watch = AlertWatch(
            try #require(configuration.supervisor.alerts), facts: facts,
            store: try AlertStore(path: folder.path + "/alerts.sqlite"),
            log: Logger(label: "alerts") { _ in SwiftLogNoOpLogHandler() }, courier: courier
        ) { [assurances] in assurances.add($0) }
    }

    /// Watches a cluster whose firm has used most of its brake and whose core has left.
    func run(_ body: () async throws -> Void) async throws {
        let task = Task { [watch, overview] in await watch.run { overview } }
        do {
            try await body()
        } catch {
            task.cancel()
            await task.value
            throw error
        }
        task.cancel()
        await task.value
    }

    private static func overview(_ facts: ClusterFacts) throws -> Overview {
        let picture = try JSONDecoder().decode(
            ClusterPicture.self,
            from: Data(
                """
                {"arming":"armed","mode":"paper","marketTime":"","accounts":[],"strategies":[],
                 "positions":[],"uses":[],"openOrders":[],
                 "halts":[{"org":"","scope":"everything","state":"halted","since":""}],
                 "brakes":[{"org":"","scope":"firm","state":"clear","sizes":1,"used":0.85,
                            "earned":"0","equity":"1000"}]}
                """.utf8))
        let row = LiveTable.Row(
            name: "core", pid: 1, state: "unavailable", restarts: 0, status: nil)
        return Overview(
            facts: facts,
            progress: .init(entry: 1, head: 1, lag: 0, marketTime: "", problem: nil),
            statusAgeMillis: 10, processes: [ProcessSummary(row)], picture: picture, markets: [],
            overnight: OvernightCard(
                since: "", orders: 0, fills: 0, refused: [], profitChange: nil, moneyLocked: "0",
                lockedUntil: "", nearestBrake: "", nearestBrakeUsed: nil, needsYou: []),
            scores: [], notes: [], recoveries: 0, meanTimeToRecover: nil, alerts: [])
    }
}

extension AlertCourier {
    /// For a machine that is busy with everything else.
    fileprivate static var patient: AlertCourier { AlertCourier(patience: .seconds(60)) }
}

/// Waits for what another task does.
private func wait(for what: String, _ condition: () throws -> Bool) async throws {
    let end = MonotonicClock.now().nanoseconds + 60_000_000_000
    while try !condition() {
        guard MonotonicClock.now().nanoseconds < end else {
            throw ProcessFailure(.unavailable, "not within a minute: \(what)")
        }
        await pause(.milliseconds(20))
    }
}

extension WebhookServer {
    /// What it heard of a new alert of a rule. A notice may come twice, with the same body, and an
    /// alert that nobody takes is told of again in time.
    fileprivate func raised(_ rule: String) -> Set<String> {
        Set(posts.filter { $0.path == "/hook" }.map(\.body))
            .filter { $0.contains(#""kind":"raised""#) && $0.contains(#""rule":"\#(rule)""#) }
    }

    /// Whether both alerts that hold at once were told of. Others, of what lasts, come in time.
    fileprivate var heardBoth: Bool {
        ["halted", "brake-near"].allSatisfy { !raised($0).isEmpty }
    }
}

@Suite struct AlertWatchTests {
    @Test(.timeLimit(.minutes(2))) func tellsAWebhookOnceAndBeats() async throws {
        try await WebhookServer.with { server, address in
            let fixture = try WatchFixture(
                """
                channels: [ { name: hook, kind: webhook, url: \(address)/hook } ]
                heartbeat: { url: \(address)/alive, every: 100ms }
                """, courier: .patient)
            try await fixture.run {
                try await wait(for: "both alerts") { server.heardBoth }
                try await wait(for: "beats") { server.posts.count { $0.path == "/alive" } > 3 }
                try await wait(for: "the core hears so") { fixture.assurances.last == true }
            }
            #expect(server.raised("halted").count == 1)
            #expect(server.raised("brake-near").count == 1)
            let told = try #require(server.raised("brake-near").first)
            #expect(told.contains("the brake of firm is 85.0 % used"))
        }
    }

    @Test(.timeLimit(.minutes(2))) func tellsAgainUntilItIsTaken() async throws {
        try await WebhookServer.with { server, address in
            server.refuse(2)
            let fixture = try WatchFixture(
                "channels: [ { name: hook, kind: webhook, url: \(address)/hook } ]")
            try await fixture.run {
                try await wait(for: "the refusal is noticed") { !fixture.watch.isHeard }
                try await wait(for: "both alerts") { server.heardBoth }
                try await wait(for: "the channel counts as well again") { fixture.watch.isHeard }
                try await wait(for: "the core hears so") { fixture.assurances.last == true }
            }
        }
    }

    /// The core hears that nobody can be told, and the heartbeat stops, so that silence pages.
    ///
    /// - Attack alerts-cut, 2 tries: a webhook that nobody serves, a command that fails.
    @Test(.timeLimit(.minutes(2))) func aDeadPathIsSaidAndItsHeartbeatStops() async throws {
        try await WebhookServer.with { server, address in
            let fixture = try WatchFixture(
                """
                channels:
                  - { name: gone, kind: webhook, url: http://127.0.0.1:9/ }
                  - { name: none, kind: command, command: /usr/bin/false }
                heartbeat: { url: \(address)/alive, every: 50ms }
                """)
            try await fixture.run {
                try await wait(for: "the core hears so") { fixture.assurances.last == false }
                let beats = server.posts.count
                // One may have been under way.
                try await wait(for: "the alert of the channels stands") {
                    try fixture.watch.store.standing().contains { $0.rule == "channel" }
                }
                #expect(server.posts.count <= beats + 1)
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func aHeartbeatThatNobodyTakesIsADeadPath() async throws {
        try await WebhookServer.with { server, address in
            let fixture = try WatchFixture(
                """
                channels: [ { name: hook, kind: webhook, url: \(address)/hook } ]
                heartbeat: { url: "http://127.0.0.1:9/", every: 100ms }
                """)
            try await fixture.run {
                try await wait(for: "the core hears so") { fixture.assurances.last == false }
            }
        }
    }

    @Test func theTestCommandSaysWhatEachChannelDid() async throws {
        try await WebhookServer.with { server, address in
            let folder = try ScratchFolder()
            let secret = folder.path + "/hook.url"
            try "\(address)/secret\n".write(toFile: secret, atomically: true, encoding: .utf8)
            chmod(secret, 0o600)
            let open = folder.path + "/open.url"
            try "\(address)/open\n".write(toFile: open, atomically: true, encoding: .utf8)
            chmod(open, 0o644)
            let configuration = try alertSample(
                """
                channels:
                  - { name: hook, kind: slack, url-file: \(secret) }
                  - { name: open, kind: slack, url-file: \(open) }
                  - { name: gone, kind: command, command: /usr/bin/false }
                heartbeat: { url: \(address)/alive }
                """)
            let outcomes = await AlertsTestCommand.attempt(
                try #require(configuration.supervisor.alerts), ClusterFacts(configuration),
                at: WallClock.now(), courier: .patient)
            #expect(outcomes.map(\.isTaken) == [true, false, false, true])
            #expect(outcomes[1].detail.contains("chmod 600"))
            #expect(server.posts.map(\.path) == ["/secret", "/alive"])
            #expect(server.posts[0].body.contains("if you read this, alerts reach you"))
            #expect(!outcomes.contains { $0.detail.contains(address) })
        }
    }
}
