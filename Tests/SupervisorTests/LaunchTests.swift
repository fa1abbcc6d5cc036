import Foundation
import Logging
import Runtime
import Testing
import Trading

@testable import Supervisor

@Suite struct ChildPlanTests {
    @Test func startsTheVenueFirstAndAgentsLast() throws {
        let configuration = try sampleConfiguration()
        let options = UpOptions(
            configurationPath: "/s/cluster.yaml", state: StateDirectory("/s"), binaries: "/b",
            data: "/d", speed: .unpaced, limit: nil, isJSON: false)
        let plans = configuration.children(options, data: "/d")
        #expect(
            plans.map(\.executable) == [
                "/b/sim-venue", "/b/execution-gateway", "/b/risk-core",
            ] + [String](repeating: "/b/domain-agent", count: 5))
        #expect(
            plans[0].arguments == [
                "--config", "/s/cluster.yaml", "--state", "/s", "--name", "sim-venue", "--speed",
                "max", "--data", "/d",
            ])
        let domains = ["crypto", "macro", "politics", "sports", "weather"]
        for (plan, domain) in zip(plans[3...], domains) {
            #expect(plan.arguments.suffix(4) == ["--domain", domain, "--data", "/d"])
        }
        #expect(Set(ChildKind.stopOrder) == Set(ChildKind.allCases))
    }
}

@Suite struct RestartPolicyTests {
    @Test func waitsLongerEachTimeAndForgets() {
        var policy = RestartPolicy(delay: .milliseconds(500))
        func died(_ second: Int64) -> Trading.Span { policy.died(at: Timestamp(seconds: second)) }
        #expect(died(1) == .milliseconds(500))
        #expect(died(2) == .seconds(1))
        #expect(died(3) == .seconds(2))
        for second in 4..<20 { _ = died(Int64(second)) }
        #expect(died(20) == RestartPolicy.delayMax)
        #expect(died(1000) == .milliseconds(500))
        #expect(policy.restarts == 21)
        // A clock that goes back starts again, and never waits for what is to come.
        #expect(died(500) == .milliseconds(500))
    }

    /// What one supervisor saw counts for the next; a clean stop ends it, nonsense is no death.
    @Test func deathsOutliveTheSupervisor() throws {
        let folder = try ScratchFolder()
        let record = DeathRecord(path: folder.path + "/deaths")
        let name = try #require(ProcessID("agent-crypto"))
        var policy = RestartPolicy(
            delay: .seconds(1), deaths: record.read()[name] ?? [])
        for second in 1...3 { _ = policy.died(at: Timestamp(seconds: Int64(second))) }
        #expect(record.write([(name, policy.deaths)]))
        var next = RestartPolicy(delay: .seconds(1), deaths: record.read()[name] ?? [])
        #expect(next.died(at: Timestamp(seconds: 4)) == .seconds(8))
        #expect(next.restarts == 1)
        try "agent-crypto soon\n\nagent-crypto 5 6\n".write(
            toFile: record.path, atomically: true, encoding: .utf8)
        #expect(record.read().isEmpty)
        record.clear()
        #expect(!FileManager.default.fileExists(atPath: record.path) && record.read().isEmpty)
        #expect(!DeathRecord(path: folder.path + "/no/such").write([(name, policy.deaths)]))
    }
}

@Suite struct NotifySocketTests {
    @Test func knowsWhoSpeaks() async throws {
        let folder = try ScratchFolder()
        let socket = try NotifySocket(path: folder.path + "/n")
        let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": socket.path])
        notifier.ready(status: "serving")
        notifier.replayEnded()
        var notices: [ChildNotice] = []
        for await notice in socket.notices() {
            notices.append(notice)
            if notices.count == 2 { break }
        }
        #expect(notices.map(\.pid) == [getpid(), getpid()])
        #expect(notices.map(\.isReady) == [true, false])
        #expect(notices.map(\.hasReplayEnded) == [false, true])
        #expect(notices[0].status == "serving")
    }
}

@Suite struct RunFolderTests {
    @Test func setsARunAsideAndKeepsTheLatest() throws {
        let scratch = try ScratchFolder()
        let state = StateDirectory(scratch.path + "/s")
        let folder = RunFolder(state: state)
        #expect(try folder.setAside([Sample.core]) == nil)
        for number in 1...(RunFolder.keep + 2) {
            try state.prepare(for: Sample.core)
            try SecretFile.writePublic("\(number)", to: state.journal(of: Sample.core))
            #expect(try folder.setAside([Sample.core]) == "\(state.root)/runs/\(number)")
            #expect(!FileSystem.exists(state.folder(of: Sample.core)))
        }
        #expect(FileSystem.names(in: state.root + "/runs") == ["3", "4", "5", "6", "7"])
        #expect(try TextFile.read(state.root + "/runs/7/core/journal.sqlite") == "7")
    }
}

/// Children that are small scripts, so that the launcher is tested without the cluster.
@Suite(.timeLimit(.minutes(2))) struct LocalClusterTests {
    private let scratch: ScratchFolder
    private let socket: NotifySocket

    init() throws {
        scratch = try ScratchFolder()
        socket = try NotifySocket(path: scratch.path + "/n")
    }

    /// Says READY as the process itself, then does what the test wants.
    private static let ready = """
        import os, signal, socket, sys, time
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])

        """

    private func cluster(_ scripts: [(ChildKind, String)]) throws -> (LocalCluster, [ProcessID]) {
        var plans: [ChildPlan] = []
        for (index, (kind, script)) in scripts.enumerated() {
            let path = "\(scratch.path)/child-\(index).py"
            try SecretFile.writePublic(script, to: path)
            let name = try #require(ProcessID("child-\(index)"))
            plans.append(
                ChildPlan(
                    name: name, kind: kind, executable: "/usr/bin/python3", arguments: ["-u", path])
            )
        }
        let cluster = LocalCluster(
            plans: plans, restartDelay: .milliseconds(10),
            environment: ["NOTIFY_SOCKET": socket.path], folder: scratch.path,
            record: DeathRecord(path: scratch.path + "/deaths"),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return (cluster, plans.map(\.name))
    }

    private func run(
        _ cluster: LocalCluster, _ names: [ProcessID], _ body: () async throws -> Void
    ) async throws {
        let notices = socket.notices()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await notice in notices { await cluster.take(notice) } }
            for name in names { group.addTask { await cluster.supervise(name) } }
            try await body()
            for kind in ChildKind.stopOrder { await cluster.stop(kind, patience: .seconds(1)) }
            group.cancelAll()
        }
    }

    private func until(_ condition: () async -> Bool) async throws {
        while !(await condition()) {
            try Task.checkCancellation()
            await pause(.milliseconds(5))
        }
    }

    @Test func startsAgainWhatDiesAndStopsWhatDoesNotListen() async throws {
        let dying = LocalClusterTests.ready + "time.sleep(0.5); os.kill(os.getpid(), 9)"
        let deaf =
            "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            + LocalClusterTests.ready + "time.sleep(600)"
        let (cluster, names) = try cluster([(.core, dying), (.agent, deaf)])
        try await run(cluster, names) {
            try await until { await cluster.rows[0].restarts >= 2 }
            try await until { await cluster.isReady(.agent) }
        }
        #expect(await cluster.rows.map(\.state) == [.stopped, .stopped])
        #expect(await cluster.rows[1].restarts == 0)
        #expect(await !cluster.isRunning)
        #expect(await cluster.failure == nil)
    }

    @Test func givesUpOnWrongConfigurationWithWhatTheChildSaid() async throws {
        let (cluster, names) = try cluster([
            (.core, "import sys\nsys.stderr.write('c.yaml:3: core.lease: bad\\n')\nsys.exit(2)")
        ])
        try await run(cluster, names) { try await until { await cluster.failure != nil } }
        let failure = try #require(await cluster.failure)
        #expect(failure.code == .usage)
        #expect(failure.description.contains("child-0"))
        #expect(failure.description.contains("c.yaml:3: core.lease: bad"))
    }

    @Test func aChildThatCannotComeUpIsNotTriedForever() async throws {
        let (cluster, names) = try cluster([(.gateway, "import sys\nsys.exit(3)")])
        try await run(cluster, names) { try await until { await cluster.failure != nil } }
        #expect(await cluster.failure?.code == .unavailable)
    }

    @Test func theVenueSaysThatTheReplayHasEnded() async throws {
        let script =
            LocalClusterTests.ready
            + "s.sendto(b'X_BELLWETHER_REPLAY=ended', os.environ['NOTIFY_SOCKET'])\ntime.sleep(600)"
        let (cluster, names) = try cluster([(.venue, script)])
        try await run(cluster, names) { try await until { await cluster.hasReplayEnded } }
        #expect(await cluster.rows[0].restarts == 0)
    }
}
