import Glibc
package import Trading

/// A state directory that cannot be used, in one line that says what to do.
package struct StateError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// The one directory that holds all state of a cluster, and what lies where in it.
///
/// A run can be moved, copied or deleted whole. Folders are readable by their owner alone.
package struct StateDirectory: Sendable, Equatable {
    /// Absolute, without a trailing slash.
    package let root: String

    /// The longest path that a UNIX socket may have.
    private static let socketPathMax = 107

    /// `path` may be relative to the working directory.
    package init(_ path: String) {
        var path = path
        while path.count > 1, path.last == "/" { path.removeLast() }
        if path.first == "/" {
            root = path
        } else {
            root = StateDirectory.workingDirectory() + "/" + path
        }
    }

    /// `$STATE_DIRECTORY` (set by systemd), `$XDG_STATE_HOME/bellwether`,
    /// `~/.local/state/bellwether`, or `/var/lib/bellwether` for root.
    package static func standard(environment: [String: String]) -> StateDirectory {
        if let path = environment["STATE_DIRECTORY"], !path.isEmpty { return StateDirectory(path) }
        if let home = environment["XDG_STATE_HOME"], !home.isEmpty {
            return StateDirectory(home + "/bellwether")
        }
        if geteuid() != 0, let home = environment["HOME"], !home.isEmpty {
            return StateDirectory(home + "/.local/state/bellwether")
        }
        return StateDirectory("/var/lib/bellwether")
    }

    package var run: String { root + "/run" }
    package var logs: String { root + "/logs" }
    package var data: String { root + "/data" }

    package func folder(of process: ProcessID) -> String { "\(root)/\(process)" }
    package func journal(of process: ProcessID) -> String {
        folder(of: process) + "/journal.sqlite"
    }
    package func log(of process: ProcessID) -> String { "\(logs)/\(process).log" }
    package func venueLog(of process: ProcessID) -> String { folder(of: process) + "/venue.log" }

    /// The folder of the keys that the configuration names.
    package func keys(_ configured: String) -> String {
        configured.hasPrefix("/") ? configured : "\(root)/\(configured)"
    }

    /// The address of a UNIX socket of a process.
    package func socketAddress(of process: ProcessID, _ role: SocketRole)
        throws(StateError) -> String
    {
        let path = "\(run)/\(process).\(role.rawValue).sock"
        guard path.utf8.count <= StateDirectory.socketPathMax else {
            throw StateError(
                "the socket path \(path) has \(path.utf8.count) bytes and the system allows "
                    + "\(StateDirectory.socketPathMax): choose a shorter --state")
        }
        return "ipc://" + path
    }

    /// Makes the folders that `process` needs. Safe to call again.
    package func prepare(for process: ProcessID) throws(StateError) {
        for path in [root, run, logs, folder(of: process)] {
            try StateDirectory.makeFolder(path)
        }
    }

    /// Makes a folder and its parents, for its owner alone.
    package static func makeFolder(_ path: String) throws(StateError) {
        var partial = ""
        for part in path.split(separator: "/") {
            partial += "/" + part
            if mkdir(partial, 0o700) == 0 || errno == EEXIST { continue }
            throw StateError(
                "cannot make the folder \(partial): \(String(cString: strerror(errno))); "
                    + "choose a --state that can be written")
        }
        guard access(path, W_OK | X_OK) == 0 else {
            throw StateError(
                "cannot write to the folder \(path): \(String(cString: strerror(errno)))")
        }
    }

    private static func workingDirectory() -> String {
        guard let path = getcwd(nil, 0) else { return "" }
        defer { free(path) }
        return String(cString: path)
    }
}
