import Foundation
import Glibc

/// What a program came to.
struct ProgramResult {
    let exitCode: Int32
    let output: String
    let errors: String

    /// The lines on standard error that are not empty.
    var errorLines: [Substring] { errors.split(separator: "\n") }
}

/// A program that runs beside the test; what it writes goes to files, so that it never waits for
/// its reader.
final class ChildProgram {
    private let process = Process()
    private let outputPath: String
    private let errorPath: String

    /// Starts a program; `folder` takes what it writes.
    init(_ executable: String, _ arguments: [String], folder: String) throws {
        let name = "\(folder)/\(UUID().uuidString.prefix(8))"
        outputPath = name + ".out"
        errorPath = name + ".err"
        for path in [outputPath, errorPath] {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw ClusterFailure("cannot write \(path)")
            }
        }
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: outputPath))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errorPath))
        try process.run()
    }

    var isRunning: Bool { process.isRunning }
    var pid: pid_t { process.processIdentifier }
    var output: String { ChildProgram.text(of: outputPath) }
    var errors: String { ChildProgram.text(of: errorPath) }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Waits for its end; a program that does not end is killed and is an error.
    func finish(within patience: Duration) async throws -> ProgramResult {
        do {
            try await waitUntil("the end of \(process.executableURL?.path ?? "")", within: patience)
            {
                !process.isRunning
            }
        } catch {
            signal(SIGKILL)
            throw error
        }
        return ProgramResult(exitCode: process.terminationStatus, output: output, errors: errors)
    }

    private static func text(of path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
