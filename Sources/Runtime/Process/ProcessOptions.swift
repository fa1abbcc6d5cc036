package import ArgumentParser
package import Trading

/// The options that every binary takes.
package struct ProcessOptions: ParsableArguments, Sendable {
    @Option(name: .long, help: "The configuration file of the cluster.")
    package var config: String

    @Option(
        name: .long,
        help: "The directory of all state. Default: $XDG_STATE_HOME/bellwether or its fallbacks.")
    package var state: String?

    @Option(name: .long, help: "Which process of the configuration this is.")
    package var name: ProcessID?

    @Option(
        name: .long, help: "The folder of recorded data. Default: a generated day in the state.")
    package var data: String?

    @Option(name: .long, help: "The speed of replay: 1, a factor, or max.")
    package var speed: ReplaySpeed = .factor(1)

    @Flag(name: .long, help: "Prints JSON for machines.")
    package var json = false

    package init() {}
}

extension ProcessID: ExpressibleByArgument {
    /// A process's name as an argument.
    package init?(argument: String) { self.init(argument) }
}
