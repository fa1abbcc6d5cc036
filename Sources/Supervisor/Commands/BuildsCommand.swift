import ArgumentParser
import Runtime

/// What may trade, by content.
struct BuildsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "builds",
        abstract: "Prints the SHA-256 of the programs that trade, as `builds` of a configuration.",
        discussion: "A core, gateway or agent of a build that the configuration does not list gets "
            + "no session. While a new version is rolled out, list both.\n"
            + "Example: supervisor builds --folder /opt/bellwether/bin >> cluster.yaml")

    @Option(name: .long, help: "Where the programs lie. Default: beside this one.")
    var folder: String?

    @Flag(name: .long, help: "Prints JSON for machines.")
    var json = false

    func run() async throws {
        await SupervisorCommand.perform {
            var builds: [(program: String, build: String)] = []
            for kind in BuildsCommand.kinds {
                let path = "\(folder ?? FileSystem.executableFolder())/\(kind.executable)"
                builds.append((kind.executable, "\(try Executable.build(of: path))"))
            }
            let terminal = Terminal()
            if json {
                let pairs = builds.map { ($0.program, $0.build) }
                return terminal.line(JSONText.encode(Dictionary(uniqueKeysWithValues: pairs)))
            }
            terminal.line("builds:")
            for (program, build) in builds { terminal.line("  - \(build)  # \(program)") }
        }
    }

    /// Those whose sessions carry orders.
    static let kinds: [ChildKind] = [.core, .gateway, .agent]
}
