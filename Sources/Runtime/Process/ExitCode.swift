import Glibc

/// What a command's exit says to scripts.
package enum ExitCode: Int32, Sendable {
    case success = 0
    /// A check failed or the request was refused.
    case refused = 1
    /// Wrong usage or configuration.
    case usage = 2
    /// A peer, a port or a service is not there.
    case unavailable = 3
}

/// An error that ends a process with one line on standard error and an exit code.
package struct ProcessFailure: Error, Sendable, CustomStringConvertible {
    package let code: ExitCode
    package let description: String

    package init(_ code: ExitCode, _ description: String) {
        self.code = code
        self.description = description
    }

    /// The failure that any error amounts to.
    package init(_ error: any Error) {
        switch error {
        case let failure as ProcessFailure: self = failure
        case let error as ConfigurationError: self.init(.usage, error.description)
        case let error as StateError: self.init(.usage, error.description)
        case let error as RecordingError:
            self.init(error.code == .missing ? .unavailable : .usage, error.description)
        default: self.init(.refused, "\(error)")
        }
    }

    /// Writes the line and ends the process.
    package func exit(name: String) -> Never {
        let line = Array("\(name): \(description)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        Glibc.exit(code.rawValue)
    }
}
