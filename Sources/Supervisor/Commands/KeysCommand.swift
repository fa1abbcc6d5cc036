import ArgumentParser
import Runtime

/// Everything about keys.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Makes the keys of a cluster.",
        subcommands: [KeysInitCommand.self])
}

/// Makes the keys that are missing.
struct KeysInitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Makes every key that the cluster's processes and operators lack.",
        discussion: "Nothing is ever overwritten. Give each process its own folder and `public/`, "
            + "and each operator their own key; keep the rest off the machine.")

    @Argument(help: "The folder of the keys.")
    var folder: String

    @OptionGroup var options: ConsoleOptions

    func run() async throws {
        await SupervisorCommand.perform { try make() }
    }

    private func make() throws {
        try Hardening.apply()
        let configuration = try options.configuration()
        var maker = KeyMaker(
            configuration: configuration, files: KeyFiles(root: StateDirectory(folder).root))
        try maker.run()
        let terminal = Terminal()
        if options.json {
            terminal.line(JSONText.encode(["made": maker.made, "notes": maker.notes]))
            return
        }
        for path in maker.made { terminal.line("made \(path)") }
        if maker.made.isEmpty { terminal.line("every key is there") }
        for note in maker.notes { terminal.line(note) }
    }
}
