/// Why a transport cannot be set up: what was attempted, where, and what to do.
package struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of a failure, for exit codes and tests.
    package enum Code: Sendable, Hashable {
        /// The text is no endpoint.
        case badEndpoint
        /// The text is no key.
        case badKey
        /// A process has no key in the directory.
        case unknownProcess
        /// The endpoint is in use.
        case addressInUse
        /// The endpoint cannot be bound or connected.
        case unavailable
        /// libzmq or the system refused.
        case system
    }

    /// The kind.
    package let code: Code
    /// What failed, where, and what to do.
    package let message: String

    /// Makes an error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
