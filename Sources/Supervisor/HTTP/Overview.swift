import Runtime
import Trading

/// What the cluster is, which does not change while it runs.
struct ClusterFacts: Codable, Sendable, Equatable {
    let cluster: String
    let mode: String
    /// The counterparties are generated: results are no evidence.
    let isSimulated: Bool
    let operators: [String]
    let quorum: Int

    init(_ configuration: ClusterConfiguration) {
        cluster = configuration.cluster.description
        mode = configuration.mode.description
        isSimulated = configuration.simVenue != nil
        operators = configuration.operators.map(\.description)
        quorum = configuration.quorum
    }
}

/// Everything that the dashboard shows at once.
struct Overview: Codable, Sendable, Equatable {
    let facts: ClusterFacts
    let progress: TraceProjection.Progress
    /// How long ago the processes were looked at.
    let statusAgeMillis: Int64
    let processes: [ProcessSummary]
    let picture: ClusterPicture
    let markets: [MarketSummary]
    let overnight: OvernightCard
    let scores: [ScoreSummary]
    let notes: [NoteSummary]
    /// How often a process was ready again, and how long that took on average, in seconds; the
    /// firm's.
    let recoveries: Int
    let meanTimeToRecover: Double?
    /// Those that stand; the firm's, so empty where one org is shown.
    let alerts: [AlertSummary]
}

/// Why a person is needed. Pure.
enum Needs {
    static func list(
        _ picture: ClusterPicture, _ progress: TraceProjection.Progress,
        _ processes: [ProcessSummary], isStale: Bool
    ) -> [String] {
        var needs = picture.halts.map {
            "\($0.scope) is \($0.state)" + ($0.since.isEmpty ? "" : " since \($0.since)")
        }
        needs += picture.accounts.filter { !$0.isReconciled }.map {
            "account \($0.org)/\($0.account) is not reconciled with its venue"
        }
        needs += processes.filter { $0.state != "ready" }.map { "\($0.process) is \($0.state)" }
        needs += processes.filter(\.isHalted).map { "\($0.process) holds a kill latch" }
        needs += picture.brakes.filter { $0.state == "halted" }.map {
            "brake of \($0.scope) halted" + ($0.until.map { ", until \($0)" } ?? "")
        }
        needs += picture.brakes.filter { ($0.used ?? 0) >= 0.8 && $0.state != "halted" }.map {
            "brake of \($0.scope) is \(Int(($0.used ?? 0) * 100)) % used"
        }
        if let problem = progress.problem { needs.append("traces do not go on: \(problem)") }
        if isStale { needs.append("the processes have not been heard of for some seconds") }
        return needs
    }
}
