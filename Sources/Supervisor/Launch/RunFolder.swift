import Glibc
import Runtime
import Trading

/// The state of one run of a local cluster, and the runs before it.
///
/// A replay starts its market's day again, and a journal's time never goes back: so a new run
/// starts on empty state. Keys and generated data stay.
struct RunFolder: Sendable {
    /// How many earlier runs are kept.
    static let keep = 5

    let state: StateDirectory

    private var history: String { state.root + "/runs" }

    /// Whether processes have left state here.
    func isUsed(by processes: [ProcessID]) -> Bool {
        processes.contains { !FileSystem.names(in: state.folder(of: $0)).isEmpty }
    }

    /// Moves the state of the processes into `runs/N` and returns that folder; nil without any.
    func setAside(_ processes: [ProcessID]) throws(ProcessFailure) -> String? {
        guard isUsed(by: processes) else { return nil }
        let numbers = FileSystem.names(in: history).compactMap { Int($0) }.sorted()
        let target = "\(history)/\((numbers.last ?? 0) + 1)"
        do throws(StateError) {
            try StateDirectory.makeFolder(target)
        } catch {
            throw ProcessFailure(.refused, error.description)
        }
        let folders = processes.map { state.folder(of: $0) } + [state.logs]
        for folder in folders where FileSystem.exists(folder) {
            let name = folder.split(separator: "/").last.map(String.init) ?? folder
            guard rename(folder, "\(target)/\(name)") == 0 else {
                throw ProcessFailure(
                    .refused,
                    "cannot move \(folder) to \(target): \(String(cString: strerror(errno)))")
            }
        }
        for number in numbers.dropLast(RunFolder.keep - 1) {
            FileSystem.removeTree("\(history)/\(number)")
        }
        return target
    }

    /// Holds the state for this run alone; the lock goes with the process.
    func lock() throws(ProcessFailure) {
        guard FileLock.take(state.run + "/up.lock") else {
            throw ProcessFailure(
                .unavailable,
                "another cluster runs on \(state.root): stop it, or choose another --state")
        }
    }
}
