import Runtime
import Trading

/// One number that a rule may judge, and whom or what it is about.
struct AlertReading: Sendable, Equatable {
    let signal: AlertSignal
    /// A process, a scope, a limit or a channel; empty for the supervisor itself.
    let subject: String
    let value: Double
    /// What is the matter, in words for whom it wakes.
    let text: String
}

/// Whether the alerts themselves get out.
struct AlertPathHealth: Sendable, Equatable {
    /// Channels that did not take the last thing that they were given.
    var failing: [String: String] = [:]
    /// Why the outbound heartbeat is not taken; nil while it is.
    var heartbeatProblem: String?
}

extension AlertReading {
    /// Requests below which a share of rejections says nothing, and fills for slippage.
    private static let requestsMin: Int64 = 100
    private static let fillsMin: Int64 = 20

    /// Everything that a rule may judge, as it is now. Pure.
    static func all(in overview: Overview, _ path: AlertPathHealth) -> [AlertReading] {
        processes(overview.processes) + state(overview.picture) + use(overview.picture)
            + scores(overview.scores) + supervisor(overview) + channels(path)
    }

    private static func processes(_ processes: [ProcessSummary]) -> [AlertReading] {
        processes.flatMap { process in
            var readings = [
                AlertReading(
                    signal: .processDown, subject: process.process, value: process.isReady ? 0 : 1,
                    text: "\(process.process) is \(process.isReady ? "not ready" : process.state)"),
                AlertReading(
                    signal: .halted, subject: process.process, value: process.isHalted ? 1 : 0,
                    text: "\(process.process) holds a kill latch"),
                AlertReading(
                    signal: .restarts, subject: process.process, value: Double(process.restarts),
                    text: "\(process.process) was started again \(process.restarts) times"),
            ]
            if let tail = process.counters[StatusLabel.decisionTail] {
                let millis = Double(tail) / 1e6
                readings.append(
                    AlertReading(
                        signal: .decisionTime, subject: process.process, value: millis,
                        text: "1 of 100 decisions took longer than \(short(millis)) ms"))
            }
            return readings
        }
    }

    private static func state(_ picture: ClusterPicture) -> [AlertReading] {
        picture.halts.map {
            AlertReading(
                signal: .halted, subject: $0.scope, value: 1,
                text: "\($0.scope) is \($0.state)" + ($0.since.isEmpty ? "" : " since \($0.since)"))
        }
            + picture.accounts.map {
                AlertReading(
                    signal: .unreconciled, subject: "\($0.org)/\($0.account)",
                    value: $0.isReconciled ? 0 : 1,
                    text: "account \($0.org)/\($0.account) is not as its venue states it")
            }
    }

    private static func use(_ picture: ClusterPicture) -> [AlertReading] {
        picture.brakes.map { brake in
            // A brake that holds is reached, whatever the measure says by now.
            let used = brake.state == "halted" ? max(1, brake.used ?? 1) : brake.used ?? 0
            return AlertReading(
                signal: .brakeUsed, subject: "brake of \(brake.scope)", value: used,
                text: "the brake of \(brake.scope) is \(percent(used)) used"
                    + (brake.state == "clear" ? "" : " and \(brake.state)"))
        }
            + picture.uses.map {
                AlertReading(
                    signal: .limitUsed, subject: "\($0.limit) of \($0.scope)", value: $0.share,
                    text: "\($0.limit) of \($0.scope) is at \($0.used) of \($0.max)")
            }
    }

    private static func scores(_ scores: [ScoreSummary]) -> [AlertReading] {
        scores.flatMap { score in
            let name = "\(score.org)/\(score.account)/\(score.strategy)"
            var readings: [AlertReading] = []
            if score.requested >= requestsMin {
                readings.append(
                    AlertReading(
                        signal: .rejectionRatio, subject: name, value: score.rejectionRate,
                        text: "\(percent(score.rejectionRate)) of the requests of \(name) "
                            + "are rejected"))
            }
            if score.fills >= fillsMin {
                readings.append(
                    AlertReading(
                        signal: .slippage, subject: name, value: score.slippageBasisPoints,
                        text: "fills of \(name) cost \(short(score.slippageBasisPoints)) basis "
                            + "points beyond the middle"))
            }
            return readings
        }
    }

    private static func supervisor(_ overview: Overview) -> [AlertReading] {
        let age = Double(overview.statusAgeMillis) / 1_000
        let problem = overview.progress.problem
        return [
            AlertReading(
                signal: .traceLag, subject: "", value: Double(overview.progress.lag),
                text: "the traces are \(overview.progress.lag) entries behind the journal"),
            AlertReading(
                signal: .tracesStopped, subject: "", value: problem == nil ? 0 : 1,
                text: "the traces do not go on: \(problem ?? "they do")"),
            AlertReading(
                signal: .statusAge, subject: "", value: age,
                text: "the processes have not been heard of for \(short(age)) s"),
        ]
    }

    private static func channels(_ path: AlertPathHealth) -> [AlertReading] {
        path.failing.sorted { $0.key < $1.key }.map {
            AlertReading(
                signal: .channelFailing, subject: $0.key, value: 1,
                text: "alerts do not get through \($0.key): \($0.value)")
        } + [
            AlertReading(
                signal: .heartbeatFailing, subject: "", value: path.heartbeatProblem == nil ? 0 : 1,
                text: "the outbound heartbeat is not taken: \(path.heartbeatProblem ?? "it is")")
        ]
    }

    private static func percent(_ share: Double) -> String { "\(short(share * 100)) %" }

    private static func short(_ value: Double) -> String {
        "\((value * 10).rounded() / 10)"
    }
}
