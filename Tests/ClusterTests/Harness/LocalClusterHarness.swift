import Foundation
import Glibc
import Testing

/// A whole paper cluster of real processes in a state directory of its own.
///
/// The binaries are those that were built with the tests. A test starts the cluster, hurts it,
/// waits for what must follow, stops it, and lets the journal and the venue's log be judged.
final class LocalClusterHarness {
    /// The processes that `up` starts, in the order in which they start.
    static let processes = ["sim-venue", "gw-kalshi", "core", "agent-crypto"]

    let options: ClusterOptions
    /// The state directory: short, since the path of a UNIX socket has at most 107 bytes.
    let state: String
    let configurationPath: String
    /// Where the simulated venue serves.
    let port: UInt16
    let folder: String
    private var up: ChildProgram?

    /// Makes keys, configuration and data; starts nothing.
    init(_ options: ClusterOptions) async throws {
        self.options = options
        folder = try LocalClusterHarness.makeFolder()
        state = folder + "/s"
        configurationPath = folder + "/cluster.yaml"
        mkdir(folder + "/out", 0o700)
        mkdir(state, 0o700)
        port = try freePort()
        let text = try LocalClusterHarness.configuration(options, port: port)
        try text.write(toFile: configurationPath, atomically: true, encoding: .utf8)
        try options.faults?.write(
            toFile: state + "/faults.json", atomically: true, encoding: .utf8)
        let keys = try await supervisor(
            "keys", "init", state + "/keys", "--config", configurationPath)
        try expect(keys, exitCode: 0)
        guard options.data == nil, !options.hasTwoVenues else { return }
        let day = try await run(
            Self.binary("sim-venue"),
            ["generate", "--seed", "\(options.seed)", "--out", data] + options.length)
        try expect(day, exitCode: 0)
    }

    /// Runs a test on a cluster and clears up after it; a failure carries the ends of the logs.
    static func with(
        _ options: ClusterOptions = ClusterOptions(),
        _ body: (LocalClusterHarness) async throws -> Void
    ) async throws {
        let cluster = try await LocalClusterHarness(options)
        do {
            try await body(cluster)
        } catch {
            let logs = cluster.logTails()
            cluster.remove()
            throw ClusterFailure("\(error)\n\(logs)")
        }
        cluster.remove()
    }

    /// The folder of what is replayed.
    var data: String { options.data ?? folder + "/day" }

    // MARK: Running

    /// Starts everything and waits until every process has started and the agent may act.
    func start() async throws {
        try launch()
        try await waitUntilReady()
    }

    /// Starts `supervisor up`.
    func launch() throws {
        var arguments = [
            "up", "--config", configurationPath, "--state", state, "--speed", "max",
            "--json",
        ]
        if !options.hasTwoVenues { arguments += ["--data", data] }
        if let limit = options.limit { arguments += ["--for", limit] }
        up = try ChildProgram(Self.binary("supervisor"), arguments, folder: folder + "/out")
    }

    /// Waits until every process answers and says that it is ready.
    func waitUntilReady() async throws {
        try await waitUntil("every process is ready", within: .seconds(90)) {
            try requireRunning()
            let reports = try await status()
            return reports.count >= 3 && reports.allSatisfy { $0.isReady == true }
        }
    }

    /// Waits for the end of the data or of the limit; returns the summary.
    func finish(within patience: Duration = .seconds(180)) async throws -> ClusterSummary {
        guard let up else { throw ClusterFailure("the cluster was not started") }
        let result = try await up.finish(within: patience)
        guard result.exitCode == 0 else {
            throw ClusterFailure(
                "`up` ended with \(result.exitCode): \(result.errors)\n\(result.output)")
        }
        return try ClusterSummary(parsing: result.output)
    }

    /// Asks for a clean stop, as Ctrl-C does, and returns the summary.
    func stop() async throws -> ClusterSummary {
        up?.signal(SIGINT)
        return try await finish(within: .seconds(90))
    }

    /// Throws when `up` has ended before it was asked to.
    func requireRunning() throws {
        guard let up else { throw ClusterFailure("the cluster was not started") }
        guard up.isRunning else {
            throw ClusterFailure("`up` has ended: \(up.errors)\n\(up.output)")
        }
    }

    /// Ends everything that this harness started, and removes its folder.
    private func remove() {
        up?.signal(SIGKILL)
        for pid in processIDs().values { kill(pid, SIGKILL) }
        // What cannot be removed lies in the system's temporary folder.
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Faults

    /// Kills `supervisor up` itself and waits until its children have noticed.
    func killSupervisor() async throws {
        up?.signal(SIGKILL)
        try await waitUntil("the children end without their supervisor", within: .seconds(30)) {
            processIDs().isEmpty && up?.isRunning != true
        }
    }

    /// Sends a signal to `supervisor up` itself.
    func signalSupervisor(_ number: Int32) { up?.signal(number) }

    /// The process id of a child at this moment.
    func pid(of name: String) throws -> pid_t {
        guard let pid = processIDs()[name] else { throw ClusterFailure("\(name) does not run") }
        return pid
    }

    /// Sends a signal to a child.
    func signal(_ name: String, _ number: Int32) throws {
        let pid = try pid(of: name)
        guard kill(pid, number) == 0 else {
            throw ClusterFailure("cannot signal \(name): \(String(cString: strerror(errno)))")
        }
    }

    /// Kills a child without warning and waits until another has taken its place.
    func killAndAwaitReturn(_ name: String) async throws {
        let old = try pid(of: name)
        try signal(name, SIGKILL)
        try await waitUntil("\(name) is started again") {
            try requireRunning()
            return processIDs()[name].map { $0 != old } ?? false
        }
    }

    /// The children of this cluster by name, from their command lines.
    func processIDs() -> [String: pid_t] {
        var found: [String: pid_t] = [:]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for pid in names.compactMap({ pid_t($0) }) {
            let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            let arguments = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            guard let place = arguments.firstIndex(of: "--name"), place + 1 < arguments.count,
                arguments.contains(state)
            else { continue }
            found[arguments[place + 1]] = pid
        }
        return found
    }

    // MARK: Programs

    /// Runs a command of the supervisor on this cluster's configuration and state.
    func command(_ arguments: String...) async throws -> ProgramResult {
        try await run(
            Self.binary("supervisor"),
            arguments + ["--config", configurationPath, "--state", state])
    }

    /// Runs the supervisor with exactly these arguments.
    func supervisor(_ arguments: String...) async throws -> ProgramResult {
        try await supervisor(arguments)
    }

    /// Runs the supervisor with exactly these arguments.
    func supervisor(_ arguments: [String]) async throws -> ProgramResult {
        try await run(Self.binary("supervisor"), arguments)
    }

    /// Runs a program to its end.
    func run(
        _ executable: String, _ arguments: [String], within patience: Duration = .seconds(90)
    ) async throws -> ProgramResult {
        let program = try ChildProgram(executable, arguments, folder: folder + "/out")
        return try await program.finish(within: patience)
    }

    func expect(_ result: ProgramResult, exitCode: Int32) throws {
        guard result.exitCode == exitCode else {
            throw ClusterFailure(
                "exit code \(result.exitCode), expected \(exitCode):\n\(result.output)"
                    + "\(result.errors)")
        }
    }

    /// Where the binaries lie: beside the tests, or where `BELLWETHER_BINARIES` says.
    static func binary(_ name: String) -> String {
        let folder =
            ProcessInfo.processInfo.environment["BELLWETHER_BINARIES"] ?? sources + "/.build/debug"
        return "\(folder)/\(name)"
    }

    /// The root of the sources.
    static let sources = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    private static func configuration(_ options: ClusterOptions, port: UInt16) throws -> String {
        guard options.hasTwoVenues else { return options.configuration(port: port) }
        let sample = try String(
            contentsOfFile: sources + "/deploy/config/two-venues.yaml", encoding: .utf8)
        return options.twoVenues(port: port, tokenPort: try freePort(), sample: sample)
    }

    private static func makeFolder() throws -> String {
        var template = Array("/tmp/bwc-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ClusterFailure("no temporary folder: \(String(cString: strerror(errno)))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The last lines of every log.
    private func logTails() -> String {
        let logs = state + "/logs"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: logs)) ?? []
        return names.sorted().map { name in
            let text = String(
                decoding: FileManager.default.contents(atPath: "\(logs)/\(name)") ?? Data(),
                as: UTF8.self)
            let lines = text.split(separator: "\n").suffix(12).map { $0.prefix(400) }
            return "--- \(name)\n" + lines.joined(separator: "\n")
        }.joined(separator: "\n") + "\n--- up\n\((up?.output ?? "").suffix(1_500))"
    }
}

/// A TCP port that is free at this moment.
func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
        }
    }
    guard isBound else { throw ClusterFailure("no free port") }
    return UInt16(bigEndian: address.sin_port)
}
