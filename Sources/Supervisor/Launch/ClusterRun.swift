import Cryptography
import Journal
import Logging
import Runtime
import Subprocess
import Trading
import Wire

/// One run of a local cluster from start to summary: what `supervisor up` does.
struct ClusterRun: Sendable {
    let configuration: ClusterConfiguration
    let options: UpOptions
    let data: String?
    let stop: StopSignal
    let log: Logger
    /// What the API shows of the processes.
    private let board = StatusBoard()

    init(
        configuration: ClusterConfiguration, options: UpOptions, data: String?, stop: StopSignal,
        log: Logger
    ) {
        self.configuration = configuration
        self.options = options
        self.data = data
        self.stop = stop
        self.log = log
    }

    /// How long a stage of the start may take.
    private static let startPatience = Trading.Span.seconds(120)
    private static let stopPatience = Trading.Span.seconds(15)
    private static let statusPatience = Trading.Span.seconds(2)

    /// Runs until the replay's end, the limit, a signal or a failure; then stops in order.
    func run() async throws(ProcessFailure) -> RunSummary {
        let notifications = try NotifySocket(path: options.state.run + "/notify.sock")
        let party = ClusterParty(
            configuration: configuration, state: options.state,
            name: configuration.supervisor.name)
        let console = try AdminConsole(
            party,
            to: [configuration.core.name] + configuration.gateways.map(\.name)
                + configuration.agents.map(\.name))
        defer { console.close() }
        let plans = configuration.children(options, data: data)
        let record = DeathRecord(
            path: options.state.folder(of: configuration.supervisor.name) + "/deaths")
        let cluster = LocalCluster(
            plans: plans, restartDelay: configuration.supervisor.restartDelay,
            environment: [
                "NOTIFY_SOCKET": notifications.path,
                StopSignal.parentVariable: String(ProcessIdentity.own),
            ],
            folder: options.state.logs, record: record, log: log)
        let web = web(party, console)
        let result: Result<RunSummary, ProcessFailure> = await withTaskGroup { group in
            if let web { group.addTask { await web.run() } }
            group.addTask {
                for await notice in notifications.notices() { await cluster.take(notice) }
            }
            let outcome = await conduct(cluster, console, plans) { name in
                group.addTask { await cluster.supervise(name) }
            }
            group.cancelAll()
            return outcome
        }
        let summary = try result.get()
        record.clear()
        return summary
    }

    /// The traces, the API and the dashboard; a cluster runs without them where they cannot.
    private func web(_ party: ClusterParty, _ console: AdminConsole) -> WebService? {
        do {
            return try WebService(
                configuration, party, console: console, board: board,
                source: FileTraces(path: options.state.journal(of: configuration.core.name)),
                log: log
            ) { Terminal().note($0.text) }
        } catch {
            log.error("no dashboard", metadata: ["error": "\(error)"])
            Terminal().note("no dashboard: \(error)")
            return nil
        }
    }

    /// Starts stage by stage, watches, and stops in order whatever happened.
    private func conduct(
        _ cluster: LocalCluster, _ console: AdminConsole, _ plans: [ChildPlan],
        start: (ProcessID) -> Void
    ) async -> Result<RunSummary, ProcessFailure> {
        var view = RunView(options: options, title: title)
        for kind in ChildKind.allCases where plans.contains(where: { $0.kind == kind }) {
            for plan in plans where plan.kind == kind { start(plan.name) }
            if let failure = await waitForStart(of: kind, cluster) {
                await stopAll(cluster)
                return .failure(failure)
            }
            if stop.isRequested { break }
        }
        let ending = await watch(cluster, console, &view)
        board.end()
        let final = await wind(down: cluster, console, isComplete: ending == .replayEnded)
        let restarts = await cluster.rows.map(\.restarts).reduce(0, +)
        if let failure = await cluster.failure { return .failure(failure) }
        guard let final else {
            return .failure(
                ProcessFailure(
                    .unavailable,
                    "the core did not answer at the end: no summary; see \(options.state.logs)"))
        }
        return .success(
            RunSummary(
                core: final, stateHash: journalledState ?? final.stateHash.description,
                mode: configuration.mode, restarts: restarts,
                isComplete: ending == .replayEnded))
    }

    /// The state that the stopped core signed at the end of its journal: what a replay comes to.
    private var journalledState: String? {
        let path = options.state.journal(of: configuration.core.name)
        do {
            let reader = try JournalReader(opening: path)
            let end = try reader.head()
            return try reader.checkpoints().last { $0.head == end }?.stateHash.description
        } catch {
            log.error("no journalled state", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func waitForStart(of kind: ChildKind, _ cluster: LocalCluster) async
        -> ProcessFailure?
    {
        let deadline = MonotonicClock.now() + ClusterRun.startPatience
        while await !cluster.isReady(kind) {
            if let failure = await cluster.failure { return failure }
            if stop.isRequested { return nil }
            if MonotonicClock.now() > deadline {
                return ProcessFailure(
                    .unavailable,
                    "\(kind.executable) was not ready after 120 s; see \(options.state.logs)")
            }
            await pause(.milliseconds(20))
        }
        return nil
    }

    private enum Ending: Equatable {
        case asked
        case limit
        case replayEnded
        case failed
    }

    private func watch(
        _ cluster: LocalCluster, _ console: AdminConsole, _ view: inout RunView
    ) async -> Ending {
        let deadline = options.limit.map { MonotonicClock.now() + $0 }
        while true {
            if stop.isRequested { return .asked }
            if await cluster.failure != nil { return .failed }
            if await cluster.hasReplayEnded { return .replayEnded }
            if let deadline, MonotonicClock.now() >= deadline { return .limit }
            let rows = await rows(cluster, console)
            board.post(rows, at: MonotonicClock.now())
            view.show(rows, at: MonotonicClock.now())
            await pause(.milliseconds(250))
        }
    }

    private func rows(_ cluster: LocalCluster, _ console: AdminConsole) async -> [LiveTable.Row] {
        var rows: [LiveTable.Row] = []
        for child in await cluster.rows {
            var status: ProcessStatus?
            if child.state == .ready, child.kind != .venue {
                // A process that does not answer in time is shown without numbers.
                status = try? await console.status(of: child.name, patience: .milliseconds(500))
            }
            rows.append(
                LiveTable.Row(
                    name: child.name.description, pid: child.pid, state: child.state.description,
                    restarts: child.restarts, status: status))
        }
        return rows
    }

    /// Agents first; what still rests is cancelled; gateways; the core, whose last state is the
    /// run's result; the venue.
    private func wind(
        down cluster: LocalCluster, _ console: AdminConsole, isComplete: Bool
    ) async -> ProcessStatus? {
        let core = configuration.core.name
        let replayEnd = isComplete ? await coreStatus(console) : nil
        await cluster.stop(.agent, patience: ClusterRun.stopPatience)
        if replayEnd.map({ $0.count(StatusLabel.openOrders) > 0 }) ?? true {
            await cancelEverything(console, core)
        }
        await cluster.stop(.gateway, patience: ClusterRun.stopPatience)
        let final = await lastCoreStatus(console) ?? replayEnd
        await cluster.stop(.core, patience: ClusterRun.stopPatience)
        await cluster.stop(.venue, patience: ClusterRun.stopPatience)
        return final
    }

    private func stopAll(_ cluster: LocalCluster) async {
        for kind in ChildKind.stopOrder {
            await cluster.stop(kind, patience: ClusterRun.stopPatience)
        }
    }

    private func coreStatus(_ console: AdminConsole) async -> ProcessStatus? {
        do throws(AdminError) {
            return try await console.status(
                of: configuration.core.name, patience: ClusterRun.statusPatience)
        } catch {
            log.error("no status", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// The core's status once it has noticed that its gateways are gone: everything that they
    /// reported is counted in it.
    private func lastCoreStatus(_ console: AdminConsole) async -> ProcessStatus? {
        let deadline = MonotonicClock.now() + ClusterRun.statusPatience
        while let status = await coreStatus(console) {
            if !status.isReady || MonotonicClock.now() >= deadline { return status }
            await pause(.milliseconds(10))
        }
        return nil
    }

    /// Tells the core to stop trading, which disarms it and cancels everything without a latch, and
    /// waits a bounded time until nothing rests.
    private func cancelEverything(_ console: AdminConsole, _ core: ProcessID) async {
        do {
            guard let name = configuration.operators.first else { return }
            let files = KeyFiles(root: options.state.keys(configuration.keys))
            let ring = KeyRing(
                process: configuration.supervisor.name, files: files, credentials: nil)
            let key = OperatorKey(name: name, key: try ring.operatorKey(name))
            let answer = try await console.command(
                OperatorOrder(action: .stop, scope: .all, reason: "clean stop"), to: core,
                by: key, patience: ClusterRun.statusPatience)
            log.info(
                "clean stop",
                metadata: [
                    "accepted": "\(answer.isAccepted)", "cancelled": "\(answer.cancelled)",
                    "detail": "\(answer.detail)",
                ])
            await waitUntilNothingRests(console)
        } catch {
            log.error("cannot cancel before the stop", metadata: ["error": "\(error)"])
        }
    }

    private func waitUntilNothingRests(_ console: AdminConsole) async {
        let deadline = MonotonicClock.now() + .seconds(5)
        while MonotonicClock.now() < deadline {
            guard let status = await coreStatus(console) else { return }
            if status.count(StatusLabel.openOrders) == 0 { return }
            await pause(.milliseconds(50))
        }
        log.warning("orders still rest; the gateways cancel them")
    }

    private var title: String {
        "Bellwether \(configuration.cluster): \(configuration.mode) mode, "
            + "\(configuration.operators.count) operator(s), speed \(options.speed). "
            + "Ctrl-C stops cleanly."
    }
}

/// A wait at the edge; a cancelled one ends early, which its caller's loop sees.
func pause(_ span: Trading.Span) async {
    try? await Task.sleep(for: .nanoseconds(span.nanoseconds))
}

/// Shows a run: a table that redraws itself, or a line every few seconds.
struct RunView {
    private static let lineInterval = Trading.Span.seconds(5)

    private let terminal = Terminal()
    private let title: String
    private let isJSON: Bool
    private var canvas: Canvas
    private var nextLine: Trading.Span = .zero
    private var states: [String: String] = [:]

    init(options: UpOptions, title: String) {
        self.title = title
        isJSON = options.isJSON
        canvas = Canvas(terminal)
    }

    mutating func show(_ rows: [LiveTable.Row], at now: Trading.Span) {
        if terminal.isInteractive, !isJSON {
            canvas.draw(LiveTable.lines(rows, title: title))
            return
        }
        for row in rows where states[row.name] != row.state {
            states[row.name] = row.state
            let pid = row.pid.map { " pid=\($0)" } ?? ""
            emit("\(row.name) \(row.state)\(pid) restarts=\(row.restarts)")
        }
        guard now >= nextLine else { return }
        nextLine = now + RunView.lineInterval
        if let core = rows.compactMap(\.status).first(where: { $0.kind == .core }) {
            emit(LiveTable.progress(core))
        }
    }

    private func emit(_ text: String) {
        terminal.line(isJSON ? JSONText.encode(["progress": text]) : text)
    }
}
