/// A configuration that cannot be used, with where it is wrong and what was expected there.
package struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    package let file: String
    /// Counted from one; zero where the file as a whole is meant.
    package let line: Int
    /// The path of the key, such as `gateways[0].account`; empty for the file itself.
    package let key: String
    package let expected: String
    package let found: String

    package init(file: String, line: Int, key: String, expected: String, found: String) {
        self.file = file
        self.line = line
        self.key = key
        self.expected = expected
        self.found = found
    }

    /// `FILE:LINE: key.path: expected ..., found ...`.
    package var description: String {
        let place = line > 0 ? "\(file):\(line)" : file
        let subject = key.isEmpty ? "" : "\(key): "
        return "\(place): \(subject)expected \(expected), found \(found)"
    }
}
