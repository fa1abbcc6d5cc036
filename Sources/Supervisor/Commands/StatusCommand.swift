import ArgumentParser
import Runtime
import Trading
import Wire

/// Asks every process how it is.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows the state of every process of the cluster.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var remote: RemoteOptions

    func run() async throws {
        await SupervisorCommand.perform {
            if remote.isRemote { try await showRemote() } else { try await show() }
        }
    }

    private func showRemote() async throws {
        let body = try await ServiceClient(remote, options).get("/v1/processes")
        let terminal = Terminal()
        if options.json { return terminal.line(String(decoding: body, as: UTF8.self)) }
        let processes = try ServiceClient.decode([ProcessSummary].self, body)
        for line in ProcessSummary.table(processes) { terminal.line(line) }
    }

    private func show() async throws {
        let session = try options.console()
        let console = try session.links(to: session.speakers)
        defer { console.close() }
        let reports = await StatusReport.gather(session.speakers, console)
        let terminal = Terminal()
        if options.json {
            terminal.line(JSONText.encode(reports))
        } else {
            for line in StatusReport.table(reports) { terminal.line(line) }
        }
        let missing = reports.filter { !$0.isAvailable }.map(\.process)
        guard missing.isEmpty else {
            throw ProcessFailure(
                .unavailable, "not available: \(missing.joined(separator: ", "))")
        }
    }
}

/// A process's state for people and for programs.
struct StatusReport: Codable, Sendable, Equatable {
    let process: String
    let isAvailable: Bool
    let problem: String?
    let kind: String?
    let arming: String?
    let isKilled: Bool?
    let isReady: Bool?
    let marketTime: String?
    let journalSequence: UInt64?
    let stateHash: String?
    let version: String?
    let brakes: BrakeReport?
    let counters: [String: Int64]

    init(_ status: ProcessStatus) {
        process = status.process.description
        isAvailable = true
        problem = nil
        kind = status.kind.wireName
        arming = status.arming.wireName
        isKilled = status.isKilled
        isReady = status.isReady
        marketTime = status.marketTime.description
        journalSequence = status.journalSequence.rawValue
        stateHash = status.stateHash.isZero ? nil : status.stateHash.description
        version = status.version
        brakes = BrakeReport(status.counters)
        counters = status.counters
    }

    init(_ process: ProcessID, problem: AdminError) {
        self.process = process.description
        isAvailable = false
        self.problem = problem.description
        (kind, arming, marketTime, stateHash, version) = (nil, nil, nil, nil, nil)
        (isKilled, isReady, journalSequence) = (nil, nil, nil)
        brakes = nil
        counters = [:]
    }

    /// Asks all processes at once.
    static func gather(_ processes: [ProcessID], _ console: AdminConsole) async -> [StatusReport] {
        await withTaskGroup { group in
            for process in processes {
                group.addTask {
                    do throws(AdminError) {
                        let status = try await console.status(
                            of: process, patience: ConsoleSession.patience)
                        return StatusReport(status)
                    } catch {
                        return StatusReport(process, problem: error)
                    }
                }
            }
            var reports: [String: StatusReport] = [:]
            for await report in group { reports[report.process] = report }
            return processes.compactMap { reports[$0.description] }
        }
    }

    static func table(_ reports: [StatusReport]) -> [String] {
        let header = ["process", "kind", "state", "market time", "journal", "state hash"]
        let rows = reports.map { report -> [String] in
            guard report.isAvailable else {
                return [report.process, "-", "unavailable", "-", "-", report.problem ?? ""]
            }
            let state =
                report.isKilled == true
                ? "halted"
                : (report.isReady == true ? "ready" : "not ready")
                    + " \(report.arming ?? "")"
            return [
                report.process, report.kind ?? "-", state, report.marketTime ?? "-",
                report.journalSequence.map { String($0) } ?? "-",
                report.stateHash.map { String($0.prefix(16)) } ?? "-",
            ]
        }
        return Columns.lines([header] + rows, right: [4])
            + reports.flatMap { $0.brakes?.lines ?? [] }
    }
}
