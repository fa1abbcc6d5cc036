import Glibc
import Runtime
import Subprocess
import SystemPackage
import Trading

/// What must be there before a local cluster can start: binaries, state, keys and data.
struct ClusterPreparation: Sendable {
    let configuration: ClusterConfiguration
    let configurationPath: String
    let state: StateDirectory
    let binaries: String
    let isFresh: Bool
    let terminal: Terminal

    /// Says who the counterparties are, wherever results are shown.
    func announce() {
        if configuration.simVenue != nil {
            terminal.note("SIMULATED COUNTERPARTIES: PnL is not evidence")
        }
        if configuration.operators.count == 1 {
            terminal.note("one operator: nobody else has to agree to what they order")
        }
    }

    /// Every binary that the cluster needs, before anything is started.
    func checkBinaries() throws(ProcessFailure) {
        var kinds: [ChildKind] = [.gateway, .core]
        if configuration.simVenue != nil { kinds.append(.venue) }
        if !configuration.agents.isEmpty { kinds.append(.agent) }
        for kind in kinds where !FileSystem.isExecutable("\(binaries)/\(kind.executable)") {
            throw ProcessFailure(
                .unavailable,
                "\(binaries)/\(kind.executable) is missing: build it with `swift build`")
        }
    }

    /// The state's folders, the lock on it, a copy of the configuration, and missing keys.
    func prepareState() throws(ProcessFailure) {
        do throws(StateError) {
            try state.prepare(for: configuration.supervisor.name)
        } catch {
            throw ProcessFailure(.usage, error.description)
        }
        let folder = RunFolder(state: state)
        try folder.lock()
        if isFresh, !configuration.isSimulated {
            // A journal of real orders is never put out of the way by a convenience.
            terminal.note("the state is kept: only a paper run on sim-venue starts afresh")
        } else if isFresh, let aside = try folder.setAside(configuration.processNames) {
            terminal.note("the run before is kept in \(aside)")
            do throws(StateError) {
                try state.prepare(for: configuration.supervisor.name)
            } catch {
                throw ProcessFailure(.usage, error.description)
            }
        }
        try copyConfiguration()
        var maker = KeyMaker(
            configuration: configuration, files: KeyFiles(root: state.keys(configuration.keys)))
        try maker.run()
        if !maker.made.isEmpty {
            terminal.note("made \(maker.made.count) key files in \(state.keys(configuration.keys))")
        }
        for note in maker.notes { terminal.note(note) }
    }

    private func copyConfiguration() throws(ProcessFailure) {
        let text = try TextFile.read(configurationPath)
        let copy = state.configurationCopy
        if FileSystem.exists(copy), try TextFile.read(copy) == text { return }
        unlink(copy)
        try SecretFile.writePublic(text, to: copy)
    }

    /// The folder to replay from: the one that was named, or a generated day; nil where nothing is
    /// replayed.
    func data(named folder: String?) async throws -> String? {
        guard let simVenue = configuration.simVenue else { return nil }
        guard simVenue.markets == .recorded else {
            guard let folder else { return nil }
            throw ProcessFailure(
                .usage,
                "--data \(folder): \(configuration.file) has sim-venue list its demo markets, "
                    + "which replay nothing")
        }
        if let folder {
            guard !FileSystem.names(in: folder + "/crypto").isEmpty else {
                throw ProcessFailure(
                    .usage, "\(folder) has no recorded data: expected \(folder)/crypto/*.csv.gz")
            }
            return StateDirectory(folder).root
        }
        let target = "\(state.data)/seed-\(simVenue.seed)"
        if FileSystem.names(in: target + "/crypto").isEmpty {
            terminal.note("generating a day of data from seed \(simVenue.seed)")
            try await generate(seed: simVenue.seed, into: target)
        }
        return target
    }

    private func generate(seed: UInt64, into target: String) async throws {
        let result = try await Subprocess.run(
            .path(.init("\(binaries)/\(ChildKind.venue.executable)")),
            arguments: ["generate", "--seed", "\(seed)", "--out", target],
            output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else {
            let said = result.standardError
            throw ProcessFailure(.refused, "cannot generate data: \(said.prefix(500))")
        }
    }
}
