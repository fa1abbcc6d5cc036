import ArgumentParser
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Runtime
import Trading

/// Looks a deployment over.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks a deployment, and says in plain words what to fix.",
        discussion: "Changes nothing. Exit code 1 where something does not work. A venue's own "
            + "account is checked by `execution-gateway doctor`.\n"
            + "Example: supervisor doctor --config /etc/bellwether/cluster.yaml --json")

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform {
            let findings = try await DoctorCommand.examine(options)
            let terminal = Terminal()
            if options.json {
                terminal.line(JSONText.encode(findings))
            } else {
                for line in Finding.lines(findings) { terminal.line(line) }
            }
            let problems = findings.count { $0.verdict == .problem }
            guard problems == 0 else {
                throw ProcessFailure(
                    .refused, problems == 1 ? "one check failed" : "\(problems) checks failed")
            }
        }
    }

    /// Every finding; a configuration that cannot be read is the only one.
    static func examine(_ options: ConsoleOptions) async throws -> [Finding] {
        let configuration: ClusterConfiguration
        do {
            configuration = try options.configuration()
        } catch {
            return [
                .problem(
                    "configuration", error.description,
                    "correct it there; docs/HACKING.md explains every key")
            ]
        }
        let checkup = Checkup(configuration: configuration, state: options.stateDirectory)
        return checkup.still() + (try await answers(checkup, options))
    }

    /// What the processes say, where a cluster runs.
    private static func answers(
        _ checkup: Checkup, _ options: ConsoleOptions
    ) async throws -> [Finding] {
        guard checkup.isSupervised else {
            return [.fine("processes", "no cluster runs on \(checkup.state.root)")]
        }
        let session = try options.console()
        let console = try session.links(to: session.speakers)
        defer { console.close() }
        let reports = await StatusReport.gather(session.speakers, console)
        let versions = Set(reports.compactMap(\.version))
        return reports.map { Finding($0, versions: versions) }
            + [await serving(checkup.configuration)].compactMap { $0 }
    }

    /// Whether the supervisor's API answers; nil where none is configured.
    private static func serving(_ configuration: ClusterConfiguration) async -> Finding? {
        guard let http = configuration.supervisor.http else { return nil }
        let url = http.address + "healthz"
        do {
            let answer = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: url), timeout: .seconds(5))
            guard answer.status == .ok else {
                return .problem(
                    "api", "\(url) answers \(answer.status.code)",
                    "read the supervisor's log; is another program at its port?")
            }
        } catch {
            return .problem(
                "api", "\(url) does not answer", "read the supervisor's log: `no dashboard`, `web`")
        }
        return .fine("api", "\(url) answers")
    }
}
