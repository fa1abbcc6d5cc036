package import Signals
package import Trading

/// How facts of one kind are read out of a source's answers. Paths are keys and places joined by
/// dots, from the row, or from the whole answer where they begin with `$.`.
package struct FactMapping: Sendable, Equatable {
    /// A number of a fact: `plus` and the sum of the terms, divided by the sum of `over`.
    struct Value: Sendable, Equatable {
        struct Term: Sendable, Equatable {
            let path: String
            let scale: Double
        }

        let name: String
        let plus: Double
        let terms: [Term]
        let over: [String]
        /// Days from the moment at a path to this one; the terms are not used then.
        let daysUntil: Timestamp?
    }

    /// A name of a fact and the template of its text.
    struct Name: Sendable, Equatable {
        let name: String
        let text: String
    }

    /// What a row must be to be about the fact; without a text, that something is there.
    struct Condition: Sendable, Equatable {
        let path: String
        let text: String?
    }

    let kind: String
    /// The list whose items are the rows; empty where the answer is one row.
    let rows: String
    let conditions: [Condition]
    /// Text with `{path}` in it, or `{path|day}` for a day as in `25DEC09`.
    let topic: String
    /// What the topic is called here; empty where it is called the same. Others are not ours.
    let topics: [String: String]
    /// By which clock `{path|day}` is a day, hours east of Greenwich; nil is the source's own.
    let dayOffset: Int?
    /// Where the moment stands at which the row was true; nil is the moment of its receipt.
    let event: String?
    /// What tells the form of the answer, and what it is to say.
    let version: Condition?
    let unit: String
    /// Where the unit stands, and what its names mean after the scaling of the values.
    let unitPath: String?
    let units: [String: String]
    let values: [Value]
    let names: [Name]

    /// The most rows of an answer that are read.
    package static let rowsMax = 10_000
    private static let textMax = 64

    /// What an answer said.
    package struct Reading: Sendable, Equatable {
        package var facts: [FeedFact] = []
        /// Rows that say neither what they are about nor when they were true.
        package var unreadable = 0

        package init() {}
    }

    /// The facts of an answer; nil where it has no such rows, which is another form of answer.
    package func facts(
        in document: FeedDocument, from source: String, receivedAt ingest: Timestamp
    ) -> Reading? {
        let items: [FeedDocument]
        if rows.isEmpty {
            items = [document]
        } else {
            guard let list = look(rows, document, document)?.list else { return nil }
            items = list
        }
        guard items.count <= FactMapping.rowsMax else { return nil }
        let schema =
            version.map { holds($0, document, document) } ?? true ? FeedFact.schema : 0
        var reading = Reading()
        for row in items where conditions.allSatisfy({ holds($0, row, document) }) {
            guard let topic = text(topic, row, document) else {
                reading.unreadable += 1
                continue
            }
            guard let ours = topics.isEmpty ? topic : topics[topic] else { continue }
            guard let when = event.map({ look($0, row, document)?.moment }) ?? ingest else {
                reading.unreadable += 1
                continue
            }
            reading.facts.append(
                FeedFact(
                    schema: schema, source: source, kind: kind, topic: ours, event: when,
                    ingest: ingest, unit: unit(of: row, document),
                    values: numbers(of: row, document), names: names(of: row, document)))
        }
        // Lists begin with the newest; what is later is told later.
        reading.facts = reading.facts.enumerated().sorted {
            ($0.element.event, $0.offset) < ($1.element.event, $1.offset)
        }.map(\.element)
        return reading
    }

    private func look(
        _ path: String, _ row: FeedDocument, _ root: FeedDocument
    ) -> FeedDocument? {
        path.hasPrefix("$.") ? root[path.dropFirst(2)] : row[path]
    }

    private func holds(
        _ condition: Condition, _ row: FeedDocument, _ root: FeedDocument
    ) -> Bool {
        guard let found = look(condition.path, row, root) else { return false }
        return condition.text.map { found.scalar == $0 } ?? true
    }

    /// A unit that has no meaning here goes on under its own name: the gate refuses it.
    private func unit(of row: FeedDocument, _ root: FeedDocument) -> String {
        guard let unitPath else { return unit }
        let found = look(unitPath, row, root)?.scalar ?? "none"
        return units[found] ?? String(found.prefix(FactMapping.textMax))
    }

    private func numbers(of row: FeedDocument, _ root: FeedDocument) -> [String: Double] {
        var numbers: [String: Double] = [:]
        for value in values {
            guard let number = number(value, row, root), number.isFinite else { continue }
            numbers[value.name] = number
        }
        return numbers
    }

    private func number(
        _ value: Value, _ row: FeedDocument, _ root: FeedDocument
    ) -> Double? {
        if let until = value.daysUntil {
            guard let path = value.terms.first?.path, let from = look(path, row, root)?.moment
            else { return nil }
            return ((until - from).seconds / 86_400).rounded(.down)
        }
        var sum = value.plus
        for term in value.terms {
            guard let number = look(term.path, row, root)?.number else { return nil }
            sum += term.scale * number
        }
        guard !value.over.isEmpty else { return sum }
        var whole = 0.0
        for path in value.over {
            guard let number = look(path, row, root)?.number else { return nil }
            whole += number
        }
        return sum / whole
    }

    private func names(of row: FeedDocument, _ root: FeedDocument) -> [String: String] {
        var found: [String: String] = [:]
        for name in names { found[name.name] = text(name.text, row, root) }
        return found
    }

    /// A template filled in; nil where a part of it is not there or the text is too long.
    private func text(
        _ template: String, _ row: FeedDocument, _ root: FeedDocument
    ) -> String? {
        var result = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            guard let close = rest[open...].firstIndex(of: "}") else { return nil }
            let parts = rest[rest.index(after: open)..<close].split(separator: "|")
            guard let path = parts.first, let found = look(String(path), row, root)?.scalar,
                let part = parts.count == 1 ? found : FeedMoment(found)?.venueDay(offset: dayOffset)
            else { return nil }
            result += part
            rest = rest[rest.index(after: close)...]
        }
        result += rest
        return result.isEmpty || result.utf8.count > FactMapping.textMax ? nil : result
    }
}
