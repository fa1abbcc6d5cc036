import ArgumentParser
import Runtime

/// Lists the files that results refer to, with the hash that names each one.
struct DatasetsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datasets",
        abstract: "Lists the data files with their lines and the SHA-256 of their content.",
        discussion: "The hash is that of what is in a file, not of its compression.")

    @OptionGroup var source: DataOptions

    @Flag(help: "Prints JSON for machines.")
    var json = false

    func run() throws {
        ResearchCommand.perform {
            let folder = try source.folder()
            let files = try folder.files().map { try DatasetSummary(folder.dataset($0)) }
            if json { return try ResearchCommand.printJSON(files) }
            for file in files { print("\(file.sha256)  \(file.lines)\t\(file.path)") }
        }
    }
}

/// Where the data are.
struct DataOptions: ParsableArguments {
    @Option(
        help: "The folder of recorded data. Default: $BELLWETHER_DATA, else ../shared/data.")
    var data: String?

    func folder() throws -> DataFolder {
        try DataFolder(data ?? DataFolder.standardPath)
    }
}
