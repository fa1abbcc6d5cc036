import Foundation
import Glibc

/// What a program came to.
struct ProgramResult {
    /// As a shell would say it: a program that a signal ended has 128 and the signal's number.
    let exitCode: Int32
    let output: String
    let errors: String

    /// The lines on standard error that are not empty.
    var errorLines: [Substring] { errors.split(separator: "\n") }
}

/// A program that runs beside the test; what it writes goes to files, so that it never waits for
/// its reader.
///
/// Spawned directly: `Foundation.Process` keeps a descriptor of every program that has run, and
/// writes past its end of a table from number 1,024 on.
final class ChildProgram {
    let pid: pid_t
    private let executable: String
    private let outputPath: String
    private let errorPath: String
    /// What `waitpid` has said; a program is asked only until its end.
    private var status: Int32?

    /// Starts a program; `folder` takes what it writes.
    init(_ executable: String, _ arguments: [String], folder: String) throws {
        self.executable = executable
        let name = "\(folder)/\(UUID().uuidString.prefix(8))"
        outputPath = name + ".out"
        errorPath = name + ".err"
        pid = try ChildProgram.spawn(
            executable, arguments, output: outputPath, errors: errorPath)
    }

    deinit {
        // A program that still runs is waited for by nobody else; one that was killed leaves.
        if status == nil, waitpid(pid, nil, WNOHANG) == 0 { kill(pid, SIGKILL) }
    }

    var isRunning: Bool {
        if status != nil { return false }
        var found: Int32 = 0
        guard waitpid(pid, &found, WNOHANG) == pid else { return true }
        status = found
        return false
    }

    var output: String { ChildProgram.text(of: outputPath) }
    var errors: String { ChildProgram.text(of: errorPath) }

    func signal(_ number: Int32) {
        // The number of a program that has ended may be another's by now.
        if isRunning { kill(pid, number) }
    }

    /// Waits for its end; a program that does not end is killed and is an error.
    func finish(within patience: Duration) async throws -> ProgramResult {
        do {
            try await waitUntil("the end of \(executable)", within: patience) { !isRunning }
        } catch {
            signal(SIGKILL)
            throw error
        }
        let ending = status ?? 0
        let exitCode = ending & 0x7f == 0 ? ending >> 8 & 0xff : 128 + ending & 0x7f
        return ProgramResult(exitCode: exitCode, output: output, errors: errors)
    }

    private static func spawn(
        _ executable: String, _ arguments: [String], output: String, errors: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let written = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, written, 0o600)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, written, 0o600)
        // A thread of the tests' pool blocks signals, and a program inherits what its maker blocks.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words = ([executable] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, executable, &actions, &attributes, &words, environ)
        guard result == 0 else {
            throw ClusterFailure("cannot start \(executable): \(String(cString: strerror(result)))")
        }
        return pid
    }

    private static func text(of path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
