import Logging
import Runtime
import Synchronization
import Trading

/// Looks once a second, tells whoever is to be told, and tells the core whether anybody can be.
///
/// What an alert says is durable before it is sent; a channel hears of each at least once.
final class AlertWatch: Sendable {
    /// What is known of the way out.
    private struct State {
        var health = AlertPathHealth()
        /// Why nothing was judged; nil while rules are judged.
        var judgeProblem: String?
    }

    private static let interval = Trading.Span.seconds(1)
    private static let deliveryInterval = Trading.Span.milliseconds(250)
    /// A channel that fails is tried again after twice as long each time, up to this.
    private static let retryMax = Trading.Span.seconds(16)

    let store: AlertStore
    private let configuration: AlertConfiguration
    private let facts: ClusterFacts
    private let courier: AlertCourier
    private let log: Logger
    /// Tells the core whether alerts reach somebody.
    private let assure: @Sendable (Bool) -> Void
    private let state = Mutex(State())

    init(
        _ configuration: AlertConfiguration, facts: ClusterFacts, store: AlertStore, log: Logger,
        courier: AlertCourier = AlertCourier(), assure: @escaping @Sendable (Bool) -> Void
    ) {
        self.configuration = configuration
        self.facts = facts
        self.store = store
        self.log = log
        self.assure = assure
        self.courier = courier
    }

    /// Whether somebody can be told: rules are judged, a channel that is not kept for escalation
    /// takes what it is given, and so does whoever listens for the heartbeat.
    var isHeard: Bool {
        state.withLock { state in
            state.judgeProblem == nil && state.health.heartbeatProblem == nil
                && configuration.channels.contains {
                    !$0.isEscalation && state.health.failing[$0.name] == nil
                }
        }
    }

    /// Watches until the task is cancelled. `look` is nil while there is nothing to judge.
    func run(_ look: @escaping @Sendable () async throws -> Overview?) async {
        await withTaskGroup { group in
            group.addTask { await self.judge(look) }
            for channel in configuration.channels {
                group.addTask { await self.deliver(to: channel) }
            }
            if let heartbeat = configuration.heartbeat {
                group.addTask { await self.beat(heartbeat) }
            }
        }
        await courier.close()
    }

    // MARK: Judging

    private func judge(_ look: @Sendable () async throws -> Overview?) async {
        var book = AlertBook(configuration)
        var start = AlertStart(at: MonotonicClock.now())
        while !Task.isCancelled {
            do {
                if let overview = try await look(),
                    start.isOver(overview.progress, at: MonotonicClock.now())
                {
                    try judge(overview, with: &book)
                }
                note(judgeProblem: nil)
            } catch {
                note(judgeProblem: "\(error)")
            }
            assure(isHeard)
            await pause(AlertWatch.interval)
        }
    }

    /// One look: what it changes is durable when this returns.
    func judge(
        _ overview: Overview, with book: inout AlertBook, at now: Timestamp = WallClock.now()
    ) throws {
        let readings = AlertReading.all(in: overview, state.withLock(\.health))
        let changes = book.judge(readings, standing: try store.standing(), at: now)
        try store.write(changes, telling: configuration.channels, at: now)
        for change in changes {
            switch change {
            case .raise(let rule, let reading):
                log.warning(
                    "alert", metadata: ["rule": "\(rule.name)", "why": "\(reading.text)"])
            case .escalate(let alert):
                log.warning("alert escalated", metadata: ["alert": "\(alert.id)"])
            case .clear(let alert): log.notice("alert over", metadata: ["alert": "\(alert.id)"])
            }
        }
    }

    private func note(judgeProblem problem: String?) {
        let isNews = state.withLock { state in
            defer { state.judgeProblem = problem }
            return state.judgeProblem != problem
        }
        guard isNews else { return }
        log.error("alerts are not judged", metadata: ["why": "\(problem ?? "they are again")"])
    }

    // MARK: Telling

    private func deliver(to channel: AlertChannelConfiguration) async {
        var wait = AlertWatch.deliveryInterval
        while !Task.isCancelled {
            do {
                guard let pending = try store.next(for: channel.name) else {
                    await pause(AlertWatch.deliveryInterval)
                    continue
                }
                let problem = await tell(channel, pending)
                // Cancelled in between: nobody knows whether it arrived, so it is sent again.
                if Task.isCancelled { return }
                try store.attempted(pending, problem: problem, at: WallClock.now())
                note(problem, of: channel)
                wait =
                    problem == nil
                    ? AlertWatch.deliveryInterval
                    : min(
                        wait + wait, AlertWatch.retryMax)
                if problem != nil { await pause(wait) }
            } catch {
                note("\(error)", of: channel)
                await pause(AlertWatch.interval)
            }
        }
    }

    /// Why it was not taken; nil where it was.
    private func tell(
        _ channel: AlertChannelConfiguration, _ pending: AlertStore.Pending
    ) async -> String? {
        do {
            try await courier.tell(channel, AlertNotice(pending, facts))
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func note(_ problem: String?, of channel: AlertChannelConfiguration) {
        let was = state.withLock { state in
            defer { state.health.failing[channel.name] = problem }
            return state.health.failing[channel.name]
        }
        guard was != problem else { return }
        log.warning(
            "alert channel",
            metadata: ["channel": "\(channel.name)", "state": "\(problem ?? "takes alerts again")"])
    }

    // MARK: Heartbeat

    /// Reports that we live, but only while an alert could get out: else the silence is to page.
    private func beat(_ heartbeat: AlertConfiguration.Heartbeat) async {
        while !Task.isCancelled {
            var problem: String?
            if canAlert {
                do {
                    try await courier.beat(at: heartbeat.url)
                } catch {
                    problem = "\(error)"
                }
                if Task.isCancelled { return }
                state.withLock { $0.health.heartbeatProblem = problem }
            }
            let wait = problem == nil ? heartbeat.every : min(heartbeat.every, .seconds(5))
            await pause(wait)
        }
    }

    private var canAlert: Bool {
        state.withLock { state in
            state.judgeProblem == nil
                && configuration.channels.contains { state.health.failing[$0.name] == nil }
        }
    }
}

/// The time in which the traces take in what happened before: what they show then is the past,
/// which is nobody's alarm. It ends when they have, and after two minutes in any case.
struct AlertStart: Sendable {
    private static let patience: Int64 = 120_000_000_000
    private static let lagMax: UInt64 = 2_000

    private let began: Trading.Span
    private var hasEnded = false

    init(at now: Trading.Span) { began = now }

    mutating func isOver(_ progress: TraceProjection.Progress, at now: Trading.Span) -> Bool {
        let hasCaughtUp = progress.head > 0 && progress.lag <= AlertStart.lagMax
        if hasCaughtUp || now.nanoseconds - began.nanoseconds >= AlertStart.patience {
            hasEnded = true
        }
        return hasEnded
    }
}

extension AlertNotice {
    init(_ pending: AlertStore.Pending, _ facts: ClusterFacts) {
        let alert = pending.alert
        self.init(
            notice: "\(facts.cluster)-\(pending.id)", kind: pending.kind, cluster: facts.cluster,
            mode: facts.mode, alert: alert.id, rule: alert.rule, severity: alert.severity,
            subject: alert.subject, text: alert.text, at: pending.madeAt.description)
    }
}
