package import Trading

/// A section of a configuration file that is read key by key, strictly.
///
/// `allow` first, so that a misspelt key is named before the key that it was meant to be is missed.
/// Agents read their own `parameters` through it, with the same messages.
package struct ConfigurationSection: Sendable, Equatable {
    package let file: String
    /// The path of this section in the file, empty for the root.
    package let path: String
    package let line: Int
    package let entries: [ConfigurationEntry]

    package init(_ value: ConfigurationValue, file: String, path: String)
        throws(ConfigurationError)
    {
        switch value {
        case .section(let entries, let line):
            self.init(file: file, path: path, line: line, entries: entries)
        case .scalar(let scalar) where scalar.isNull:
            self.init(file: file, path: path, line: scalar.line, entries: [])
        case .scalar, .list:
            throw ConfigurationError(
                file: file, line: value.line, key: path, expected: "a section of keys",
                found: value.summary)
        }
    }

    package init(file: String, path: String, line: Int, entries: [ConfigurationEntry]) {
        self.file = file
        self.path = path
        self.line = line
        self.entries = entries
    }

    /// Refuses every key that is not among `keys`.
    package func allow(_ keys: String...) throws(ConfigurationError) { try allow(keys) }

    /// Refuses every key that is not among `keys`.
    package func allow(_ keys: [String]) throws(ConfigurationError) {
        for entry in entries where !keys.contains(entry.key) {
            throw ConfigurationError(
                file: file, line: entry.line, key: path,
                expected: "one of \(keys.joined(separator: ", "))", found: "`\(entry.key)`")
        }
    }

    package func contains(_ key: String) -> Bool { entries.contains { $0.key == key } }

    /// The error that says that the value of `key` is not what was expected.
    package func refusal(_ key: String, expected: String) -> ConfigurationError {
        let entry = entries.first { $0.key == key }
        return ConfigurationError(
            file: file, line: entry?.value.line ?? line, key: join(key), expected: expected,
            found: entry?.value.summary ?? "nothing")
    }

    // MARK: Values. A nil default means that the key must be there.

    package func text(_ key: String, default fallback: String? = nil)
        throws(ConfigurationError) -> String
    {
        try read(key, default: fallback, expected: "text") { $0.isEmpty ? nil : $0 }
    }

    package func integer(
        _ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil
    ) throws(ConfigurationError) -> Int {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return try read(key, default: fallback, expected: expected) { text in
            guard let value = Int(text), range.contains(value) else { return nil }
            return value
        }
    }

    package func seed(_ key: String, default fallback: UInt64? = nil)
        throws(ConfigurationError) -> UInt64
    {
        try read(key, default: fallback, expected: "a whole number of at most 64 bits") {
            UInt64($0)
        }
    }

    package func flag(_ key: String, default fallback: Bool? = nil)
        throws(ConfigurationError) -> Bool
    {
        try read(key, default: fallback, expected: "true or false") { text in
            switch text {
            case "true": true
            case "false": false
            default: nil
            }
        }
    }

    /// A statistic, such as a model's parameter. Never money.
    package func real(
        _ key: String, in range: ClosedRange<Double>, default fallback: Double? = nil
    ) throws(ConfigurationError) -> Double {
        let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
        return try read(key, default: fallback, expected: expected) { text in
            guard let value = Double(text), range.contains(value) else { return nil }
            return value
        }
    }

    /// An exact decimal that is not negative: an amount, a price or a quantity.
    package func decimal<Amount: FixedPoint>(
        _ key: String, default fallback: Amount? = nil
    ) throws(ConfigurationError) -> Amount {
        let expected = "a decimal of at most nine places, not negative, such as \"12.5\""
        return try read(key, default: fallback, expected: expected) { text in
            guard let value = Amount(decimal: text), !value.isNegative else { return nil }
            return value
        }
    }

    /// A positive length of time: `200ms`, `1.5s`, `10m`.
    package func duration(_ key: String, default fallback: Span? = nil)
        throws(ConfigurationError) -> Span
    {
        try read(key, default: fallback, expected: "a duration such as 200ms, 1.5s or 10m") {
            Span(configured: $0)
        }
    }

    /// A name of at most 16 bytes.
    package func name(_ key: String, default fallback: ShortName? = nil)
        throws(ConfigurationError) -> ShortName
    {
        try read(key, default: fallback, expected: shortNameRule) { ShortName($0) }
    }

    package func identifier<ID: ShortIdentifier>(_ key: String, default fallback: ID? = nil)
        throws(ConfigurationError) -> ID
    {
        try read(key, default: fallback, expected: shortNameRule) { ID($0) }
    }

    package func longIdentifier<ID: LongIdentifier>(_ key: String, default fallback: ID? = nil)
        throws(ConfigurationError) -> ID
    {
        let expected = "a name of at most 32 of A-Z a-z 0-9 . _ -"
        return try read(key, default: fallback, expected: expected) { ID($0) }
    }

    /// One of the named choices.
    package func choice<Choice>(
        _ key: String, of choices: [(String, Choice)], default fallback: Choice? = nil
    ) throws(ConfigurationError) -> Choice {
        let expected = "one of " + choices.map(\.0).joined(separator: ", ")
        return try read(key, default: fallback, expected: expected) { text in
            choices.first { $0.0 == text }?.1
        }
    }

    // MARK: Inner sections

    package func section(_ key: String) throws(ConfigurationError) -> ConfigurationSection {
        guard let entry = entries.first(where: { $0.key == key }) else {
            throw refusal(key, expected: "a section of keys")
        }
        return try ConfigurationSection(entry.value, file: file, path: join(key))
    }

    /// The inner section, or an empty one where the key is missing.
    package func optionalSection(_ key: String) throws(ConfigurationError) -> ConfigurationSection {
        guard contains(key) else {
            return ConfigurationSection(file: file, path: join(key), line: line, entries: [])
        }
        return try section(key)
    }

    /// The sections of a list; empty where the key is missing and `isRequired` is false.
    package func sections(_ key: String, isRequired: Bool)
        throws(ConfigurationError) -> [ConfigurationSection]
    {
        guard let entry = entries.first(where: { $0.key == key }) else {
            if isRequired { throw refusal(key, expected: "a list of sections") }
            return []
        }
        guard case .list(let items, _) = entry.value, !items.isEmpty || !isRequired else {
            throw refusal(key, expected: "a list of sections")
        }
        var sections: [ConfigurationSection] = []
        for (index, item) in items.enumerated() {
            sections.append(
                try ConfigurationSection(item, file: file, path: "\(join(key))[\(index)]"))
        }
        return sections
    }

    /// The single values of a list, each once; empty where the key is missing.
    package func list<Value: Equatable>(
        _ key: String, expected: String, _ parse: (String) -> Value?
    ) throws(ConfigurationError) -> [Value] {
        guard let entry = entries.first(where: { $0.key == key }) else { return [] }
        guard case .list(let items, _) = entry.value else {
            throw refusal(key, expected: "a list")
        }
        var values: [Value] = []
        for (index, item) in items.enumerated() {
            guard case .scalar(let scalar) = item, let value = parse(scalar.text),
                !values.contains(value)
            else {
                throw ConfigurationError(
                    file: file, line: item.line, key: "\(join(key))[\(index)]",
                    expected: expected + ", each once", found: item.summary)
            }
            values.append(value)
        }
        return values
    }

    // MARK: Private

    private func join(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func read<Value>(
        _ key: String, default fallback: Value?, expected: String,
        _ parse: (String) -> Value?
    ) throws(ConfigurationError) -> Value {
        guard let entry = entries.first(where: { $0.key == key }) else {
            if let fallback { return fallback }
            throw refusal(key, expected: expected)
        }
        guard case .scalar(let scalar) = entry.value, !scalar.isNull,
            let value = parse(scalar.text)
        else { throw refusal(key, expected: expected) }
        return value
    }
}

private let shortNameRule = "a name of at most 16 of A-Z a-z 0-9 . _ -"

extension Span {
    /// Parses `200ms`, `1.5s`, `10m`, `12h`, `250us`; nil when it is anything else or not positive.
    package init?(configured text: some StringProtocol) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let unit = Span.units[String(text.dropFirst(number.count))],
            let value = Quantity(decimal: number), value.units > 0
        else { return nil }
        let product = Int128(value.units) * Int128(unit)
        guard product % 1_000_000_000 == 0,
            let nanoseconds = Int64(exactly: product / 1_000_000_000)
        else { return nil }
        self.init(nanoseconds: nanoseconds)
    }

    private static let units: [String: Int64] = [
        "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
        "h": 3_600_000_000_000,
    ]
}
