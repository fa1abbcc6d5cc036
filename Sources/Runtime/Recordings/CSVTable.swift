/// The rows of a comma-separated file with a header, and where each came from.
package struct CSVTable: Sendable {
    /// One row. Empty fields and `NA` are missing values.
    package struct Row: Sendable {
        /// The line in the file, from 1.
        package let line: Int
        fileprivate let fields: [Substring]
    }

    package let name: String
    package let rows: [Row]
    private let columns: [String: Int]

    /// Fails at the first row that has another number of fields than the header.
    package init(_ dataset: Dataset) throws(RecordingError) {
        guard let first = dataset.lines.first else {
            throw RecordingError(.empty, "\(dataset.path): the file is empty")
        }
        name = dataset.path
        let header = CSVTable.fields(of: first).map(String.init)
        columns = Dictionary(
            header.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var rows: [Row] = []
        rows.reserveCapacity(dataset.lines.count)
        for (index, line) in dataset.lines.enumerated().dropFirst() where !line.isEmpty {
            let fields = CSVTable.fields(of: line)
            guard fields.count == header.count else {
                throw RecordingError(
                    .corruptHeader,
                    "\(dataset.path):\(index + 1): expected \(header.count) fields as in the "
                        + "header, found \(fields.count)")
            }
            rows.append(Row(line: index + 1, fields: fields))
        }
        self.rows = rows
    }

    /// The place of a column; fails where there is none of that name.
    package func column(_ label: String) throws(RecordingError) -> Column {
        guard let index = columns[label] else {
            throw RecordingError(.corruptHeader, "\(name):1: there is no column `\(label)`")
        }
        return Column(label: label, index: index)
    }

    /// A column that the header names.
    package struct Column: Sendable {
        package let label: String
        fileprivate let index: Int
    }

    /// The text of a field, or nil where it is missing.
    package func text(_ row: Row, _ column: Column) -> String? {
        let field = row.fields[column.index]
        return field.isEmpty || field == "NA" ? nil : String(field)
    }

    /// The number in a field, or nil where it is missing.
    package func number(_ row: Row, _ column: Column) throws(RecordingError) -> Double? {
        let field = row.fields[column.index]
        if field.isEmpty || field == "NA" { return nil }
        guard let value = Double(field.drop { $0 == " " }), value.isFinite else {
            throw bad(row, column, "expected a number, found `\(field)`")
        }
        return value
    }

    /// What a field must have and lacks.
    package func bad(_ row: Row, _ column: Column, _ what: String) -> RecordingError {
        RecordingError(.corruptHeader, "\(name):\(row.line): \(column.label): \(what)")
    }

    /// The fields of a line; a quoted one may hold commas, and two quotes stand for one.
    private static func fields(of line: String) -> [Substring] {
        if !line.utf8.contains(UInt8(ascii: "\"")) {
            return line.split(separator: ",", omittingEmptySubsequences: false)
        }
        var fields: [Substring] = []
        var field = ""
        var isQuoted = false
        var wasQuote = false
        for character in line {
            if character == "\"" {
                // The second of two quotes inside a quoted field.
                if wasQuote && !isQuoted { field.append("\"") }
                isQuoted.toggle()
                wasQuote = !isQuoted
                continue
            }
            wasQuote = false
            if character == ",", !isQuoted {
                fields.append(Substring(field))
                field = ""
            } else {
                field.append(character)
            }
        }
        fields.append(Substring(field))
        return fields
    }
}
