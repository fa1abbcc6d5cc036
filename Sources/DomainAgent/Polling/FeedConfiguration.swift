package import Runtime
package import Signals
package import Trading

/// A source that is asked over HTTP: `feeds` in an agent's `parameters`.
package struct FeedConfiguration: Sendable, Equatable {
    /// A header of every request; the value may lie in a file that only the owner can read.
    struct Header: Sendable, Equatable {
        let name: String
        let value: String?
        let file: String?
    }

    /// The source's name in facts, in `status` and in explanations.
    package let name: String
    package let url: String
    /// How long after an answer the next one is asked for.
    package let every: Span
    /// How long an answer may take from the first byte to the last.
    package let timeout: Span
    /// The largest answer, bytes.
    package let sizeMax: Int
    let headers: [Header]
    package let mappings: [FactMapping]

    /// Reads one entry; `rules` say what the domain has a use for.
    package init(
        _ section: ConfigurationSection, rules: [FactRule]
    ) throws(ConfigurationError) {
        try section.allow("name", "url", "every", "timeout", "size-max", "headers", "facts")
        name = try section.name("name").description
        url = try section.text("url")
        guard FeedConfiguration.isAllowed(url) else {
            throw section.refusal(
                "url", expected: "an address with https, or http on this machine")
        }
        every = try section.duration("every")
        timeout = try section.duration("timeout", default: .seconds(10))
        guard every >= .milliseconds(100), timeout <= .seconds(120) else {
            throw section.refusal(
                "every", expected: "100ms or more, with a timeout of 120s or less")
        }
        sizeMax = try section.integer("size-max", in: 64...(64 << 20), default: 1 << 20)
        var headers: [Header] = []
        for entry in try section.sections("headers", isRequired: false) {
            headers.append(try FeedConfiguration.header(entry))
        }
        self.headers = headers
        var mappings: [FactMapping] = []
        for entry in try section.sections("facts", isRequired: true) {
            mappings.append(try FactMapping(entry, rules: rules))
        }
        self.mappings = mappings
    }

    /// What a source says must not be changed on its way here.
    private static func isAllowed(_ url: String) -> Bool {
        if url.hasPrefix("https://"), url.utf8.count > 8 { return true }
        return ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains { local in
            guard url.hasPrefix(local) else { return false }
            let next = url.dropFirst(local.count).first
            return next == nil || next == ":" || next == "/"
        }
    }

    private static func header(
        _ entry: ConfigurationSection
    ) throws(ConfigurationError) -> Header {
        try entry.allow("name", "value", "file")
        guard entry.contains("value") != entry.contains("file") else {
            throw entry.refusal("value", expected: "`value` or `file`, one of both")
        }
        func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { (32..<127).contains($0) } }
        let name = try entry.text("name")
        let value = entry.contains("value") ? try entry.text("value") : nil
        guard isPlain(name), !name.contains(" "), !name.contains(":"), isPlain(value ?? "") else {
            throw entry.refusal("name", expected: "a header of plain characters")
        }
        return Header(
            name: name, value: value,
            file: entry.contains("file") ? try entry.text("file") : nil)
    }
}

extension FactMapping {
    private static let keys = [
        "kind", "rows", "where", "topic", "topics", "utc-offset", "event", "version", "unit",
        "unit-path",
        "units", "values", "names",
    ]

    init(_ section: ConfigurationSection, rules: [FactRule]) throws(ConfigurationError) {
        try section.allow(FactMapping.keys)
        let rule = try section.choice("kind", of: rules.map { ($0.kind, $0) })
        kind = rule.kind
        rows = section.contains("rows") ? try section.text("rows") : ""
        var conditions: [Condition] = []
        for entry in try section.sections("where", isRequired: false) {
            conditions.append(try FactMapping.condition(entry))
        }
        self.conditions = conditions
        topic = try section.text("topic")
        topics = try FactMapping.table(section, "topics")
        dayOffset =
            section.contains("utc-offset")
            ? try section.integer("utc-offset", in: -12...14) : nil
        event = section.contains("event") ? try section.text("event") : nil
        version =
            section.contains("version")
            ? try FactMapping.condition(try section.section("version")) : nil
        unitPath = section.contains("unit-path") ? try section.text("unit-path") : nil
        unit = try section.text("unit", default: rule.unit)
        units = try FactMapping.table(section, "units")
        values = try FactMapping.values(section, rule)
        names = try FactMapping.names(section, rule)
    }

    private static func condition(
        _ entry: ConfigurationSection
    ) throws(ConfigurationError) -> Condition {
        try entry.allow("path", "is")
        return Condition(
            path: try entry.text("path"),
            text: entry.contains("is") ? try entry.text("is") : nil)
    }

    private static func table(
        _ section: ConfigurationSection, _ key: String
    ) throws(ConfigurationError) -> [String: String] {
        var table: [String: String] = [:]
        let entries = try section.optionalSection(key)
        for entry in entries.entries { table[entry.key] = try entries.text(entry.key) }
        return table
    }

    /// Every number that the domain's rule asks for has to be told where it stands.
    private static func values(
        _ section: ConfigurationSection, _ rule: FactRule
    ) throws(ConfigurationError) -> [Value] {
        var values: [Value] = []
        for entry in try section.sections("values", isRequired: true) {
            try entry.allow("name", "path", "scale", "plus", "sum", "over", "days-until")
            let name = try entry.choice("name", of: rule.fields.map { ($0.label, $0.label) })
            values.append(try value(name, entry))
        }
        for field in rule.fields where !values.contains(where: { $0.name == field.label }) {
            throw section.refusal("values", expected: "a value named `\(field.label)`")
        }
        return values
    }

    private static func value(
        _ name: String, _ entry: ConfigurationSection
    ) throws(ConfigurationError) -> Value {
        var terms: [Value.Term] = []
        if entry.contains("path") {
            terms.append(
                Value.Term(
                    path: try entry.text("path"),
                    scale: try entry.real("scale", in: -1e9...1e9, default: 1)))
        }
        for term in try entry.sections("sum", isRequired: false) {
            try term.allow("path", "scale")
            terms.append(
                Value.Term(
                    path: try term.text("path"),
                    scale: try term.real("scale", in: -1e9...1e9, default: 1)))
        }
        var over: [String] = []
        for part in try entry.sections("over", isRequired: false) {
            try part.allow("path")
            over.append(try part.text("path"))
        }
        var until: Timestamp?
        if entry.contains("days-until") {
            guard let moment = FeedMoment(try entry.text("days-until"))?.moment, terms.count == 1
            else {
                throw entry.refusal(
                    "days-until", expected: "a day such as 2026-11-03, and a `path` beside it")
            }
            until = moment
        }
        guard !terms.isEmpty || entry.contains("plus") else {
            throw entry.refusal("path", expected: "`path`, `sum` or `plus`")
        }
        return Value(
            name: name, plus: try entry.real("plus", in: -1e12...1e12, default: 0), terms: terms,
            over: over, daysUntil: until)
    }

    private static func names(
        _ section: ConfigurationSection, _ rule: FactRule
    ) throws(ConfigurationError) -> [Name] {
        var names: [Name] = []
        for entry in try section.sections("names", isRequired: false) {
            try entry.allow("name", "text")
            names.append(
                Name(
                    name: try entry.choice("name", of: rule.names.map { ($0, $0) }),
                    text: try entry.text("text")))
        }
        for name in rule.names where !names.contains(where: { $0.name == name }) {
            throw section.refusal("names", expected: "a name called `\(name)`")
        }
        return names
    }
}
