import Yams

/// A value of a configuration file with the line it stands on.
///
/// A tree of its own rather than the parser's: it is `Sendable`, has no aliases, and every value
/// knows its line.
package indirect enum ConfigurationValue: Sendable, Equatable {
    case scalar(ConfigurationScalar)
    case list([ConfigurationValue], line: Int)
    case section([ConfigurationEntry], line: Int)

    package var line: Int {
        switch self {
        case .scalar(let scalar): scalar.line
        case .list(_, let line), .section(_, let line): line
        }
    }

    /// What the value is, for an error message.
    package var summary: String {
        switch self {
        case .scalar(let scalar): scalar.isNull ? "nothing" : "`\(scalar.text.prefix(80))`"
        case .list(let items, _): "a list of \(items.count)"
        case .section(let entries, _): "a section of \(entries.count) keys"
        }
    }
}

/// A single value as it was written.
package struct ConfigurationScalar: Sendable, Equatable {
    package let text: String
    package let line: Int
    /// Whether it was written without quotes, so that `true`, `null` and numbers mean themselves.
    package let isPlain: Bool

    package init(text: String, line: Int, isPlain: Bool) {
        self.text = text
        self.line = line
        self.isPlain = isPlain
    }

    package var isNull: Bool { isPlain && ["", "~", "null"].contains(text) }
}

/// A key and its value.
package struct ConfigurationEntry: Sendable, Equatable {
    package let key: String
    package let line: Int
    package let value: ConfigurationValue

    package init(key: String, line: Int, value: ConfigurationValue) {
        self.key = key
        self.line = line
        self.value = value
    }
}

extension ConfigurationValue {
    /// Reads one YAML document.
    package init(yaml: String, file: String) throws(ConfigurationError) {
        func failure(_ line: Int, _ expected: String, _ found: String) -> ConfigurationError {
            ConfigurationError(file: file, line: line, key: "", expected: expected, found: found)
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch let error as YamlError {
            let (line, expected, found) = describe(error)
            throw failure(line, expected, found)
        } catch {
            throw failure(0, "a YAML document", "\(error)")
        }
        guard let root else { throw failure(1, "a YAML document", "an empty file") }
        try self.init(node: root, file: file, path: "", depth: 0)
    }

    private init(
        node: Node, file: String, path: String, depth: Int
    ) throws(ConfigurationError) {
        func failure(_ expected: String, _ found: String) -> ConfigurationError {
            ConfigurationError(
                file: file, line: node.mark?.line ?? 0, key: path, expected: expected, found: found)
        }
        let line = node.mark?.line ?? 0
        guard depth < 16 else { throw failure("at most 16 levels", "more") }
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            self = .scalar(ConfigurationScalar(text: scalar.string, line: line, isPlain: isPlain))
        case .sequence(let sequence):
            var items: [ConfigurationValue] = []
            for (index, item) in sequence.enumerated() {
                items.append(
                    try ConfigurationValue(
                        node: item, file: file, path: "\(path)[\(index)]", depth: depth + 1))
            }
            self = .list(items, line: line)
        case .mapping(let mapping):
            var entries: [ConfigurationEntry] = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key else {
                    throw failure("a key that is a word", "a list or a section as key")
                }
                let inner = path.isEmpty ? name.string : "\(path).\(name.string)"
                entries.append(
                    ConfigurationEntry(
                        key: name.string, line: name.mark?.line ?? line,
                        value: try ConfigurationValue(
                            node: value, file: file, path: inner, depth: depth + 1)))
            }
            self = .section(entries, line: line)
        case .alias:
            throw failure("a value", "an alias")
        }
    }
}

/// The line, what was expected and what the parser says that it found.
private func describe(_ error: YamlError) -> (Int, String, String) {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        (mark.line, "YAML", "an error at column \(mark.column): \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
        (context.mark.line, "each key once", "`\(duplicates.joined(separator: "`, `"))` twice")
    case .reader(let problem, _, _, _): (0, "UTF-8 text", problem)
    default: (0, "a YAML document", "\(error)")
    }
}
