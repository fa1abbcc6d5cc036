import Dispatch
import Glibc
import Synchronization
import Testing
import Trading
import Wire

@testable import Transport

/// Keys and sockets of a small cluster, in a directory of its own, over real ZeroMQ.
final class Cluster: Sendable {
    struct TimedOut: Error { let what: String }

    private static let counter = Atomic<Int>(0)
    let folder: String
    let keys: [ProcessID: CurveKeyPair]
    let directory: PeerDirectory

    init(_ processes: [ProcessID] = [core, agent, rival, gateway]) throws {
        let number = Cluster.counter.add(1, ordering: .relaxed).newValue
        folder = "/tmp/bw-transport-\(getpid())-\(number)"
        mkdir(folder, 0o700)
        var keys: [ProcessID: CurveKeyPair] = [:]
        for process in processes { keys[process] = try CurveKeyPair.generate() }
        self.keys = keys
        directory = try PeerDirectory(keys.mapValues(\.publicKey))
    }

    deinit {
        for name in ["a", "b", "c"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    func endpoint(_ name: String = "a") throws -> Endpoint {
        try Endpoint(path: "\(folder)/\(name)")
    }

    func security(_ process: ProcessID, keys other: CurveKeyPair? = nil) throws -> LoopSecurity {
        let pair = try #require(other ?? keys[process])
        return LoopSecurity(
            identity: CurveIdentity(name: process, keys: pair), directory: directory)
    }

    func start(
        _ process: ProcessID, keys: CurveKeyPair? = nil,
        wire: @escaping @Sendable (any LoopWiring) throws -> Probe
    ) throws -> PollLoop<Probe> {
        try PollLoop(
            name: process.description, security: try security(process, keys: keys), wire: wire)
    }

    /// A loop that serves `orders` at endpoint `a`.
    func startServer(
        _ settings: LinkSettings = patient, incarnation: UInt64 = 1,
        allowing: [ProcessID] = [agent, rival],
        _ configure: @escaping @Sendable (Probe) -> Void = { _ in }
    ) throws -> PollLoop<Probe> {
        let endpoint = try endpoint()
        return try start(core) { wiring in
            let probe = Probe()
            let server = LinkServer(
                orders, identity: identity("core", incarnation), allowing: allowing,
                settings: settings)
            probe.servers = [server]
            configure(probe)
            try wiring.bind(server, at: endpoint)
            return probe
        }
    }

    /// A loop that connects to `orders` at endpoint `a`.
    func startClient(
        _ process: ProcessID = agent, _ settings: LinkSettings = patient, incarnation: UInt64 = 1,
        keys: CurveKeyPair? = nil,
        _ configure: @escaping @Sendable (Probe) -> Void = { _ in }
    ) throws -> PollLoop<Probe> {
        let endpoint = try endpoint()
        return try start(process, keys: keys) { wiring in
            let probe = Probe()
            let client = LinkClient(
                orders, identity: identity(process.description, incarnation), peer: core,
                settings: settings)
            probe.clients = [client]
            configure(probe)
            try wiring.connect(client, to: endpoint)
            return probe
        }
    }
}

/// Settings for real sockets on a busy machine: only what a test is about may time out.
let patient: LinkSettings = {
    var settings = LinkSettings()
    settings.timeout = .seconds(60)
    settings.drainTimeout = .seconds(60)
    settings.openTimeout = .seconds(30)
    return settings
}()

extension PollLoop where Service == Probe {
    /// Asks the service on its thread.
    func ask<Value: Sendable>(_ question: @escaping @Sendable (Probe) -> Value) throws -> Value {
        let shared = Answer<Value>()
        let isAnswered = DispatchSemaphore(value: 0)
        guard
            post({ probe in
                shared.value.withLock { $0 = question(probe) }
                isAnswered.signal()
            })
        else { throw Cluster.TimedOut(what: "the loop has ended") }
        guard isAnswered.wait(timeout: .now() + .seconds(30)) == .success,
            let value = shared.value.withLock({ $0 })
        else { throw Cluster.TimedOut(what: "the loop does not answer") }
        return value
    }

    /// Waits until the service says so.
    func waitUntil(
        _ what: String, _ condition: @escaping @Sendable (Probe) -> Bool
    ) throws {
        let deadline = testDeadline()
        while try !ask(condition) {
            guard DispatchTime.now() < deadline else { throw Cluster.TimedOut(what: what) }
            usleep(1_000)
        }
    }

    func end() throws {
        stop()
        try wait()
    }
}

private final class Answer<Value: Sendable>: Sendable { let value = Mutex<Value?>(nil) }

func testDeadline() -> DispatchTime { .now() + .seconds(30) }
