import ArgumentParser
import Foundation
import GRDB
import Logging
import Runtime
import Trading

/// The supervisor's projection of the core's journal.
struct TracesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "traces",
        abstract: "The decision traces that the API and the dashboard read.",
        discussion: "A projection of the core's journal: whatever is lost here is not lost.",
        subcommands: [
            TracesStatusCommand.self, TracesRebuildCommand.self, TracesExportCommand.self,
        ])
}

/// Says how far the traces are.
struct TracesStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows how far the traces have followed the journal.")

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform {
            let path = try TraceFile(options).existing()
            let store = try TraceStore(path: path, ordersMax: .max)
            try TraceReport(store).show(asJSON: options.json)
        }
    }
}

/// Makes the traces anew from the journal.
struct TracesRebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Makes the traces anew from the core's journal.",
        discussion: "Needs no running cluster, and none whose supervisor keeps traces: stop it "
            + "first.")

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform { try await rebuild() }
    }

    private func rebuild() async throws {
        let configuration = try options.configuration()
        let state = options.stateDirectory
        let journal = state.journal(of: configuration.core.name)
        guard FileSystem.exists(journal) else {
            throw ProcessFailure(.unavailable, "there is no journal at \(journal)")
        }
        let path = TraceFile.path(in: state, of: configuration)
        try TraceFile.claim(in: state)
        TraceStore.remove(at: path)
        do throws(StateError) {
            try state.prepare(for: configuration.supervisor.name)
        } catch {
            throw ProcessFailure(.usage, error.description)
        }
        let store = try TraceStore(path: path, ordersMax: configuration.supervisor.tracesMax)
        let projection = try TraceProjection(
            FileTraces(path: journal), into: store, cluster: configuration.cluster,
            log: Logger(label: "traces"))
        try await projection.catchUp()
        try TraceReport(store).show(asJSON: options.json)
    }
}

/// Hands an org the traces of its orders.
struct TracesExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes an org's traces, each order as a line of JSON, the oldest first.",
        discussion: "Each line is what `explain --json` says of the order. What can be proved is "
            + "in `journal export`. Example: supervisor traces export --org demo --out demo.jsonl")

    @OptionGroup var options: ConsoleOptions

    @Option(name: .long, help: "The org.")
    var org: ScopeName<OrgID>

    @Option(name: .long, help: "The file to write; it must not exist.")
    var out: String

    func run() async throws {
        await SupervisorCommand.perform { try export() }
    }

    private func export() throws {
        let store = try TraceStore(path: TraceFile(options).existing(), ordersMax: .max)
        let orders = try store.orders(of: org.id)
        guard !orders.isEmpty else {
            throw ProcessFailure(.refused, "the traces have no order of org \(org.id)")
        }
        guard !FileSystem.exists(out), FileManager.default.createFile(atPath: out, contents: nil),
            let file = FileHandle(forWritingAtPath: out)
        else { throw ProcessFailure(.usage, "\(out) exists, or cannot be written") }
        for order in orders {
            guard let explanation = try store.explanation(of: order, org: "\(org.id)") else {
                continue
            }
            try file.write(contentsOf: Data((JSONText.encode(explanation) + "\n").utf8))
        }
        try file.synchronize()
        Terminal().line(
            options.json
                ? JSONText.encode(["orders": orders.count])
                : "\(orders.count) orders of org \(org.id) are in \(out)")
    }
}

/// Where the traces of a state lie. One process writes them.
struct TraceFile {
    private let options: ConsoleOptions

    init(_ options: ConsoleOptions) { self.options = options }

    static func path(in state: StateDirectory, of configuration: ClusterConfiguration) -> String {
        state.folder(of: configuration.supervisor.name) + "/traces.sqlite"
    }

    /// What contracts of an order's fills gained, by trade; empty where there are no traces.
    func markouts(of order: OrderID) -> [String: [String?]] {
        guard let path = try? existing(),
            let queue = try? DatabaseQueue(
                path: path, configuration: TraceSchema.configuration(isReadOnly: true))
        else { return [:] }
        return (try? TraceStore.markouts(of: order, queue)) ?? [:]
    }

    /// Takes the right to write them, for as long as this process lives.
    static func claim(in state: StateDirectory) throws(ProcessFailure) {
        guard FileSystem.exists(state.run), !FileLock.take(state.run + "/traces.lock") else {
            return
        }
        throw ProcessFailure(
            .unavailable, "a supervisor of \(state.root) is writing the traces: stop it first")
    }

    func existing() throws(ProcessFailure) -> String {
        let path = TraceFile.path(
            in: options.stateDirectory, of: try options.configuration())
        guard FileSystem.exists(path) else {
            throw ProcessFailure(
                .unavailable, "there are no traces at \(path): run `supervisor traces rebuild`")
        }
        return path
    }
}

/// What a trace store holds, for people and for programs.
struct TraceReport: Codable, Sendable, Equatable {
    let entry: UInt64
    let marketTime: String
    let orders: Int
    let fills: Int
    let notes: Int
    let fingerprint: String

    init(_ store: TraceStore) throws {
        let cursor = try store.cursor()
        let counts = try store.counts()
        entry = cursor.entry.rawValue
        marketTime = cursor.at.description
        (orders, fills, notes) = (counts.orders, counts.fills, counts.notes)
        fingerprint = try store.fingerprint()
    }

    func show(asJSON: Bool) {
        let terminal = Terminal()
        if asJSON { return terminal.line(JSONText.encode(self)) }
        terminal.line(
            "traces up to entry \(entry) (\(marketTime)): \(orders) orders, \(fills) fills, "
                + "\(notes) notes, fingerprint \(fingerprint)")
    }
}
