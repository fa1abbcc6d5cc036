import Dispatch
import Foundation
import Runtime

/// A binary of the cluster that was built beside this one, running as a process of its own.
final class SiblingProgram {
    private let name: String
    private let process = Process()
    private let errors: String
    private let end = DispatchSemaphore(value: 0)

    /// Starts the program; what it says on standard error goes to a file in `folder`.
    init(_ name: String, _ arguments: [String], folder: String) throws {
        self.name = name
        errors = "\(folder)/\(name).err"
        guard FileManager.default.createFile(atPath: errors, contents: nil) else {
            throw BenchFailure("cannot write \(errors): choose a TMPDIR that can be written")
        }
        process.executableURL = URL(fileURLWithPath: try SiblingProgram.path(of: name))
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        var environment = ProcessInfo.processInfo.environment
        environment[StopSignal.parentVariable] = "\(getpid())"
        process.environment = environment
        process.terminationHandler = { [end] _ in end.signal() }
        try process.run()
    }

    /// Waits until it has ended, and throws when it did not end well.
    func finish() throws {
        guard end.wait(timeout: .now() + 60) == .success else {
            kill(process.processIdentifier, SIGKILL)
            throw BenchFailure("\(name) did not end within 60 s")
        }
        end.signal()
        guard process.terminationStatus == 0 else {
            throw BenchFailure("\(name) ended with \(process.terminationStatus): \(complaint)")
        }
    }

    /// Asks it to end; kills it when it does not.
    func stop() {
        if process.isRunning { process.terminate() }
        if end.wait(timeout: .now() + 10) == .timedOut {
            kill(process.processIdentifier, SIGKILL)
        }
    }

    /// What it said on standard error.
    var complaint: String {
        let said = FileManager.default.contents(atPath: errors) ?? Data()
        return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    private static func path(of name: String) throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = URL(fileURLWithPath: own).deletingLastPathComponent()
        let path = folder.appendingPathComponent(name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw BenchFailure(
                "there is no \(name) in \(folder.path): run `make bench`, or build it there with "
                    + "`swift build --product \(name)`")
        }
        return path
    }
}
