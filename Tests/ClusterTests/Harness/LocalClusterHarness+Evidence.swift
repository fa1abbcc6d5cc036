import Foundation
import Testing
import Trading

/// A process's state as `supervisor status --json` prints it.
struct StatusLine: Decodable {
    let process: String
    let isAvailable: Bool
    let arming: String?
    let isReady: Bool?
    let journalSequence: UInt64?
    let stateHash: String?
    let counters: [String: Int64]

    func count(_ label: String) -> Int64 { counters[label] ?? 0 }
}

/// The last line of a run.
struct ClusterSummary: Decodable, Equatable {
    let requested: Int64
    let permitted: Int64
    let rejected: [String: Int64]
    let fills: Int64
    let settled: Int64
    let fees: String
    let realized: String
    let unrealized: String
    let mode: String
    let restarts: Int
    let complete: Bool
    let stateHash: String

    enum CodingKeys: String, CodingKey {
        case requested, permitted, rejected, fills, settled, fees, realized, unrealized
        case mode, restarts, complete
        case stateHash = "state_hash"
    }

    init(parsing output: String) throws {
        guard let line = output.split(separator: "\n").last(where: { $0.hasPrefix("summary ") })
        else { throw ClusterFailure("no summary in:\n\(output)") }
        self = try JSONDecoder().decode(Self.self, from: Data(line.dropFirst(8).utf8))
    }
}

/// An order as `supervisor orders --json` prints it.
struct OrderLine: Decodable, Equatable {
    let order: UInt64
    let at: String
    let instrument: String
    let side: String
    let price: String
    let quantity: String
    let filled: String
    let fees: String
    let state: String

    /// The states that an order never leaves.
    static let endings = Set(OrderState.allCases.filter(\.isTerminal).map { "\($0)" })
}

/// A line of the venue's own log, as far as tests look at it.
struct VenueLine: Decodable {
    let event: String
    let t: Int64?
}

/// What the programs of the cluster say about it.
extension LocalClusterHarness {
    /// The state of every process that answers.
    func status() async throws -> [StatusLine] {
        let result = try await command("status", "--json")
        guard let line = result.output.split(separator: "\n").last else { return [] }
        return try JSONDecoder().decode([StatusLine].self, from: Data(line.utf8))
    }

    /// The state of one process; nil while it does not answer.
    func status(of process: String) async throws -> StatusLine? {
        try await status().first { $0.process == process && $0.isAvailable }
    }

    /// A counter of one process; nil while it does not answer.
    func count(_ label: String, of process: String) async throws -> Int64? {
        try await status(of: process)?.count(label)
    }

    /// Waits until the core has permitted so many more orders, and booked so many more fills, than
    /// it has now.
    func waitForTrading(
        permits: Int64 = 5, fills: Int64 = 0, within patience: Duration = .seconds(60)
    ) async throws {
        var base: StatusLine?
        try await waitUntil("\(permits) more permits, \(fills) more fills", within: patience) {
            try requireRunning()
            guard let now = try await status(of: "core") else { return false }
            guard let first = base else {
                base = now
                return false
            }
            return now.count("permitted") >= first.count("permitted") + permits
                && now.count("fills") >= first.count("fills") + fills
        }
    }

    /// How many lines of a kind the venue has written.
    func venueEvents(_ event: String) throws -> Int {
        let log = state + "/sim-venue/venue.log"
        let text = FileManager.default.contents(atPath: log) ?? Data()
        let needle = Data("\"event\":\"\(event)\"".utf8)
        var count = 0
        var start = text.startIndex
        while let found = text.range(of: needle, in: start..<text.endIndex) {
            count += 1
            start = found.upperBound
        }
        return count
    }

    /// The orders of the journal.
    func orders() async throws -> [OrderLine] {
        let result = try await command("orders", "--json", "--last", "100000")
        try expect(result, exitCode: 0)
        return try JSONDecoder().decode([OrderLine].self, from: Data(result.output.utf8))
    }

    /// What the core's journal comes to: the chain holds, every decision is made again.
    @discardableResult
    func requireSoundJournals() async throws -> ReplayLine {
        try expect(try await command("journal", "verify"), exitCode: 0)
        try expect(try await command("journal", "verify", "--of", "gw-kalshi"), exitCode: 0)
        let replay = try await command("journal", "replay", "--json")
        try expect(replay, exitCode: 0)
        return try JSONDecoder().decode(ReplayLine.self, from: Data(replay.output.utf8))
    }

    /// After a run: the chain holds, every decision comes out again, the state that the core had at
    /// the end is the one that its journal gives, no order is in doubt, and the venue agrees.
    func requireConsistent(with summary: ClusterSummary) async throws {
        let replayed = try await requireSoundJournals()
        guard replayed.stateHash == summary.stateHash else {
            throw ClusterFailure(
                "the core ended with state \(summary.stateHash), its journal gives "
                    + "\(replayed.stateHash)")
        }
        let open = try await orders().filter { !OrderLine.endings.contains($0.state) }
        guard open.isEmpty else { throw ClusterFailure("orders without an end: \(open)") }
        try await requireJudged()
    }

    /// The venue's log against the journals and the ledger: nothing without a permit, nothing
    /// doubled or lost.
    func requireJudged() async throws {
        try await requireSoundJournals()
        let ledger = ["--supervisor", Self.binary("supervisor")]
        try expect(try await script("judge", ledger + ["--min-orders", "1"]), exitCode: 0)
    }

    /// The supervisor's traces, made anew, have the whole story of every order in the venue's log.
    func requireWholeTraces() async throws {
        try expect(try await command("traces", "rebuild"), exitCode: 0)
        let traces = ["--traces", state + "/supervisor/traces.sqlite", "--min-orders", "1"]
        try expect(try await script("judge", traces), exitCode: 0)
    }

    /// The judge finds every way in which this run's evidence can be spoiled.
    func requireStrictJudge() async throws {
        try expect(try await script("judge-selftest", [Self.binary("supervisor")]), exitCode: 0)
    }

    /// Runs a script of the sources on the state.
    private func script(_ name: String, _ arguments: [String]) async throws -> ProgramResult {
        let path = LocalClusterHarness.sources + "/scripts/" + name
        return try await run("/usr/bin/env", ["python3", path, state] + arguments)
    }

    /// Whether the log of a process has a line with all these words.
    func hasLogged(_ process: String, _ words: String...) -> Bool {
        log(of: process).split(separator: "\n").contains { line in
            words.allSatisfy { line.contains($0) }
        }
    }

    /// How many lines of a process's log have a word.
    func countLogged(_ process: String, _ word: String) -> Int {
        log(of: process).split(separator: "\n").count { $0.contains(word) }
    }

    /// The log of a process.
    func log(of process: String) -> String {
        String(
            decoding: FileManager.default.contents(atPath: "\(state)/logs/\(process).log")
                ?? Data(), as: UTF8.self)
    }
}

/// What `supervisor journal replay --json` prints.
struct ReplayLine: Decodable, Equatable {
    let entries: UInt64
    let decisions: UInt64
    let checkpoints: UInt64
    let cash: String
    let stateHash: String
}
