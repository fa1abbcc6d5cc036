import Glibc
import Logging
import Runtime
import Subprocess
import SystemPackage
import Trading

/// The children of a local cluster: starts them, starts again what dies, and stops them.
///
/// An actor at the edge: nothing here touches money. Every child runs in a session of its own, so
/// that Ctrl-C reaches the supervisor alone and the stop keeps its order.
actor LocalCluster {
    /// Where a child is in its life.
    enum ChildState: Sendable, Equatable, CustomStringConvertible {
        case waiting
        case starting
        case ready
        case restarting
        case stopping
        case stopped

        var description: String {
            switch self {
            case .waiting: "waiting"
            case .starting: "starting"
            case .ready: "ready"
            case .restarting: "restarting"
            case .stopping: "stopping"
            case .stopped: "stopped"
            }
        }
    }

    /// What the table shows of a child.
    struct ChildRow: Sendable, Equatable {
        let name: ProcessID
        let kind: ChildKind
        let pid: pid_t?
        let state: ChildState
        let restarts: Int
    }

    private struct Child {
        let plan: ChildPlan
        var policy: RestartPolicy
        var pid: pid_t?
        var state = ChildState.waiting
        var hasBeenReady = false
        var tail = OutputTail()
    }

    private let environment: [String: String]
    private let folder: String
    private let log: Logger
    private let record: DeathRecord
    private var children: [Child]
    /// Notices of processes whose start has not been noted here yet.
    private var earlyNotices: [ChildNotice] = []
    private static let earlyNoticesMax = 64
    /// The replay is at its end.
    private(set) var hasReplayEnded = false
    /// Why the cluster cannot go on.
    private(set) var failure: ProcessFailure?

    /// `folder` keeps what children write to their standard streams, `record` when they died.
    init(
        plans: [ChildPlan], restartDelay: Trading.Span, environment: [String: String],
        folder: String, record: DeathRecord, log: Logger
    ) {
        self.record = record
        let deaths = record.read()
        children = plans.map { plan in
            Child(
                plan: plan,
                policy: RestartPolicy(delay: restartDelay, deaths: deaths[plan.name] ?? []))
        }
        self.environment = environment
        self.folder = folder
        self.log = log
    }

    var rows: [ChildRow] {
        children.map { child in
            ChildRow(
                name: child.plan.name, kind: child.plan.kind, pid: child.pid, state: child.state,
                restarts: child.policy.restarts)
        }
    }

    var isRunning: Bool { children.contains { $0.pid != nil } }

    // MARK: Starting

    /// Whether all children of a kind have said that they are ready.
    func isReady(_ kind: ChildKind) -> Bool {
        children.allSatisfy { $0.plan.kind != kind || $0.state == .ready }
    }

    /// Keeps one child running until its kind is stopped.
    func supervise(_ name: ProcessID) async {
        guard let index = children.firstIndex(where: { $0.plan.name == name }) else { return }
        while !isStopping(index) {
            children[index].state = .starting
            let ending = await run(children[index].plan, index)
            children[index].pid = nil
            if isStopping(index) { break }
            guard let delay = died(index, ending) else { break }
            children[index].state = .restarting
            // Cancelled: the cluster is being torn down, which the loop's condition sees.
            try? await Task.sleep(for: .nanoseconds(delay.nanoseconds))
        }
        children[index].state = .stopped
    }

    /// What a child said of itself.
    func take(_ notice: ChildNotice) {
        guard let index = children.firstIndex(where: { $0.pid == notice.pid }) else {
            earlyNotices.append(notice)
            if earlyNotices.count > LocalCluster.earlyNoticesMax { earlyNotices.removeFirst() }
            return
        }
        if notice.isReady, children[index].state == .starting {
            children[index].state = .ready
            children[index].hasBeenReady = true
            log.info("ready", metadata: ["process": "\(children[index].plan.name)"])
        }
        if notice.hasReplayEnded, children[index].plan.kind == .venue { hasReplayEnded = true }
    }

    // MARK: Stopping

    /// Asks all children of a kind to stop, and kills those that have not after `patience`.
    func stop(_ kind: ChildKind, patience: Trading.Span) async {
        let indices = children.indices.filter { children[$0].plan.kind == kind }
        for index in indices where children[index].state != .stopped {
            children[index].state = .stopping
            signal(index, SIGTERM)
        }
        let deadline = MonotonicClock.now() + patience
        while indices.contains(where: { children[$0].pid != nil }) {
            if MonotonicClock.now() > deadline {
                for index in indices where children[index].pid != nil {
                    log.error("killed", metadata: ["process": "\(children[index].plan.name)"])
                    signal(index, SIGKILL)
                }
            }
            // Cancelled: the next round of the loop still waits for the exits.
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private func isStopping(_ index: Int) -> Bool {
        children[index].state == .stopping || children[index].state == .stopped || failure != nil
    }

    private func signal(_ index: Int, _ number: Int32) {
        guard let pid = children[index].pid else { return }
        kill(pid, number)
        // A child that someone has stopped cannot see the signal before it runs again.
        kill(pid, SIGCONT)
    }

    // MARK: One life of a child

    private enum Ending: Sendable {
        case exited(Int32)
        case killed(Int32)
        case notStarted(String)

        var text: String {
            switch self {
            case .exited(let code): "exit code \(code)"
            case .killed(let signal): "signal \(signal)"
            case .notStarted(let why): why
            }
        }
    }

    private func run(_ plan: ChildPlan, _ index: Int) async -> Ending {
        var platform = PlatformOptions()
        platform.createSession = true
        let sink = LogSink(
            path: "\(folder)/\(plan.name).out", isEchoed: false, sizeMax: 1 << 20, keep: 1)
        var variables: [Environment.Key: String?] = ["JOURNAL_STREAM": nil]
        for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
        let configuration = Configuration(
            executable: .path(.init(plan.executable)), arguments: .init(plan.arguments),
            environment: .inherit.updating(variables), platformOptions: platform)
        do {
            let result = try await Subprocess.run(
                configuration, input: .none, output: .sequence, error: .combinedWithOutput
            ) { execution in
                self.started(index, execution.processIdentifier.value)
                for try await line in execution.standardOutput.strings() {
                    let text = String(line.prefix(4096).filter { !$0.isNewline })
                    sink.write(text)
                    self.wrote(index, text)
                }
            }
            switch result.terminationStatus {
            case .exited(let code): return .exited(code)
            case .signaled(let signal): return .killed(signal)
            }
        } catch {
            return .notStarted("cannot run \(plan.executable): \(error)")
        }
    }

    private func started(_ index: Int, _ pid: pid_t) {
        children[index].pid = pid
        log.info("started", metadata: ["process": "\(children[index].plan.name)", "pid": "\(pid)"])
        // A stop that came before the process existed.
        if isStopping(index) { signal(index, SIGTERM) }
        let early = earlyNotices.filter { $0.pid == pid }
        earlyNotices.removeAll { $0.pid == pid }
        for notice in early { take(notice) }
    }

    private func wrote(_ index: Int, _ line: String) { children[index].tail.append(line) }

    /// How long to wait before the child is started again; nil when that would not help.
    private func died(_ index: Int, _ ending: Ending) -> Trading.Span? {
        let child = children[index]
        let said = child.tail.text.isEmpty ? "" : ": \(child.tail.text)"
        log.error(
            "died",
            metadata: [
                "process": "\(child.plan.name)", "how": "\(ending.text)", "said": "\(said)",
            ])
        if case .exited(0) = ending, child.plan.kind == .venue, hasReplayEnded { return nil }
        if let code = hopeless(child, ending) {
            failure = ProcessFailure(
                code, "\(child.plan.name) ended with \(ending.text)\(said)")
            return nil
        }
        children[index].tail = OutputTail()
        let delay = children[index].policy.died(at: WallClock.now())
        if !record.write(children.map { ($0.plan.name, $0.policy.deaths) }) {
            log.error("deaths not recorded", metadata: ["path": "\(record.path)"])
        }
        return delay
    }

    /// The exit code with which to give up: wrong usage never heals, and neither does a child that
    /// cannot come up at all.
    private func hopeless(_ child: Child, _ ending: Ending) -> ExitCode? {
        switch ending {
        case .notStarted: return .unavailable
        case .exited(ExitCode.usage.rawValue): return .usage
        case .exited(let code) where !child.hasBeenReady:
            return ExitCode(rawValue: code).flatMap { $0 == .success ? nil : $0 } ?? .refused
        case .killed where !child.hasBeenReady: return .refused
        case .exited, .killed: return nil
        }
    }
}

/// The last lines that a child wrote, for the message that says why it ended.
struct OutputTail: Sendable, Equatable {
    private static let linesMax = 5
    /// Long enough for an error that lists what it would have taken.
    private static let lineLengthMax = 1_000
    private var lines: [String] = []

    mutating func append(_ line: String) {
        guard !line.isEmpty else { return }
        lines.append(String(line.prefix(OutputTail.lineLengthMax)))
        if lines.count > OutputTail.linesMax { lines.removeFirst() }
    }

    var text: String { lines.joined(separator: " | ") }
}
